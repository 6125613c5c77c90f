"""Datagrams: what is ours, where the clear part ends, and numbers that wrap."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.rtp import Refusal, RtpPacket, pack_header, parse, seq_delta, strip, ts_delta

ROOM = bytes(20)  # tag and nonce


def parsed(datagram: bytes) -> RtpPacket:
    packet = parse(datagram)
    assert isinstance(packet, RtpPacket)
    return packet


def test_plain_packet() -> None:
    packet = parsed(pack_header(65535, 960, 7) + b"opus" + ROOM)
    assert (packet.sequence, packet.timestamp, packet.ssrc) == (65535, 960, 7)
    assert (packet.header_len, packet.extension_len, packet.padded) == (12, 0, False)
    assert strip(b"opus", packet) == b"opus"


def test_header_numbers_wrap() -> None:
    packet = parsed(pack_header(65536 + 3, (1 << 32) + 5, 7) + b"opus" + ROOM)
    assert (packet.sequence, packet.timestamp) == (3, 5)


def test_extension_csrc_and_padding_are_taken_off_in_the_right_order() -> None:
    # What Discord sends: P, X and one CSRC set; the preamble is clear, the two words of elements are not.
    header = struct.pack(">BBHII", 0xB1, 0xF8, 1, 2, 3) + b"CSRC" + struct.pack(">HH", 0xBEDE, 2)
    plaintext = b"element1" + b"frame\xfa\xfa" + b"\x00\x00\x03"
    packet = parsed(header + plaintext + ROOM)
    assert (packet.header_len, packet.extension_len, packet.padded, packet.marker) == (20, 8, True, True)
    assert strip(plaintext, packet) == b"frame\xfa\xfa"


@pytest.mark.parametrize(
    ("datagram", "refusal"),
    [
        (b"", Refusal.TOO_SHORT),
        (struct.pack(">II", 0x1337F00D, 1), Refusal.TOO_SHORT),  # UDP ping reply
        (pack_header(1, 1, 1) + ROOM, Refusal.TOO_SHORT),
        (struct.pack(">HHI", 2, 70, 1) + bytes(66), Refusal.NOT_RTP),  # IP discovery reply
        (b"\x81\xc8" + bytes(60), Refusal.RTCP),
        (b"\x80\xce" + bytes(60), Refusal.RTCP),
        (b"\x80\x65" + bytes(60), Refusal.NOT_OPUS),  # video
        (b"\x90\x78" + bytes(12) + b"\xff\xff" + bytes(40), Refusal.TRUNCATED),
        (b"\x8f\x78" + bytes(60), Refusal.TRUNCATED),  # 15 CSRC that are not there
        (b"\x9f\x78" + bytes(60), Refusal.TRUNCATED),
    ],
)
def test_refusals(datagram: bytes, refusal: Refusal) -> None:
    assert parse(datagram) is refusal


@pytest.mark.parametrize(
    ("plaintext", "extension_len", "refusal"),
    [
        (b"\xff" * 255, 0, Refusal.EMPTY),  # a probe: nothing but padding
        (b"\xff" * 8, 0, Refusal.BAD_PADDING),
        (b"opus\x00", 0, Refusal.BAD_PADDING),
        (b"", 0, Refusal.BAD_PADDING),
        (b"elementx", 8, Refusal.BAD_PADDING),
        (b"element\x05\x02", 8, Refusal.BAD_PADDING),  # would eat into the extension
        (b"elementx\x00\x02", 8, Refusal.EMPTY),
    ],
)
def test_bad_padding(plaintext: bytes, extension_len: int, refusal: Refusal) -> None:
    packet = RtpPacket(1, 1, 1, False, 120, 12, extension_len, padded=True)
    assert strip(plaintext, packet) is refusal


def test_nothing_behind_the_extension_is_empty() -> None:
    assert strip(b"elementx", RtpPacket(1, 1, 1, False, 120, 12, 8, padded=False)) is Refusal.EMPTY


@given(st.binary(max_size=200), st.binary(max_size=100))
def test_nothing_raises_and_nothing_is_invented(datagram: bytes, plaintext: bytes) -> None:
    packet = parse(datagram)
    if isinstance(packet, RtpPacket):
        assert packet.header_len + packet.extension_len + 20 <= len(datagram)
        payload = strip(plaintext, packet)
        assert isinstance(payload, Refusal) or payload in plaintext


@given(st.integers(0, 0xFFFF), st.integers(-0x8000, 0x7FFF))
def test_sequence_arithmetic(base: int, step: int) -> None:
    assert seq_delta(base + step & 0xFFFF, base) == step


@given(st.integers(0, 0xFFFFFFFF), st.integers(-0x80000000, 0x7FFFFFFF))
def test_timestamp_arithmetic(base: int, step: int) -> None:
    assert ts_delta(base + step & 0xFFFFFFFF, base) == step
