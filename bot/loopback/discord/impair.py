"""A bad path from the SFU to one listener: loss, delay, disorder, and RTP headers that vary."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from bot.loopback.discord.faults import VoiceFaults
from bot.loopback.discord.voice_cipher import Cipher

REORDER_MS = 50.0
"""What a packet out of order is late: two and a half packets."""

_random = random.Random(20_000)  # the same run loses the same packets

_LOUD = b"\x10\x9e\x90\x01"  # id 1, audio level: voice, −30 dBov; id 9, speaker flags: microphone
_QUIET = b"\x10\x7f\x90\x01"  # −127 dBov
_SILENCE_LEN = 3


def extension(payload: bytes, words: int) -> bytes:
    """`words` 32-bit words of RFC 8285 one-byte elements; the rest of them is padding."""
    return (_QUIET if len(payload) <= _SILENCE_LEN else _LOUD).ljust(4 * words, b"\x00")


class Packet(NamedTuple):
    """An RTP packet of a client, opened."""

    head: bytes  # 12 bytes and the CSRCs
    payload: bytes
    padding: bytes


def impaired(
    faults: VoiceFaults, cipher: Cipher, ssrc: bytes, packet: Packet
) -> Iterator[tuple[float, bytes]]:
    """Datagrams to send in place of one packet, each with its delay in seconds; none when it is lost."""
    if _random.random() < faults.loss:
        return
    datagram = disguised(faults, cipher, ssrc, packet)
    for _ in range(2 if _random.random() < faults.duplicate else 1):
        delay_ms = faults.latency_ms + _random.uniform(0.0, faults.jitter_ms)
        if _random.random() < faults.reorder:
            delay_ms += REORDER_MS
        yield delay_ms / 1000.0, datagram


def disguised(faults: VoiceFaults, cipher: Cipher, ssrc: bytes, packet: Packet) -> bytes:
    """The packet sealed, with the extension, CSRCs, padding and offsets that `faults` ask for."""
    head, payload, padding = packet
    sequence = (int.from_bytes(head[2:4], "big") + faults.sequence_offset) & 0xFFFF
    timestamp = (int.from_bytes(head[4:8], "big") + faults.timestamp_offset) & 0xFFFFFFFF
    csrcs, words = head[12:], faults.extension_words
    if faults.csrc_count:
        csrcs = b"".join((0xC0000000 + i).to_bytes(4, "big") for i in range(faults.csrc_count))
    if faults.padding and _random.random() < faults.padding_share:
        count = _random.randint(1, faults.padding)
        padding = bytes(count - 1) + bytes([count])
    first = 0x80 | (0x20 if padding else 0) | (0x10 if words else 0) | len(csrcs) // 4
    header = (
        bytes([first, head[1]]) + sequence.to_bytes(2, "big") + timestamp.to_bytes(4, "big") + ssrc + csrcs
    )
    if not words:
        return cipher.seal(header, payload + padding)
    preamble = b"\xbe\xde" + words.to_bytes(2, "big")
    return cipher.seal(header + preamble, extension(payload, words) + payload + padding)
