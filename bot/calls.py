"""The model's tool calls of one room: each gets exactly one answer, and none blocks the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog

from bot.live.events import ToolCall
from bot.live.line import Line
from bot.tools.registry import Registry, Result, ToolContext, error
from bot.turns.exchange import Verdict

log = structlog.get_logger(__name__)

MAX_ROUNDS = 3
"""Calls after calls within one turn, as Google advises; models have been seen to go on for ever."""

SLOW_S = 1.5
"""So long silence is a pause; longer it is a bot that seems to have gone."""

PATIENCE_S = 10.0
"""A result waits no longer than this for people to finish."""

NOT_MEANT = "That was not said to you. Do nothing, and say nothing about it."
ENOUGH = "That were enough calls for one turn. Answer now with what you have."


class Calls:
    """Started by events of the line and answered on it; born in the room's task group and ended with it.

    `settled` is told when the last call that ran has been answered, `working` whether slow work is going on,
    `listening` says whether somebody speaks to the bot, `idle` that neither they nor the bot do.
    """

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        registry: Registry,
        line: Line,
        context: ToolContext,
        *,
        settled: Callable[[], None],
        working: Callable[[bool], None],
        listening: Callable[[], bool],
        idle: Callable[[], bool],
    ) -> None:
        self._tasks = tasks
        self._registry = registry
        self._line = line
        self._context = context
        self._settled = settled
        self._working = working
        self._listening = listening
        self._idle = idle
        self._waiting: list[ToolCall] = []  # for the verdict on their turn
        self._running: dict[str, asyncio.Task[None]] = {}
        self._slow: set[str] = set()
        self._answered: set[str] = set()
        self._rounds = 0

    @property
    def busy(self) -> bool:
        """Whether any call has no response yet."""
        return bool(self._running or self._waiting)

    def called(self, call: ToolCall) -> None:
        """The model has called. An id repeated within a turn is the same call: answered once."""
        if call.id not in self._running and call.id not in self._answered:
            self._waiting.append(call)

    def decide(self, verdict: Verdict | None) -> None:
        """Whether the turn that led to the waiting calls was meant for the bot; None: not known yet."""
        if not self._waiting or verdict is None:
            return
        calls, self._waiting = self._waiting, []
        if not self._running:
            self._rounds += 1
        for call in calls:
            if call.id not in self._running:
                self._start(call, verdict)

    def cancel(self, ids: Iterable[str]) -> None:
        """The server no longer wants these answers."""
        unwanted = set(ids)
        self._waiting = [call for call in self._waiting if call.id not in unwanted]
        for call_id in unwanted & self._running.keys():
            self._running.pop(call_id).cancel()
            self._no_longer_slow(call_id)

    def turn_over(self) -> None:
        """The answer to another turn asks anew. A server that numbers its calls within each turn would
        otherwise wait for ever."""
        self._answered.clear()
        self._rounds = 0

    def cancel_all(self) -> None:
        """A new connection has not asked any of them, and may give their ids to other calls."""
        self._waiting.clear()
        self.cancel(list(self._running))
        self.turn_over()

    def _start(self, call: ToolCall, verdict: Verdict) -> None:
        refusal = None
        if verdict is Verdict.CONTEXT:
            refusal = error(NOT_MEANT)
        elif self._rounds > MAX_ROUNDS:
            refusal = error(ENOUGH)
        work = self._answer(call, self._line.generation, refusal)
        self._running[call.id] = self._tasks.create_task(work, name=f"tool {call.name}")

    async def _answer(self, call: ToolCall, generation: int, refusal: Result | None) -> None:
        result = refusal if refusal is not None else await self._result(call)
        log.info("tool called", tool=call.name, status=result.get("status"))
        self._line.respond(generation, call.id, call.name, result)
        self._answered.add(call.id)
        self._running.pop(call.id, None)
        self._no_longer_slow(call.id)
        if not self.busy:
            self._settled()

    async def _result(self, call: ToolCall) -> Result:
        slow = asyncio.get_running_loop().call_later(SLOW_S, self._is_slow, call.id)
        try:
            result = await self._registry.call(call.name, call.args, self._context)
        finally:
            slow.cancel()
        if call.id in self._slow:
            self._no_longer_slow(call.id)  # the work is done
            await self._wait_until(self._idle)
        else:
            await self._wait_until(lambda: not self._listening())
        return result

    def _is_slow(self, call_id: str) -> None:
        if call_id in self._running:  # and was not cancelled in this very moment
            self._slow.add(call_id)
            self._working(True)

    async def _wait_until(self, nobody_speaks: Callable[[], bool]) -> None:
        """No result goes into the middle of somebody's turn: the model would speak over them. What took long
        does not even follow at once upon what the bot says in the meantime."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + PATIENCE_S
        while not nobody_speaks() and loop.time() < latest:  # noqa: ASYNC110  the beat decides it, every 20 ms
            await asyncio.sleep(0.02)

    def _no_longer_slow(self, call_id: str) -> None:
        self._slow.discard(call_id)
        if not self._slow:
            self._working(False)
