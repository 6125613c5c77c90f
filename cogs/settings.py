"""/settings: everything about how the bot behaves in a server, in one panel."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.app import Parley
from cogs import settings_wording as wording
from cogs.caller import may_arrange, member_of
from cogs.failure import Commands
from cogs.reply import acknowledge
from cogs.settings_panel import SettingsButtons, show


class SettingsCog(Commands, name="Settings"):
    """For moderators."""

    def __init__(self, bot: Parley) -> None:
        self._bot = bot
        self._rooms = bot.rooms
        self._buttons = SettingsButtons()

    async def cog_load(self) -> None:
        self._bot.add_view(self._buttons)  # hears every press, also of panels from before a restart

    async def cog_unload(self) -> None:
        self._buttons.stop()

    @app_commands.command(description="How Parley behaves in this server, and what you can change.")
    @app_commands.default_permissions(move_members=True)
    @app_commands.guild_only()
    async def settings(self, interaction: discord.Interaction[Parley]) -> None:
        reply, member = await acknowledge(interaction), member_of(interaction)
        if may_arrange(member, self._rooms.guilds.of(member.guild.id)):
            await show(reply, self._rooms, member.guild)
        else:
            await reply.say(wording.NOT_YOURS_TO_SEE)


async def setup(bot: Parley) -> None:
    await bot.add_cog(SettingsCog(bot))
