"""A WebSocket without a socket: two directions with latency, each in order, and its ways to end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from random import Random
from typing import Any, Protocol

from bot.errors import LiveClosed
from bot.live.events import LiveEvent, Ready

LATENCY_S = (0.02, 0.08)
"""One way. What is under way when the connection breaks is lost, as on a real one."""


class Server(Protocol):
    """The far end."""

    def activity_start(self) -> None: ...
    def activity_end(self) -> None: ...
    def audio(self, pcm16: bytes) -> None: ...
    def text(self, text: str) -> None: ...
    def image(self, jpeg: bytes) -> None: ...
    def response(self, call_id: str, name: str, result: Mapping[str, Any]) -> None: ...
    def gone(self) -> None: ...


class Socket:
    """The near end has the methods of bot.live.session.LiveSession; the far end calls `emit` and `die`."""

    def __init__(self, random: Random) -> None:
        self._loop = asyncio.get_running_loop()
        self._random = random
        self._server: Server | None = None
        self._received: asyncio.Queue[LiveEvent | LiveClosed] = asyncio.Queue()
        self._closed: LiveClosed | None = None  # what the near end knows
        self._broken = False
        # Timers of the same time may run in any order; what is under way must not.
        self._in: deque[Callable[[Server], None]] = deque()
        self._out: deque[LiveEvent] = deque()
        self._in_at = self._out_at = 0.0
        self.server_open = True
        self.vanished = False

    def attach(self, server: Server) -> None:
        self._server = server

    # --- the near end ---

    async def activity_start(self) -> None:
        self._send(lambda server: server.activity_start())

    async def activity_end(self) -> None:
        self._send(lambda server: server.activity_end())

    async def send_audio(self, pcm16: bytes) -> None:
        self._send(lambda server: server.audio(pcm16))

    async def send_text(self, text: str) -> None:
        self._send(lambda server: server.text(text))

    async def send_image(self, jpeg: bytes) -> None:
        self._send(lambda server: server.image(jpeg))

    async def respond(
        self, call_id: str, name: str, result: Mapping[str, Any], scheduling: str | None = None
    ) -> None:
        self._send(lambda server: server.response(call_id, name, result))

    async def events(self) -> AsyncIterator[LiveEvent]:
        yield Ready("in memory")
        while True:
            received = await self._received.get()
            if isinstance(received, LiveClosed):
                raise received
            yield received

    async def close(self) -> None:
        """The closing handshake; at its end the server has let go of the session."""
        await asyncio.sleep(self._random.uniform(*LATENCY_S) * 2)
        self._end()

    # --- the far end ---

    def emit(self, event: LiveEvent, after_s: float = 0.0) -> None:
        """In the order of the calls, whatever `after_s` says."""
        if not self.server_open or self.vanished:
            return
        self._out_at = max(self._out_at, self._loop.time() + after_s + self._random.uniform(*LATENCY_S))
        self._out.append(event)
        self._loop.call_at(self._out_at, self._receive)

    def die(self, code: int, reason: str) -> None:
        """The server closes, or (1006) the connection breaks: then what is under way is lost."""
        if not self.server_open:
            return
        at = self._loop.time() + self._random.uniform(*LATENCY_S)
        self._broken = code == 1006
        if not self._broken:
            at = max(at, self._out_at)
        self._end()
        self._loop.call_at(at, self._learn, LiveClosed(code, reason))

    def vanish(self) -> None:
        """The connection is dead, and neither end learns it."""
        self.vanished = True
        self._end()

    # --- in between ---

    def _send(self, deliver: Callable[[Server], None]) -> None:
        if self._closed is not None:
            raise self._closed
        self._in_at = max(self._in_at, self._loop.time() + self._random.uniform(*LATENCY_S))
        self._in.append(deliver)
        self._loop.call_at(self._in_at, self._arrive)

    def _arrive(self) -> None:
        deliver = self._in.popleft()
        if self.server_open and self._server is not None:
            deliver(self._server)

    def _receive(self) -> None:
        event = self._out.popleft()
        if not self._broken and not self.vanished:
            self._received.put_nowait(event)

    def _learn(self, closed: LiveClosed) -> None:
        self._closed = closed
        self._received.put_nowait(closed)

    def _end(self) -> None:
        if self.server_open:
            self.server_open = False
            if self._server is not None:
                self._server.gone()
