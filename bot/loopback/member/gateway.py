"""The main gateway, version 10, JSON without compression, as an ordinary account sees it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import aiohttp

from bot.loopback.member.errors import MemberError
from bot.loopback.member.http import Http

_READY_S = 10.0
_RETRY_S = 0.2
_FATAL = frozenset({4004, 4010, 4011, 4012, 4013, 4014})  # Discord API docs, gateway close codes

Json = dict[str, Any]


class Gateway:
    """Logs in, stays in, and hands every dispatch to `listeners`."""

    def __init__(self, http: Http, url: str, token: str) -> None:
        self.listeners: list[Callable[[str, Json], None]] = []
        self.session_id = ""
        self.user_id = 0
        self.guilds: dict[int, Json] = {}
        """GUILD_CREATE payloads by id."""
        self._http = http
        self._url = url
        self._token = token
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._sequence: int | None = None
        self._expected: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        self._available = asyncio.Event()
        self._voice: dict[tuple[int, int], int] = {}  # guild and user → channel
        self._guild_of: dict[int, int] = {}  # channel → guild

    async def start(self) -> None:
        """Until READY and the GUILD_CREATE of every guild. MemberError if the login is refused."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        available = asyncio.ensure_future(self._available.wait())
        await asyncio.wait({self._task, available}, timeout=_READY_S, return_when=asyncio.FIRST_COMPLETED)
        available.cancel()
        if self._task.done():
            await self._task
        if not self._available.is_set():
            await self.close()
            raise MemberError("no READY from the gateway")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def occupants(self, channel_id: int) -> set[int]:
        """Who is in a voice channel."""
        return {user_id for (_, user_id), channel in self._voice.items() if channel == channel_id}

    def guild_of(self, channel_id: int) -> int:
        """The server in which a channel is. MemberError if it is in none of this member's."""
        if channel_id not in self._guild_of:
            raise MemberError(f"no channel {channel_id}")
        return self._guild_of[channel_id]

    async def send(self, op: int, data: Any) -> None:
        if self._socket is None:
            raise MemberError("not connected to the gateway")
        await self._socket.send_str(json.dumps({"op": op, "d": data}))

    async def set_voice_state(self, guild_id: int, channel_id: int | None, *, mute: bool = False) -> None:
        """Op 4: go to a voice channel, or (None) out of voice."""
        channel = None if channel_id is None else str(channel_id)
        data = {"guild_id": str(guild_id), "channel_id": channel, "self_mute": mute, "self_deaf": False}
        await self.send(4, data)

    async def _run(self) -> None:
        while True:
            code = 1006
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                code = await self._converse()
            if code in _FATAL:
                raise MemberError(f"the gateway refused the login with {code}")
            if code in (4007, 4009):
                self.session_id = ""
            await asyncio.sleep(_RETRY_S)

    async def _converse(self) -> int:
        """One connection; its close code. 4000 keeps the session resumable, which 1000 would not."""
        url = f"{self._url}/?v=10&encoding=json"
        socket = await self._http.websocket(url)
        self._socket = socket
        heart: asyncio.Task[None] | None = None
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                frame = json.loads(message.data)
                if frame["op"] == 10 and heart is None:
                    every_s = frame["d"]["heartbeat_interval"] / 1000
                    heart = asyncio.get_running_loop().create_task(self._beat(every_s))
                    await self._introduce()
                elif not await self._handle(frame):
                    await socket.close(code=4000)
            return socket.close_code or 1006
        finally:
            self._socket = None
            if heart is not None:
                heart.cancel()
            leaving = asyncio.current_task()
            await socket.close(code=1000 if leaving is not None and leaving.cancelling() else 4000)

    async def _introduce(self) -> None:
        if self.session_id:
            data = {"token": self._token, "session_id": self.session_id, "seq": self._sequence}
            await self.send(6, data)
        else:
            properties = {"os": "Linux", "browser": "Parley loopback", "device": ""}
            await self.send(2, {"token": self._token, "properties": properties, "compress": False})

    async def _handle(self, frame: Json) -> bool:
        """False if the connection has to be made anew."""
        match frame["op"]:
            case 0:
                self._sequence = frame["s"]
                self._dispatch(frame["t"], frame["d"])
            case 1:
                await self.send(1, self._sequence)
            case 7:
                return False
            case 9:
                if not frame["d"]:
                    self.session_id = ""
                return False
        return True

    def _dispatch(self, event: str, data: Json) -> None:
        if event == "READY":
            self.session_id = data["session_id"]
            self.user_id = int(data["user"]["id"])
            self._expected = {int(guild["id"]) for guild in data["guilds"]}
        elif event == "GUILD_CREATE":
            self.guilds[int(data["id"])] = data
            places = (*data["channels"], *data["threads"])
            self._guild_of |= {int(place["id"]): int(data["id"]) for place in places}
            here = {int(state["user_id"]): int(state["channel_id"]) for state in data["voice_states"]}
            self._voice = {
                place: there for place, there in self._voice.items() if place[0] != int(data["id"])
            }
            self._voice |= {(int(data["id"]), user_id): there for user_id, there in here.items()}
        elif event in ("CHANNEL_CREATE", "THREAD_CREATE"):
            self._guild_of[int(data["id"])] = int(data["guild_id"])
        elif event == "VOICE_STATE_UPDATE":
            place = int(data["guild_id"]), int(data["user_id"])
            self._voice.pop(place, None)
            if data["channel_id"] is not None:
                self._voice[place] = int(data["channel_id"])
        if self.session_id and self._expected <= self.guilds.keys():
            self._available.set()
        for listener in tuple(self.listeners):
            listener(event, data)

    async def _beat(self, every_s: float) -> None:
        with contextlib.suppress(ConnectionError, MemberError):
            while True:
                await self.send(1, self._sequence)
                await asyncio.sleep(every_s)
