"""When to go after having been told to: the model's goodbye is still to be heard. Pure."""

from __future__ import annotations

SPEECHLESS_S = 5.0
"""If no goodbye comes within this time, go without one."""

AFTER_GOODBYE_S = 0.6
"""Quiet that ends the goodbye; shorter than it takes people to wonder, longer than a pause in the stream."""

AT_MOST_S = 20.0


class Departure:
    """Asked at `now` to leave; `due` says on each tick whether the time has come."""

    def __init__(self, now: float, speechless_s: float = SPEECHLESS_S) -> None:
        self._asked_at = now
        self._speechless_s = speechless_s
        self._last_sound_at: float | None = None

    def due(self, playing: bool, now: float) -> bool:
        """`playing`: the bot is being heard in this tick."""
        if now - self._asked_at >= AT_MOST_S:
            return True
        if playing:
            self._last_sound_at = now
            return False
        if self._last_sound_at is None:
            return now - self._asked_at >= self._speechless_s
        return now - self._last_sound_at >= AFTER_GOODBYE_S
