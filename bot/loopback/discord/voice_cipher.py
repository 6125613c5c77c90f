"""The transport layer between one client and the SFU: both live ``rtpsize`` modes.

Written apart from :mod:`audio.transport` on purpose: a mistake there must not meet the same mistake here.
A datagram is ``header | ciphertext | 16-byte tag | 4-byte nonce``; the header is the associated data, and the
nonce is padded with zeros to the cipher's length (Discord API docs, "Transport Encryption Modes").
"""

from __future__ import annotations

from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as xchacha_decrypt,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt as xchacha_encrypt,
)
from nacl.exceptions import CryptoError

OVERHEAD = 16 + 4
_FIRST_NONCE = 1 << 31
"""The key serves both ways and clients count up from 0: the upper half keeps our nonces apart from theirs."""


class Cipher(Protocol):
    """One client's key, both ways. Made once per op 4; a cipher object per packet would double the cost."""

    def open(self, datagram: bytes, header_len: int) -> bytes | None:
        """Plaintext behind the header, or None when the tag does not fit."""

    def seal(self, header: bytes, body: bytes) -> bytes:
        """A whole datagram, under the next nonce."""


class AesGcm:
    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self._nonce = _FIRST_NONCE

    def open(self, datagram: bytes, header_len: int) -> bytes | None:
        if len(datagram) < header_len + OVERHEAD:
            return None
        nonce = datagram[-4:] + bytes(8)
        try:
            return self._aead.decrypt(nonce, datagram[header_len:-4], datagram[:header_len])
        except InvalidTag:
            return None

    def seal(self, header: bytes, body: bytes) -> bytes:
        nonce = self._nonce.to_bytes(4, "big")
        self._nonce = (self._nonce + 1) & 0xFFFFFFFF
        return header + self._aead.encrypt(nonce + bytes(8), body, header) + nonce


class XChaCha20:
    def __init__(self, key: bytes) -> None:
        self._key = key
        self._nonce = _FIRST_NONCE

    def open(self, datagram: bytes, header_len: int) -> bytes | None:
        if len(datagram) < header_len + OVERHEAD:
            return None
        nonce = datagram[-4:] + bytes(20)
        try:
            return xchacha_decrypt(datagram[header_len:-4], datagram[:header_len], nonce, self._key)
        except CryptoError:
            return None

    def seal(self, header: bytes, body: bytes) -> bytes:
        nonce = self._nonce.to_bytes(4, "big")
        self._nonce = (self._nonce + 1) & 0xFFFFFFFF
        return header + xchacha_encrypt(body, header, nonce + bytes(20), self._key) + nonce


CIPHERS: dict[str, type[AesGcm] | type[XChaCha20]] = {
    "aead_aes256_gcm_rtpsize": AesGcm,
    "aead_xchacha20_poly1305_rtpsize": XChaCha20,
}
"""In the order Ready lists them; the second is always offered, the first "preferred" (Discord API docs)."""
