"""Function calls on their way: every id the model has used, and what became of it."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from enum import Enum, auto

from bot.loopback.live.faults import LiveFaults
from bot.loopback.live.messages import FunctionResponse
from bot.loopback.live.models import LiveModel
from bot.loopback.live.refusal import SCHEDULING, invalid
from bot.loopback.live.script import ToolUse

MAX_LOOP = 12
"""Calls of a session with the fault `tool_loop`: a client that never says no is let off then."""


class State(Enum):
    PENDING = auto()
    ANSWERED = auto()
    CANCELLED = auto()


@dataclass(slots=True)
class Call:
    """`answered` is set by the final response."""

    id: str
    use: ToolUse
    blocking: bool
    left: int
    """Further calls of the same kind before the model answers."""
    state: State = State.PENDING
    answered: asyncio.Event = field(default_factory=asyncio.Event)


class Calls:
    """Of one session."""

    def __init__(self, model: LiveModel, faults: LiveFaults | None = None) -> None:
        self._model = model
        self._faults = faults or LiveFaults()
        self._numbers = itertools.count(1)
        self._calls: dict[str, Call] = {}

    def new(self, use: ToolUse, left: int, *, blocking: bool) -> Call:
        call = Call(f"function-call-{next(self._numbers)}", use, blocking, left)
        self._calls[call.id] = call
        return call

    def answer(self, response: FunctionResponse) -> Call | None:
        """The call that `response` finishes; None where it changes nothing. Raises Refused for what the model
        rejects.
        """
        call = self._calls.get(response.id)
        if call is None or response.name not in ("", call.use.name):
            raise invalid()
        refused = self._faults.scheduling_refused or not self._model.scheduling
        if response.scheduling is not None and refused:
            raise invalid(SCHEDULING)
        if call.state is not State.PENDING or response.will_continue:
            return None
        if self._faults.tool_loop:
            failed = isinstance(response.response, dict) and "error" in response.response
            call.left = 0 if failed else max(call.left, int(len(self._calls) < MAX_LOOP))
        call.state = State.ANSWERED
        call.answered.set()
        return call

    def cancel(self, *, blocking_only: bool) -> list[str]:
        """Give up what is pending; the ids, for toolCallCancellation."""
        dropped = [
            call
            for call in self._calls.values()
            if call.state is State.PENDING and (call.blocking or not blocking_only)
        ]
        for call in dropped:
            call.state = State.CANCELLED
        return [call.id for call in dropped]

    @property
    def pending(self) -> bool:
        return any(call.state is State.PENDING for call in self._calls.values())
