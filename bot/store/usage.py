"""What servers have used, summed by day and model."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select, true

from bot.store.database import Database
from bot.store.rows import UsageRow
from bot.store.tables import usage_days, usage_tokens


class Usage:
    """Sums that only grow."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: UsageRow) -> None:
        """Add what was used to the day's sums."""
        day: dict[str, Any] = {"guild_id": row.guild_id, "day": row.day, "model": row.model}
        upsert = self._database.upsert
        await self._database.execute(
            upsert(usage_days, {**day, "dollars": row.dollars}, add=["dollars"]),
            *(
                upsert(usage_tokens, {**day, "kind": kind, "tokens": tokens}, add=["tokens"])
                for kind, tokens in row.tokens.items()
            ),
        )

    async def of(self, guild_id: int, since: date) -> list[UsageRow]:
        """One row for each day from `since` on and model, the oldest first."""
        return await self._rows(usage_days.c.guild_id == guild_id, usage_tokens.c.guild_id == guild_id, since)

    async def since(self, day: date) -> list[UsageRow]:
        """The same of every server."""
        return await self._rows(true(), true(), day)

    async def _rows(
        self, of_days: ColumnElement[bool], of_tokens: ColumnElement[bool], since: date
    ) -> list[UsageRow]:
        days = select(usage_days).where(of_days, usage_days.c.day >= since)
        kinds = select(usage_tokens).where(of_tokens, usage_tokens.c.day >= since)
        tokens: defaultdict[tuple[int, date, str], dict[str, int]] = defaultdict(dict)
        for row in await self._database.read(kinds):
            tokens[row.guild_id, row.day, row.model][row.kind] = row.tokens
        return [
            UsageRow(
                guild_id=row.guild_id,
                day=row.day,
                model=row.model,
                tokens=tokens[row.guild_id, row.day, row.model],
                dollars=row.dollars,
            )
            for row in await self._database.read(days.order_by(usage_days.c.day, usage_days.c.model))
        ]
