"""One clock for all members of an event loop: absolute deadlines, one timer for everybody.

Sixty members with a timer each would wake the loop 3000 times a second. Here beats fall on a grid of 4 ms: at
most 250 wake-ups whatever the number of members, and still not everybody sends at one instant.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import weakref
from collections.abc import Callable
from itertools import count

_GRID_S = 0.004

Beat = Callable[[float], float | None]
"""Called with its deadline (loop seconds); returns the next deadline, or None when done. Must not raise."""


class Pacer:
    """Calls beats at their deadlines. `lateness_s` is the worst it has been late so far."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[float, int, Beat]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None
        self.lateness_s = 0.0

    def start(self, beat: Beat) -> None:
        """First beat at the next point of the grid."""
        now = self._loop.time()
        self._push((math.floor(now / _GRID_S) + 1) * _GRID_S, beat)
        self._arm()

    def _push(self, deadline: float, beat: Beat) -> None:
        heapq.heappush(self._heap, (deadline, next(self._order), beat))

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._heap[0][0], self._fire) if self._heap else None

    def _fire(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._heap and self._heap[0][0] <= now:
            deadline, _, beat = heapq.heappop(self._heap)
            self.lateness_s = max(self.lateness_s, now - deadline)
            following = beat(deadline)
            if following is not None:
                self._push(following, beat)
        self._arm()


_pacers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Pacer] = weakref.WeakKeyDictionary()


def shared() -> Pacer:
    """The pacer of the running event loop."""
    loop = asyncio.get_running_loop()
    pacer = _pacers.get(loop)
    if pacer is None:
        pacer = _pacers[loop] = Pacer(loop)
    return pacer
