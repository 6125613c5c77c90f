"""How long one sender's packets have to wait before playout, so that nearly all of them come in time."""

from __future__ import annotations

from audio.formats import DISCORD_HZ, FRAME_MS
from audio.rtp import ts_delta

MIN_DELAY_S = 0.020
"""The first packet of a spurt waits at least this long, and up to one tick more: 20–40 ms on a quiet
network."""
MAX_DELAY_S = 0.160


class DelayEstimate:
    """How much later than the fastest ones packets come; the delay that lets nearly all be in time.

    A histogram with exponential forgetting, as in WebRTC's NetEq: robust against single stragglers.
    """

    _BIN_S = 0.010
    _BINS = int(MAX_DELAY_S / _BIN_S) + 1
    _QUANTILE = 0.95
    _MEMORY = 200  # packets: 4 s, so that a person's second sentence is already played at the right delay
    _PRIOR = 10.0  # packets' worth of belief in an even network

    # A sender's clock may run slow against ours by less than 500 ppm; the reference gives way that fast.
    _CREEP_S = FRAME_MS / 1000 * 500e-6
    _NEW_REFERENCE_S = 1.0  # a transit time this far off is a new time base, not jitter

    def __init__(self) -> None:
        self.target_s = MIN_DELAY_S
        self._bins = [0.0] * self._BINS
        self._bins[0] = self._PRIOR
        self._weight = 1.0  # of the next packet; growing it forgets the old ones without touching them
        # A timestamp, and when its packet would have come had it been as fast as the fastest.
        self._reference: tuple[int, float] | None = None
        self._until_update = 0

    def new_spurt(self) -> None:
        """Timestamps before and after a pause do not compare."""
        self._reference = None

    def behind_s(self, timestamp: int, now: float) -> float:
        """How much later than the fastest packet of this spurt one of `timestamp` is, if it is here `now`."""
        if self._reference is None:
            return 0.0
        zero, fastest = self._reference
        return now - ts_delta(timestamp, zero) / DISCORD_HZ - fastest

    def observe(self, timestamp: int, now: float) -> None:
        """One packet arrived."""
        behind = self.behind_s(timestamp, now)
        if self._reference is None or not 0.0 <= behind < self._NEW_REFERENCE_S:
            self._reference = (timestamp, now)
            behind = 0.0
        else:
            zero, fastest = self._reference
            self._reference = (zero, fastest + self._CREEP_S)
        bin_index = min(int(behind / self._BIN_S), self._BINS - 1)
        self._bins[bin_index] += self._weight
        self._weight *= 1.0 + 1.0 / self._MEMORY
        self._until_update -= 1
        if self._until_update <= 0 or behind > self.target_s:
            self._update()

    def _update(self) -> None:
        self._until_update = 10
        if self._weight > 1e9:
            self._bins = [value / self._weight for value in self._bins]
            self._weight = 1.0
        enough = self._QUANTILE * sum(self._bins)
        reached = 0.0
        for index, value in enumerate(self._bins):
            reached += value
            if reached >= enough:
                self.target_s = min(max(MIN_DELAY_S, (index + 1) * self._BIN_S), MAX_DELAY_S)
                return
