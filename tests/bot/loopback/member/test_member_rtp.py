from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.loopback.member import rtp

KEY = bytes(range(32))
modes = pytest.mark.parametrize("mode", list(rtp.CIPHERS))
shapes = st.builds(
    rtp.Shape,
    extension=st.none() | st.integers(0, 4).map(lambda words: bytes(4 * words)),
    csrcs=st.lists(st.integers(0, 2**32 - 1), max_size=15).map(tuple),
    padding=st.integers(0, 255),
)


@modes
@given(
    shape=shapes,
    sequence=st.integers(0, 65535),
    timestamp=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=300),
)
def test_a_packet_of_any_shape_comes_back(
    mode: str, shape: rtp.Shape, sequence: int, timestamp: int, payload: bytes
) -> None:
    sender, receiver = rtp.CIPHERS[mode](KEY), rtp.CIPHERS[mode](KEY)
    datagram = sender.seal(*rtp.build(sequence, timestamp, 7, payload, shape))
    assert rtp.read(datagram, receiver) == rtp.Packet(sequence, timestamp, 7, payload)


@modes
def test_every_packet_has_its_own_nonce(mode: str) -> None:
    cipher = rtp.CIPHERS[mode](KEY)
    packets = [cipher.seal(b"\x80\x78" + bytes(10), b"same") for _ in range(300)]
    assert len({packet[-4:] for packet in packets}) == 300


@modes
@given(junk=st.binary(max_size=120))
def test_junk_is_named_not_raised(mode: str, junk: bytes) -> None:
    assert isinstance(rtp.read(junk, rtp.CIPHERS[mode](KEY)), str)


@modes
def test_what_is_not_our_audio_is_named(mode: str) -> None:
    cipher = rtp.CIPHERS[mode](KEY)
    good = cipher.seal(*rtp.build(1, 2, 3, b"opus", rtp.Shape()))
    assert rtp.read(good[:-1] + bytes([good[-1] ^ 1]), cipher) == "bad_tag"
    assert rtp.read(cipher.seal(*rtp.build(1, 2, 3, b"x", rtp.Shape(payload_type=101))), cipher) == "not_opus"
    assert rtp.read(cipher.seal(b"\x80\xc8\x00\x06" + bytes(4), bytes(20)), cipher) == "rtcp"


@modes
def test_the_bot_reads_what_a_member_sends(mode: str) -> None:
    """Two independent readings of the format agree: the member's and `audio/`'s."""
    from audio.rtp import RtpPacket, parse, strip
    from audio.transport import transport_for

    shape = rtp.Shape(rtp.audio_level(30), (1, 2, 3), 17)
    datagram = rtp.CIPHERS[mode](KEY).seal(*rtp.build(65535, 2**32 - 1, 9, b"payload", shape))
    packet = parse(datagram)
    assert isinstance(packet, RtpPacket)
    plaintext = transport_for(mode, KEY).open(datagram, packet.header_len)
    assert plaintext is not None
    assert strip(plaintext, packet) == b"payload"
    assert (packet.sequence, packet.timestamp, packet.ssrc) == (65535, 2**32 - 1, 9)
