"""Words are recognised through what a voice channel does to them, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from audio.formats import DISCORD_FRAME, DISCORD_HZ, LIVE_IN_HZ, Samples
from audio.opus import Decoder, Encoder
from audio.resample import Resampler
from bot.loopback import speech
from bot.loopback.live.recognise import THRESHOLD, Recogniser

MEMBERS = speech.names("member")


def quiet(seconds: float) -> Samples:
    return np.zeros(int(seconds * LIVE_IN_HZ), np.float32)


def transmitted(name: str, loss: float = 0.0) -> Samples:
    """Opus, every lost packet concealed, 48 → 16 kHz, pre-roll and trailing silence."""
    rng = np.random.default_rng(len(name))
    encoder, decoder, resampler = Encoder(), Decoder(), Resampler(DISCORD_HZ, LIVE_IN_HZ)
    samples = speech.load(name)
    pieces = []
    for start in range(0, len(samples) - DISCORD_FRAME, DISCORD_FRAME):
        packet = encoder.encode(samples[start : start + DISCORD_FRAME])
        frame = decoder.conceal() if rng.random() < loss else decoder.decode(packet)
        pieces.append(resampler.push(frame))
    return np.concatenate((quiet(0.25), *pieces, resampler.flush(), quiet(0.5)))


def noisy(samples: Samples) -> Samples:
    """At 10 dB SNR."""
    noise = np.random.default_rng(2).standard_normal(len(samples)).astype(np.float32)
    return samples + noise * np.sqrt(np.mean(samples**2)) * np.float32(10**-0.5)


def jumping(samples: Samples) -> Samples:
    """A jitter buffer that grew, shrank and grew: 40 ms each."""
    jump = LIVE_IN_HZ * 40 // 1000
    a, b, c = (len(samples) * part // 4 for part in (1, 2, 3))
    hole = np.zeros(jump, np.float32)
    return np.concatenate((samples[:a], hole, samples[a:b], samples[b + jump : c], hole, samples[c:]))


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(lambda name: speech.load(name, LIVE_IN_HZ), id="clean"),
        pytest.param(transmitted, id="opus"),
        pytest.param(lambda name: transmitted(name, loss=0.1), id="loss"),
        pytest.param(lambda name: transmitted(name) * np.float32(0.05), id="faint"),
        pytest.param(lambda name: noisy(transmitted(name)), id="noise"),
        pytest.param(lambda name: jumping(transmitted(name)), id="jumps"),
        pytest.param(lambda name: transmitted(name)[LIVE_IN_HZ // 2 :], id="onset cut"),
        pytest.param(lambda name: np.concatenate((quiet(5), transmitted(name), quiet(3))), id="long pauses"),
    ],
)
def test_recognised(recogniser: Recogniser, path: Callable[[str], Samples], name: str) -> None:
    [heard] = recogniser.recognise(path(name))
    assert heard.name == name


@pytest.mark.parametrize("name", speech.names("live") + speech.names("noise"))
def test_other_sounds_are_not(recogniser: Recogniser, name: str) -> None:
    assert recogniser.recognise(speech.load(name, LIVE_IN_HZ)) == []


@pytest.mark.parametrize("name", MEMBERS)
def test_the_same_words_backwards_are_not(recogniser: Recogniser, name: str) -> None:
    assert recogniser.recognise(speech.load(name, LIVE_IN_HZ)[::-1]) == []


@pytest.mark.parametrize("samples", [quiet(0), quiet(0.01), quiet(0.04), quiet(3)])
def test_silence_is_nothing(recogniser: Recogniser, samples: Samples) -> None:
    assert recogniser.recognise(samples) == []


def test_two_in_sequence(recogniser: Recogniser) -> None:
    samples = np.concatenate((transmitted("question", 0.1), transmitted("interrupt", 0.1)))
    first, second = recogniser.recognise(samples)
    assert (first.name, second.name) == ("question", "interrupt")
    length = len(speech.load("question", LIVE_IN_HZ)) / LIVE_IN_HZ
    assert first.start_s == pytest.approx(0.25, abs=0.15)
    assert first.end_s == pytest.approx(0.25 + length, abs=0.15)


def test_two_at_once(recogniser: Recogniser) -> None:
    one, two = transmitted("question"), transmitted("second")
    samples = np.pad(one, (0, max(0, len(two) - len(one)))) + np.pad(two, (0, max(0, len(one) - len(two))))
    assert {heard.name for heard in recogniser.recognise(samples)} == {"question", "second"}


def test_the_threshold_has_room_on_both_sides(recogniser: Recogniser) -> None:
    for name in MEMBERS:
        scores = {heard.name: heard.score for heard in recogniser.scores(transmitted(name, 0.1))}
        assert scores.pop(name) > THRESHOLD + 0.3
        assert max(scores.values()) < THRESHOLD - 0.03
