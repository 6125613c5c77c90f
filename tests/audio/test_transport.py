"""Both transport modes, against the ciphers themselves."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

from audio.rtp import pack_header
from audio.transport import MODES, transport_for

KEY = bytes(range(32))
HEADER = pack_header(1, 960, 7)
EVERY_MODE = pytest.mark.parametrize("mode", MODES)


@EVERY_MODE
def test_round_trip(mode: str) -> None:
    sealing, opening = transport_for(mode, KEY), transport_for(mode, KEY)
    assert opening.mode == mode
    for payload in (b"opus", b"", bytes(1300)):
        assert opening.open(sealing.seal(HEADER, payload), len(HEADER)) == payload


@EVERY_MODE
def test_nonce_is_a_big_endian_counter_at_the_end(mode: str) -> None:
    sealing = transport_for(mode, KEY)
    nonces = [sealing.seal(HEADER, b"x")[-4:] for _ in range(3)]
    assert nonces == [b"\0\0\0\0", b"\0\0\0\1", b"\0\0\0\2"]


@EVERY_MODE
def test_any_change_is_noticed(mode: str) -> None:
    datagram = transport_for(mode, KEY).seal(HEADER, b"opus")
    opening = transport_for(mode, KEY)
    for position in range(len(datagram)):
        changed = bytearray(datagram)
        changed[position] ^= 1
        assert opening.open(bytes(changed), len(HEADER)) is None
    for length in range(len(datagram)):
        assert opening.open(datagram[:length], len(HEADER)) is None
    assert transport_for(mode, bytes(32)).open(datagram, len(HEADER)) is None


def test_what_other_clients_send_is_opened() -> None:
    nonce = b"\x01\x02\x03\x04"
    aes = HEADER + AESGCM(KEY).encrypt(nonce + bytes(8), b"opus", HEADER) + nonce
    assert transport_for("aead_aes256_gcm_rtpsize", KEY).open(aes, 12) == b"opus"
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(b"opus", HEADER, nonce + bytes(20), KEY)
    assert transport_for("aead_xchacha20_poly1305_rtpsize", KEY).open(HEADER + sealed + nonce, 12) == b"opus"


def test_preference_and_refusals() -> None:
    assert list(MODES) == ["aead_aes256_gcm_rtpsize", "aead_xchacha20_poly1305_rtpsize"]
    with pytest.raises(ValueError, match="xsalsa20"):
        transport_for("xsalsa20_poly1305", KEY)
    for mode in MODES:
        with pytest.raises(ValueError, match="32 bytes"):
            transport_for(mode, KEY[:16])
