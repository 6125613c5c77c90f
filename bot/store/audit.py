"""Every call of a tool, with who asked and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.rows import AuditEntry
from bot.store.tables import audit


class Audit:
    """Entries are numbered upwards, and no number is given twice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entry: AuditEntry) -> int:
        """Write `entry`; its id."""
        row = {name: getattr(entry, name) for name in audit.c.keys() if name != "id"}  # noqa: SIM118

        async def insert(connection: AsyncConnection) -> int:
            written = await connection.execute(audit.insert().values(**row))
            assert written.inserted_primary_key is not None  # of one row
            return int(written.inserted_primary_key[0])

        return await self._database.write(insert)

    async def settle(self, entry_id: int, outcome: str, result: Mapping[str, Any] | None) -> None:
        """Write what came of a call that was waiting, or was undone."""
        await self._database.execute(
            update(audit).where(audit.c.id == entry_id).values(outcome=outcome, result=result)
        )

    async def get(self, entry_id: int) -> AuditEntry | None:
        rows = await self._database.read(select(audit).where(audit.c.id == entry_id))
        return _entry(rows[0]) if rows else None

    async def of(self, guild_id: int, limit: int, before_id: int | None = None) -> list[AuditEntry]:
        """The newest `limit` of a server, newest first; only those before the entry `before_id`."""
        query = select(audit).where(audit.c.guild_id == guild_id).order_by(audit.c.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(audit.c.id < before_id)
        return [_entry(row) for row in await self._database.read(query)]

    async def forget_content(self, before: datetime) -> int:
        """Take arguments and results out of all older entries; how many had any left."""
        has_content = or_(audit.c.arguments.is_not(None), audit.c.result.is_not(None))
        return await self._database.execute(
            update(audit).where(audit.c.at < before, has_content).values(arguments=None, result=None)
        )


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        at=row.at,
        tool=row.tool,
        asked_by=tuple(row.asked_by),
        how=row.how,
        outcome=row.outcome,
        arguments=row.arguments,
        result=row.result,
    )
