"""A server on the loopback, the bot in it as a stock discord.py client, members, and the room of a call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import discord
import pytest
import yarl

from bot.app import INTENTS
from bot.loopback.discord.entities import Channel, ChannelKind, Guild
from bot.loopback.discord.server import DiscordServer
from bot.tools.registry import Asked, Result, Tool, answered
from tests.bot.loopback.discord.gateway_client import RawClient, SilentVoice

TIMEOUT_S = 5.0


@dataclass
class Context:
    """`bot.tools.registry.ToolContext`; what tools asked of the room is in the lists."""

    place: discord.Guild
    guild_id: int
    channel_id: int
    asked: Asked
    told: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    hushed: list[float | None] = field(default_factory=list)
    personas: list[str] = field(default_factory=list)

    def who_is_speaking(self) -> Mapping[str, Any]:
        return {}

    def leave_when_quiet(self, reason: str) -> None:
        self.left.append(reason)

    def hush(self, minutes: float | None) -> None:
        self.hushed.append(minutes)

    async def change_persona(self, name: str) -> str:
        self.personas.append(name)
        return name

    def tell(self, text: str) -> None:
        self.told.append(text)


class Town:
    """`bot` is the application's client, `guild` what it knows of the server, `there` what is so."""

    def __init__(
        self, server: DiscordServer[SilentVoice], bot: discord.Client, stack: AsyncExitStack
    ) -> None:
        self.server = server
        self.bot = bot
        self._stack = stack

    @property
    def world(self) -> Any:
        return self.server.world

    @property
    def there(self) -> Guild:
        return next(iter(self.server.world.guilds.values()))

    @property
    def guild(self) -> discord.Guild:
        guild = self.bot.get_guild(self.there.id)
        assert guild is not None
        return guild

    def channel(self, name: str) -> Channel:
        return next(channel for channel in self.there.channels.values() if channel.name == name)

    async def member(self, name: str, channel: str | None = "Lounge") -> RawClient:
        """Log in, and go into a voice channel; until the bot knows it."""
        client = await self._stack.enter_async_context(RawClient(self.server, f"user-{name}"))
        await client.identify()
        if channel is not None:
            await client.voice(self.channel(channel).id)
            await self.until(lambda: self.guild.get_member(client.id) is not None)
        return client

    async def create(self, kind: ChannelKind, name: str) -> Channel:
        """A channel that the bot knows of."""
        channel: Channel = self.world.create_channel(self.there, kind, name)
        await self.until(lambda: self.guild.get_channel(channel.id) is not None)
        return channel

    async def known(self) -> None:
        """Until the bot has seen all that happened: what it is sent comes in order."""
        await self.create(ChannelKind.TEXT, f"mark-{len(self.there.channels)}")

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while not condition():  # noqa: ASYNC110  seen from outside
                await asyncio.sleep(0.005)

    def context(self, *speakers: RawClient, clear: bool = True, channel: str = "Lounge") -> Context:
        asked = Asked(tuple(client.id for client in speakers), clear=clear and bool(speakers))
        return Context(self.guild, self.there.id, self.channel(channel).id, asked)

    async def call(self, tool: Tool, context: Context, **args: Any) -> Result:
        """The tool's result, after it has said what it needs (whether that is held is not asked here)."""
        tool.needs(context, args)
        return await answered(tool, args, context)

    def posted(self, channel: str = "general") -> list[str]:
        return [message.content for message in self.world.chat.history(self.channel(channel))]


@asynccontextmanager
async def founded(monkeypatch: pytest.MonkeyPatch, **options: Any) -> AsyncIterator[Town]:
    """`options` are those of `DiscordServer`."""
    server = DiscordServer(SilentVoice(), **options)
    await server.start()
    monkeypatch.setattr(discord.http.Route, "BASE", server.api_base)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))
    bot = discord.Client(
        intents=INTENTS,
        allowed_mentions=discord.AllowedMentions.none(),
        guild_ready_timeout=0.1,  # all servers come at once here; the library waits 2 s for more
    )
    task = asyncio.create_task(bot.start("a-token"))
    try:
        async with AsyncExitStack() as stack:
            town = Town(server, bot, stack)
            await town.until(lambda: task.done() or bot.is_ready())
            yield town
    finally:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)
        await server.close()
