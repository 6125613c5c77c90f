"""How loud an answer was played, measured against the recording that it is. Pure."""

from __future__ import annotations

import numpy as np

from audio.formats import DISCORD_HZ, Samples
from bot.demo.latency import offset_of

WINDOW_MS = 60
AUDIBLE_DB = -35.0
"""Where the recording itself is quieter than this its loudness is not compared."""


def gains_db(heard: Samples, said: Samples) -> list[tuple[float, float]]:
    """Of `said` in `heard` (both 48 kHz, `said` lies whole in it): level against level, window by window,
    each with its place in `heard` in seconds; pauses are left out.
    """
    offset, _ = offset_of(heard, said)
    window = DISCORD_HZ * WINDOW_MS // 1000
    gains = []
    for at in range(0, len(said) - window, window):
        place = at + offset
        own, played = said[at : at + window], heard[max(0, place) : max(0, place + window)]
        if len(played) == window and _level_db(own) > AUDIBLE_DB:
            gains.append((place / DISCORD_HZ, _level_db(played) - _level_db(own)))
    return gains


def _level_db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-9))
