"""A bot with the moderators' commands and nothing else, on the loopback: no voice, no model, real buttons."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord.ext import commands

from bot.audit import Audit
from bot.clock import monotonic
from bot.grants import Grants
from bot.guilds import Guilds, GuildSettings
from bot.loopback.loopback import BOT_TOKEN, Loopback
from bot.loopback.member import Member
from bot.store.store import Store
from bot.tools.gatekeeper import Gatekeeper
from bot.tools.guild.rights import MemberRights
from bot.tools.registry import INVOCATION_CONDITION, Asked, Need, Registry, Result, Tool, ToolContext

EXTENSIONS = ("cogs.settings", "cogs.tools", "cogs.confirmations")


class NoRooms:
    """The bot is in no channel; `changed` says of which servers it was told."""

    def __init__(self, guilds: Guilds) -> None:
        self.guilds = guilds
        self.told: list[int] = []

    def get(self, guild_id: int) -> None:
        return None

    def changed(self, guild_id: int) -> None:
        self.told.append(guild_id)


class Desk(commands.Bot):
    """What the commands find of Parley. The `post` tool changes `posted`."""

    def __init__(self, store: Store, connector: aiohttp.BaseConnector) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            intents=discord.Intents(guilds=True, voice_states=True),
            connector=connector,
            guild_ready_timeout=0.1,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self.store = store
        self.posted: list[str] = []
        self.now = monotonic()

    async def setup_hook(self) -> None:
        self.rooms = NoRooms(await Guilds.load(self.store, GuildSettings()))
        self.grants, self.audit = await Grants.load(self.store), Audit(self.store)
        self.gatekeeper = Gatekeeper(
            Registry(self._tools()), self.grants.policy, self._rights, self.audit, lambda: self.now
        )
        for extension in EXTENSIONS:
            await self.load_extension(extension)
        await self.tree.sync()

    async def model_calls(self, guild_id: int, channel_id: int, text: str, *speakers: int) -> Result:
        """`post`, on behalf of these."""
        context: Any = SimpleNamespace(
            guild_id=guild_id,
            channel_id=channel_id,
            asked=Asked(speakers, clear=True, turn=len(text)),
            tell=lambda told: None,
        )
        return await self.gatekeeper.call("post", {"text": text}, context)

    def _tools(self) -> list[Tool]:
        async def post(_: ToolContext, args: Mapping[str, Any]) -> Result:
            self.posted.append(args["text"])
            return {"posted": args["text"]}

        async def unpost(_: ToolContext, args: Mapping[str, Any], __: Result) -> Result:
            self.posted.remove(args["text"])
            return {}

        async def roll(_: ToolContext, args: Mapping[str, Any]) -> Result:
            return {"thrown": [4] * args["dice"]}

        text, dice = {"text": {"type": "string"}}, {"dice": {"type": "integer"}}
        return [
            Tool(
                name="post",
                description=f"Posts. {INVOCATION_CONDITION} asked to.",
                summary="Writes a message.",
                run=post,
                undo=unpost,
                group="messages",
                changes=True,
                parameters={"type": "object", "properties": text, "required": ["text"]},
                needs=lambda context, args: [Need(frozenset({"manage_messages"}))],
            ),
            Tool(
                name="roll_dice",
                description=f"Rolls. {INVOCATION_CONDITION} asked to.",
                summary="Rolls dice.",
                run=roll,
                group="chance",
                parameters={"type": "object", "properties": dice, "required": ["dice"]},
            ),
        ]

    async def _rights(self, guild_id: int, user_ids: Collection[int]) -> MemberRights:
        guild = self.get_guild(guild_id)
        assert guild is not None
        return MemberRights(guild, {user_id: await guild.fetch_member(user_id) for user_id in user_ids})


@asynccontextmanager
async def open_desk(world: Loopback, store: Store, patch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """Logged in and ready."""
    patch.setattr(discord.http.Route, "BASE", world.discord.api_base)
    gateway = yarl.URL(world.discord.gateway_url)
    patch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    trusting = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=world.ca_file))
    desk = Desk(store, trusting)
    await desk.login(BOT_TOKEN)
    running = asyncio.create_task(desk.connect())
    try:
        await desk.wait_until_ready()
        yield desk
    finally:
        await desk.close()
        await asyncio.wait([running])


async def enter(world: Loopback, stack: AsyncExitStack, name: str) -> Member:
    """A member, in the voice channel."""
    member = await stack.enter_async_context(Member.of(world, name))
    await member.join(world.guild_id, world.voice_channel_id)
    return member
