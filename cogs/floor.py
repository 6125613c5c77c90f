"""/floor: whom the bot answers and who may interrupt it, and the buttons of push mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands

from bot.app import Parley
from bot.guilds import GuildSettings
from bot.turns.floor import Interrupt, Mode
from bot.voice.entry import VoiceRoom
from cogs import floor_wording as wording
from cogs.button import FloorButtons, offer_floor
from cogs.caller import may_arrange, member_of
from cogs.failure import Commands
from cogs.reply import acknowledge


def _choices(named: Mapping[Mode, str] | Mapping[Interrupt, str]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=text, value=value.value) for value, text in named.items()]


class FloorCog(Commands, name="Floor"):
    """What everybody may look at, and moderators set."""

    def __init__(self, bot: Parley) -> None:
        self._bot = bot
        self._rooms = bot.rooms
        self._buttons = FloorButtons()

    async def cog_load(self) -> None:
        self._bot.add_view(self._buttons)  # hears every press, also of messages from before a restart

    async def cog_unload(self) -> None:
        self._buttons.stop()

    @app_commands.command(
        description="Whom Parley answers, and who may interrupt it. Shows it if left empty."
    )
    @app_commands.describe(
        mode="Whom it answers.",
        follow_up="Seconds after an answer in which that person need not say its name again.",
        interrupt="Who may interrupt it.",
        host="Make somebody a host; name a host again to take them off the list.",
    )
    @app_commands.choices(mode=_choices(wording.MODES), interrupt=_choices(wording.INTERRUPTS))
    @app_commands.guild_only()
    async def floor(
        self,
        interaction: discord.Interaction[Parley],
        mode: str | None = None,
        follow_up: app_commands.Range[int, 0, wording.FOLLOW_UP_AT_MOST_S] | None = None,
        interrupt: str | None = None,
        host: discord.Member | None = None,
    ) -> None:
        reply, member = await acknowledge(interaction), member_of(interaction)
        guild_id, guilds = member.guild.id, self._rooms.guilds
        changes: dict[str, Any] = {}
        if mode is not None:
            changes["mode"] = Mode(mode)
        if follow_up is not None:
            changes["follow_up_s"] = float(follow_up)
        if interrupt is not None:
            changes["interrupt"] = Interrupt(interrupt)
        if host is not None:
            changes["hosts"] = guilds.of(guild_id).hosts ^ {host.id}
        refusal = _refusal(member, host, changes, guilds.of(guild_id))
        if refusal is not None:
            await reply.say(refusal)
            return
        if changes:
            await guilds.change(guild_id, **changes)
        lines = [wording.rules(guilds.of(guild_id))]
        if changes:
            lines += await self._follow(member.guild, changes.get("mode"))
        await reply.say("\n".join(lines))

    async def _follow(self, guild: discord.Guild, mode: Mode | None) -> list[str]:
        """The room, if there is one, goes by the new rules; what to know of that."""
        room = self._rooms.get(guild.id)
        if room is None:
            return []
        room.company.rules_changed()
        channel = guild.get_channel(room.channel_id)
        if mode is not Mode.PUSH or not isinstance(channel, VoiceRoom) or await offer_floor(channel):
            return []
        return [wording.BUTTONS_NOT_POSTED.format(channel=channel.mention)]

    @Commands.listener()
    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """The bot was moved: the people there need the buttons. Where it came in, `arrival` sees to it."""
        moved = before.channel is not None and after.channel is not None and before.channel != after.channel
        if member.id != member.guild.me.id or not moved or self._rooms.get(member.guild.id) is None:
            return
        if self._rooms.guilds.of(member.guild.id).mode is Mode.PUSH and after.channel is not None:
            await offer_floor(after.channel)


def _refusal(
    member: discord.Member, host: discord.Member | None, changes: dict[str, Any], settings: GuildSettings
) -> str | None:
    """Why these changes may not be made, if so."""
    if changes and not may_arrange(member, settings):
        return wording.NOT_YOURS_TO_SET
    if host is not None and host.bot:
        return wording.HOST_IS_A_BOT
    if len(changes.get("hosts", ())) > wording.HOSTS_AT_MOST:
        return wording.TOO_MANY_HOSTS
    return None


async def setup(bot: Parley) -> None:
    await bot.add_cog(FloorCog(bot))
