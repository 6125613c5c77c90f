"""What is said when a command or a button fails."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.errors import ParleyError
from cogs import wording
from cogs.admission import hidden
from cogs.reply import acknowledge

log = structlog.get_logger(__name__)

FORM_S = 900.0
"""Nobody tells when somebody closes a form without sending it; after this it is taken for closed."""

Item = TypeVar("Item", bound=discord.ui.Item[Any])


class Refusal(ParleyError):
    """What somebody asked for cannot be, for a reason of theirs; `sentence` says it."""


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


class Form(discord.ui.Modal):
    """Something to fill in, and the same for it."""

    def __init__(self, *, title: str) -> None:
        super().__init__(title=title, timeout=FORM_S)

    async def on_error(  # type: ignore[override]  # as discord.py's own
        self, interaction: discord.Interaction[Any], error: Exception, /
    ) -> None:
        await apologise(interaction, error)


Pressed = Callable[[Item, discord.Interaction[Any]], Coroutine[Any, Any, None]]


def apologising(callback: Pressed[Item]) -> Pressed[Item]:
    """The same for a button that is known by a pattern: discord.py leaves what it raises in the log."""

    @wraps(callback)
    async def pressed(item: Item, interaction: discord.Interaction[Any]) -> None:
        try:
            await callback(item, interaction)
        except Exception as error:
            await apologise(interaction, error)

    return pressed


async def apologise(interaction: discord.Interaction[Any], error: Exception) -> None:
    """A sentence for who is waiting. A fault of ours goes into the log with its traceback."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if isinstance(cause, ParleyError) and not isinstance(cause, Refusal):
        log.warning("command failed", error=str(cause))
    elif not isinstance(cause, Refusal):
        log.error("command failed", exc_info=error)
    sentence = cause.sentence if isinstance(cause, ParleyError) else ParleyError.sentence
    reply, pressed = await acknowledge(interaction), interaction.message
    if pressed is not None and (not pressed.flags.ephemeral or pressed.flags.components_v2):
        await reply.whisper(sentence)  # the message with the button is everybody's, or takes no plain text
    else:
        await reply.say(sentence)


def _unknown(error: app_commands.TransformerError) -> str:
    if error.type is discord.AppCommandOptionType.user:
        return wording.NOT_A_MEMBER
    return hidden(getattr(error.value, "mention", "that channel"))
