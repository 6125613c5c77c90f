"""A client that knows nothing: JSON over a websocket and REST, for tests of the wire itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from bot.loopback.discord.entities import Channel, ChannelKind, Guild
from bot.loopback.discord.server import DiscordServer

TIMEOUT_S = 5.0


class SilentVoice:
    """A voice server that only remembers what the main gateway asked of it."""

    endpoint = "127.0.0.1:9"

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def allocate(self, **seat: Any) -> str:
        self.asked.append(("allocate", seat))
        return f"voice-token-{len(self.asked)}"

    async def release(self, **seat: Any) -> None:
        self.asked.append(("release", seat))

    def silence(self, **seat: Any) -> None:
        """Nobody is heard here anyway."""


class RawClient:
    """`async with RawClient(server, token)`: connected, but not identified."""

    def __init__(self, server: DiscordServer[Any], token: str) -> None:
        self.server = server
        self.token = token
        self.frames: list[dict[str, Any]] = []
        self._changed = asyncio.Event()

    async def __aenter__(self) -> RawClient:
        self.http = aiohttp.ClientSession()
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
        self._reader.cancel()
        await self.http.close()

    async def connect(self, query: str = "?v=10&encoding=json") -> None:
        self.socket = await self.http.ws_connect(f"{self.server.gateway_url}/{query}")
        self._reader = asyncio.create_task(self._read(self.socket))

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            self.frames.append(json.loads(message.data))
            self._changed.set()
        self._changed.set()

    async def send(self, op: int, data: Any = None) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def identify(self, **fields: Any) -> dict[str, Any]:
        """READY's data; intents are all unless given."""
        await self.send(2, {"token": self.token, "properties": {}, "intents": (1 << 20) - 1, **fields})
        self.ready = await self.event("READY")
        self.session_id = self.ready["session_id"]
        self.id = int(self.ready["user"]["id"])
        return self.ready

    async def frame(self, **wanted: Any) -> dict[str, Any]:
        """The first frame not taken yet with these fields."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                for frame in self.frames:
                    if all(frame.get(key) == value for key, value in wanted.items()):
                        self.frames.remove(frame)
                        return frame
                self._changed.clear()
                await self._changed.wait()

    async def event(self, name: str, **wanted: Any) -> dict[str, Any]:
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                data: dict[str, Any] = (await self.frame(op=0, t=name))["d"]
                if all(data.get(key) == value for key, value in wanted.items()):
                    return data

    async def closed(self) -> int | None:
        """The close code, once the server has closed."""
        async with asyncio.timeout(TIMEOUT_S):
            await asyncio.gather(self._reader, return_exceptions=True)
        return self.socket.close_code

    async def settle(self) -> None:
        """Until the server has handled all that was sent before: heartbeats are answered in order."""
        await self.send(1, None)
        await self.frame(op=11)

    async def rest(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **options: Any
    ) -> tuple[int, Any]:
        """Status and decoded body (None if empty)."""
        if token is None:
            token = self.token if self.token.startswith("user-") else f"Bot {self.token}"
        headers = {"Authorization": token} if token else {}
        url = self.server.api_base + path
        async with self.http.request(method, url, json=body, headers=headers, **options) as answer:
            text = await answer.text()
            if text:
                assert answer.headers["Content-Type"] == "application/json"
            return answer.status, json.loads(text) if text else None

    async def voice(self, channel_id: int | None, **flags: bool) -> None:
        """Op 4 for the first guild."""
        guild_id = next(iter(self.server.world.guilds))
        channel = None if channel_id is None else str(channel_id)
        await self.send(4, {"guild_id": str(guild_id), "channel_id": channel, **flags})


def guild_of(server: DiscordServer[Any]) -> Guild:
    return next(iter(server.world.guilds.values()))


def channels(server: DiscordServer[Any], kind: ChannelKind = ChannelKind.VOICE) -> list[Channel]:
    return [channel for channel in guild_of(server).channels.values() if channel.kind is kind]


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer[SilentVoice]]:
    server = DiscordServer(SilentVoice(), guilds=2)
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def connect(server: DiscordServer[SilentVoice]) -> AsyncIterator[Callable[..., Any]]:
    """Open clients, identified unless `identify` is False."""
    async with AsyncExitStack() as stack:

        async def connect(token: str, *, identify: bool = True, **fields: Any) -> RawClient:
            client = await stack.enter_async_context(RawClient(server, token))
            if identify:
                await client.identify(**fields)
            return client

        yield connect
