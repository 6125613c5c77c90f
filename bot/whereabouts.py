"""Where the bot is, written down while it is there, so that it can come back after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog

from bot.clock import monotonic, utc_now
from bot.errors import StoreError
from bot.presence import Presence
from bot.store.rows import Stay

log = structlog.get_logger(__name__)

LOOK_S = 1.0
"""What changes is written down so soon; a new handle at once: an older one does not know the last turn."""

SEEN_S = 10.0
"""And so often that the bot was still there."""

HANDLE_LIVES = timedelta(hours=2)
"""Gemini API docs, session management."""

FOR_EVER = datetime.max.replace(tzinfo=UTC)
GRAIN = timedelta(seconds=1)


class Guest(Protocol):
    """Who is somewhere; bot.room.Room."""

    noteworthy: asyncio.Event

    def stay(self) -> Stay:
        """Where it is now, seen at this moment."""


class Stays(Protocol):
    """bot.store.stays.Stays."""

    async def put(self, stay: Stay) -> None: ...

    async def drop(self, guild_id: int) -> None: ...


@asynccontextmanager
async def noted(stays: Stays, guest: Guest, settled: asyncio.Future[Any]) -> AsyncIterator[None]:
    """Write down where `guest` is and what will be needed to go on, from when it has `settled` in and for as
    long as the block lasts."""
    writing = asyncio.create_task(_note(stays, guest, settled), name="whereabouts")
    try:
        yield
    finally:
        writing.cancel()
        await asyncio.wait([writing])


async def forget(stays: Stays, guild_id: int) -> None:
    """The bot has left for good. A store that fails costs no more than that it comes back once."""
    try:
        await stays.drop(guild_id)
    except StoreError as error:
        log.error("stay not forgotten", error=str(error))


def resumable(stay: Stay, model: str) -> str | None:
    """The handle by which its session can still be taken up by `model`."""
    alive = stay.handle_at is not None and utc_now() - stay.handle_at < HANDLE_LIVES
    return stay.handle if alive and stay.model == model else None


def hushed_until(presence: Presence) -> datetime | None:
    """As it is kept."""
    if not presence.hushed:
        return None
    until = presence.hushed_until
    if until is None:
        return FOR_EVER
    return utc_now() + timedelta(seconds=until - monotonic())


def hush_again(presence: Presence, until: datetime | None) -> None:
    """As it was kept; not if that is over."""
    if until is None:
        return
    if until.year == FOR_EVER.year:
        presence.hush(None)
    elif (left_s := (until - utc_now()).total_seconds()) > 0:
        presence.hush(monotonic() + left_s)


async def _note(stays: Stays, guest: Guest, settled: asyncio.Future[Any]) -> None:
    await asyncio.wait([settled])
    written: Stay | None = None
    while True:
        guest.noteworthy.clear()
        stay = guest.stay()
        if written is None or _differs(stay, written):
            try:
                await stays.put(stay)
                written = stay
            except StoreError as error:
                log.error("stay not written", error=str(error))
        try:
            async with asyncio.timeout(LOOK_S):
                await guest.noteworthy.wait()
        except TimeoutError:
            pass


def _differs(stay: Stay, written: Stay) -> bool:
    if stay.seen_at - written.seen_at >= timedelta(seconds=SEEN_S):
        return True
    if _apart(stay.hushed_until, written.hushed_until):
        return True
    return replace(stay, seen_at=written.seen_at, hushed_until=written.hushed_until) != written


def _apart(one: datetime | None, other: datetime | None) -> bool:
    """Whether a hush ends at another time: it is computed from two clocks, and equal within their grain."""
    if one is None or other is None:
        return one is not other
    return abs(one - other) > GRAIN
