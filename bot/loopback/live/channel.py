"""The way out of a session: server messages, closes, and the record of both."""

from __future__ import annotations

import time

from websockets.asyncio.server import ServerConnection

from bot.loopback.live.faults import LiveFaults, Moment
from bot.loopback.live.record import Kind, LiveSessionRecord
from bot.loopback.live.refusal import Refused
from bot.loopback.live.schema import Json
from bot.loopback.live.wire import encode


class Channel:
    """Sends for one session. Methods raise ConnectionClosed once the client is gone."""

    def __init__(self, socket: ServerConnection, record: LiveSessionRecord, faults: LiveFaults) -> None:
        self._socket = socket
        self._faults = faults
        self.record = record

    async def send(self, message: Json) -> None:
        await self._socket.send(encode(message))

    async def send_frame(self, frame: bytes) -> None:
        """An encoded message."""
        await self._socket.send(frame)

    def note(self, kind: Kind, detail: object = None) -> None:
        self.record.note(kind, time.monotonic(), detail)

    async def strike(self, moment: Moment) -> None:
        """End the connection here if a fault wants it; raises Refused."""
        close = self._faults.take_close(moment)
        if close is not None:
            raise Refused(close.code, close.reason)

    async def close(self, code: int, reason: str) -> None:
        """Close as the service does; 1006 cuts the connection."""
        if self.record.close is None:
            self.record.close = (code, reason)
            self.note(Kind.CLOSED, (code, reason))
        if code == 1006:
            self._socket.transport.abort()
        else:
            await self._socket.close(code, reason)
