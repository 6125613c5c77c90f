"""What moderators have said about tools."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, select

from bot.store.database import Database
from bot.store.rows import ToolGrant
from bot.store.tables import EVERYWHERE, tool_grants


class Grants:
    """One for each guild, channel (or the whole server) and tool."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[ToolGrant]:
        """Those of every server."""
        return [_grant(row) for row in await self._database.read(select(tool_grants))]

    async def put(self, grant: ToolGrant) -> None:
        """Write `grant` over the one that said something about the same."""
        await self._database.put(
            tool_grants,
            {
                "guild_id": grant.guild_id,
                "channel_id": grant.channel_id or EVERYWHERE,
                "tool": grant.tool,
                "enabled": grant.enabled,
                "roles": grant.roles,
                "confirm": grant.confirm,
                "per_minute": grant.per_minute,
            },
        )

    async def drop(self, guild_id: int, channel_id: int | None, tool: str) -> None:
        """Forget what was said about `tool` there."""
        await self._database.execute(
            delete(tool_grants).where(
                tool_grants.c.guild_id == guild_id,
                tool_grants.c.channel_id == (channel_id or EVERYWHERE),
                tool_grants.c.tool == tool,
            )
        )


def _grant(row: Row[Any]) -> ToolGrant:
    return ToolGrant(
        guild_id=row.guild_id,
        tool=row.tool,
        channel_id=None if row.channel_id == EVERYWHERE else row.channel_id,
        enabled=row.enabled,
        roles=None if row.roles is None else frozenset(row.roles),
        confirm=row.confirm,
        per_minute=row.per_minute,
    )
