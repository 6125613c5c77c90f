"""RTP as Discord's voice servers speak it: parse, strip, pack, and arithmetic on numbers that wrap.

    12-byte header | 4·CC CSRC | [BEDE, length if X] ‖ CIPHERTEXT ‖ 16-byte tag ‖ 4-byte nonce
    └──────────── clear, authenticated (AAD) ───────┘
    CIPHERTEXT = [4·length bytes of extension elements] ‖ payload ‖ [RTP padding if P]

The two ``…_rtpsize`` modes leave only the *preamble* of a header extension in the clear; its elements and
the padding are inside the ciphertext (Discord API docs, "Transport Encryption Modes"). So a packet is read
in two steps: `parse` before decryption, `strip` after it. Taking the padding off in any other order leaves
DAVE without its trailer (discord.js #11419: 3–34 % of frames "undecryptable").

Whatever arrives by UDP is input, never an error: both steps answer with a `Refusal` and raise nothing.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

OPUS_PAYLOAD_TYPE = 120
MIN_HEADER = 12
TRANSPORT_OVERHEAD = 20
"""Bytes both transport modes add behind the ciphertext: a 16-byte tag and a 4-byte nonce."""

_HEADER = struct.Struct(">BBHII")
_EXTENSION_WORDS = struct.Struct(">H")
_RTCP_TYPES = range(200, 207)  # SR … XR share the socket; the second byte tells them from RTP (RFC 5761 §4)


class Refusal(enum.Enum):
    """Why a datagram is not a packet of speech."""

    TOO_SHORT = "too short"
    NOT_RTP = "not RTP"  # IP discovery, UDP ping replies, noise
    RTCP = "RTCP"
    NOT_OPUS = "not Opus"  # video, retransmissions, probes
    TRUNCATED = "truncated"  # the header claims more bytes than there are
    BAD_PADDING = "bad padding"
    EMPTY = "empty"  # nothing but padding: the bandwidth probes of some voice servers


@dataclass(slots=True)
class RtpPacket:
    """The clear part of one packet."""

    sequence: int
    """16 bit."""
    timestamp: int
    """32 bit, in samples at 48 kHz."""
    ssrc: int
    marker: bool
    payload_type: int
    header_len: int
    """Clear bytes in front of the ciphertext: the additional authenticated data."""
    extension_len: int
    """Bytes of extension elements at the start of the plaintext."""
    padded: bool


def parse(datagram: bytes) -> RtpPacket | Refusal:
    """The header of `datagram`, or why it is none of ours. The cheapest tests come first."""
    size = len(datagram)
    if size <= MIN_HEADER + TRANSPORT_OVERHEAD:
        return Refusal.TOO_SHORT
    flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    if flags >> 6 != 2:
        return Refusal.NOT_RTP
    if kind in _RTCP_TYPES:
        return Refusal.RTCP
    if kind & 0x7F != OPUS_PAYLOAD_TYPE:
        return Refusal.NOT_OPUS
    header_len = MIN_HEADER + 4 * (flags & 0x0F)
    extension_len = 0
    if flags & 0x10:
        header_len += 4
        if size < header_len + TRANSPORT_OVERHEAD:
            return Refusal.TRUNCATED
        extension_len = 4 * _EXTENSION_WORDS.unpack_from(datagram, header_len - 2)[0]
    if size < header_len + extension_len + TRANSPORT_OVERHEAD:
        return Refusal.TRUNCATED
    return RtpPacket(
        sequence,
        timestamp,
        ssrc,
        kind > 0x7F,
        OPUS_PAYLOAD_TYPE,
        header_len,
        extension_len,
        bool(flags & 0x20),
    )


def strip(plaintext: bytes, packet: RtpPacket) -> bytes | Refusal:
    """The payload in the decrypted part: extension elements off the front, then padding off the end."""
    start = packet.extension_len
    end = len(plaintext)
    if packet.padded:
        if end <= start:
            return Refusal.BAD_PADDING
        count = plaintext[-1]  # counts itself
        if count == 0 or start + count > end:
            return Refusal.BAD_PADDING
        end -= count
    if end <= start:
        return Refusal.EMPTY
    return plaintext[start:end]


def pack_header(sequence: int, timestamp: int, ssrc: int) -> bytes:
    """The 12 bytes in front of an Opus packet, without extension. Numbers wrap by themselves."""
    return _HEADER.pack(0x80, OPUS_PAYLOAD_TYPE, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)


def seq_delta(a: int, b: int) -> int:
    """How far sequence number `a` is ahead of `b`, across the wrap: −32768 … 32767."""
    return ((a - b + 0x8000) & 0xFFFF) - 0x8000


def ts_delta(a: int, b: int) -> int:
    """How far timestamp `a` is ahead of `b`, across the wrap: −2³¹ … 2³¹−1 samples."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000
