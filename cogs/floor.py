"""/floor: whom the bot answers and who may interrupt it, and the buttons of push mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands

from bot.app import Parley
from bot.guilds import GuildSettings
from bot.turns.floor import Interrupt, Mode
from cogs import floor_wording as wording
from cogs.arrangement import arrange
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
        news = await arrange(self._rooms, member.guild, **changes) if changes else []
        await reply.say("\n".join([wording.rules(guilds.of(guild_id)), *news]))

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
