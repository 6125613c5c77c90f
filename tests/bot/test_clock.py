"""The beat: absolute deadlines, whatever happens in between. On virtual time."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot import clock
from bot.clock import CATCH_UP_TICKS, GRID_S, Beat
from tests.soak.virtual import run

PERIOD_S = 0.02
LATE_S = 0.001  # timers are a little late


class Enough(Exception):
    pass


class Ticks:
    """The deadlines of `count` ticks of a beat; after the tick `number` the program stalls for so long."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stalled_s = 0.0
        self.late: list[float] = []
        monkeypatch.setattr(clock, "monotonic", self.now)

    def now(self) -> float:
        return 100.0 + asyncio.get_running_loop().time() + self.stalled_s + LATE_S

    def of(self, beat: Beat, count: int, stalls: dict[int, float] | None = None) -> list[float]:
        ticks: list[float] = []

        def tick(now: float) -> None:
            self.late.append(self.now() - now)
            ticks.append(now)
            self.stalled_s += (stalls or {}).get(len(ticks), 0.0)
            if len(ticks) == count:
                raise Enough

        with pytest.raises(Enough):
            run(beat.run(tick))
        return ticks


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    return Ticks(monkeypatch)


def test_late_timers_do_not_add_up(ticks: Ticks) -> None:
    assert ticks.of(Beat(PERIOD_S, 100.0), 50) == pytest.approx(
        [100.0 + PERIOD_S * (n + 1) for n in range(50)]
    )
    assert max(ticks.late) == pytest.approx(0.0, abs=2 * LATE_S)


def test_a_short_stall_is_made_up_tick_by_tick(ticks: Ticks) -> None:
    beat = Beat(PERIOD_S, 100.0)
    deadlines = ticks.of(beat, 6, stalls={1: 0.07})
    assert deadlines == pytest.approx([100.02, 100.04, 100.06, 100.08, 100.10, 100.12])
    assert ticks.late[1:4] == pytest.approx([0.05, 0.03, 0.01], abs=2 * LATE_S), "at once, one after another"
    assert beat.skipped == 0


def test_a_long_stall_is_skipped_and_counted(ticks: Ticks) -> None:
    beat = Beat(PERIOD_S, 100.0)
    _, second, third = ticks.of(beat, 3, stalls={1: 1.0})
    assert ticks.late[1] < PERIOD_S
    assert beat.skipped > CATCH_UP_TICKS
    assert beat.skipped == 49
    assert third == pytest.approx(second + PERIOD_S)


def test_beats_that_begin_within_five_milliseconds_share_their_wake_ups(ticks: Ticks) -> None:
    (first,) = {ticks.of(Beat(PERIOD_S, start), 1)[0] for start in (100.0112, 100.0119, 100.0147)}
    assert first / GRID_S == pytest.approx(round(first / GRID_S))
    assert 100.0147 + PERIOD_S <= first < 100.0112 + PERIOD_S + GRID_S


def test_a_cancelled_beat_does_not_tick_any_more(ticks: Ticks) -> None:
    seen: list[float] = []

    async def main() -> None:
        task = asyncio.create_task(Beat(PERIOD_S, 100.0).run(seen.append))
        await asyncio.sleep(PERIOD_S * 3.5)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        await asyncio.sleep(1.0)

    run(main())
    assert len(seen) == 3


async def test_nothing_ticks_between_the_cancelling_and_its_end() -> None:
    seen: list[float] = []
    task = asyncio.create_task(Beat(PERIOD_S, clock.monotonic()).run(seen.append))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.001, task.cancel)
    time.sleep(PERIOD_S + GRID_S + 0.001)  # noqa: ASYNC251  now both are due, in one round of the loop
    await asyncio.wait([task])
    assert task.cancelled()
    assert seen == []


def test_others_run_while_ticks_are_made_up(ticks: Ticks) -> None:
    order: list[str] = []

    def tick(now: float) -> None:
        if not order:
            ticks.stalled_s += 0.09
            asyncio.get_running_loop().call_soon(order.append, "other")
        order.append("tick")
        if len(order) == 6:
            raise Enough

    with pytest.raises(Enough):
        run(Beat(PERIOD_S, 100.0).run(tick))
    assert order == ["tick", "other", "tick", "tick", "tick", "tick"]
