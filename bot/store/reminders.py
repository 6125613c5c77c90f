"""Reminders that are still to be delivered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.rows import Reminder
from bot.store.tables import reminders


class Reminders:
    """What was delivered, or cancelled, is gone: its words are nobody's business any more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, reminder: Reminder) -> Reminder:
        """Write `reminder`; it, with its id. An id is never given twice."""
        row = {name: getattr(reminder, name) for name in reminders.c.keys() if name != "id"}  # noqa: SIM118

        async def insert(connection: AsyncConnection) -> int:
            written = await connection.execute(reminders.insert().values(**row))
            assert written.inserted_primary_key is not None  # of one row
            return int(written.inserted_primary_key[0])

        return replace(reminder, id=await self._database.write(insert))

    async def open(self, guild_id: int | None = None) -> list[Reminder]:
        """Those of a server, or of all, that are not done, the first due first."""
        query = select(reminders).order_by(reminders.c.due_at, reminders.c.id)
        if guild_id is not None:
            query = query.where(reminders.c.guild_id == guild_id)
        return [_reminder(row) for row in await self._database.read(query)]

    async def done(self, reminder_id: int) -> bool:
        """Take it as delivered or cancelled. True for one caller only, so that it is delivered once."""
        gone = await self._database.execute(delete(reminders).where(reminders.c.id == reminder_id))
        return gone == 1


def _reminder(row: Row[Any]) -> Reminder:
    return Reminder(
        id=row.id,
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        user_id=row.user_id,
        due_at=row.due_at,
        text=row.text,
        created_at=row.created_at,
    )
