"""What counts as a voice: recorded speech does; keys, coughs, doors and hiss do not. All of it through Opus,
as it comes."""

from __future__ import annotations

import numpy as np
import pytest

from audio.activity import MIN_LEVEL_DB, Voice, VoiceActivity
from audio.formats import DISCORD_FRAME, DISCORD_HZ, Samples
from audio.opus import Decoder, Encoder
from bot.loopback import speech

MEMBERS_SAY = ["hello", "question", "long_question", "interrupt", "second", "goodbye"]


def through_opus(samples: Samples) -> list[Samples]:
    encoder, decoder = Encoder(), Decoder()
    whole = len(samples) // DISCORD_FRAME * DISCORD_FRAME
    frames = np.split(np.ascontiguousarray(samples[:whole], np.float32), whole // DISCORD_FRAME)
    return [decoder.decode(encoder.encode(frame)) for frame in frames]


def judged(samples: Samples) -> list[Voice]:
    activity = VoiceActivity()
    return [activity.push(frame) for frame in through_opus(samples)]


def most_voiced(voices: list[Voice], frames: int) -> int:
    """The most voiced frames in any stretch of `frames`."""
    voiced = np.array([voice is Voice.VOICED for voice in voices], int)
    return int(np.convolve(voiced, np.ones(frames, int)).max())


def noise(seconds: float, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).normal(0, 1, int(seconds * DISCORD_HZ)).astype(np.float32)


def burst(attack_s: float, decay_s: float, seconds: float) -> Samples:
    t = np.arange(int(seconds * DISCORD_HZ)) / DISCORD_HZ
    return ((1 - np.exp(-t / attack_s)) * np.exp(-t / decay_s)).astype(np.float32)


def resonance(samples: Samples, hz: float, bandwidth_hz: float) -> Samples:
    """`samples` through one resonance, by its impulse response."""
    t = np.arange(int(0.05 * DISCORD_HZ)) / DISCORD_HZ
    ringing = np.exp(-np.pi * bandwidth_hz * t) * np.sin(2 * np.pi * hz * t)
    return np.convolve(samples, ringing)[: len(samples)].astype(np.float32)


def every(seconds: float, sound: Samples, times: int, level: float) -> Samples:
    out = noise(seconds * times + 1.0, seed=2) * np.float32(1e-4)
    for index in range(times):
        at = int((0.3 + seconds * index) * DISCORD_HZ)
        out[at : at + len(sound)] += sound * np.float32(level / np.abs(sound).max())
    return out


def keyboard() -> Samples:
    key = resonance(noise(0.06) * burst(3e-4, 4e-3, 0.06), 2500, 500)
    key += 0.3 * resonance(noise(0.06, 3) * burst(3e-4, 6e-3, 0.06), 350, 120)
    return every(0.13, key, 60, 0.25)


def coughs() -> Samples:
    blow = noise(0.35) * burst(4e-3, 0.05, 0.35)
    vowel = resonance(blow, 500, 180) + 0.7 * resonance(blow, 1300, 250) + 0.5 * resonance(blow, 2600, 350)
    return every(0.9, vowel, 12, 0.5)


def doors() -> Samples:
    t = np.arange(int(0.5 * DISCORD_HZ)) / DISCORD_HZ
    thump = (np.sin(2 * np.pi * 80 * t) * np.exp(-t / 0.08)).astype(np.float32)
    latch = resonance(noise(0.5) * burst(2e-4, 5e-3, 0.5), 250, 80)
    return every(0.8, thump / np.abs(thump).max() + 0.4 * latch / np.abs(latch).max(), 12, 0.6)


def hum() -> Samples:
    t = np.arange(5 * DISCORD_HZ) / DISCORD_HZ
    mains = 0.05 * np.sin(2 * np.pi * 50 * t) + 0.02 * np.sin(2 * np.pi * 100 * t)
    return (mains + noise(5.0) * np.float32(1e-3)).astype(np.float32)


NOISES = {
    "keyboard": keyboard,
    "coughs": coughs,
    "doors": doors,
    "hiss": lambda: noise(5.0) * np.float32(0.03),
    "hum": hum,
    "breath": lambda: every(1.5, resonance(noise(0.8) * np.hanning(38_400), 800, 600), 8, 0.08),
    "clapping": lambda: every(0.5, resonance(noise(0.1) * burst(5e-4, 0.015, 0.1), 1200, 500), 20, 0.6),
}


@pytest.mark.parametrize("name", MEMBERS_SAY)
def test_speech_is_voiced(name: str) -> None:
    samples = speech.load(name, DISCORD_HZ)
    voices = judged(samples)
    loud = [voice for voice in voices if voice is not Voice.SILENT]
    assert loud.count(Voice.VOICED) / len(loud) >= 0.6
    assert voices.index(Voice.VOICED) * 20 <= 200  # ms; some begin with a fricative
    assert most_voiced(voices, frames=15) >= 10  # confirmed even against a speaking bot


@pytest.mark.parametrize(
    "name", [*NOISES, "recorded cough", "recorded keyboard", "recorded door", "recorded hiss"]
)
def test_noise_is_not_voiced(name: str) -> None:
    recorded = name.removeprefix("recorded ")
    samples = NOISES[name]() if name in NOISES else speech.load(recorded, DISCORD_HZ)
    voices = judged(samples)
    assert Voice.NOISE in voices
    assert voices.count(Voice.VOICED) / len(voices) <= 0.03
    assert most_voiced(voices, frames=5) < 3  # never enough to begin a turn


@pytest.mark.parametrize("hz", [180, 220, 440, 1000])
def test_tones_are_voiced(hz: int) -> None:
    t = np.arange(DISCORD_HZ) / DISCORD_HZ
    voices = judged((0.1 * np.sin(2 * np.pi * hz * t)).astype(np.float32))
    assert voices.count(Voice.VOICED) / len(voices) > 0.9


def test_silence_and_level() -> None:
    activity = VoiceActivity()
    assert activity.push(np.zeros(DISCORD_FRAME, np.float32)) is Voice.SILENT
    assert activity.level_db < MIN_LEVEL_DB
    activity.push(np.full(DISCORD_FRAME, 0.1, np.float32))
    assert activity.level_db == pytest.approx(-20.0, abs=0.01)


def test_a_steady_noise_becomes_silence_and_speech_over_it_does_not() -> None:
    activity = VoiceActivity()
    fan = noise(20.0) * np.float32(0.01)
    voices = [activity.push(frame) for frame in fan.reshape(-1, DISCORD_FRAME)]
    assert voices[0] is Voice.NOISE and set(voices[-100:]) == {Voice.SILENT}
    question = speech.load("question", DISCORD_HZ)
    frames = len(question) // DISCORD_FRAME
    over = question[: frames * DISCORD_FRAME] + fan[: frames * DISCORD_FRAME]
    voices = [activity.push(frame) for frame in over.reshape(-1, DISCORD_FRAME)]
    assert voices.count(Voice.VOICED) / len(voices) > 0.5


def test_a_pause_separates_what_was_before() -> None:
    t = np.arange(DISCORD_FRAME * 4) / DISCORD_HZ
    frames = (0.1 * np.sin(2 * np.pi * 220 * t)).astype(np.float32).reshape(-1, DISCORD_FRAME)
    activity = VoiceActivity()
    first = [activity.push(frame) for frame in frames]
    activity.pause()
    assert [activity.push(frame) for frame in frames] == first
    assert first[0] is Voice.NOISE and first[-1] is Voice.VOICED


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_nothing_divides_by_zero(scale: float) -> None:
    """Loud above the band and next to nothing within it; and far beyond full scale."""
    activity = VoiceActivity()
    buzz = np.tile(np.array([1, -1], np.float32), DISCORD_FRAME // 2) * np.float32(scale)
    for frame in (buzz, buzz, np.full(DISCORD_FRAME, 1e-30, np.float32), buzz, buzz):
        assert activity.push(frame) in Voice
