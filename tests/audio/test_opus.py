"""libopus through ctypes: sizes, loss, refusals, and finding it."""

from __future__ import annotations

import numpy as np
import pytest

from audio import opus
from audio.formats import DISCORD_FRAME, DISCORD_HZ, SILENCE_PACKET, Samples


def tone(seconds: float, hz: float = 220.0) -> Samples:
    t = np.arange(int(seconds * DISCORD_HZ)) / DISCORD_HZ
    harmonics = sum(np.sin(2 * np.pi * hz * n * t) / n for n in range(1, 8))
    return (0.2 * harmonics).astype(np.float32)


def encoded(samples: Samples) -> list[bytes]:
    encoder = opus.Encoder()
    whole = len(samples) // DISCORD_FRAME * DISCORD_FRAME
    return [encoder.encode(samples[i : i + DISCORD_FRAME]) for i in range(0, whole, DISCORD_FRAME)]


def test_round_trip_keeps_level_and_length() -> None:
    samples = tone(1.0)
    decoder = opus.Decoder()
    heard = np.concatenate([decoder.decode(packet) for packet in encoded(samples)])
    assert len(heard) == len(samples) and heard.dtype == np.float32
    assert np.std(heard[9600:]) == pytest.approx(np.std(samples[9600:]), rel=0.1)


def test_silence_decodes_to_silence() -> None:
    pcm = opus.Decoder().decode(SILENCE_PACKET)
    assert len(pcm) == DISCORD_FRAME and np.abs(pcm).max() < 1e-6


@pytest.mark.parametrize("ms", [2.5, 5, 10, 20, 40, 60])
def test_every_frame_size(ms: float) -> None:
    count = int(DISCORD_HZ * ms / 1000)
    packet = opus.Encoder().encode(tone(1.0)[:count])
    assert len(opus.Decoder().decode(packet)) == count


def test_longest_packet_and_stereo() -> None:
    # Code 3, CBR, six frames of 20 ms of CELT silence, stereo: 120 ms (RFC 6716 §3.2.5).
    pcm = opus.Decoder().decode(bytes([0xFF, 6]) + b"\xff\xfe" * 6)
    assert pcm.shape == (opus.MAX_PACKET_SAMPLES,)


def test_a_lost_packet_is_recovered_better_than_concealed() -> None:
    samples = tone(0.5) * np.linspace(0.2, 1.5, DISCORD_HZ // 2, dtype=np.float32)
    packets = encoded(samples)
    assert opus.has_fec(packets[12])
    through, guessing, recovering = opus.Decoder(), opus.Decoder(), opus.Decoder()
    for packet in packets[:11]:
        for decoder in (through, guessing, recovering):
            decoder.decode(packet)
    truth = through.decode(packets[11])
    guess, copy = guessing.conceal(), recovering.recover(packets[12])
    assert len(guess) == len(copy) == DISCORD_FRAME
    assert np.std(copy - truth) < np.std(truth)
    assert len(recovering.decode(packets[12])) == DISCORD_FRAME


@pytest.mark.parametrize("packet", [b"", b"\x78", SILENCE_PACKET, b"\xfb\x03\x00", b"\x79\x80\x80"])
def test_packets_without_fec(packet: bytes) -> None:
    assert not opus.has_fec(packet)


def test_fec_flag_of_a_stereo_packet_may_be_on_the_side_channel() -> None:
    assert opus.has_fec(b"\x7c\x40") and opus.has_fec(b"\x7c\x10") and not opus.has_fec(b"\x7c\xa0")


def test_garbage_is_an_error_of_this_decoder_only() -> None:
    decoder = opus.Decoder()
    with pytest.raises(opus.OpusError, match="corrupted stream"):
        decoder.decode(b"\xff\xff\xff\xff")
    assert len(decoder.decode(SILENCE_PACKET)) == DISCORD_FRAME


def test_impossible_frames_are_refused() -> None:
    encoder = opus.Encoder()
    for count in (0, 7, 961, opus.MAX_PACKET_SAMPLES + 1):
        with pytest.raises(opus.OpusError):
            encoder.encode(np.zeros(count, np.float32))


def test_the_copy_in_the_av_wheel_serves_machines_without_libopus(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = [name for name in opus._candidates() if "av" in name]
    assert inside
    monkeypatch.setattr(opus, "_library", None)
    monkeypatch.setattr(opus, "_candidates", lambda: ["libnothing.so.9", *inside])
    opus.load()
    assert len(opus.Decoder().decode(opus.Encoder().encode(tone(0.02)))) == DISCORD_FRAME


def test_no_libopus_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus, "_library", None)
    monkeypatch.setattr(opus, "_candidates", lambda: ["libnothing.so.9"])
    with pytest.raises(opus.OpusUnavailable, match="libopus was not found"):
        opus.load()
