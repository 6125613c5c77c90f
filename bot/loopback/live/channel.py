"""The way out of a session: server messages, closes, and the record of both."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from bot.loopback.live.faults import LiveFaults, Moment
from bot.loopback.live.record import Kind, LiveSessionRecord
from bot.loopback.live.refusal import DEADLINE, Refused
from bot.loopback.live.schema import Json
from bot.loopback.live.wire import encode


class Channel:
    """Sends for one session. Methods raise ConnectionClosed once the client is gone."""

    def __init__(self, socket: ServerConnection, record: LiveSessionRecord, faults: LiveFaults) -> None:
        self._socket = socket
        self._faults = faults
        self._going: asyncio.Task[None] | None = None
        self.record = record

    async def send(self, message: Json) -> None:
        await self._socket.send(encode(message))

    async def send_frame(self, frame: bytes) -> None:
        """An encoded message."""
        await self._socket.send(frame)

    async def send_mark(self, message: Json) -> None:
        """One of interrupted, generationComplete, turnComplete; a fault sends it several times."""
        for _ in range(1 + self._faults.duplicates):
            await self.send(message)

    def note(self, kind: Kind, detail: object = None) -> None:
        self.record.note(kind, time.monotonic(), detail)

    async def strike(self, moment: Moment) -> None:
        """End the connection here if a fault wants it, now (raises Refused) or after a goAway."""
        close = self._faults.take_close(moment)
        if close is not None:
            raise Refused(close.code, close.reason)
        leaving = self._faults.take_go_away(moment)
        if leaving is not None:
            self._going = asyncio.create_task(self._leave(leaving.time_left_s, told=leaving.told))

    async def go_away(self, time_left_s: float, *, told: bool = True) -> None:
        """goAway now, 1011 after `time_left_s`. Without `told` the client does not hear how long that is."""
        await self.send({"goAway": {"timeLeft": f"{time_left_s:g}s"} if told else {}})
        self.note(Kind.GO_AWAY, time_left_s)
        await asyncio.sleep(time_left_s)
        await self.close(1011, DEADLINE)

    async def _leave(self, time_left_s: float, *, told: bool) -> None:
        with suppress(ConnectionClosed):
            await self.go_away(time_left_s, told=told)

    def abandon(self) -> None:
        """The session is over: nothing that was to be sent later is."""
        if self._going is not None:
            self._going.cancel()

    async def close(self, code: int, reason: str) -> None:
        """Close as the service does; 1006 cuts the connection."""
        if self.record.close is None:
            self.record.close = (code, reason)
            self.note(Kind.CLOSED, (code, reason))
        if code == 1006:
            self._socket.transport.abort()
        else:
            await self._socket.close(code, reason)
