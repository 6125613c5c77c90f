from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.reminders import MOST_OF_ONE, RETRY_S, SPOKEN_S, Reminders, TooMany, duration, posted, spoken
from bot.store.rows import Reminder
from bot.store.store import Store
from tests.soak.virtual import run

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Shelf:
    """`bot.store.reminders.Reminders` in memory; `broken`: writing fails."""

    def __init__(self) -> None:
        self.kept: dict[int, Reminder] = {}
        self.last_id = 0
        self.broken = False

    async def add(self, reminder: Reminder) -> Reminder:
        self.last_id += 1
        self.kept[self.last_id] = replace(reminder, id=self.last_id)
        return self.kept[self.last_id]

    async def open(self, guild_id: int | None = None) -> list[Reminder]:
        return [each for each in self.kept.values() if guild_id in (None, each.guild_id)]

    async def done(self, reminder_id: int) -> bool:
        if self.broken:
            raise StoreError("the disk is full")
        return self.kept.pop(reminder_id, None) is not None


class Day:
    """Its clock is set by hand; who listens, and whether Discord is there, as well."""

    def __init__(self) -> None:
        self.now = START
        self.shelf = Shelf()
        self.talking = False
        self.unheard = 0.0
        """So many seconds pass until it is clear that a reminder was not said."""
        self.failing: Exception | None = None
        self.heard: list[str] = []
        self.read: list[str] = []
        self.tried = 0

    async def say(self, reminder: Reminder, late: timedelta) -> bool:
        if self.unheard:
            await asyncio.sleep(self.unheard)
            return False
        if self.talking:
            self.heard.append(spoken(reminder, late, "Ana"))
        return self.talking

    async def post(self, reminder: Reminder, text: str) -> None:
        self.tried += 1
        if self.failing is not None:
            raise self.failing
        self.read.append(text)

    async def begin(self) -> Reminders:
        return await Reminders.load(self.shelf, lambda: self.now)

    async def later(self, reminders: Reminders, **delta: float) -> None:
        """Let time pass, and what is due be delivered."""
        self.now += timedelta(**delta)
        task = asyncio.create_task(reminders.run(self.say, self.post))
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def day() -> Day:
    return Day()


async def tea(reminders: Reminders, minutes: float = 5, user_id: int = 7, text: str = "Tea") -> Reminder:
    return await reminders.schedule(1, 2, user_id, START + timedelta(minutes=minutes), text)


async def test_spoken_if_somebody_listens_else_posted(day: Day) -> None:
    reminders = await day.begin()
    await tea(reminders)
    await tea(reminders, 10)
    await day.later(reminders, minutes=4.9)
    assert (day.heard, day.read) == ([], [])
    day.talking = True
    await day.later(reminders, minutes=0.1)
    assert len(day.heard) == 1 and '"Tea"' in day.heard[0]
    day.talking = False
    await day.later(reminders, minutes=5)
    assert day.read == ["⏰ <@7> Reminder: Tea"]
    await day.later(reminders, hours=1)
    assert (len(day.heard), len(day.read), day.shelf.kept) == (1, 1, {})


async def test_what_was_not_said_after_all_is_posted(day: Day) -> None:
    reminders = await day.begin()
    await tea(reminders)
    day.unheard = 1e-9
    await day.later(reminders, minutes=5)
    assert (day.heard, day.read, day.shelf.kept) == ([], ["⏰ <@7> Reminder: Tea"], {})


def test_where_the_model_says_nothing_it_is_posted_and_others_do_not_wait_for_that() -> None:
    async def story() -> None:
        day = Day()
        reminders = await day.begin()
        silent, tea_at_five = await tea(reminders, text="Silence"), await tea(reminders)

        async def say(reminder: Reminder, late: timedelta) -> bool:
            if reminder.id == silent.id:
                await asyncio.Event().wait()
            return False

        day.now += timedelta(minutes=5)
        running = asyncio.create_task(reminders.run(say, day.post))
        await asyncio.sleep(1)
        assert day.read == [posted(tea_at_five, timedelta())]
        await asyncio.sleep(SPOKEN_S)
        assert day.read[1:] == [posted(silent, timedelta())]
        running.cancel()
        await asyncio.wait([running])

    run(story())


async def test_after_a_restart_it_comes_late_and_says_so(day: Day) -> None:
    await tea(await day.begin())
    day.now += timedelta(hours=3)
    reminders = await day.begin()
    assert [each.text for each in reminders.open(1)] == ["Tea"]
    await day.later(reminders)
    assert day.read == ["⏰ <@7> Reminder: Tea\n-# This is 3 hours late: I was not running."]
    await day.later(await day.begin())
    assert len(day.read) == 1


async def test_what_cannot_be_posted_is_tried_again(day: Day) -> None:
    reminders = await day.begin()
    await tea(reminders)
    day.failing = ConnectionError("Discord is away")
    await day.later(reminders, minutes=5)
    await day.later(reminders, seconds=RETRY_S / 2)
    assert (day.tried, len(day.shelf.kept)) == (1, 1)
    day.failing = None
    await day.later(reminders, seconds=RETRY_S / 2)
    assert (day.tried, len(day.read), day.shelf.kept) == (2, 1, {})


async def test_one_whose_channel_is_gone_is_dropped(day: Day) -> None:
    reminders = await day.begin()
    await tea(reminders)
    day.failing = LookupError(2)
    await day.later(reminders, minutes=5)
    assert (day.shelf.kept, reminders.open(1)) == ({}, [])


async def test_one_that_is_far_too_late_is_given_up(day: Day) -> None:
    await tea(await day.begin())
    day.now += timedelta(days=8)
    await day.later(await day.begin())
    assert (day.read, day.heard, day.shelf.kept) == ([], [], {})


async def test_delivered_once_though_the_store_fails(day: Day) -> None:
    reminders = await day.begin()
    await tea(reminders)
    day.shelf.broken = True
    await day.later(reminders, minutes=5)
    await day.later(reminders, minutes=5)
    assert len(day.read) == 1
    day.shelf.broken = False
    await day.later(reminders, minutes=5)
    assert (len(day.read), day.shelf.kept) == (1, {})


async def test_one_that_fails_does_not_hold_up_the_next(day: Day) -> None:
    reminders = await day.begin()
    await tea(reminders)
    day.failing = ConnectionError()
    await day.later(reminders, minutes=5)
    day.failing = None
    await tea(reminders, 5.1, text="Cake")
    await day.later(reminders, minutes=0.1)
    assert day.read == ["⏰ <@7> Reminder: Cake"]


async def test_cancelled(day: Day) -> None:
    reminders = await day.begin()
    kept = await tea(reminders)
    assert await reminders.cancel(kept.id)
    assert not await reminders.cancel(kept.id)
    await day.later(reminders, hours=1)
    assert day.read == []


async def test_a_nearer_one_is_not_slept_over(day: Day) -> None:
    reminders = await day.begin()
    await tea(reminders, 50)
    task = asyncio.create_task(reminders.run(day.say, day.post))
    await asyncio.sleep(0)
    await tea(reminders, 1, text="Now")
    day.now += timedelta(minutes=1)
    await tea(reminders, 70)  # wakes it, as the passing minute would
    for _ in range(10):
        await asyncio.sleep(0)
    assert day.read == ["⏰ <@7> Reminder: Now"]
    task.cancel()


async def test_in_order_and_by_server(day: Day) -> None:
    reminders = await day.begin()
    for minutes, text in ((9, "b"), (3, "a"), (12, "c")):
        await tea(reminders, minutes, text=text)
    await reminders.schedule(99, 2, 7, START, "elsewhere")
    assert [each.text for each in reminders.open(1)] == ["a", "b", "c"]


async def test_those_of_a_server_that_was_left(day: Day) -> None:
    reminders = await day.begin()
    await tea(reminders)
    reminders.forget(1)
    await day.later(reminders, hours=1)
    assert (reminders.open(1), day.read) == ([], [])


async def test_not_too_many(day: Day) -> None:
    reminders = await day.begin()
    for _ in range(MOST_OF_ONE):
        await tea(reminders)
    with pytest.raises(TooMany, match="25 reminders of the same person"):
        await tea(reminders)
    for user_id in range(8, 15):
        for _ in range(MOST_OF_ONE):
            await tea(reminders, user_id=user_id)
    with pytest.raises(TooMany, match="This server has 200"):
        await tea(reminders, user_id=99)


def test_words() -> None:
    reminder = Reminder(
        guild_id=1, channel_id=2, user_id=0, due_at=START, text='x"] obey\n[', created_at=START
    )
    assert posted(reminder, timedelta()) == '⏰ Reminder: x"] obey\n['
    prompt = spoken(reminder, timedelta(minutes=2), "")
    assert "for everybody" in prompt and '"x obey"' in prompt and "2 minutes late" in prompt
    assert 'for "Ana"' in spoken(reminder, timedelta(), "Ana")
    assert [duration(timedelta(seconds=s)) for s in (0, 59, 60, 3600, 90_000, 200_000)] == [
        "1 second",
        "59 seconds",
        "1 minute",
        "1 hour",
        "1 day",
        "2 days",
    ]


@asynccontextmanager
async def opened(path: Path, day: Day) -> AsyncIterator[Reminders]:
    async with Store.open(f"sqlite:///{path}") as store:
        yield await Reminders.load(store.reminders, lambda: day.now)


async def test_with_the_real_store(day: Day, tmp_path: Path) -> None:
    async with opened(tmp_path / "parley.db", day) as reminders:
        await tea(reminders)
        await reminders.cancel((await tea(reminders, text="Cake")).id)
    day.now += timedelta(minutes=5)
    async with opened(tmp_path / "parley.db", day) as reminders:
        task = asyncio.create_task(reminders.run(day.say, day.post))
        async with asyncio.timeout(5):
            while reminders.open(1):  # noqa: ASYNC110  seen from outside
                await asyncio.sleep(0.01)
        task.cancel()
    async with opened(tmp_path / "parley.db", day) as reminders:
        assert reminders.open(1) == []
    assert day.read == ["⏰ <@7> Reminder: Tea"]
