"""Level: keep a sum within full scale, and change a gain without a click."""

from __future__ import annotations

import numpy as np

from audio.formats import DISCORD_HZ, Samples

_KNEE = np.float32(0.85)
"""Up to here (−1.4 dBFS) the limiter changes nothing: one person speaking normally never meets it."""


def soft_limit(samples: Samples) -> Samples:
    """`samples` brought within ±1.0: what lies above the knee is bent by tanh.

    Without memory, thus no attack to miss and no pumping. Returns the same array if nothing reaches the knee.
    """
    if samples.max(initial=0.0) <= _KNEE and samples.min(initial=0.0) >= -_KNEE:
        return samples
    magnitude = np.abs(samples)
    room = np.float32(1.0) - _KNEE
    bent = _KNEE + room * np.tanh((magnitude - _KNEE) / room)
    return np.copysign(np.where(magnitude > _KNEE, bent, magnitude), samples)


class Fader:
    """A gain that moves in straight ramps, sample by sample, so that neither ducking nor a stop clicks."""

    def __init__(self, gain: float = 1.0, hz: int = DISCORD_HZ) -> None:
        self._hz = hz
        self.set(gain)

    @property
    def gain(self) -> float:
        """Where the gain is now; 1.0 is unchanged."""
        return self._gain

    def set(self, gain: float) -> None:
        """Jump to `gain`: for moments of silence."""
        self._gain = self._target = gain
        self._remaining = 0

    def ramp(self, target: float, ms: float) -> None:
        """Move to `target` over the next `ms` of samples, from wherever the gain is."""
        if target != self._target:
            self._target = target
            self._remaining = max(1, round(ms * self._hz / 1000))

    def apply(self, samples: Samples) -> Samples:
        """`samples` with the gain; the same array while the gain is 1.0."""
        if not self._remaining:
            return samples if self._gain == 1.0 else samples * np.float32(self._gain)
        moving = min(self._remaining, len(samples))
        reached = self._gain + (self._target - self._gain) * moving / self._remaining
        gains = np.full(len(samples), reached, np.float32)
        gains[:moving] = np.linspace(self._gain, reached, moving, endpoint=False)
        self._remaining -= moving
        self._gain = reached if self._remaining else self._target
        return samples * gains
