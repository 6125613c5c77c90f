"""/join, /leave and /status: parse, call the rooms, reply in a sentence."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.app import Parley
from bot.rooms import Rooms
from bot.voice.entry import VoiceRoom
from cogs import wording
from cogs.admission import hidden, not_invited, obstacle
from cogs.arrival import Hindered, bring
from cogs.caller import channel_of, has_a_say, may_use, member_of
from cogs.failure import Buttons, Commands
from cogs.reply import Reply, acknowledge

OFFER_S = 120.0
"""How long the button to move stays; what it offers may be wrong after that."""


class MoveHere(Buttons):
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


class Conversation(Commands):
    """What every member may type."""

    def __init__(self, bot: Parley) -> None:
        self._rooms = bot.rooms

    @app_commands.command(description="Bring Parley into a voice channel to talk with you.")
    @app_commands.describe(channel="Which voice channel; yours if left out.")
    @app_commands.guild_only()
    async def join(self, interaction: discord.Interaction[Parley], channel: VoiceRoom | None = None) -> None:
        reply = await acknowledge(interaction)
        member = member_of(interaction)
        target, settings = channel or channel_of(member), self._rooms.guilds.of(member.guild.id)
        if not may_use(member, settings):
            await reply.say(wording.only_for(settings.member_roles))
            return
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
        member = member_of(interaction)
        channel_id = self._rooms.channel_id(member.guild.id)
        settings = self._rooms.guilds.of(member.guild.id)
        if not may_use(member, settings):
            await reply.say(wording.only_for(settings.member_roles))
        elif channel_id is None:
            await reply.say(wording.NOT_HERE)
        elif not has_a_say(member, channel_id):
            await reply.say(wording.not_yours_to_dismiss(f"<#{channel_id}>"))
        else:
            await self._rooms.dismiss(member.guild.id)
            await reply.say(wording.LEFT)

    @app_commands.command(description="Whom Parley hears, how well, and for how long it has been here.")
    @app_commands.guild_only()
    async def status(self, interaction: discord.Interaction[Parley]) -> None:
        reply = await acknowledge(interaction)
        guild_id = member_of(interaction).guild.id
        room, channel_id = self._rooms.get(guild_id), self._rooms.channel_id(guild_id)
        if room is not None:
            await reply.say(wording.status(room.status()))
        else:
            await reply.say(wording.NOT_HERE if channel_id is None else wording.on_the_way(channel_id))


async def _bring(rooms: Rooms, channel: VoiceRoom) -> str:
    """What became of it, as a sentence."""
    try:
        return await bring(rooms, channel)
    except Hindered as hindrance:
        return hindrance.sentence


async def setup(bot: Parley) -> None:
    await bot.add_cog(Conversation(bot))
