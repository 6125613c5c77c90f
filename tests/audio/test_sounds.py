"""The sound of work: quiet, short, and without a click where it begins again."""

from __future__ import annotations

import numpy as np
import pytest

from audio.formats import DISCORD_FRAME, DISCORD_HZ
from audio.outbound import Outbound
from audio.sounds import WORKING_MS, working


def level_db(samples: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
    return float(20 * np.log10(np.abs(samples).max()))


def test_a_round_is_as_long_as_it_says_and_whole_frames() -> None:
    assert working().shape == (DISCORD_HZ * WORKING_MS // 1000,)
    assert len(working()) % DISCORD_FRAME == 0
    assert working().dtype == np.float32


def test_it_is_heard_in_a_pause_and_never_talked_over() -> None:
    assert level_db(working()) == pytest.approx(-34.0, abs=0.1)
    rms_db = 10 * np.log10(np.mean(np.square(working())))
    assert -70 < rms_db < -45


def test_it_ends_in_silence_so_that_the_seam_is_none() -> None:
    assert not working()[-DISCORD_HZ // 2 :].any()
    seam = np.concatenate([working()[-100:], working()[:1]])
    assert np.abs(np.diff(seam)).max() <= 0.02


def test_every_key_dies_away() -> None:
    samples = np.abs(working())
    sounding = np.flatnonzero(samples)
    ends = sounding[np.flatnonzero(np.diff(sounding, append=len(samples) * 2) > 48)]
    assert len(ends) >= 4
    for end in ends:
        assert samples[end - 48 : end + 1].max() < 0.1 * samples.max()


def test_it_is_no_tone() -> None:
    spectrum = np.abs(np.fft.rfft(working()[: DISCORD_HZ * 700 // 1000]))
    assert spectrum.max() < 0.02 * spectrum.sum()


def test_it_is_made_once_and_playing_does_not_change_it() -> None:
    before = working().copy()
    outbound = Outbound()
    for _ in range(3):
        outbound.play_sound(working())
    while outbound.tick() is not None:
        pass
    assert working() is working()
    assert np.array_equal(working(), before)
    with pytest.raises(ValueError, match="read-only"):
        working()[0] = 1.0
