"""The bot's own small sounds, made by arithmetic once. Pure."""

from __future__ import annotations

from functools import cache

import numpy as np

from audio.formats import DISCORD_HZ, Samples

WORKING_MS = 2_000
"""One round of the working sound; it is repeated for as long as the work takes."""

_PEAK = 0.02
"""−34 dBFS: to be noticed in a pause, and never to be talked over."""

_KEYS_MS = (0, 140, 260, 430, 520, 660)
"""When the keys fall within a round; the rest of it is a pause."""


@cache
def working() -> Samples:
    """Somebody typing quietly: `WORKING_MS` at 48 kHz, shape (n,). Short bursts of noise that die away within
    30 ms; not a tone, which in a voice channel sounds like an alarm."""
    samples = np.zeros(DISCORD_HZ * WORKING_MS // 1000, np.float32)
    noise = np.random.default_rng(7)
    length = DISCORD_HZ * 30 // 1000
    decay = np.exp(-np.arange(length) / (DISCORD_HZ * 0.006)).astype(np.float32)
    for at_ms in _KEYS_MS:
        click = noise.standard_normal(length).astype(np.float32)
        dull = np.convolve(click, np.ones(6) / 6, mode="same")
        start = DISCORD_HZ * at_ms // 1000
        samples[start : start + length] += (decay * dull).astype(np.float32)
    scaled: Samples = (samples * (_PEAK / np.abs(samples).max())).astype(np.float32)
    scaled.flags.writeable = False
    return scaled
