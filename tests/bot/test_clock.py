"""The beat: absolute deadlines, whatever happens in between. On virtual time."""

from __future__ import annotations

import asyncio

import pytest

from bot import clock
from bot.clock import CATCH_UP_TICKS, Beat

PERIOD_S = 0.02


class VirtualTime:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(clock, "monotonic", lambda: self.now)
        monkeypatch.setattr(asyncio, "sleep", self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds + 0.001  # timers are a little late


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    return VirtualTime(monkeypatch)


async def test_late_timers_do_not_add_up(time: VirtualTime) -> None:
    beat = Beat(PERIOD_S, time.now)
    ticks = [await beat.wait() for _ in range(50)]
    assert ticks == pytest.approx([100.0 + PERIOD_S * (n + 1) for n in range(50)])
    assert time.now - ticks[-1] == pytest.approx(0.001)


async def test_a_short_stall_is_made_up_tick_by_tick(time: VirtualTime) -> None:
    beat = Beat(PERIOD_S, time.now)
    await beat.wait()
    time.now += 0.07
    ticks = [await beat.wait() for _ in range(4)]
    assert ticks == pytest.approx([100.04, 100.06, 100.08, 100.10])
    assert beat.skipped == 0


async def test_a_long_stall_is_skipped_and_counted(time: VirtualTime) -> None:
    beat = Beat(PERIOD_S, time.now)
    await beat.wait()
    time.now += 1.0
    tick = await beat.wait()
    assert time.now - tick < PERIOD_S
    assert beat.skipped > CATCH_UP_TICKS
    assert beat.skipped == 49
    assert await beat.wait() == pytest.approx(tick + PERIOD_S)
