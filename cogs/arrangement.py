"""A server's settings are changed, whoever changed them: the room goes by them at once."""

from __future__ import annotations

from typing import Any

import discord

from bot.rooms import Rooms
from bot.turns.floor import Mode
from bot.voice.entry import VoiceRoom
from cogs import floor_wording as wording
from cogs.button import offer_floor

TOLD = {"mode", "language", "model"}
"""What the model is told, or is: these change with its session, the others without."""


async def arrange(rooms: Rooms, guild: discord.Guild, **changes: Any) -> list[str]:
    """Set the named fields of `bot.guilds.GuildSettings`; what there is to know of it, as sentences.

    Raises StoreError if they cannot be kept; then nothing has changed."""
    await rooms.guilds.change(guild.id, **changes)
    room = rooms.get(guild.id)
    if room is None:
        return []
    if TOLD & changes.keys():
        rooms.changed(guild.id)
    else:
        room.company.rules_changed()
    channel = guild.get_channel(room.channel_id)
    if changes.get("mode") is not Mode.PUSH or not isinstance(channel, VoiceRoom):
        return []
    return [] if await offer_floor(channel) else [wording.BUTTONS_NOT_POSTED.format(channel=channel.mention)]
