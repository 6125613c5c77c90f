"""What servers, and single channels, have chosen: plain JSON, whose meaning is `bot.guilds`' business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select

from bot.store.database import Database
from bot.store.tables import channel_choices, guild_choices


class Guilds:
    """Whoever chooses nothing any more is forgotten."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[int, dict[str, Any]]:
        """What was chosen, by guild id."""
        rows = await self._database.read(select(guild_choices))
        return {row.guild_id: row.choices for row in rows}

    async def save(self, guild_id: int, choices: Mapping[str, Any]) -> None:
        """Write all that the server has chosen, over what it had."""
        if choices:
            await self._database.put(guild_choices, {"guild_id": guild_id, "choices": choices})
        else:
            await self._database.execute(delete(guild_choices).where(guild_choices.c.guild_id == guild_id))

    async def channels(self) -> dict[tuple[int, int], dict[str, Any]]:
        """What was chosen for single channels, by guild and channel id."""
        rows = await self._database.read(select(channel_choices))
        return {(row.guild_id, row.channel_id): row.choices for row in rows}

    async def save_channel(self, guild_id: int, channel_id: int, choices: Mapping[str, Any]) -> None:
        """Write all that was chosen for this channel, over what was."""
        if choices:
            row = {"channel_id": channel_id, "guild_id": guild_id, "choices": choices}
            await self._database.put(channel_choices, row)
        else:
            gone = delete(channel_choices).where(channel_choices.c.channel_id == channel_id)
            await self._database.execute(gone)
