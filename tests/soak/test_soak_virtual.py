"""Virtual time: jumps, keeps the order, and notices that nobody will ever come."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.soak.virtual import Stuck, run


def test_a_day_passes_at_once() -> None:
    async def day() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert run(day()) == pytest.approx(86_400)
    assert time.monotonic() - began < 1


def test_things_happen_in_the_order_of_their_times() -> None:
    async def main() -> list[int]:
        loop, happened = asyncio.get_running_loop(), []
        for at in (3, 1, 2):
            loop.call_later(at / 10, happened.append, at)
        await asyncio.sleep(1)
        return happened

    assert run(main()) == [1, 2, 3]


def test_timeouts_are_virtual_too() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1000):
                await asyncio.Event().wait()

    run(main())


def test_a_hang_is_an_error() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck):
        run(main())
