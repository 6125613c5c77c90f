"""One person as the turn detector knows them: when they were voiced lately, since when they sound. Pure."""

from __future__ import annotations

from typing import NamedTuple

from audio.formats import FRAME_MS

WINDOW_MS = 300
"""How far back anybody asks."""

SOUND_GAP_MS = 200
"""Silence that parts one sound from the next, as in LAPSE_MS."""

LOSS_GAP_S = 5.0
"""After a gap up to this long, what got lost within it belongs to the sound after it: packets were sent, so
the person spoke. What was lost earlier is no concern of what is said now."""

_FRAME_S = FRAME_MS / 1000.0


class Rule(NamedTuple):
    """So much voice within so much time."""

    voiced_ms: int
    within_ms: int


class Person:
    """Who was voiced in the last 300 ms: one bit per tick, the newest lowest."""

    __slots__ = ("_history", "heard_at")

    _MASK = (1 << WINDOW_MS // FRAME_MS) - 1

    def __init__(self) -> None:
        self._history = 0
        self.heard_at = 0.0  # arrival of the newest voiced frame

    def tick(self) -> bool:
        """Age by one tick. False when nothing is left to remember."""
        self._history = self._history << 1 & self._MASK
        return self._history != 0

    def voiced(self, heard_at: float) -> None:
        self._history |= 1
        self.heard_at = max(self.heard_at, heard_at)

    @property
    def voiced_now(self) -> bool:
        return bool(self._history & 1)

    def meets(self, rule: Rule) -> bool:
        """Whether the newest frame is voiced and enough before it were."""
        recent = self._history & (1 << rule.within_ms // FRAME_MS) - 1
        return self.voiced_now and recent.bit_count() * FRAME_MS >= rule.voiced_ms

    def speech_s(self, rule: Rule) -> float:
        """How long ago the first voiced frame within the rule's window was, in seconds of audio."""
        recent = self._history & (1 << rule.within_ms // FRAME_MS) - 1
        return (recent.bit_length() - 1) * _FRAME_S


class Sound:
    """One person's sound without a pause: the ticks at which it began and was last heard, and how much of
    them had been lost on the wire, in seconds since they came, before it began and by now."""

    __slots__ = ("began_at", "heard_at", "lost_before_s", "lost_s")

    def __init__(self, now: float, lost_s: float, before: Sound | None) -> None:
        self.began_at: float = now
        self.heard_at: float = now
        self.lost_s: float = lost_s
        recent = before is not None and now - before.heard_at <= LOSS_GAP_S
        self.lost_before_s = before.lost_s if before is not None and recent else lost_s
