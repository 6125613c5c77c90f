from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.formats import Samples
from audio.mixer import Fader, soft_limit

ONES = np.ones(960, np.float32)


def sine(amplitude: float, samples: int = 960) -> Samples:
    return (amplitude * np.sin(2 * np.pi * 440 * np.arange(samples) / 48_000)).astype(np.float32)


def test_the_limiter_leaves_one_voice_alone() -> None:
    samples = sine(0.8)
    assert soft_limit(samples) is samples


def test_the_limiter_takes_an_empty_frame() -> None:
    assert len(soft_limit(np.empty(0, np.float32))) == 0


@settings(deadline=None)
@given(amplitude=st.floats(0.5, 20))
def test_the_limiter_keeps_any_sum_within_full_scale(amplitude: float) -> None:
    samples = sine(amplitude)
    limited = soft_limit(samples)
    assert limited.dtype == np.float32
    assert np.abs(limited).max() <= 1.0
    quiet = np.abs(samples) <= 0.85
    np.testing.assert_array_equal(limited[quiet], samples[quiet])


def test_the_limiter_bends_without_a_step_and_never_turns_back() -> None:
    rising = np.linspace(-3, 3, 6001, dtype=np.float32)
    steps = np.diff(soft_limit(rising))
    assert steps.min() >= 0
    assert steps.max() <= 0.001 + 1e-6


def test_a_fader_at_rest_costs_nothing() -> None:
    assert Fader().apply(ONES) is ONES


def test_a_ramp_lasts_as_long_as_asked_across_frames() -> None:
    fader = Fader()
    fader.ramp(0.25, 30)
    heard = np.concatenate([fader.apply(ONES) for _ in range(3)])
    assert heard[1439] > 0.25
    np.testing.assert_allclose(heard[1440:], 0.25)
    assert np.abs(np.diff(heard)).max() <= 0.75 / 1440 + 1e-6
    assert fader.gain == 0.25


def test_a_ramp_can_turn_around_without_a_step() -> None:
    fader = Fader()
    fader.ramp(0.0, 40)
    first = fader.apply(ONES)
    fader.ramp(1.0, 40)
    heard = np.concatenate([first, fader.apply(ONES), fader.apply(ONES), fader.apply(ONES)])
    assert np.abs(np.diff(heard)).max() <= 1 / 1920 + 1e-6
    assert heard[-1] == pytest.approx(1.0)


def test_the_same_target_again_does_not_stretch_the_ramp() -> None:
    fader = Fader()
    fader.ramp(0.25, 30)
    fader.apply(ONES)
    fader.ramp(0.25, 30)
    fader.apply(ONES)
    assert fader.gain == 0.25


def test_set_jumps() -> None:
    fader = Fader()
    fader.ramp(0.0, 1000)
    fader.set(0.5)
    np.testing.assert_allclose(fader.apply(ONES), 0.5)
