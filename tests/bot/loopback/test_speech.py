from __future__ import annotations

import numpy as np
import pytest

from audio.formats import Samples
from bot.loopback import speech

SPOKEN = speech.names("member") + speech.names("live")


def loudness_db(samples: Samples) -> float:
    """RMS over the 20 ms frames that sound, so that pauses do not count."""
    frames = samples[: len(samples) // 960 * 960].reshape(-1, 960)
    energy = (frames**2).mean(axis=1)
    return float(10 * np.log10(energy[energy > 10**-4.5].mean()))


def pitch_hz(samples: Samples) -> float:
    """Median fundamental over voiced frames, by autocorrelation between 60 and 400 Hz."""
    found = []
    for frame in samples[: len(samples) // 1920 * 1920].reshape(-1, 1920):
        correlation = np.correlate(frame, frame, "full")[1919:]
        lag = 120 + int(np.argmax(correlation[120:800]))
        if correlation[0] > 1.0 and correlation[lag] > 0.6 * correlation[0]:
            found.append(48_000 / lag)
    return float(np.median(found))


def test_every_recording_is_there_and_its_index_is_complete() -> None:
    assert set(speech.names()) == set(SPOKEN) | set(speech.names("noise"))
    for name in SPOKEN:
        assert len(speech.text(name).split()) >= 5
    for name in speech.names("noise"):
        assert speech.text(name) == ""


@pytest.mark.parametrize("name", speech.names())
def test_recordings_are_mono_float32_that_nobody_can_spoil(name: str) -> None:
    samples = speech.load(name, 48_000)
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert np.abs(samples).max() < 1.0
    assert speech.load(name, 48_000) is samples
    with pytest.raises(ValueError, match="read-only"):
        samples[0] = 1.0


@pytest.mark.parametrize("hz", [16_000, 24_000])
def test_other_rates_last_as_long(hz: int) -> None:
    assert len(speech.load("hello", hz)) / hz == pytest.approx(
        len(speech.load("hello", 48_000)) / 48_000, abs=1e-4
    )


@pytest.mark.parametrize("name", SPOKEN)
def test_speech_is_equally_loud_and_begins_at_once(name: str) -> None:
    samples = speech.load(name, 48_000)
    assert loudness_db(samples) == pytest.approx(-21.4, abs=0.8)
    sounding = np.flatnonzero(np.abs(samples) > 0.01)
    assert sounding[0] < 0.03 * 48_000
    assert len(samples) - sounding[-1] < 0.06 * 48_000


def test_the_voices_differ_in_pitch() -> None:
    ana, ben, parley = (
        pitch_hz(speech.load(name, 48_000)) for name in ("question", "second", "answer_hello")
    )
    assert ben * 1.2 < parley < ana / 1.3


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        speech.load("nobody", 48_000)
    with pytest.raises(KeyError):
        speech.text("nobody")
