"""The model's tool calls of one room: each runs in a task of its own and gets exactly one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from bot.live.events import ToolCall
from bot.live.line import Line
from bot.tools.registry import Registry, ToolContext

log = structlog.get_logger(__name__)


class Calls:
    """Started by events of the line and answered on it; born in the room's task group and ended with it."""

    def __init__(
        self, tasks: asyncio.TaskGroup, registry: Registry, line: Line, context: ToolContext
    ) -> None:
        self._tasks = tasks
        self._registry = registry
        self._line = line
        self._context = context
        self._running: dict[str, asyncio.Task[None]] = {}
        self._answered: set[str] = set()

    def start(self, call: ToolCall) -> None:
        """Run `call` without blocking the conversation. An id repeated within a turn is the same call:
        answered once."""
        if call.id in self._running or call.id in self._answered:
            return
        generation = self._line.generation
        self._running[call.id] = self._tasks.create_task(
            self._answer(call, generation), name=f"tool {call.name}"
        )

    def cancel(self, ids: Iterable[str]) -> None:
        """The server no longer wants these answers."""
        for call_id in ids:
            task = self._running.pop(call_id, None)
            if task is not None:
                task.cancel()

    def turn_over(self) -> None:
        """The answer to another turn asks anew. A server that numbers its calls within each turn would
        otherwise wait for ever."""
        self._answered.clear()

    def cancel_all(self) -> None:
        """A new connection has not asked any of them, and may give their ids to other calls."""
        self.cancel(list(self._running))
        self.turn_over()

    async def _answer(self, call: ToolCall, generation: int) -> None:
        result = await self._registry.call(call.name, call.args, self._context)
        log.info("tool called", tool=call.name, status=result.get("status"))
        self._running.pop(call.id, None)
        self._answered.add(call.id)
        self._line.respond(generation, call.id, call.name, result)
