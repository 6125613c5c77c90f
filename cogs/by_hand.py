"""A tool that a moderator calls by hand: the room is as the model has it, the one who asks is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from bot.app import Parley
from bot.foreign import data
from bot.room import Room
from bot.tools.registry import Asked, Unclear

NO_ROOM = "I am in no voice channel of this server. /join brings me in."


class ByHand:
    """`bot.tools.registry.ToolContext` on behalf of `member`. Without a room, what only a room can do is
    answered with an error."""

    def __init__(self, bot: Parley, member: discord.Member, channel_id: int) -> None:
        self._bot = bot
        self._guild = member.guild
        self._room = bot.rooms.get(member.guild.id)
        self.asked = Asked((member.id,), clear=True, how="try")
        self.guild_id = member.guild.id
        self.channel_id = self._room.channel_id if self._room is not None else channel_id

    @property
    def place(self) -> Any:
        return self._bot.get_guild(self.guild_id) or self._guild

    def who_is_speaking(self) -> Mapping[str, Any]:
        people = self._needed_room().company.people.values()
        return {"last_turn": [], "in_the_channel": [data(name) for name in people]}

    def leave_when_quiet(self, reason: str) -> None:
        self._needed_room().manners.leave_when_quiet(reason)

    def hush(self, minutes: float | None) -> None:
        self._needed_room().manners.hush_when_quiet(minutes)

    async def change_persona(self, name: str) -> str:
        persona = self._bot.personas.get(self.guild_id, name)
        await self._bot.personas.use(self.guild_id, self.channel_id, persona.name)
        self._bot.rooms.changed(self.guild_id)
        return persona.name

    def tell(self, text: str) -> None:
        """Whoever called it sees the result; the model has asked for nothing."""

    def _needed_room(self) -> Room:
        if self._room is None:
            raise Unclear(NO_ROOM)
        return self._room
