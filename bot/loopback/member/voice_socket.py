"""The voice gateway's websocket, version 8: frames, sequence numbers, heartbeats; meaning is voice.py's."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp

from bot.loopback.member.errors import MemberError
from bot.loopback.member.http import Http

_HELLO_S = 10.0
_UNANSWERED = 3  # heartbeats, after which discord.js takes the connection for dead

NO_CLOSE_FRAME = 1006


class Frame(NamedTuple):
    """JSON frames have `data`, binary ones `payload`."""

    op: int
    data: Any = None
    payload: bytes = b""


class VoiceSocket:
    """One connection. `seq` is the last sequence number seen, of either kind of frame; -1: none."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, seq: int) -> None:
        self.seq = seq
        self._socket = socket
        self._unanswered = 0
        self._heart: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, http: Http, endpoint: str, seq: int = -1) -> VoiceSocket:
        """Connect and wait for Hello; then heartbeats run. `seq` is what was seen before, for a resume."""
        socket = cls(await http.websocket(f"wss://{endpoint}/?v=8"), seq)
        try:
            hello = await asyncio.wait_for(socket._hello(), _HELLO_S)
        except BaseException:  # a cancelled start must not leave a connection behind either
            await socket.close()
            raise
        beat_s = float(hello["heartbeat_interval"]) / 1000
        socket._heart = asyncio.get_running_loop().create_task(socket._beat(beat_s))
        return socket

    async def _hello(self) -> dict[str, Any]:
        async for frame in self.frames():
            if frame.op == 8:
                data: dict[str, Any] = frame.data
                return data
        raise MemberError(f"no hello from the voice gateway, closed with {self.close_code}")

    @property
    def close_code(self) -> int:
        return self._socket.close_code or NO_CLOSE_FRAME

    async def frames(self) -> AsyncIterator[Frame]:
        """What comes, until the connection ends. Heartbeat acks are kept here."""
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                raw: bytes = message.data
                self.seq = int.from_bytes(raw[:2], "big")
                yield Frame(raw[2], payload=raw[3:])
            elif message.type is aiohttp.WSMsgType.TEXT:
                frame = json.loads(message.data)
                self.seq = frame.get("seq", self.seq)
                if frame["op"] == 6:
                    self._unanswered = 0
                elif frame["op"] == 3:
                    await self._send_heartbeat()
                else:
                    yield Frame(frame["op"], frame.get("d"))

    async def send(self, frame: bytes | dict[str, Any]) -> None:
        """A binary frame (opcode first) or a JSON one. Lost if the connection is gone; `frames` ends then."""
        with contextlib.suppress(ConnectionError):
            if isinstance(frame, bytes):
                await self._socket.send_bytes(frame)
            else:
                await self._socket.send_str(json.dumps(frame))

    async def close(self, code: int = 1000) -> None:
        """Nothing is waited for before the connection itself: whoever closes may be cancelled meanwhile."""
        if self._heart is not None:
            self._heart.cancel()
        await self._socket.close(code=code)

    async def _send_heartbeat(self) -> None:
        data: dict[str, int] = {"t": int(time.time() * 1000)}
        if self.seq >= 0:
            data["seq_ack"] = self.seq
        await self.send({"op": 3, "d": data})

    async def _beat(self, every_s: float) -> None:
        while self._unanswered < _UNANSWERED:
            self._unanswered += 1
            await self._send_heartbeat()
            await asyncio.sleep(every_s)
        await self._socket.close(code=4009)
