"""One websocket of the voice gateway: frames go out in order from one task, closes included."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, NamedTuple

from aiohttp import web

from bot.loopback.discord.voice_ops import Close
from bot.loopback.discord.voice_seat import Frame

MAX_QUEUED = 4096
"""Frames a client may leave unread before the connection is cut."""


class Ending(NamedTuple):
    code: int
    reason: str


class Connection:
    """The sending side. `send` and `close` never wait, so that protocol code can stay synchronous."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.BaseTransport | None) -> None:
        self._ws = ws
        self._transport = transport
        self._queue: asyncio.Queue[Frame | Ending] = asyncio.Queue()
        self.ending: Ending | None = None  # set once the server has decided to close

    def send(self, frame: Frame) -> None:
        if self.ending is None:
            if self._queue.qsize() >= MAX_QUEUED:
                self.close(Close.ABNORMAL, "client does not read")
            else:
                self._queue.put_nowait(frame)

    def close(self, code: int, reason: str = "") -> None:
        """Close after what is queued. 1006 is no code that can be sent: the connection is cut at once."""
        if self.ending is not None:
            return
        self.ending = Ending(code, reason)
        if code == Close.ABNORMAL and isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()
        self._queue.put_nowait(self.ending)

    async def run(self, converse: Coroutine[Any, Any, None], close_timeout_s: float) -> None:
        """Until `converse`, which reads, has returned, or `close` was called and what was queued is sent.

        Nobody reads any more when the close frame goes out: under one that is sent while another task waits
        in `receive`, aiohttp cuts the transport at once, and a client that is still answering it reports 1006
        instead of our code.
        """
        reader, writer = asyncio.create_task(converse), asyncio.create_task(self._write())
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            if self.ending is None:
                await reader
            else:
                await asyncio.wait({writer}, timeout=close_timeout_s)
        finally:
            reader.cancel()
            writer.cancel()
            await asyncio.wait({reader, writer})
        if self.ending is not None and self.ending.code != Close.ABNORMAL:
            await self._ws.close(code=self.ending.code, message=self.ending.reason.encode())

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):  # the reading side notices and cleans up
            while True:
                item = await self._queue.get()
                if isinstance(item, Ending):
                    return
                if isinstance(item, bytes):
                    await self._ws.send_bytes(item)
                else:
                    await self._ws.send_str(item)
