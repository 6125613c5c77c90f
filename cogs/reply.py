"""Replying to a command or a button: acknowledged at once, answered when there is something to say."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
import structlog

from cogs import wording

log = structlog.get_logger(__name__)

_RETRIES_AFTER_S = (0.1, 0.4)
"""Connections that break under a request. Refusals of Discord's own (5xx, 429) discord.py repeats itself."""

_FROM_A_MESSAGE = (discord.InteractionType.component, discord.InteractionType.modal_submit)

_ALREADY_ACKNOWLEDGED = 40060
"""Discord's code for the repetition of a request whose answer was lost on the way."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The one answer, seen only by the person who typed, pressed or sent a form."""

    interaction: discord.Interaction[Any]

    async def say(self, text: str, view: discord.ui.View | None = None) -> None:
        """Fill in the answer. If Discord has dropped the interaction, it is logged, never raised."""

        async def edit() -> None:
            await self.interaction.edit_original_response(content=wording.cut(text), view=view)

        await _insist(edit, "reply", self.interaction)

    async def tell(self, text: str) -> None:
        """The answer, however long it is: what does not fit into a message is in a file."""
        if len(text) <= wording.SHOWN_MAX:
            await self.say(text)
        else:
            await self.attach(wording.beginning(text), "answer.md", text.encode())

    async def show(self, layout: discord.ui.LayoutView) -> None:
        """The answer as a layout (components v2), which takes the place of text and buttons."""

        async def edit() -> None:
            await self.interaction.edit_original_response(content=None, view=layout)

        await _insist(edit, "reply", self.interaction)

    async def attach(self, text: str, name: str, content: bytes) -> None:
        """The answer with a file of that name under it."""

        async def edit() -> None:
            file = discord.File(io.BytesIO(content), name)  # anew for each attempt: the last has read it
            await self.interaction.edit_original_response(
                content=wording.cut(text), attachments=[file], view=None
            )

        await _insist(edit, "reply", self.interaction)

    async def rewrite(self, text: str) -> None:
        """The text of the message that was pressed; its buttons stay."""

        async def edit() -> None:
            await self.interaction.edit_original_response(content=wording.cut(text))

        await _insist(edit, "reply", self.interaction)

    async def unbutton(self) -> None:
        """Take the buttons from the message that was pressed; its text stays."""

        async def edit() -> None:
            await self.interaction.edit_original_response(view=None)

        await _insist(edit, "reply", self.interaction)

    async def whisper(self, text: str) -> None:
        """To that person alone; a message that was pressed stays as it is."""

        async def send() -> None:
            await self.interaction.followup.send(wording.cut(text), ephemeral=True)

        await _insist(send, "reply", self.interaction)


async def acknowledge(interaction: discord.Interaction[Any]) -> Reply:
    """Tell Discord within its 3 s that an answer will come, before anything else is done.

    The answer to a command is a message of its own, that to a button, or to a form that a button has opened,
    replaces the message with the button.
    """

    async def defer() -> None:
        if interaction.response.is_done():
            return
        if interaction.type in _FROM_A_MESSAGE and interaction.message is not None:
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)

    await _insist(defer, "acknowledgement", interaction)
    return Reply(interaction)


async def _insist(
    request: Callable[[], Awaitable[None]], what: str, interaction: discord.Interaction
) -> None:
    """Make `request`, again if the connection breaks under it; log what cannot be delivered."""
    for pause_s in (*_RETRIES_AFTER_S, None):
        try:
            await request()
        except discord.HTTPException as error:
            if error.code != _ALREADY_ACKNOWLEDGED:
                log.warning(f"{what} lost", command=_name(interaction), status=error.status, code=error.code)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if pause_s is not None:
                await asyncio.sleep(pause_s)
                continue
            log.warning(f"{what} lost", command=_name(interaction), error=type(error).__name__)
        return


def _name(interaction: discord.Interaction[Any]) -> str:
    return interaction.command.qualified_name if interaction.command is not None else "button"
