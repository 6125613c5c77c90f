"""Where the bot is, one channel in a server at most."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, select

from bot.store.database import Database
from bot.store.rows import Stay
from bot.store.tables import stays


class Stays:
    """Written while the bot is there, dropped when it leaves; what is left at a start was cut off."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Stay]:
        """Those of every server."""
        return [_stay(row) for row in await self._database.read(select(stays))]

    async def put(self, stay: Stay) -> None:
        """Write `stay` over the server's last."""
        await self._database.put(stays, asdict(stay))

    async def drop(self, guild_id: int) -> None:
        """The bot has left."""
        await self._database.execute(delete(stays).where(stays.c.guild_id == guild_id))


def _stay(row: Row[Any]) -> Stay:
    return Stay(
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        joined_at=row.joined_at,
        seen_at=row.seen_at,
        model=row.model,
        handle=row.handle,
        handle_at=row.handle_at,
        summary=row.summary,
        hushed_until=row.hushed_until,
    )
