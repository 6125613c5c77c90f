"""/join, /leave and /status: parse, call the rooms, reply in a sentence."""

from __future__ import annotations

from typing import Any

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.app import Parley
from bot.errors import ParleyError, VoiceTimeout
from bot.rooms import Rooms
from bot.voice.entry import VoiceRoom
from cogs import wording
from cogs.admission import hidden, not_invited, obstacle
from cogs.reply import Reply, acknowledge

log = structlog.get_logger(__name__)

OFFER_S = 120.0
"""How long the button to move stays; what it offers may be wrong after that."""


class MoveHere(discord.ui.View):
    """One button under "I am talking in #x": take the conversation along to another channel."""

    def __init__(self, rooms: Rooms, channel: VoiceRoom, offer: Reply) -> None:
        super().__init__(timeout=OFFER_S)
        self._rooms = rooms
        self._channel = channel
        self._offer = offer

    @discord.ui.button(label="Move here", style=discord.ButtonStyle.primary)
    async def move(self, interaction: discord.Interaction[Parley], _: discord.ui.Button[MoveHere]) -> None:
        self.stop()
        reply = await acknowledge(interaction)
        await reply.say(await _bring(self._rooms, self._channel))

    async def on_timeout(self) -> None:
        await self._offer.say(wording.OFFER_EXPIRED)

    async def on_error(
        self, interaction: discord.Interaction[Any], error: Exception, item: discord.ui.Item[Any]
    ) -> None:
        await _apologise(interaction, error)


class Conversation(commands.Cog):
    """What every member may type."""

    def __init__(self, bot: Parley) -> None:
        self._rooms = bot.rooms

    @app_commands.command(description="Bring Parley into a voice channel to talk with you.")
    @app_commands.describe(channel="Which voice channel; yours if left out.")
    @app_commands.guild_only()
    async def join(self, interaction: discord.Interaction[Parley], channel: VoiceRoom | None = None) -> None:
        reply = await acknowledge(interaction)
        member = _member(interaction)
        target = channel or _channel_of(member)
        if target is None:
            invisible = member.voice is not None  # in a channel that the bot is not shown
            await reply.say(hidden("your channel") if invisible else wording.NOT_IN_A_CHANNEL)
            return
        room = self._rooms.get(target.guild.id)
        hindrance = None
        if room is None or room.channel_id != target.id:
            hindrance = obstacle(target) or not_invited(target, member)
        if hindrance is not None:
            await reply.say(hindrance)
        elif room is not None and room.channel_id != target.id:
            question = wording.elsewhere(f"<#{room.channel_id}>", target.mention)
            await reply.say(question, MoveHere(self._rooms, target, reply))
        else:
            await reply.say(await _bring(self._rooms, target))

    @app_commands.command(description="Make Parley leave the voice channel.")
    @app_commands.guild_only()
    async def leave(self, interaction: discord.Interaction[Parley]) -> None:
        reply = await acknowledge(interaction)
        member = _member(interaction)
        channel_id = self._rooms.channel_id(member.guild.id)
        if channel_id is None:
            await reply.say(wording.NOT_HERE)
        elif not _may_dismiss(member, channel_id):
            await reply.say(wording.not_yours_to_dismiss(f"<#{channel_id}>"))
        else:
            await self._rooms.close(member.guild.id)
            await reply.say(wording.LEFT)

    @app_commands.command(description="Whom Parley hears, how well, and for how long it has been here.")
    @app_commands.guild_only()
    async def status(self, interaction: discord.Interaction[Parley]) -> None:
        reply = await acknowledge(interaction)
        guild_id = _member(interaction).guild.id
        room, channel_id = self._rooms.get(guild_id), self._rooms.channel_id(guild_id)
        if room is not None:
            await reply.say(wording.status(room.status()))
        else:
            await reply.say(wording.NOT_HERE if channel_id is None else wording.on_the_way(channel_id))

    async def cog_app_command_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError
    ) -> None:
        if isinstance(error, app_commands.TransformerError):  # the option names a channel we are not shown
            reply = await acknowledge(interaction)
            await reply.say(hidden(getattr(error.value, "mention", "that channel")))
        else:
            await _apologise(interaction, error)


async def _bring(rooms: Rooms, channel: VoiceRoom) -> str:
    """Into `channel`, from wherever the bot is; what became of it, as a sentence."""
    room = rooms.get(channel.guild.id)
    if room is not None and room.channel_id == channel.id:
        return wording.already_here(channel.mention)
    hindrance = obstacle(channel)
    if hindrance is not None:
        return hindrance
    try:
        if room is None:
            await rooms.open(channel)
        else:
            await room.move_to(channel)
    except VoiceTimeout as error:
        # What Discord did not say may be seen now: filled up, or closed to us, in between.
        return obstacle(channel) or error.sentence
    except ParleyError as error:
        log.warning("join failed", guild=channel.guild.id, channel=channel.id, error=str(error))
        return error.sentence
    return wording.joined(channel)


async def _apologise(interaction: discord.Interaction[Parley], error: Exception) -> None:
    """A fault of ours: into the log with it, and a sentence for who is waiting."""
    log.error("command failed", exc_info=error)
    reply = await acknowledge(interaction)
    await reply.say(ParleyError.sentence)


def _member(interaction: discord.Interaction[Parley]) -> discord.Member:
    assert isinstance(interaction.user, discord.Member)  # the commands are for servers only
    return interaction.user


def _channel_of(member: discord.Member) -> VoiceRoom | None:
    return member.voice.channel if member.voice is not None else None


def _may_dismiss(member: discord.Member, channel_id: int) -> bool:
    """Whoever is in the channel; from outside those who may move members anyway, or all if it is empty."""
    own, channel = _channel_of(member), member.guild.get_channel(channel_id)
    if member.guild_permissions.move_members or (own is not None and own.id == channel_id):
        return True
    return isinstance(channel, VoiceRoom) and set(channel.voice_states) <= {member.guild.me.id}


async def setup(bot: Parley) -> None:
    await bot.add_cog(Conversation(bot))
