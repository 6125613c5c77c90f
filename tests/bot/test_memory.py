"""Full collections in quiet moments, or after a long while. On virtual time; nothing is really collected."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from bot import memory
from bot.memory import LOOK_S, PATIENCE_S, PERIOD_S
from tests.soak.virtual import run


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When, in seconds."""
    moments: list[float] = []
    monkeypatch.setattr(gc, "collect", lambda: moments.append(asyncio.get_running_loop().time()))
    return moments


def tidy(seconds: float, quiet: list[tuple[float, float]]) -> None:
    """For so long, where nobody speaks from one time to the other."""

    def is_quiet() -> bool:
        now = asyncio.get_running_loop().time()
        return any(since <= now < until for since, until in quiet)

    async def main() -> None:
        try:
            async with asyncio.timeout(seconds):
                await memory.keep_tidy(is_quiet)
        except TimeoutError:
            pass

    run(main())


def test_where_nobody_speaks_once_a_minute(collected: list[float]) -> None:
    tidy(10 * PERIOD_S + 1, quiet=[(0, 1e9)])
    assert len(collected) == 10


def test_the_first_quiet_moment_is_taken(collected: list[float]) -> None:
    tidy(500, quiet=[(20, 25), (300, 310)])
    (at,) = collected
    assert 300 <= at <= 300 + LOOK_S


def test_where_somebody_always_speaks_it_is_done_all_the_same(collected: list[float]) -> None:
    tidy(2 * PATIENCE_S + 5 * LOOK_S, quiet=[])
    assert len(collected) == 2


@pytest.fixture
def as_before() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()


@pytest.mark.usefixtures("as_before")
def test_no_full_collection_comes_by_itself_any_more() -> None:
    memory.settle()
    assert gc.get_freeze_count() > 1000
    before = gc.get_stats()
    keep = [[[]] for _ in range(300_000)]  # far more than would make one due
    after = gc.get_stats()
    assert len(keep) == 300_000
    assert after[0]["collections"] > before[0]["collections"]
    assert after[2]["collections"] == before[2]["collections"]
