"""The same call twice in one turn is one call: the model repeats itself when it does not like the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from bot.tools.registry import Result

MAX_KEPT = 256
"""Answers of the latest turns, of all rooms; the oldest go."""


class Repeats:
    """Answers by call. One that may be retried is forgotten as soon as it is given."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, asyncio.Future[Result | None]] = {}

    async def once(self, key: Hashable, do: Callable[[], Awaitable[Result]], *, keep: bool) -> Result:
        """What `do` returns, or returned for the same `key`; unless `keep`, only while it runs."""
        while (earlier := self._answers.get(key)) is not None:
            result = await asyncio.shield(earlier)
            if result is not None:
                return dict(result)
        answer: asyncio.Future[Result | None] = asyncio.get_running_loop().create_future()
        self._answers[key] = answer
        result = None
        try:
            result = await do()
            return dict(result)
        finally:
            # whoever waits for one that was cancelled makes the call themselves
            answer.set_result(result)
            if result is None or result.get("retryable") or not keep:
                del self._answers[key]
            self._forget()

    def _forget(self) -> None:
        over = len(self._answers) - MAX_KEPT
        for key in [key for key, answer in self._answers.items() if answer.done()][: max(0, over)]:
            del self._answers[key]
