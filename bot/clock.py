"""The one clock of the application, and the beat of a room."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

monotonic = time.monotonic
"""Seconds, never set back. Everything pure takes it as its argument `now`."""


def utc_now() -> datetime:
    """The date and the time of day, aware and in UTC: for what is kept over a restart or shown to people."""
    return datetime.now(UTC)


CATCH_UP_TICKS = 5
"""After a stall up to this many ticks (100 ms) are made up at once; what is older is skipped, since audio
played late by more than that is worse than audio lost."""


class Beat:
    """Absolute deadlines every `period_s`: a late tick does not move those after it."""

    def __init__(self, period_s: float, start: float) -> None:
        self._period_s = period_s
        self._next = start + period_s
        self.skipped = 0

    async def wait(self) -> float:
        """Sleep until the next deadline and return it. Returns at once while ticks are overdue.

        The deadline, not the time at which it was met: ticks made up after a stall are each of their own
        20 ms, or the playout buffers would take the stall for jitter of the network.
        """
        delay_s = self._next - monotonic()
        await asyncio.sleep(max(0.0, delay_s))  # also when late: others must run, and Ctrl-C must be heard
        behind = int((monotonic() - self._next) / self._period_s)
        if behind > CATCH_UP_TICKS:
            self.skipped += behind
            self._next += behind * self._period_s
        deadline = self._next
        self._next += self._period_s
        return deadline
