from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.formats import Samples
from audio.resample import Resampler, SteadyResampler

KINDS = [Resampler, SteadyResampler]
RATES = [(48_000, 16_000), (24_000, 48_000), (16_000, 48_000), (44_100, 48_000), (24_000, 24_000)]


def sine(frequency_hz: float, hz: int, seconds: float = 0.5, late_s: float = 0.0) -> Samples:
    times = np.arange(round(hz * seconds)) / hz - late_s
    return (0.5 * np.sin(2 * np.pi * frequency_hz * times)).astype(np.float32)


def level_db(samples: Samples, frequency_hz: float, hz: int) -> float:
    """Of one frequency in the middle of `samples`, against the 0.5 of `sine`."""
    middle = samples[len(samples) // 4 :][: len(samples) // 2].astype(np.float64)
    tone = np.exp(-2j * np.pi * frequency_hz * np.arange(len(middle)) / hz)
    return float(20 * np.log10(4 * abs(np.mean(middle * tone)) + 1e-9))


def convert(kind: type[Resampler], samples: Samples, in_hz: int, out_hz: int, chunk: int = 480) -> Samples:
    resampler = kind(in_hz, out_hz)
    parts = [resampler.push(samples[at : at + chunk]) for at in range(0, len(samples), chunk)]
    return np.concatenate([*parts, resampler.flush()])


# --- time ---


@pytest.mark.parametrize(
    ("in_hz", "out_hz", "chunk_ms", "held_ms"),
    [
        (48_000, 16_000, 20, 12.5),
        (24_000, 48_000, 40, 10),
        (24_000, 48_000, 20, 10),
        (16_000, 48_000, 40, 15),
    ],
)
def test_every_chunk_comes_back_and_the_same_is_held(
    in_hz: int, out_hz: int, chunk_ms: int, held_ms: float
) -> None:
    resampler = SteadyResampler(in_hz, out_hz)
    chunk, whole = np.ones(in_hz * chunk_ms // 1000, np.float32), out_hz * chunk_ms // 1000
    held = round(out_hz * held_ms / 1000)
    assert [len(resampler.push(chunk)) for _ in range(100)] == [whole - held] + [whole] * 99
    assert len(resampler.flush()) == held


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("in_hz", "out_hz"), RATES)
@settings(deadline=None)
@given(samples=st.integers(0, 30_000), chunk=st.integers(100, 4000))
def test_what_comes_out_is_as_long_as_what_went_in(
    kind: type[Resampler], in_hz: int, out_hz: int, samples: int, chunk: int
) -> None:
    heard = convert(kind, np.ones(samples, np.float32), in_hz, out_hz, chunk)
    exact = samples * out_hz / in_hz
    assert len(heard) == exact if out_hz % in_hz == 0 else abs(len(heard) - exact) <= 1


@pytest.mark.parametrize(
    ("in_hz", "out_hz", "late_s"),
    [
        (48_000, 16_000, 102e-6),
        (24_000, 48_000, 0.0),
        (16_000, 48_000, -10e-6),
        (44_100, 48_000, -5e-6),
        (24_000, 24_000, 0.0),
    ],
)
def test_a_sine_comes_out_as_the_same_sine(in_hz: int, out_hz: int, late_s: float) -> None:
    """Beyond what is held back no delay, but for a fraction of a sample where that is held constant."""
    inside = slice(out_hz // 50, -out_hz // 50)  # its ends are steps for a band-limited filter
    for kind, late in ((Resampler, 0.0), (SteadyResampler, late_s)):
        heard, expected = convert(kind, sine(1000, in_hz), in_hz, out_hz), sine(1000, out_hz, late_s=late)
        np.testing.assert_allclose(heard[inside], expected[inside], atol=2e-3)


def test_speech_for_the_live_api_comes_in_blocks_none_later_than_37_ms() -> None:
    resampler = Resampler(48_000, 16_000)
    frame = np.ones(960, np.float32)
    blocks = [len(resampler.push(frame)) / 16 for _ in range(1000)]
    assert max(blocks) < 31
    behind = 20 * np.arange(1, 1001) - np.cumsum(blocks)
    assert behind.min() >= 0
    assert behind.max() < 37


# --- seams ---


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("in_hz", "out_hz"), RATES)
@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, 900), max_size=12), seed=st.integers(0, 100))
def test_the_cuts_between_chunks_make_no_difference(
    kind: type[Resampler], in_hz: int, out_hz: int, cuts: list[int], seed: int
) -> None:
    sound = np.random.default_rng(seed).standard_normal(in_hz // 10).astype(np.float32)
    resampler = kind(in_hz, out_hz)
    parts, at = [], 0
    for cut in cuts:
        parts.append(resampler.push(sound[at : at + cut]))
        at += cut
    parts += [resampler.push(sound[at:]), resampler.flush()]
    np.testing.assert_array_equal(np.concatenate(parts), convert(kind, sound, in_hz, out_hz))


@pytest.mark.parametrize(("in_hz", "out_hz"), RATES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", ["flush", "clear"])
def test_after_a_flush_or_clear_the_next_stream_begins_clean(
    kind: type[Resampler], in_hz: int, out_hz: int, end: str
) -> None:
    sound = sine(1000, in_hz, 0.1)
    resampler = kind(in_hz, out_hz)
    for used in (0, 1, 500, 3000):
        resampler.push(np.ones(used, np.float32))
        getattr(resampler, end)()
        heard = np.concatenate((resampler.push(sound), resampler.flush()))
        np.testing.assert_array_equal(heard, convert(kind, sound, in_hz, out_hz))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_in_nothing_out(kind: type[Resampler]) -> None:
    resampler = kind(24_000, 48_000)
    assert len(resampler.push(np.empty(0, np.float32))) == 0
    assert len(resampler.flush()) == 0
    assert len(resampler.flush()) == 0


# --- sound ---


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frequency_hz", [50, 100, 1000, 3000, 5000, 6000, 7000, 7500])
def test_speech_passes_unchanged(kind: type[Resampler], frequency_hz: int) -> None:
    down = convert(kind, sine(frequency_hz, 48_000), 48_000, 16_000)
    up = convert(kind, sine(frequency_hz, 24_000), 24_000, 48_000)
    edge = 0.5 if frequency_hz == 7500 else 0.05
    assert level_db(down, frequency_hz, 16_000) == pytest.approx(0, abs=edge)
    assert level_db(up, frequency_hz, 48_000) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frequency_hz", [8500, 9000, 10_000, 13_000, 15_500, 20_000, 23_000])
def test_what_16_khz_cannot_hold_does_not_fold_back(kind: type[Resampler], frequency_hz: int) -> None:
    heard = convert(kind, sine(frequency_hz, 48_000), 48_000, 16_000)
    middle = heard[1000:-1000]
    assert 20 * np.log10(np.sqrt(2 * np.mean(middle**2)) / 0.5) < -100


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frequency_hz", [1000, 5000, 9000, 10_000, 11_000])
def test_no_images_above_12_khz(kind: type[Resampler], frequency_hz: int) -> None:
    heard = convert(kind, sine(frequency_hz, 24_000), 24_000, 48_000)
    assert level_db(heard, 24_000 - frequency_hz, 48_000) < -70


@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_stays_constant(kind: type[Resampler]) -> None:
    heard = convert(kind, np.full(4800, 0.5, np.float32), 24_000, 48_000)
    np.testing.assert_allclose(heard[960:-960], 0.5, atol=1e-4)
