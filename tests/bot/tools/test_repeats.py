"""The same call twice in one turn is one call."""

from __future__ import annotations

import asyncio

from bot.tools.registry import Result, error
from bot.tools.repeats import MAX_KEPT, Repeats


class Work:
    """Counts how often it is done; ends when let."""

    def __init__(self, *results: Result) -> None:
        self.results = list(results)
        self.begun = 0
        self.let = asyncio.Event()

    async def __call__(self) -> Result:
        self.begun += 1
        await self.let.wait()
        return self.results.pop(0)


async def test_while_it_runs_and_afterwards_it_is_done_once() -> None:
    repeats, work = Repeats(), Work({"n": 1}, {"n": 2})
    calls = [asyncio.create_task(repeats.once("a", work, keep=True)) for _ in range(3)]
    await asyncio.sleep(0)
    work.let.set()
    assert await asyncio.gather(*calls) == [{"n": 1}] * 3
    assert await repeats.once("a", work, keep=True) == {"n": 1}
    assert work.begun == 1
    assert await repeats.once("b", work, keep=True) == {"n": 2}


async def test_without_a_turn_only_while_it_runs() -> None:
    repeats, work = Repeats(), Work({"n": 1}, {"n": 2})
    work.let.set()
    assert await repeats.once("a", work, keep=False) == {"n": 1}
    assert await repeats.once("a", work, keep=False) == {"n": 2}


async def test_what_may_be_retried_is_retried() -> None:
    repeats, work = Repeats(), Work(error("later", retryable=True), {"n": 1})
    work.let.set()
    assert (await repeats.once("a", work, keep=True))["error"] == "later"
    assert await repeats.once("a", work, keep=True) == {"n": 1}


async def test_when_the_first_is_cancelled_the_second_makes_the_call() -> None:
    repeats, work = Repeats(), Work({"n": 1})
    first = asyncio.create_task(repeats.once("a", work, keep=True))
    second = asyncio.create_task(repeats.once("a", work, keep=True))
    await asyncio.sleep(0)
    first.cancel()
    work.let.set()
    assert await second == {"n": 1}
    assert first.cancelled()
    assert work.begun == 2


async def test_when_the_second_is_cancelled_the_first_goes_on() -> None:
    repeats, work = Repeats(), Work({"n": 1})
    first = asyncio.create_task(repeats.once("a", work, keep=True))
    second = asyncio.create_task(repeats.once("a", work, keep=True))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({second})
    work.let.set()
    assert await first == {"n": 1}


async def test_it_does_not_grow_and_forgets_the_oldest() -> None:
    repeats, work = Repeats(), Work(*({"n": n} for n in range(MAX_KEPT + 2)))
    work.let.set()
    for n in range(MAX_KEPT + 1):
        await repeats.once(n, work, keep=True)
    assert await repeats.once(1, work, keep=True) == {"n": 1}
    assert await repeats.once(0, work, keep=True) == {"n": MAX_KEPT + 1}
