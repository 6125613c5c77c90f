"""/persona: who the bot is, where; and every edit of it a version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import aiohttp
import discord
from discord import app_commands

from bot import persona_file
from bot.app import Parley
from bot.preview import Sample
from bot.rooms import Rooms
from bot.store.rows import Persona
from bot.voice.entry import VoiceRoom
from cogs import persona_wording as wording
from cogs.caller import may_arrange, member_of
from cogs.failure import Commands, Refusal
from cogs.persona_desk import Desk
from cogs.persona_modal import PersonaForm, ReallyDelete, Written
from cogs.persona_options import (
    CHANNEL,
    SERVER,
    changes,
    fields,
    named,
    place,
    suggest_earlier,
    suggest_persona,
    suggest_version,
    suggest_voice,
)
from cogs.persona_showroom import Showroom
from cogs.reply import Reply, acknowledge

Typed = discord.Interaction[Any]

NAME, SOUND = "persona.toml", "preview.ogg"

_SCOPES = [
    app_commands.Choice(name=wording.HERE, value=CHANNEL),
    app_commands.Choice(name=wording.EVERYWHERE, value=SERVER),
]


class PersonaCog(Commands, name="Persona"):
    """Looking is for everybody who is shown the command, the rest for moderators."""

    persona = app_commands.Group(
        name="persona",
        description="Who Parley is: its name, voice and ways.",
        guild_only=True,
        default_permissions=discord.Permissions(move_members=True),
    )

    def __init__(self, rooms: Rooms, desk: Desk, showroom: Showroom) -> None:
        self._rooms = rooms
        self._desk = desk
        self._showroom = showroom
        self._personas = desk.personas

    # --- looking ---

    @persona.command(name="list", description="Which personas there are, and which is in use.")
    async def list_(self, interaction: Typed) -> None:
        reply, member = await acknowledge(interaction), member_of(interaction)
        guild_id, channel = member.guild.id, self._place(interaction, None)
        there = self._personas.all(guild_id)
        here = self._personas.for_channel(guild_id, channel.id if channel is not None else guild_id)
        everywhere = self._personas.for_channel(guild_id, guild_id)
        own = [each.name for each in there if self._personas.is_own(guild_id, each.name)]
        mention = channel.mention if channel is not None else None
        await reply.tell(wording.listed(there, own, here.name, everywhere.name, mention))

    @persona.command(description="All about a persona, and what Google Gemini is told, word for word.")
    @app_commands.describe(
        name="Which persona; the one in use if left out.", channel="In which voice channel."
    )
    @named
    async def show(
        self, interaction: Typed, name: str | None = None, channel: VoiceRoom | None = None
    ) -> None:
        reply, guild = await acknowledge(interaction), member_of(interaction).guild
        here = self._place(interaction, channel)
        if name is None:
            persona = self._personas.for_channel(guild.id, here.id if here is not None else guild.id)
        else:
            persona = self._desk.find(guild.id, name)
        head = wording.described(persona, self._showroom.origin_of(guild.id, persona.name))
        told = self._showroom.told(persona, guild, here)
        text = wording.with_told(head, told)
        if text is not None:
            await reply.say(text)
        else:
            await reply.attach(f"{head}\n\n{wording.TOLD_IN_FILE}", "instruction.txt", told.encode())

    @persona.command(description="Be this persona, in a voice channel or in the whole server.")
    @app_commands.describe(
        name="Who to be; left out: nobody in particular is chosen any more.",
        scope="Where; this channel if left out.",
        channel="Which voice channel; mine, else yours, if left out.",
    )
    @app_commands.choices(scope=_SCOPES)
    @named
    async def use(
        self,
        interaction: Typed,
        name: str | None = None,
        scope: str = CHANNEL,
        channel: VoiceRoom | None = None,
    ) -> None:
        reply, member = await self._moderator(interaction)
        here = self._place(interaction, channel) if scope == CHANNEL else None
        if here is None and scope == CHANNEL:
            raise Refusal(sentence=wording.WHICH_CHANNEL)
        await reply.say(await self._desk.use(member.guild, here, name))

    # --- changing ---

    @persona.command(description="Make a new persona: its voice and ways here, its words in a form.")
    @app_commands.describe(name="What it is called.", like="A persona to begin with.")
    @app_commands.autocomplete(like=suggest_persona)
    @fields
    async def create(
        self,
        interaction: Typed,
        name: str,
        like: str | None = None,
        voice: str | None = None,
        language: str | None = None,
        temperature: str | None = None,
        thinking: str | None = None,
        interrupt: str | None = None,
        addressing: str | None = None,
        model: str | None = None,
    ) -> None:
        member = self._allowed(interaction)
        guild_id = member.guild.id
        begin = self._desk.find(guild_id, like) if like is not None else Persona(name="", instruction="")
        made = changes(voice, language, temperature, thinking, interrupt, addressing, model)
        draft = replace(begin, name=name.strip(), **made)
        self._desk.check_new(guild_id, draft)

        async def keep(submitted: Typed, written: Persona) -> str:
            by = self._allowed(submitted).id
            return await self._desk.create(guild_id, written, by, submitted.created_at)

        await interaction.response.send_modal(PersonaForm(draft, Written.of(draft), keep))

    @persona.command(description="Change a persona: an option at once; without options its words, in a form.")
    @app_commands.describe(name="Which persona.")
    @named
    @fields
    async def edit(
        self,
        interaction: Typed,
        name: str,
        voice: str | None = None,
        language: str | None = None,
        temperature: str | None = None,
        thinking: str | None = None,
        interrupt: str | None = None,
        addressing: str | None = None,
        model: str | None = None,
    ) -> None:
        guild_id = self._allowed(interaction).guild.id
        opened = self._desk.find(guild_id, name)

        async def keep(submitted: Typed, wanted: Persona) -> str:
            by = self._allowed(submitted).id
            return await self._desk.edit(guild_id, opened, wanted, by, submitted.created_at)

        if changed := changes(voice, language, temperature, thinking, interrupt, addressing, model):
            reply = await acknowledge(interaction)
            await reply.tell(await keep(interaction, replace(opened, **changed)))
        else:
            await interaction.response.send_modal(PersonaForm(opened, Written.of(opened), keep))

    @persona.command(description="Delete a persona of this server, after asking.")
    @app_commands.describe(name="Which persona.")
    @named
    async def delete(self, interaction: Typed, name: str) -> None:
        reply, member = await self._moderator(interaction)
        guild_id, persona = member.guild.id, self._desk.find(member.guild.id, name)
        if not self._personas.is_own(guild_id, name):
            raise Refusal(sentence=wording.not_yours_to_delete(persona.name))

        async def delete(pressed: Typed) -> str:
            by = self._allowed(pressed).id
            return await self._desk.delete(guild_id, persona.name, by, pressed.created_at)

        comes_back = self._personas.origin(name) is not None
        question = wording.really_delete(persona.name, comes_back=comes_back)
        await reply.say(question, ReallyDelete(delete, reply))

    # --- versions ---

    @persona.command(description="Who has changed a persona, when, and what.")
    @app_commands.describe(name="Which persona.", version="Whose change to show; the newest if left out.")
    @app_commands.autocomplete(version=suggest_version)
    @named
    async def history(self, interaction: Typed, name: str, version: int | None = None) -> None:
        reply, member = await self._moderator(interaction)
        versions = await self._personas.versions(member.guild.id, name)
        if not versions:
            persona = self._desk.find(member.guild.id, name)
            raise Refusal(sentence=wording.no_history(persona.name))
        if version is not None and version not in {each.version for each in versions}:
            raise Refusal(sentence=wording.no_such_version(name, version))
        await reply.tell(wording.history(versions, self._personas.origin(name), version))

    @persona.command(description="Make a persona again what it was in an earlier version.")
    @app_commands.describe(name="Which persona.", version="Which version; /persona history shows them.")
    @app_commands.autocomplete(version=suggest_earlier)
    @named
    async def rollback(self, interaction: Typed, name: str, version: int) -> None:
        reply, member = await self._moderator(interaction)
        at = interaction.created_at
        await reply.say(await self._desk.roll_back(member.guild.id, name, version, member.id, at))

    # --- hearing, and files ---

    @persona.command(description="Hear a persona: it says one sentence, in the channel or as a file.")
    @app_commands.describe(name="Which persona.", voice="Another voice to try it with.")
    @app_commands.autocomplete(voice=suggest_voice)
    @named
    async def preview(self, interaction: Typed, name: str, voice: str | None = None) -> None:
        reply, member = await self._moderator(interaction)
        persona = replace(self._desk.find(member.guild.id, name), **changes(voice))
        self._desk.check(persona)
        text, sound = await self._showroom.preview(member, persona)
        if sound is None:
            await reply.say(text)
        else:
            await reply.attach(text, SOUND, sound)

    @persona.command(description="A persona as a file, to keep or to share.")
    @app_commands.describe(name="Which persona.")
    @named
    async def export(self, interaction: Typed, name: str) -> None:
        reply, member = await self._moderator(interaction)
        persona = self._desk.find(member.guild.id, name)
        await reply.attach(wording.exported(persona.name), NAME, persona_file.write(persona).encode())

    @persona.command(name="import", description="Make or change a persona from a file.")
    @app_commands.describe(file="One made by /persona export, perhaps changed.")
    async def import_(self, interaction: Typed, file: discord.Attachment) -> None:
        reply, member = await self._moderator(interaction)
        content = await _content(file)
        at = interaction.created_at
        await reply.tell(await self._desk.read(member.guild.id, content, member.id, at))

    # --- who and where ---

    async def _moderator(self, interaction: Typed) -> tuple[Reply, discord.Member]:
        """Acknowledged. Raises Refusal for anybody else."""
        return await acknowledge(interaction), self._allowed(interaction)

    def _allowed(self, interaction: Typed) -> discord.Member:
        """Without an acknowledgement, after which no form can be opened. Raises Refusal."""
        member = member_of(interaction)
        if not may_arrange(member, self._rooms.guilds.of(member.guild.id)):
            raise Refusal(sentence=wording.NOT_YOURS_TO_SET)
        return member

    def _place(self, interaction: Typed, channel: VoiceRoom | None) -> VoiceRoom | None:
        return place(interaction, channel, self._rooms.channel_id(member_of(interaction).guild.id))


async def _content(file: discord.Attachment) -> bytes:
    """Raises Refusal."""
    if file.size > persona_file.MAX_BYTES:  # before anything is fetched
        raise Refusal(sentence=wording.FILE_TOO_LARGE)
    try:
        return await file.read()
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Refusal(f"attachment: {error or type(error).__name__}", sentence=wording.FILE_LOST) from error


async def setup(bot: Parley) -> None:
    def play(guild_id: int, sample: Sample) -> bool:
        room = bot.rooms.get(guild_id)
        return room is not None and room.play(sample.pcm16, sample.hz)

    await bot.add_cog(PersonaCog(bot.rooms, Desk(bot), Showroom(bot, bot.preview, play)))
