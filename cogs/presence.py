"""/hush, /unhush and /autojoin: when the bot is quiet, and where it comes by itself."""

from __future__ import annotations

import discord
import structlog
from discord import app_commands

from bot.app import Parley
from bot.clock import monotonic
from bot.rooms import SENT_AWAY, SHUTTING_DOWN
from bot.voice.chat import post
from bot.voice.entry import VoiceRoom
from cogs import presence_wording as wording
from cogs.admission import not_invited, obstacle
from cogs.arrival import Hindered, bring
from cogs.caller import channel_of, has_a_say, may_arrange, may_use, member_of
from cogs.failure import Commands
from cogs.reply import Reply, acknowledge
from cogs.wording import NOT_HERE, only_for

log = structlog.get_logger(__name__)

OFF, ON = "off", "on"


class PresenceCog(Commands, name="Presence"):
    """Quiet for everybody in the channel to ask for; coming by itself for moderators to set."""

    def __init__(self, bot: Parley) -> None:
        self._rooms = bot.rooms
        self._not_again: set[int] = set()
        """Channels with people in them that the bot has left or could not enter: it comes back by itself only
        after they have been empty."""

    # --- quiet ---

    @app_commands.command(
        description="Make Parley stop at once and stay quiet, for some minutes or until /unhush."
    )
    @app_commands.describe(minutes="How long; until /unhush if left out.")
    @app_commands.guild_only()
    async def hush(
        self,
        interaction: discord.Interaction[Parley],
        minutes: app_commands.Range[int, 1, wording.HUSH_AT_MOST_MIN] | None = None,
    ) -> None:
        reply, member = await acknowledge(interaction), member_of(interaction)
        room = self._rooms.get(member.guild.id)
        if room is None:
            await reply.say(NOT_HERE)
        elif (refusal := self._refusal(member, room.channel_id)) is not None:
            await reply.say(refusal)
        else:
            room.manners.hush(None if minutes is None else monotonic() + 60 * minutes)
            await self._tell(reply, member, room.channel_id, wording.hushed(minutes, member.mention))

    @app_commands.command(description="Let Parley speak again.")
    @app_commands.guild_only()
    async def unhush(self, interaction: discord.Interaction[Parley]) -> None:
        reply, member = await acknowledge(interaction), member_of(interaction)
        room = self._rooms.get(member.guild.id)
        if room is None:
            await reply.say(NOT_HERE)
        elif (refusal := self._refusal(member, room.channel_id)) is not None:
            await reply.say(refusal)
        elif not room.company.presence.hushed:
            await reply.say(wording.NOT_HUSHED)
        else:
            room.company.presence.unhush()
            await self._tell(reply, member, room.channel_id, wording.unhushed(member.mention))

    def _refusal(self, member: discord.Member, channel_id: int) -> str | None:
        """Why they may not say whether the bot speaks, if so."""
        settings = self._rooms.guilds.of(member.guild.id)
        if not may_use(member, settings):
            return only_for(settings.member_roles)
        return None if has_a_say(member, channel_id) else wording.not_yours_to_hush(f"<#{channel_id}>")

    async def _tell(self, reply: Reply, member: discord.Member, channel_id: int, text: str) -> None:
        """To who typed, and to everybody in the channel's chat: the others wonder about the silence, too."""
        await reply.say(text)
        channel = member.guild.get_channel(channel_id)
        if isinstance(channel, VoiceRoom):
            await post(channel, text)

    # --- coming by itself ---

    @app_commands.command(
        description="Voice channels into which Parley comes by itself. Shows them if left empty."
    )
    @app_commands.describe(
        channel="Which voice channel; yours if left out.", switch="Whether it is to come there."
    )
    @app_commands.choices(switch=[app_commands.Choice(name=name, value=name) for name in (ON, OFF)])
    @app_commands.guild_only()
    async def autojoin(
        self,
        interaction: discord.Interaction[Parley],
        channel: VoiceRoom | None = None,
        switch: str | None = None,
    ) -> None:
        reply, member = await acknowledge(interaction), member_of(interaction)
        if channel is None and switch is None:
            await reply.say(wording.autojoin(self._listed(member.guild)))
        elif not may_arrange(member, self._rooms.guilds.of(member.guild.id)):
            await reply.say(wording.NOT_YOURS_TO_SET)
        elif (target := channel or channel_of(member)) is None:
            await reply.say(wording.WHICH_CHANNEL)
        else:
            await reply.say(await self._switch(target, member, on=switch != OFF))

    async def _switch(self, channel: VoiceRoom, member: discord.Member, *, on: bool) -> str:
        guilds, listed = self._rooms.guilds, {each.id for each in self._listed(channel.guild)}
        if not on:
            await guilds.change(channel.guild.id, autojoin=frozenset(listed - {channel.id}))
            return wording.autojoin_off(channel.mention)
        hindrance = not_invited(channel, member)
        if hindrance is None and len(listed | {channel.id}) > wording.CHANNELS_AT_MOST:
            hindrance = wording.TOO_MANY_CHANNELS
        if hindrance is not None:
            return hindrance
        await guilds.change(channel.guild.id, autojoin=frozenset(listed | {channel.id}))
        self._not_again.discard(channel.id)
        return wording.autojoin_on(channel.mention, obstacle(channel))

    def _listed(self, guild: discord.Guild) -> list[VoiceRoom]:
        """Those that still exist."""
        ids = self._rooms.guilds.of(guild.id).autojoin
        channels = (guild.get_channel(channel_id) for channel_id in sorted(ids))
        return [channel for channel in channels if isinstance(channel, VoiceRoom)]

    @Commands.listener()
    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        if before.channel == after.channel:
            return
        if before.channel is not None:
            self._left(before.channel, bot_itself=member.id == member.guild.me.id)
        if isinstance(after.channel, VoiceRoom) and not member.bot:
            await self._came(after.channel)

    def _left(self, channel: discord.abc.GuildChannel, *, bot_itself: bool) -> None:
        if not isinstance(channel, VoiceRoom) or not _people(channel):
            self._not_again.discard(channel.id)
        elif bot_itself:
            self._not_again.add(channel.id)

    async def _came(self, channel: VoiceRoom) -> None:
        """Somebody is in `channel`: the bot comes if it is wanted there, is free, and was not sent away."""
        guild_id = channel.guild.id
        wanted = channel.id in self._rooms.guilds.of(guild_id).autojoin and channel.id not in self._not_again
        if not wanted or self._rooms.channel_id(guild_id) is not None:
            return
        try:
            await bring(self._rooms, channel)
        except Hindered as hindrance:
            log.warning("did not come by itself", guild=guild_id, channel=channel.id, reason=str(hindrance))
            if _people(channel):
                self._not_again.add(channel.id)
            if hindrance.sentence not in (SENT_AWAY, SHUTTING_DOWN):
                await post(channel, wording.could_not_come(hindrance.sentence))


def _people(channel: VoiceRoom) -> int:
    """How many are in it, without bots."""
    return sum(not member.bot for member in channel.members)


async def setup(bot: Parley) -> None:
    await bot.add_cog(PresenceCog(bot))
