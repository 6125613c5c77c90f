"""Turns in the received audio: detected, or marked by the client."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from audio.formats import LIVE_IN_HZ, Samples, to_pcm16
from bot.loopback import speech
from bot.loopback.live.activity import ActivityDetector, Mark
from bot.loopback.live.listening import Ear, Spoken
from bot.loopback.live.messages import ActivityConfig, Audio
from bot.loopback.live.refusal import Refused

CHUNK_S = 0.02


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * LIVE_IN_HZ), np.float32)


def heard(
    ear: Ear, samples: Samples, hz: int = LIVE_IN_HZ, start_s: float = 0.0
) -> list[tuple[float, object]]:
    """What `ear` makes of `samples`, sent in 20 ms pieces at their times."""
    happened: list[tuple[float, object]] = []
    step = int(hz * CHUNK_S)
    for start in range(0, len(samples), step):
        now = start_s + (start + step) / hz
        piece = Audio(to_pcm16(samples[start : start + step]), hz)
        happened += [(now, each) for each in ear.hear(piece, now)]
    return happened


def automatic(**config: object) -> Ear:
    return Ear(ActivityConfig(**config), ends_on_stream_end=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", speech.names("member"))
@pytest.mark.parametrize("low", [True, False])
def test_one_turn_per_utterance(name: str, low: bool) -> None:
    words = speech.load(name, LIVE_IN_HZ)
    samples = np.concatenate((silence(0.5), words, silence(1.0)))
    happened = heard(automatic(start_low=low), samples)
    assert [type(each) for _, each in happened] == [Mark, Spoken]
    (started_at, _), (ended_at, spoken) = happened
    assert 0.5 < started_at < 0.9
    # The detector's silence counts from the last loud frame; the recording's own tail is part of it.
    assert ended_at - (0.5 + len(words) / LIVE_IN_HZ) == pytest.approx(0.8, abs=0.35)
    assert isinstance(spoken, Spoken)
    assert len(spoken.audio) / LIVE_IN_HZ > len(words) / LIVE_IN_HZ


def test_without_trailing_silence_the_turn_never_ends() -> None:
    ear = automatic()
    happened = heard(ear, np.concatenate((silence(0.2), speech.load("hello", LIVE_IN_HZ))))
    assert [each for _, each in happened] == [Mark.START]
    assert ear.stream_end(9.0) == []  # 3.8 takes no notice
    assert len(heard(ear, silence(1.5))) == 1


def test_audio_stream_end_ends_the_turn_on_older_models() -> None:
    ear = Ear(ActivityConfig(), ends_on_stream_end=True)
    heard(ear, np.concatenate((silence(0.2), speech.load("hello", LIVE_IN_HZ))))
    [spoken] = ear.stream_end(9.0)
    assert isinstance(spoken, Spoken) and spoken.ended_at == 9.0
    assert ear.stream_end(9.1) == []


def test_steady_noise_is_not_activity_for_long() -> None:
    detector = ActivityDetector(ActivityConfig(silence_duration_ms=500))
    noise = np.random.default_rng(1).standard_normal(20 * LIVE_IN_HZ).astype(np.float32) * 0.01
    marks = [
        mark for start in range(0, len(noise), 320) for mark in detector.push(noise[start : start + 320])
    ]
    assert marks in ([], [Mark.START, Mark.END])


def test_silence_duration_is_honoured() -> None:
    samples = np.concatenate((silence(0.3), speech.load("hello", LIVE_IN_HZ), silence(2.5)))
    ends = [heard(automatic(silence_duration_ms=ms), samples)[-1][0] for ms in (500, 800, 2000)]
    assert ends[1] - ends[0] == pytest.approx(0.3, abs=0.03)
    assert ends[2] - ends[0] == pytest.approx(1.5, abs=0.03)


def test_manual_marks_bound_the_turn() -> None:
    ear = Ear(ActivityConfig(manual=True), ends_on_stream_end=False)
    heard(ear, silence(0.2))
    assert ear.start(1.0) == [Mark.START]
    assert ear.start(1.1) == []
    heard(ear, silence(0.5))
    [spoken] = ear.end(2.0)
    assert isinstance(spoken, Spoken)
    assert (spoken.started_at, spoken.ended_at, len(spoken.audio)) == (1.0, 2.0, LIVE_IN_HZ // 2)
    assert ear.end(2.1) == []


def test_marks_are_refused_in_automatic_mode() -> None:
    with pytest.raises(Refused, match="Explicit activity control is not supported"):
        automatic().start(0.0)


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(Refused):
        automatic().hear(Audio(b"\0\0\0", LIVE_IN_HZ), 0.0)


def test_other_rates_are_resampled() -> None:
    words = speech.load("hello", LIVE_IN_HZ)
    ear = Ear(ActivityConfig(manual=True), ends_on_stream_end=False)
    ear.start(0.0)
    heard(ear, soxr.resample(words, LIVE_IN_HZ, 48_000), 48_000)
    [spoken] = ear.end(1.0)
    assert isinstance(spoken, Spoken)
    assert len(spoken.audio) == pytest.approx(len(words), abs=LIVE_IN_HZ // 10)


def test_an_endless_turn_stays_bounded() -> None:
    ear = Ear(ActivityConfig(manual=True), ends_on_stream_end=False)
    ear.start(0.0)
    for _ in range(130):
        ear.hear(Audio(bytes(2 * LIVE_IN_HZ), LIVE_IN_HZ), 0.0)
    [spoken] = ear.end(130.0)
    assert isinstance(spoken, Spoken)
    assert len(spoken.audio) == 120 * LIVE_IN_HZ
