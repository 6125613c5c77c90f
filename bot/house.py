"""What all rooms have in common: what is kept, who the bot is where, what the model may do, what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Self

import structlog

from bot.audit import Audit
from bot.clock import monotonic
from bot.grants import Grants
from bot.guilds import Guilds, GuildSettings
from bot.live.events import Usage
from bot.personas import Personas, default_persona
from bot.reminders import Reminders
from bot.settings import Settings
from bot.spending import Spending
from bot.store.rows import Persona
from bot.store.store import Store
from bot.tools.gatekeeper import Gatekeeper
from bot.tools.guild.presence import HUSH
from bot.tools.guild.reminders import reminder_tools
from bot.tools.judge import RightsOf
from bot.tools.leave import LEAVE_CHANNEL
from bot.tools.policy import Policy
from bot.tools.registry import Registry, Result, Tool, ToolContext

LIKE_COMMANDS = frozenset({LEAVE_CHANNEL.name, HUSH.name})
"""Said aloud they do what /leave and /hush do, and are for the same members."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Of all servers."""

    store: Store
    guilds: Guilds
    personas: Personas
    grants: Grants
    audit: Audit
    gatekeeper: Gatekeeper
    reminders: Reminders
    spending: Spending

    @classmethod
    async def open(
        cls,
        store: Store,
        settings: Settings,
        tools: Iterable[Tool],
        secrets: Iterable[str],
        rights_of: RightsOf,
    ) -> Self:
        """With all that was kept. `secrets` must not be written anywhere; `rights_of` says who is what in a
        server. Raises StoreError."""
        grants, audit = await Grants.load(store), Audit(store, secrets)
        reminders = await Reminders.load(store.reminders)
        registry = Registry((*tools, *reminder_tools(reminders)))
        guilds = await Guilds.load(store, GuildSettings.of(settings))

        def policy_of(tool: Tool, guild_id: int, channel_id: int) -> Policy:
            policy = grants.policy(tool, guild_id, channel_id)
            if tool.name in LIKE_COMMANDS and not policy.roles:
                return replace(policy, roles=guilds.of(guild_id).member_roles)
            return policy

        return cls(
            store=store,
            guilds=guilds,
            personas=await Personas.load(store, default_persona(settings)),
            grants=grants,
            audit=audit,
            gatekeeper=Gatekeeper(registry, policy_of, rights_of, audit, monotonic),
            reminders=reminders,
            spending=await Spending.load(store.usage),
        )

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """While the block lasts, what has to be written down or taken back in time is."""
        async with (
            at_work("spending", self.spending.keep_writing()),
            at_work("audit", self.audit.run()),
            at_work("confirmations", self.gatekeeper.run()),
        ):
            yield
        await self.spending.write()

    def home(self, guild_id: int) -> GuildHome:
        """As a room of that server sees it."""
        return GuildHome(self, guild_id)

    async def forget(self, guild_id: int) -> None:
        """The bot was removed from that server. Raises StoreError."""
        self.guilds.forget(guild_id)
        self.grants.forget(guild_id)
        self.personas.forget(guild_id)
        self.reminders.forget(guild_id)
        await self.store.forget_guild(guild_id)


@asynccontextmanager
async def at_work(name: str, work: Coroutine[Any, Any, NoReturn]) -> AsyncIterator[None]:
    """`work` goes on while the block lasts. Should it fail, that is seen in the log, and all else goes on."""

    async def watched() -> None:
        try:
            await work
        except Exception:
            log.exception("background work failed", work=name)

    task = asyncio.create_task(watched(), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


class GuildHome:
    """`bot.home.Home` of one server."""

    def __init__(self, house: House, guild_id: int) -> None:
        self._house = house
        self._guild_id = guild_id

    @property
    def chosen(self) -> GuildSettings:
        return self._house.guilds.of(self._guild_id)

    @property
    def spent_usd(self) -> float:
        return self._house.spending.usd(self._guild_id)

    def persona(self, channel_id: int) -> Persona:
        return self._house.personas.for_channel(self._guild_id, channel_id)

    async def use_persona(self, channel_id: int, name: str) -> str:
        persona = self._house.personas.get(self._guild_id, name)
        await self._house.personas.use(self._guild_id, channel_id, persona.name)
        return persona.name

    def tools(self, channel_id: int) -> Sequence[Mapping[str, Any]]:
        return self._house.gatekeeper.declarations(self._guild_id, channel_id)

    async def call(self, name: str, args: Mapping[str, Any], context: ToolContext) -> Result:
        return await self._house.gatekeeper.call(name, args, context)

    def used(self, usage: Usage, model_id: str) -> None:
        self._house.spending.add(self._guild_id, model_id, usage)
