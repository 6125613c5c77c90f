"""What to do about an answer that does not come: a clock for the prompts that the next answer covers. Pure.

    asked ──nudge_s──► nudge ──reconnect_s──► reconnect ──give_up_s──► give up
      │ any sign of life starts the clock again; a turn of the model without an audible word cuts it short
      └─ interrupted was the last thing heard: nudge after 4 s (cookbook #1228: silent after an interruption)

Nobody misses the answer to what was context, and a model that decides for itself whether it is meant is
silent on purpose: there nothing is tried, the prompt is only forgotten after a while. A turn that not even
words came to cannot be judged; it is as likely that the session has gone deaf, and a nudge might have it
answer what was not meant for it. A new connection does no harm, and hears the turn again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from bot.turns.debts import Kind, Prompt, Stage

NO_ANSWER = "no answer"
EMPTY = "empty answer"
TEXT_ONLY = "text-only answer"
SILENT = "silent audio"
DEAF_AFTER_INTERRUPTION = "silent after an interruption"
DEAD_AIR = "dead air after a tool call"
REFUSED = "refused"

_FORBIDDING = re.compile("PROHIBITED|BLOCKLIST|SAFETY|UNSAFE|CELEBRITY|PROMINENT|IDENTIFIABLE|MINORS")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, in seconds. Slow but sound answers begin within 2.5 s (facts, latency)."""

    nudge_s: float = 6.0
    after_interrupted_s: float = 4.0
    reconnect_s: float = 12.0
    give_up_s: float = 12.0
    """After the new connection."""
    empty_s: float = 1.0
    """After a turn of the model in which nothing was heard."""
    undecided_s: float = 8.0
    """For how long an answer is held whose turn nobody has judged."""
    silent_s: float = 4.0
    """After this long without a reaction, what was context gets none any more."""


class Remedy(Enum):
    NUDGE = auto()
    RECONNECT = auto()
    GIVE_UP = auto()
    LET_GO = auto()  # settle, and say nothing


MUTE_TURNS = 2

_NEXT = {Stage.FRESH: Remedy.NUDGE, Stage.NUDGED: Remedy.RECONNECT, Stage.RECONNECTED: Remedy.GIVE_UP}


def forbids(reason: str | None) -> bool:
    """Whether a turnCompleteReason says that asking again is of no use."""
    return reason is not None and _FORBIDDING.search(reason) is not None


class Watchdog:
    """Told of every sign of life; `due` says what to do now."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._alive_at = float("-inf")
        self._failed_at = 0.0
        self._mute = 0
        """So many more turns without words or answer are no sign of a dead session: on a new one the last was
        not reacted to either, so that it was nothing that one reacts to (laughter, a murmur)."""
        self.failure: str | None = None
        """How the last turn of the model failed, if nothing has come since."""
        self.interrupted = False

    def alive(self, now: float) -> None:
        """The model does something: words, sound, a call."""
        self._alive_at = now
        self.failure = None
        self.interrupted = False

    def failed(self, cause: str, now: float) -> None:
        """It has ended its turn, and nothing was heard."""
        self._alive_at = self._failed_at = now
        self.failure = cause

    def due(self, group: Sequence[Prompt], now: float) -> tuple[Remedy, str] | None:
        """What is to be done for `group`, which the next answer covers, and why."""
        if not group:
            return None
        owed = [prompt for prompt in group if prompt.owed]
        if not owed:
            return self._let_go(group, now)
        stage = owed[-1].stage
        if self.failure is not None and now - self._failed_at >= self._patience.empty_s:
            return _NEXT[stage], self.failure
        since = max(self._alive_at, *(prompt.asked_at for prompt in owed))
        if now - group[-1].asked_at < self._patience.after_interrupted_s:
            return None  # what was asked last may bring the answer along
        return (_NEXT[stage], self._cause(owed)) if now - since >= self._limit_s(stage) else None

    def _limit_s(self, stage: Stage) -> float:
        patience = self._patience
        nudge_s = patience.after_interrupted_s if self.interrupted else patience.nudge_s
        limits = {
            Stage.FRESH: nudge_s,
            Stage.NUDGED: patience.reconnect_s,
            Stage.RECONNECTED: patience.give_up_s,
        }
        return limits[stage]

    def _cause(self, owed: Sequence[Prompt]) -> str:
        if all(prompt.kind is Kind.TOOL_RESULT for prompt in owed):
            return DEAD_AIR
        return DEAF_AFTER_INTERRUPTION if self.interrupted else self.failure or NO_ANSWER

    def _let_go(self, group: Sequence[Prompt], now: float) -> tuple[Remedy, str] | None:
        patience = self._patience
        waited_s = now - max(self._alive_at, group[-1].asked_at)
        undecided = [prompt for prompt in group if prompt.verdict is None]
        if not undecided:
            over = self.failure is not None or waited_s >= patience.reconnect_s
            return (Remedy.LET_GO, "") if over else None
        if self.failure is not None or undecided[-1].stage is not Stage.FRESH:
            return (Remedy.LET_GO, "") if waited_s >= patience.give_up_s else None
        if waited_s < patience.reconnect_s:
            return None
        if self._mute:
            self._mute -= 1
            return Remedy.LET_GO, ""
        return Remedy.RECONNECT, DEAF_AFTER_INTERRUPTION if self.interrupted else NO_ANSWER

    def past_hope(self, group: Sequence[Prompt], now: float) -> list[Prompt]:
        """Of `group` what nobody has judged, and to which a new connection brought no reaction either: it is
        not asked a third time together with what comes after it."""
        hopeless = [
            prompt
            for prompt in group
            if prompt.verdict is None
            and prompt.stage is Stage.RECONNECTED
            and now - max(self._alive_at, prompt.asked_at) >= self._patience.nudge_s
        ]
        if hopeless:
            self._mute = MUTE_TURNS
        return hopeless
