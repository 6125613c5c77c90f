"""What is said when a command or a button fails."""

from __future__ import annotations

from typing import Any

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.errors import ParleyError
from cogs import wording
from cogs.admission import hidden
from cogs.reply import acknowledge

log = structlog.get_logger(__name__)


class Commands(commands.Cog):
    """A cog of which no command fails without a sentence."""

    async def cog_app_command_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError
    ) -> None:
        if isinstance(error, app_commands.TransformerError):  # the option names what we are not shown
            reply = await acknowledge(interaction)
            await reply.say(_unknown(error))
        else:
            await apologise(interaction, error)


class Buttons(discord.ui.View):
    """Buttons, and the same for them."""

    async def on_error(
        self, interaction: discord.Interaction[Any], error: Exception, item: discord.ui.Item[Any]
    ) -> None:
        await apologise(interaction, error)


async def apologise(interaction: discord.Interaction[Any], error: Exception) -> None:
    """A fault of ours: into the log with it, and a sentence for who is waiting."""
    log.error("command failed", exc_info=error)
    reply, pressed = await acknowledge(interaction), interaction.message
    if pressed is not None and not pressed.flags.ephemeral:
        await reply.whisper(ParleyError.sentence)  # the message with the button is everybody's
    else:
        await reply.say(ParleyError.sentence)


def _unknown(error: app_commands.TransformerError) -> str:
    if error.type is discord.AppCommandOptionType.user:
        return wording.NOT_A_MEMBER
    return hidden(getattr(error.value, "mention", "that channel"))
