"""A home of one server, in memory: what a room asks of it is answered from attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.guilds import GuildSettings
from bot.live.events import Usage
from bot.live.usage import cost_usd
from bot.store.rows import Persona
from bot.tools.registry import Registry, Result, Tool, ToolContext

PARLEY = Persona(name="Parley", instruction="You are Parley.")


class HomeOnRecord:
    """bot.home.Home; every tool is switched on and everybody may have it done."""

    def __init__(self, tools: Iterable[Tool] = (), personas: Iterable[Persona] = (PARLEY,)) -> None:
        self.chosen = GuildSettings()
        self.spent_usd = 0.0
        self.personas = {persona.name: persona for persona in personas}
        self.in_use = next(iter(self.personas))
        self.in_channel: dict[int, str] = {}
        """Where another is in use."""
        self._registry = Registry(tools)

    def persona(self, channel_id: int) -> Persona:
        return self.personas[self.in_channel.get(channel_id, self.in_use)]

    async def use_persona(self, channel_id: int, name: str) -> str:
        self.in_use = self.personas[name].name
        return self.in_use

    def tools(self, channel_id: int) -> Sequence[Mapping[str, Any]]:
        return self._registry.declarations()

    async def call(self, name: str, args: Mapping[str, Any], context: ToolContext) -> Result:
        return await self._registry.call(name, args, context)

    def used(self, usage: Usage, model_id: str) -> None:
        self.spent_usd += cost_usd(usage, model_id)
