"""The one clock of the application, and the beat of a room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil
from typing import NoReturn

monotonic = time.monotonic
"""Seconds, never set back. Everything pure takes it as its argument `now`."""


def utc_now() -> datetime:
    """The date and the time of day, aware and in UTC: for what is kept over a restart or shown to people."""
    return datetime.now(UTC)


CATCH_UP_TICKS = 5
"""After a stall up to this many ticks (100 ms) are made up at once; what is older is skipped, since audio
played late by more than that is worse than audio lost."""


GRID_S = 0.005
"""Beats begin on a grid, so that rooms share the wake-ups of the event loop: 9 % less CPU at forty rooms, and
the gaps between packets as even as without (a grid of 10 or 20 ms saves no more, and bunches them)."""


class Beat:
    """Absolute deadlines every `period_s`, from the first on the grid: a late tick does not move those after
    it."""

    def __init__(self, period_s: float, start: float) -> None:
        self._period_s = period_s
        self._next = ceil((start + period_s) / GRID_S) * GRID_S
        self.skipped = 0

    async def run(self, tick: Callable[[float], None]) -> NoReturn:
        """Call `tick` with every deadline, until cancelled or until it raises; that error ends this, too.

        The deadline, not the time at which it was met: ticks made up after a stall are each of their own
        20 ms, or the playout buffers would take the stall for jitter of the network. A timer and no sleep:
        waking a task was a tenth of a room's beat.
        """
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[NoReturn] = loop.create_future()
        timer: asyncio.TimerHandle

        def beat() -> None:
            nonlocal timer
            if failed.done():  # cancelled in this very round of the loop
                return
            try:
                tick(self._deadline())
            except Exception as error:
                failed.set_exception(error)
            else:
                timer = set_timer()

        def set_timer() -> asyncio.TimerHandle:
            # Also when late: others must run, and Ctrl-C must be heard.
            return loop.call_later(self._next - monotonic(), beat)

        timer = set_timer()
        try:
            await failed
        finally:
            timer.cancel()

    def _deadline(self) -> float:
        """The one that is due now; those that are too old are skipped."""
        behind = int((monotonic() - self._next) / self._period_s)
        if behind > CATCH_UP_TICKS:
            self.skipped += behind
            self._next += behind * self._period_s
        deadline = self._next
        self._next += self._period_s
        return deadline
