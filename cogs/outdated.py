"""Buttons that nobody hears any more: what they were for was forgotten when the bot was restarted."""

from __future__ import annotations

import asyncio
from typing import Any

import discord

from bot.app import Parley
from cogs import wording
from cogs.failure import Commands
from cogs.reply import acknowledge

GRACE_S = 2.0
"""Whoever hears a press acknowledges it at once; Discord waits for three seconds."""


class Outdated(Commands):
    """Says so, where Discord would say "This interaction failed". A form that cannot be sent is left to
    Discord, which keeps it open, with all that was written."""

    @Commands.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        if interaction.type is not discord.InteractionType.component:
            return
        await asyncio.sleep(GRACE_S)
        if not interaction.response.is_done():
            reply = await acknowledge(interaction)
            await reply.unbutton()
            await reply.whisper(wording.OUTDATED)


async def setup(bot: Parley) -> None:
    await bot.add_cog(Outdated())
