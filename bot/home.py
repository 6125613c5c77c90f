"""What a room asks of the house it is in: its server's choices, personas, tools and bill. A protocol only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bot.guilds import GuildSettings
from bot.live.events import Usage
from bot.store.rows import Persona
from bot.tools.registry import Result, ToolContext


class Home(Protocol):
    """Of one server; bot.house.GuildHome in a room."""

    @property
    def chosen(self) -> GuildSettings:
        """What the server has chosen by now."""

    @property
    def spent_usd(self) -> float:
        """This month, at the prices of the paid tier."""

    def persona(self, channel_id: int) -> Persona:
        """Who the bot is in that voice channel."""

    async def use_persona(self, channel_id: int, name: str) -> str:
        """Be `name` there; the name as it is written. KeyError with the names there are."""

    def tools(self, channel_id: int) -> Sequence[Mapping[str, Any]]:
        """Declarations of what the model may call there."""

    async def call(self, name: str, args: Mapping[str, Any], context: ToolContext) -> Result:
        """What comes of a call. Raises nothing but CancelledError."""

    def used(self, usage: Usage, model_id: str) -> None:
        """A session of this model has used so much."""
