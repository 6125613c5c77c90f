"""Whether the bot should still be here, and whether it should speak up: alone, idle, hushed. Pure.

    alone   counts from when the last person left, or from the beginning if nobody came: AloneTooLong, once
    silent  counts from the last word, or from when the first person came: NudgeDue, once, and not again
            before a person has spoken; the bot's own voice starts the count anew, but earns no second nudge
    hushed  nothing is nudged, and the silence that was asked for is not counted: HushOver when it ends

The room says what it saw, and asks with every `tick`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class AloneTooLong:
    """Nobody has been here for `alone_s`: go, and say why."""

    alone_s: float


@dataclass(frozen=True, slots=True)
class NudgeDue:
    """People are here, and nobody has spoken for `silent_s`."""

    silent_s: float


@dataclass(frozen=True, slots=True)
class HushOver:
    """The hush that had an end has reached it."""


PresenceEvent: TypeAlias = AloneTooLong | NudgeDue | HushOver


class Presence:
    """One room's. `alone_s` and `nudge_s` may be set at any time; None switches that one off."""

    def __init__(self, alone_s: float | None, nudge_s: float | None) -> None:
        self.alone_s = alone_s
        self.nudge_s = nudge_s
        self.hushed = False
        self._hushed_until: float | None = None
        self._people = 0
        self._alone_since: float | None = None
        self._silent_since: float | None = None
        self._may_nudge = True

    def people(self, count: int, now: float) -> None:
        """How many people are in the channel besides the bot; other bots are none."""
        if count == 0 and self._people > 0:
            self._alone_since = now
        elif count > 0 and self._people == 0:
            self._silent_since = now
        self._people = count

    def spoke(self, now: float) -> None:
        """A person's turn began or ended."""
        self._silent_since = now
        self._may_nudge = True

    def answered(self, now: float) -> None:
        """The bot has finished speaking: a greeting, an answer, or the nudge itself."""
        self._silent_since = now

    @property
    def hushed_until(self) -> float | None:
        """None: until `unhush`, if it is hushed at all."""
        return self._hushed_until

    def hush(self, until: float | None) -> None:
        """Be quiet until then, or until `unhush`. The newest hush counts."""
        self.hushed = True
        self._hushed_until = until

    def unhush(self) -> None:
        self.hushed = False
        self._hushed_until = None

    def tick(self, now: float) -> list[PresenceEvent]:
        """What is due at `now`; each is said once."""
        events: list[PresenceEvent] = []
        if self._hushed_until is not None and now >= self._hushed_until:
            self.unhush()
            events.append(HushOver())
            self._silent_since = now
        if self._people == 0:
            events += self._alone(now)
        else:
            events += self._silent(now)
        return events

    def _alone(self, now: float) -> list[PresenceEvent]:
        if self._alone_since is None:
            self._alone_since = now
        alone_s = now - self._alone_since
        if self.alone_s is None or alone_s < self.alone_s:
            return []
        self._alone_since = float("inf")  # said; the next count begins when somebody has come and gone
        return [AloneTooLong(alone_s)]

    def _silent(self, now: float) -> list[PresenceEvent]:
        if self.hushed or self._silent_since is None:
            self._silent_since = now
        silent_s = now - self._silent_since
        if self.nudge_s is None or not self._may_nudge or silent_s < self.nudge_s:
            return []
        self._may_nudge = False
        return [NudgeDue(silent_s)]
