"""Personas as they look and sound: what the model is told as one of them, and a sentence in its voice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import discord

from bot.app import Parley
from bot.instruction import instruct
from bot.live_settings import SEARCH
from bot.persona_rules import floor_rules
from bot.preview import Preview, Sample, ogg
from bot.room import PRODUCT_NAME
from bot.store.rows import Persona
from bot.voice.entry import VoiceRoom
from cogs import persona_wording as wording
from cogs.caller import is_in
from cogs.failure import Refusal

Play = Callable[[int, Sample], bool]
"""Have the room of a server play it; False: there is none, or it is not idle."""


class Showroom:
    """One bot's."""

    def __init__(self, bot: Parley, preview: Preview, play: Play) -> None:
        self._house = bot.house
        self._rooms = bot.rooms
        self._personas = bot.personas
        self._preview = preview
        self._play = play
        self._at_work: set[int] = set()  # servers

    def origin_of(self, guild_id: int, name: str) -> str:
        """Where it comes from, in words."""
        if not self._personas.is_own(guild_id, name):
            return wording.COMES_WITH_ME
        return wording.MADE_HERE if self._personas.origin(name) is None else wording.CHANGED_HERE

    def told(self, persona: Persona, guild: discord.Guild, channel: VoiceRoom | None) -> str:
        """What the model would be told as `persona` in `channel` at this moment, word for word."""
        room, chosen = self._rooms.get(guild.id), self._rooms.guilds.of(guild.id)
        own = (guild.me.display_name, PRODUCT_NAME, *self._personas.default.aliases)
        if room is not None and channel is not None and room.channel_id == channel.id:
            people = list(room.company.people.values())
        else:
            present = channel.members if channel is not None else ()
            people = [member.display_name for member in present if not member.bot]
        tools = self._house.home(guild.id).tools(channel.id if channel is not None else 0)
        return instruct(
            persona,
            language=chosen.language,
            rules=floor_rules(persona, chosen, tuple(dict.fromkeys(own))),
            roster=people,
            tools=[tool for tool in tools if tool["name"] != SEARCH],
        )

    async def preview(self, member: discord.Member, persona: Persona) -> tuple[str, bytes | None]:
        """What to say, and the sound as an Ogg file where it is not heard in the channel. Raises Refusal,
        LiveError or NoSample."""
        guild_id = member.guild.id
        if guild_id in self._at_work:
            raise Refusal(sentence=wording.PREVIEW_BUSY)
        self._at_work.add(guild_id)
        try:
            sample = await self._sample(guild_id, persona)
        finally:
            self._at_work.discard(guild_id)
        room = self._rooms.get(guild_id)
        if room is not None and is_in(member, room.channel_id) and self._play(guild_id, sample):
            return wording.heard_in(f"<#{room.channel_id}>", sample.words), None
        return wording.heard_from_file(sample.words), await asyncio.to_thread(ogg, sample)

    async def _sample(self, guild_id: int, persona: Persona) -> Sample:
        chosen = self._rooms.guilds.of(guild_id)
        instruction = instruct(
            persona,
            language=chosen.language,
            rules=floor_rules(persona, chosen, (PRODUCT_NAME,)),
            roster=(),
            tools=(),
        )
        return await self._preview.sample(guild_id, persona, instruction, chosen.model)
