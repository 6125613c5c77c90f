"""The room as one call sees it: on behalf of whoever asked for that call, however long it takes.

A tool that runs for a while, or waits for somebody to confirm it, must not be carried out in the name of
whoever has spoken since, nor in a channel to which the bot has been moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.tools.registry import Asked, ToolContext, Unclear

MOVED = "I have been moved to another voice channel since that was asked for. Ask again here."


class OnBehalf:
    """`context` with `asked` fixed."""

    def __init__(self, context: ToolContext, asked: Asked) -> None:
        self._context = context
        self.asked = asked
        self.guild_id = context.guild_id
        self.channel_id = context.channel_id

    @property
    def place(self) -> Any:
        return self._context.place

    def who_is_speaking(self) -> Mapping[str, Any]:
        return self._context.who_is_speaking()

    def leave_when_quiet(self, reason: str) -> None:
        self._still_here().leave_when_quiet(reason)

    def hush(self, minutes: float | None) -> None:
        self._still_here().hush(minutes)

    async def change_persona(self, name: str) -> str:
        return await self._still_here().change_persona(name)

    def tell(self, text: str) -> None:
        self._context.tell(text)

    def _still_here(self) -> ToolContext:
        """For what is done to the channel in which the bot is. Raises Unclear."""
        if self._context.channel_id != self.channel_id:
            raise Unclear(MOVED)
        return self._context
