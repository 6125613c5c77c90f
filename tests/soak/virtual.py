"""Virtual time: an event loop whose clock jumps to the next timer, so that a day takes seconds.

Nothing sleeps and nothing is read: there is no IO in a soak, and a seed is the same day on every machine.
(As with any loop: timers of exactly the same time run in any order, though always the same one.)
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(Exception):
    """Everybody waits, and nobody will ever come: in real time this would hang."""


class _Jump(selectors.SelectSelector):
    """Does not wait for `timeout` seconds but moves the clock by them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Stuck
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time` is virtual seconds since the loop was made."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run in virtual time. Raises Stuck."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
