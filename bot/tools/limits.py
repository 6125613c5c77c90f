"""How often something may be done: a minute that slides along. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

WINDOW_S = 60.0


class SlidingMinute:
    """Counts what was admitted, by key. Holds no more times per key than its limit."""

    def __init__(self) -> None:
        self._admitted: dict[Hashable, deque[float]] = {}

    def admit(self, key: Hashable, per_minute: int, now: float) -> float:
        """0: admitted, and counted. Otherwise the seconds until one will be, with nothing counted."""
        times = self._admitted.setdefault(key, deque())
        while times and times[0] + WINDOW_S <= now:
            times.popleft()
        if per_minute <= 0:
            return WINDOW_S
        if len(times) < per_minute:
            times.append(now)
            return 0.0
        # the limit may have been lowered since: then several have to grow old
        return min(WINDOW_S, times[-per_minute] + WINDOW_S - now)
