from __future__ import annotations

import math

import numpy as np
import pytest

from audio.formats import DISCORD_HZ, SILENCE_PACKET, Samples
from bot.loopback.member import opus
from bot.loopback.member.recording import HeardPacket, Recording

ANA, BEN = 1, 2


def tone(seconds: float, hz: float = 220.0) -> Samples:
    t = np.arange(round(seconds * DISCORD_HZ)) / DISCORD_HZ
    return (0.3 * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2)))


@pytest.fixture(scope="module")
def second() -> tuple[bytes, ...]:
    return opus.encode(tone(1.0))


def play(
    recording: Recording,
    packets: tuple[bytes, ...],
    *,
    at: float = 100.0,
    sequence: int = 65_530,
    timestamp: int = 2**32 - 5000,
    user_id: int = ANA,
    ssrc: int = 7,
    skip: range = range(0),
) -> None:
    for n, packet in enumerate(packets):
        if n not in skip:
            heard = HeardPacket(
                at + n * 0.02, (sequence + n) & 0xFFFF, (timestamp + 960 * n) & 0xFFFFFFFF, ssrc, packet
            )
            recording.add(user_id, heard)


def test_speech_is_laid_where_it_was_heard(second: tuple[bytes, ...]) -> None:
    recording = Recording()
    play(recording, second)
    play(recording, second, at=102.0, sequence=65_530 + len(second), timestamp=2**32 - 5000 + 2 * 48_000)
    track = recording.track(ANA)
    assert track.t0 == recording.t0 == 100.0
    assert abs(len(track.samples) / DISCORD_HZ - 3.0) < 0.05
    assert rms(track.samples[: DISCORD_HZ - 2000]) > 0.15
    assert rms(track.samples[DISCORD_HZ + 4000 : 2 * DISCORD_HZ - 2000]) < 0.001
    assert len(recording.track(ANA, since=101.5).samples) < 1.1 * DISCORD_HZ


def test_a_sender_whose_timestamp_stands_still_in_silence_is_laid_by_arrival(
    second: tuple[bytes, ...],
) -> None:
    recording = Recording()
    play(recording, second)
    play(
        recording, second, at=105.0, sequence=65_530 + len(second), timestamp=2**32 - 5000 + 960 * len(second)
    )
    assert abs(len(recording.track(ANA).samples) / DISCORD_HZ - 6.0) < 0.05


def test_jitter_does_not_move_samples(second: tuple[bytes, ...]) -> None:
    smooth, rough = Recording(), Recording()
    play(smooth, second)
    for n, packet in enumerate(smooth.timeline(ANA)):
        rough.add(ANA, packet._replace(arrived_at=packet.arrived_at + (0.03 if n % 3 else 0.0)))
    assert np.array_equal(smooth.track(ANA).samples, rough.track(ANA).samples)


def test_a_hole_is_silent_and_counted(second: tuple[bytes, ...]) -> None:
    recording = Recording()
    play(recording, second, skip=range(20, 30))
    assert recording.lost(ANA) == 10
    samples = recording.track(ANA).samples
    assert abs(len(samples) / DISCORD_HZ - 1.0) < 0.05
    assert not samples[20 * 960 : 30 * 960].any()


def test_packets_out_of_order_are_put_in_order(second: tuple[bytes, ...]) -> None:
    straight, shuffled = Recording(), Recording()
    play(straight, second)
    packets = straight.timeline(ANA)
    swapped = [packet for pair in zip(packets[1::2], packets[0::2], strict=False) for packet in pair]
    for n, packet in enumerate(swapped):
        shuffled.add(ANA, packet._replace(arrived_at=100.0 + n * 0.02))
    assert shuffled.lost(ANA) == 0
    length = len(swapped) * 960
    assert np.allclose(shuffled.track(ANA).samples, straight.track(ANA).samples[:length], atol=1e-6)


@pytest.mark.parametrize("jump", [20_000, -20_000])
def test_a_jump_of_the_sequence_is_no_loss_and_loses_nothing(second: tuple[bytes, ...], jump: int) -> None:
    recording = Recording()
    play(recording, second[:25])
    play(
        recording,
        second[25:],
        at=100.5,
        sequence=65_530 + 25 + jump & 0xFFFF,
        timestamp=2**32 - 5000 + 25 * 960,
    )
    assert recording.lost(ANA) == 0
    assert rms(recording.track(ANA).samples[4800:-4800]) > 0.15


def test_several_speakers_are_summed_on_one_axis(second: tuple[bytes, ...]) -> None:
    recording = Recording()
    play(recording, second)
    play(recording, second, at=100.5, user_id=BEN, ssrc=8)
    mixed = recording.mixed()
    assert mixed.t0 == 100.0
    assert abs(len(mixed.samples) / DISCORD_HZ - 1.5) < 0.05
    alone = recording.track(BEN).samples
    assert np.allclose(mixed.samples[-9600:], alone[-9600:], atol=1e-6)


def test_probes_and_silence_are_no_speech(second: tuple[bytes, ...]) -> None:
    recording = Recording()
    play(recording, (second[0], b"", second[1], SILENCE_PACKET))
    assert recording.lost(ANA) == 0
    assert len(recording.timeline(ANA)) == 3
    assert recording.first_voiced(ANA) == 100.0
    assert recording.last_voiced(ANA) == pytest.approx(100.04)


def test_garbage_is_silence(second: tuple[bytes, ...]) -> None:
    recording = Recording()
    play(recording, (second[5], b"\xff\x00garbage", second[6]))
    assert len(recording.track(ANA).samples) == 3 * 960


def test_the_oldest_packets_go_and_nothing_heard_is_nothing() -> None:
    recording = Recording(capacity=10)
    play(recording, (b"x",) * 25)
    assert len(recording.timeline(ANA)) == 10
    recording.clear()
    assert math.isnan(recording.t0)
    assert recording.track(ANA).samples.size == recording.mixed().samples.size == 0
    assert recording.first_voiced(ANA) is None
