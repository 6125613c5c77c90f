"""RTP and its transport encryption, as the member does them.

Written apart from ``audio/rtp`` and ``audio/transport`` on purpose: two readings of one wire format that
understand each other are worth more than one reading that understands itself.

    12-byte header | 4·CC CSRC | BEDE, length  ‖ CIPHERTEXT ‖ 16-byte tag ‖ 4-byte nonce
    └───────────── clear, authenticated ────┘
    CIPHERTEXT = extension elements ‖ payload ‖ padding    (Discord API docs, "Transport Encryption Modes")
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

OPUS = 120
"""RTP payload type of audio. Video and probes have others."""

_FIXED = struct.Struct(">BBHII")
_EXTENSION = struct.Struct(">HH")
_ONE_BYTE_HEADERS = 0xBEDE  # RFC 8285 §4.2
_TAG_AND_NONCE = 16 + 4


@dataclass(frozen=True, slots=True)
class Packet:
    """One audio packet as it came: its clear fields, and the plaintext between extension and padding.

    The payload of a probe, nothing but padding, is empty."""

    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """How a packet is laid out around its payload. `extension` is whole 32-bit words; None: no extension."""

    extension: bytes | None = None
    csrcs: tuple[int, ...] = ()
    padding: int = 0
    payload_type: int = OPUS


def audio_level(level: int, voiced: bool = True) -> bytes:
    """Extension elements with the audio level (id 1, RFC 6464): −dBov 0…127 and the voice bit."""
    return bytes([0x10, (0x80 if voiced else 0) | (level & 0x7F), 0, 0])


def build(sequence: int, timestamp: int, ssrc: int, payload: bytes, shape: Shape) -> tuple[bytes, bytes]:
    """The clear header and the plaintext to encrypt."""
    flags = 0x80 | len(shape.csrcs)
    if shape.padding:
        flags |= 0x20
        payload += bytes(shape.padding - 1) + bytes([shape.padding])  # the last byte counts itself
    if shape.extension is not None:
        flags |= 0x10
    header = _FIXED.pack(flags, shape.payload_type, sequence, timestamp, ssrc)
    header += b"".join(csrc.to_bytes(4, "big") for csrc in shape.csrcs)
    if shape.extension is not None:
        header += _EXTENSION.pack(_ONE_BYTE_HEADERS, len(shape.extension) // 4)
        payload = shape.extension + payload
    return header, payload


def read(datagram: bytes, cipher: Cipher) -> Packet | str:
    """The packet of a datagram, or the cause why there is none: one word for a counter."""
    if len(datagram) < 12 + _TAG_AND_NONCE or datagram[0] >> 6 != 2:
        return "foreign"
    if 200 <= datagram[1] <= 206:
        return "rtcp"
    flags, kind, sequence, timestamp, ssrc = _FIXED.unpack_from(datagram)
    if kind & 0x7F != OPUS:
        return "not_opus"
    clear = 12 + 4 * (flags & 0x0F)
    extension_bytes = 0
    if flags & 0x10:
        if len(datagram) < clear + 4 + _TAG_AND_NONCE:
            return "foreign"
        extension_bytes = 4 * _EXTENSION.unpack_from(datagram, clear)[1]
        clear += 4
    plaintext = cipher.open(datagram, clear)
    if plaintext is None:
        return "bad_tag"
    end = len(plaintext)
    if flags & 0x20 and end:
        end -= plaintext[-1]
    return Packet(sequence, timestamp, ssrc, plaintext[extension_bytes:end])


class Cipher(Protocol):
    """Transport encryption with one key: the ``secret_key`` of op 4."""

    def seal(self, header: bytes, plaintext: bytes) -> bytes:
        """The whole datagram."""

    def open(self, datagram: bytes, clear: int) -> bytes | None:
        """The plaintext after `clear` authenticated bytes; None if the tag is wrong."""


class AesGcm:
    """``aead_aes256_gcm_rtpsize``, which Discord prefers."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self._sent = 0

    def seal(self, header: bytes, plaintext: bytes) -> bytes:
        nonce = self._sent.to_bytes(4, "big")
        self._sent = (self._sent + 1) & 0xFFFFFFFF
        return header + self._aead.encrypt(nonce + bytes(8), plaintext, header) + nonce

    def open(self, datagram: bytes, clear: int) -> bytes | None:
        try:
            return self._aead.decrypt(datagram[-4:] + bytes(8), datagram[clear:-4], datagram[:clear])
        except InvalidTag:
            return None


class XChaCha:
    """``aead_xchacha20_poly1305_rtpsize``, which Discord always offers."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._sent = 0

    def seal(self, header: bytes, plaintext: bytes) -> bytes:
        nonce = self._sent.to_bytes(4, "big")
        self._sent = (self._sent + 1) & 0xFFFFFFFF
        sealed: bytes = crypto_aead_xchacha20poly1305_ietf_encrypt(
            plaintext, header, nonce + bytes(20), self._key
        )
        return header + sealed + nonce

    def open(self, datagram: bytes, clear: int) -> bytes | None:
        try:
            opened: bytes = crypto_aead_xchacha20poly1305_ietf_decrypt(
                datagram[clear:-4], datagram[:clear], datagram[-4:] + bytes(20), self._key
            )
        except CryptoError:
            return None
        return opened


CIPHERS: dict[str, type[AesGcm] | type[XChaCha]] = {
    "aead_aes256_gcm_rtpsize": AesGcm,
    "aead_xchacha20_poly1305_rtpsize": XChaCha,
}
"""Modes a member speaks, in order of preference."""
