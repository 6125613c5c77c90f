"""When to try a lost connection again. Pure: no sleeping, no clock."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_S = 0.5
LONGEST_S = 8.0
MAX_RETRIES = 20
"""0.5 + 1 + 2 + 4 s, then 8 s each, all shortened at random: a service that is away for a minute is waited
for, one that is not back after two is reported."""

STABLE_S = 10.0
"""A connection that lived this long was a success; one that dies sooner counts as one more failure, so that a
server which accepts and closes at once does not get a new connection every half second for ever."""


class Backoff:
    """The delays between attempts: doubling from 0.5 to 8 s, each shortened by up to a half at random.

    The jitter keeps the rooms of one bot, which are all dropped at once, from all coming back at once.
    """

    def __init__(self, random_unit: Callable[[], float] = random.random) -> None:
        self._random_unit = random_unit
        self.failures = 0
        """In a row."""
        self._connected_at: float | None = None

    def connected(self, now: float) -> None:
        """A connection is up."""
        self._connected_at = now

    @property
    def exhausted(self) -> bool:
        """Whether the next failure will be the last."""
        return self.failures >= MAX_RETRIES

    def failed(self, now: float) -> float | None:
        """An attempt failed, or the connection ended. The delay in seconds before the next attempt, or None:
        give up."""
        if self._connected_at is not None and now - self._connected_at >= STABLE_S:
            self.failures = 0
        self._connected_at = None
        self.failures += 1
        if self.failures > MAX_RETRIES:
            return None
        longest_s = min(LONGEST_S, FIRST_S * 2.0 ** (self.failures - 1))
        return longest_s * (1.0 - 0.5 * self._random_unit())
