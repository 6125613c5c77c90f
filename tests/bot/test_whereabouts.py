"""Where the bot is: what is written down, when, and what of it still holds after a restart."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import whereabouts
from bot.errors import StoreError
from bot.presence import Presence
from bot.store.rows import Stay
from bot.whereabouts import FOR_EVER, HANDLE_LIVES, LOOK_S, SEEN_S, hush_again, hushed_until, noted, resumable
from tests.soak.virtual import run

BEGAN = datetime(2026, 11, 21, 12, tzinfo=UTC)


def now() -> datetime:
    return BEGAN + timedelta(seconds=asyncio.get_running_loop().time())


class Guest:
    """Somewhere, and what was written of it. `failing`: the store does not work."""

    def __init__(self) -> None:
        self.noteworthy = asyncio.Event()
        self.here = Stay(guild_id=1, channel_id=2, joined_at=BEGAN, seen_at=BEGAN)
        self.written: list[Stay] = []
        self.failing = False

    def stay(self) -> Stay:
        return replace(self.here, seen_at=now())

    async def put(self, stay: Stay) -> None:
        if self.failing:
            raise StoreError("the disk is full")
        self.written.append(stay)

    async def drop(self, guild_id: int) -> None:
        self.written.clear()


async def _settled() -> asyncio.Future[None]:
    settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    settled.set_result(None)
    return settled


def test_what_changes_is_written_at_once_or_soon_and_nothing_twice() -> None:
    async def story() -> None:
        guest = Guest()
        async with noted(guest, guest, await _settled()):
            await asyncio.sleep(LOOK_S * 3)
            assert len(guest.written) == 1
            guest.here = replace(guest.here, handle="new")
            guest.noteworthy.set()
            await asyncio.sleep(0.01)
            assert guest.written[-1].handle == "new"
            guest.here = replace(guest.here, summary='Ana: "Hello."')
            await asyncio.sleep(LOOK_S)
            assert guest.written[-1].summary
            assert len(guest.written) == 3
        guest.here = replace(guest.here, handle="newer")
        await asyncio.sleep(LOOK_S * 3)
        assert len(guest.written) == 3, "it is over"

    run(story())


def test_now_and_then_that_it_is_still_there() -> None:
    async def story() -> None:
        guest = Guest()
        async with noted(guest, guest, await _settled()):
            await asyncio.sleep(SEEN_S * 3 + LOOK_S)
        assert len(guest.written) == 4
        assert guest.written[-1].seen_at - BEGAN >= timedelta(seconds=SEEN_S * 3)

    run(story())


def test_a_store_that_fails_is_tried_again() -> None:
    async def story() -> None:
        guest = Guest()
        guest.failing = True
        async with noted(guest, guest, await _settled()):
            await asyncio.sleep(LOOK_S * 2)
            guest.failing = False
            await asyncio.sleep(LOOK_S)
            assert len(guest.written) == 1

    run(story())


def test_nothing_before_it_has_settled_in() -> None:
    async def story() -> None:
        guest = Guest()
        async with noted(guest, guest, asyncio.get_running_loop().create_future()):
            await asyncio.sleep(LOOK_S * 3)
        assert guest.written == []

    run(story())


@pytest.mark.parametrize(
    ("age", "model", "handle"),
    [
        (timedelta(minutes=5), "a", "h"),
        (HANDLE_LIVES + timedelta(seconds=1), "a", None),
        (timedelta(minutes=5), "b", None),
    ],
)
def test_a_handle_holds_for_two_hours_and_one_model(
    age: timedelta, model: str, handle: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whereabouts, "utc_now", lambda: BEGAN + age)
    stay = Stay(
        guild_id=1, channel_id=2, joined_at=BEGAN, seen_at=BEGAN, model="a", handle="h", handle_at=BEGAN
    )
    assert resumable(stay, model) == handle


@pytest.mark.parametrize("minutes", [None, 10.0])
def test_a_hush_goes_on(minutes: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whereabouts, "utc_now", lambda: BEGAN)
    monkeypatch.setattr(whereabouts, "monotonic", lambda: 1000.0)
    before, after = Presence(None, None), Presence(None, None)
    assert hushed_until(before) is None
    before.hush(None if minutes is None else 1000.0 + 60 * minutes)
    kept = hushed_until(before)
    assert kept == (FOR_EVER if minutes is None else BEGAN + timedelta(minutes=minutes))
    monkeypatch.setattr(whereabouts, "utc_now", lambda: BEGAN + timedelta(minutes=4))
    monkeypatch.setattr(whereabouts, "monotonic", lambda: 50.0)  # another boot
    hush_again(after, kept)
    assert after.hushed
    assert after.hushed_until == (None if minutes is None else 50.0 + 60 * 6)


def test_a_hush_that_is_over_stays_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whereabouts, "utc_now", lambda: BEGAN)
    presence = Presence(None, None)
    hush_again(presence, BEGAN - timedelta(seconds=1))
    hush_again(presence, None)
    assert not presence.hushed
