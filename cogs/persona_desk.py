"""What `/persona` does: carried out for a moderator, put into a sentence, and the room told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import discord

from bot import persona_file
from bot.app import Parley
from bot.persona_rules import problems, tidy
from bot.personas import NotAPersona
from bot.store.rows import Persona
from bot.voice.entry import VoiceRoom
from cogs import persona_wording as wording
from cogs.failure import Refusal
from cogs.persona_diff import difference


class Desk:
    """One bot's."""

    def __init__(self, bot: Parley) -> None:
        self._rooms = bot.rooms
        self.personas = bot.personas

    def find(self, guild_id: int, name: str) -> Persona:
        """Raises Refusal."""
        try:
            return self.personas.get(guild_id, name)
        except KeyError as error:
            raise Refusal(sentence=wording.unknown(name, error.args[0])) from None

    def check(self, persona: Persona) -> None:
        """As far as it is filled in: the instruction is written later. Raises NotAPersona."""
        found = problems(tidy(persona))
        if not persona.instruction:
            found.pop("instruction")
        if found:
            raise NotAPersona(found)

    def check_new(self, guild_id: int, persona: Persona) -> None:
        """The same, and that nobody has this name yet. Raises NotAPersona or Refusal."""
        self.check(persona)
        if self.personas.find(guild_id, persona.name) is not None:
            raise Refusal(sentence=wording.taken(persona.name))

    async def use(self, guild: discord.Guild, channel: VoiceRoom | None, name: str | None) -> str:
        """In one channel, or (None) in the whole server. Raises Refusal or StoreError."""
        if name is not None:
            self.find(guild.id, name)
        before = self._here(guild.id)
        persona = await self.personas.use(guild.id, channel.id if channel is not None else None, name)
        where = channel.mention if channel is not None else wording.EVERYWHERE
        now = self.personas.for_channel(guild.id, channel.id if channel is not None else guild.id)
        live = self._follow(guild.id, before)
        say = wording.choice_dropped if persona is None else _used
        return "\n".join([say(where, now.name, live=live), *self._exception(guild, channel)])

    async def create(self, guild_id: int, persona: Persona, by: int, at: datetime) -> str:
        """Raises Refusal, NotAPersona, TooMany or StoreError."""
        self.check_new(guild_id, persona)
        await self.personas.save(guild_id, persona, by, at)
        return wording.created(tidy(persona).name)

    async def edit(self, guild_id: int, opened: Persona, wanted: Persona, by: int, at: datetime) -> str:
        """`opened` is what it was when its editing began, `wanted` what was made of it; what somebody
        else has changed in between stays. Raises Refusal, NotAPersona, TooMany or StoreError."""
        current, wanted = self.find(guild_id, opened.name), tidy(wanted)
        made = {
            field: getattr(wanted, field)
            for field in Persona.__dataclass_fields__
            if getattr(wanted, field) != getattr(opened, field)
        }
        after = replace(current, **made)
        if after == current:
            return wording.UNCHANGED
        before, was_own = self._here(guild_id), self.personas.is_own(guild_id, opened.name)
        version = await self.personas.save(guild_id, after, by, at)
        undo = wording.undo_by_rollback(version - 1) if was_own else wording.UNDO_BY_DELETION
        live = self._follow(guild_id, before)
        return wording.edited(after.name, version, undo, difference(current, after), live=live)

    async def delete(self, guild_id: int, name: str, by: int, at: datetime) -> str:
        before = self._here(guild_id)
        await self.personas.delete(guild_id, name, by, at)
        self._follow(guild_id, before)
        return wording.deleted(name, comes_back=self.personas.origin(name) is not None)

    async def roll_back(self, guild_id: int, name: str, version: int, by: int, at: datetime) -> str:
        """Raises Refusal, TooMany or StoreError."""
        kept = {each.version: each.persona for each in await self.personas.versions(guild_id, name)}
        if not kept:
            raise Refusal(sentence=wording.no_history(self.find(guild_id, name).name))
        if self.personas.is_own(guild_id, name) and kept.get(version) == self.find(guild_id, name):
            return wording.UNCHANGED
        before = self._here(guild_id)
        try:
            persona = await self.personas.rollback(guild_id, name, version, by, at)
        except LookupError:
            raise Refusal(sentence=wording.no_such_version(name, version)) from None
        return wording.rolled_back(persona.name, version, live=self._follow(guild_id, before))

    async def read(self, guild_id: int, content: bytes, by: int, at: datetime) -> str:
        """A file becomes a persona, new or changed. Raises Refusal, TooMany or StoreError."""
        try:
            persona = persona_file.read(content)
        except persona_file.Unreadable as error:
            raise Refusal(sentence=wording.not_imported(error.sentence)) from None
        if self.personas.find(guild_id, persona.name) is None:
            await self.personas.save(guild_id, persona, by, at)
            return wording.imported(persona.name)
        current = self.find(guild_id, persona.name)
        return await self.edit(guild_id, current, persona, by, at)

    # --- the room ---

    def _here(self, guild_id: int) -> Persona | None:
        """Who the bot is in the channel in which it is."""
        channel_id = self._rooms.channel_id(guild_id)
        return self.personas.for_channel(guild_id, channel_id) if channel_id is not None else None

    def _follow(self, guild_id: int, before: Persona | None) -> bool:
        """Tell the room if the bot is somebody else there than `before`; whether it is."""
        if before is None or self._here(guild_id) == before:
            return False
        self._rooms.changed(guild_id)
        return True

    def _exception(self, guild: discord.Guild, channel: VoiceRoom | None) -> list[str]:
        """The channel in which the bot is has a choice of its own, while the server has chosen."""
        here = self._rooms.channel_id(guild.id)
        if channel is not None or here is None or self.personas.chosen(guild.id, here) is None:
            return []
        return [wording.keeps_its_own(f"<#{here}>", self.personas.for_channel(guild.id, here).name)]


def _used(where: str, name: str, *, live: bool) -> str:
    return wording.in_use(name, where, live=live)
