"""Virtual time: an event loop whose clock jumps to the next timer, so that a day takes seconds.

Nothing sleeps and nothing is read: there is no IO in a soak, and a seed is the same day on every machine.
Made to be cheap, since the loop is what a soak spends its time in: no selector, a heap of tuples (which C
compares), and a context only where somebody brings one. Timers of the same time run in the order of their
making.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from heapq import heappop, heappush
from typing import Any, TypeVar

T = TypeVar("T")

Call = Callable[..., object]


class Stuck(Exception):
    """Everybody waits, and nobody will ever come: in real time this would hang."""


class _Handle(asyncio.TimerHandle):
    """A callback that is due at `at`."""

    __slots__ = ("args", "at", "call", "context")

    # The parent's would copy the context and build a traceback; nobody looks at either.
    def __init__(self, at: float, call: Call, args: tuple[Any, ...], context: Context | None) -> None:
        self.at = at
        self.call: Call | None = call
        self.args, self.context = args, context

    def when(self) -> float:
        return self.at

    def cancel(self) -> None:
        self.call, self.args = None, ()

    def cancelled(self) -> bool:
        return self.call is None


class VirtualLoop(asyncio.BaseEventLoop):
    """`time` is virtual seconds since the loop was made."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._made = 0
        self._due: deque[_Handle] = deque()
        self._timers: list[tuple[float, int, _Handle]] = []

    def time(self) -> float:
        return self._now

    def call_soon(self, callback: Call, *args: Any, context: Context | None = None) -> _Handle:  # type: ignore[override]
        handle = _Handle(self._now, callback, args, context)
        self._due.append(handle)
        return handle

    def call_at(self, when: float, callback: Call, *args: Any, context: Context | None = None) -> _Handle:  # type: ignore[override]
        handle = _Handle(when, callback, args, context)
        self._made += 1
        heappush(self._timers, (when, self._made, handle))
        return handle

    def call_later(self, delay: float, callback: Call, *args: Any, context: Context | None = None) -> _Handle:  # type: ignore[override]
        handle = _Handle(self._now + delay, callback, args, context)
        self._made += 1
        heappush(self._timers, (handle.at, self._made, handle))
        return handle

    def _run_once(self) -> None:
        """Everything, until somebody calls `stop`: BaseEventLoop asks for one round, and looks then."""
        due, timers = self._due, self._timers
        while not self._stopping:  # type: ignore[attr-defined]
            if due:
                handle = due.popleft()
            elif timers:
                at, _, handle = heappop(timers)
                if handle.call is not None and at > self._now:
                    self._now = at
            else:
                raise Stuck
            call = handle.call
            if call is None:
                continue
            try:
                if handle.context is None:
                    call(*handle.args)
                else:
                    handle.context.run(call, *handle.args)
            except Exception as error:
                self.call_exception_handler({"message": f"in {call!r}", "exception": error})


def run(main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run in virtual time. Raises Stuck."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
