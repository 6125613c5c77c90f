"""A room's line to the Live API: what is said goes out in order, whatever happens to the connection.

The room writes without waiting; one task sends. While there is no connection, sound is kept (bounded) and
sent after. A connection that ends is replaced with the newest resumable handle: never two at a time, since
the service refuses a handle whose earlier socket is still open.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.clock import monotonic
from bot.errors import LiveClosed, LiveError
from bot.live.backoff import Backoff
from bot.live.config import LiveSettings
from bot.live.events import GoAway, LiveEvent, Resumable
from bot.live.failures import handle_survives
from bot.live.session import LiveClient, LiveSession

log = structlog.get_logger(__name__)

KEPT_AUDIO_BYTES = 10 * 16_000 * 2
"""Ten seconds of 16 kHz PCM16 wait for a connection; then the oldest sound is dropped and counted."""

CHUNK_BYTES = 100 * 16 * 2
"""What has piled up is sent in chunks of at most 100 ms: the Live API takes 20 to 100 ms, never about 1 s."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection is ready. `generation` counts them: 1 is the first."""

    generation: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A connection ended and another will be tried in `retry_in_s`."""

    error: LiveError
    retry_in_s: float


LineEvent = LiveEvent | Connected | Disconnected
_Control = Callable[[LiveSession], Awaitable[None]]


class Line:
    """Say with `send_audio`, `start_turn`, … at any time; hear by what `run` delivers."""

    def __init__(self, client: LiveClient, settings: LiveSettings) -> None:
        self._client = client
        self._settings = settings
        self._backoff = Backoff()
        self._outbox: deque[bytes | _Control] = deque()
        self._audio_bytes = 0
        self._ready_to_send = asyncio.Event()
        self._turn_on_wire = False
        self.generation = 0
        self.connected = False
        self.dropped_audio_bytes = 0

    # --- what the room says ---

    def send_audio(self, pcm16: bytes) -> None:
        """Mono PCM16 at 16 kHz. Beyond ten seconds without a connection the oldest sound is dropped."""
        if not pcm16:
            return
        self._audio_bytes += len(pcm16)
        self._put(pcm16)
        while self._audio_bytes > KEPT_AUDIO_BYTES:
            oldest = next(item for item in self._outbox if isinstance(item, bytes))
            self._outbox.remove(oldest)
            self._audio_bytes -= len(oldest)
            self.dropped_audio_bytes += len(oldest)

    def start_turn(self) -> None:
        """Somebody began to speak (local turn detection only). Interrupts an answer that is under way."""
        self._put(self._send_start)

    def end_turn(self) -> None:
        """They have finished: the model answers."""
        self._put(self._send_end)

    def send_text(self, text: str) -> None:
        self._put(lambda session: session.send_text(text))

    def respond(self, generation: int, call_id: str, name: str, result: dict[str, Any]) -> None:
        """Answer a tool call. One of an earlier connection is dropped: the server has forgotten its id."""

        async def send(session: LiveSession) -> None:
            if generation == self.generation:
                await session.respond(call_id, name, result)

        self._put(send)

    # --- the connection ---

    async def run(self, deliver: Callable[[LineEvent], None]) -> None:
        """Keep a connection open and deliver its events until cancelled.

        Raises LiveError when trying again cannot help or has not helped often enough.
        """
        while True:
            try:
                async with self._client.connect(self._settings) as session:
                    self._opened(deliver)
                    await self._converse(session, deliver)
            except LiveError as error:
                self.connected = False
                if not handle_survives(error):
                    self._settings = replace(self._settings, resumption_handle=None)
                # The first connection is what somebody who typed /join is waiting for: no silent retries.
                may_retry = error.retry and self.generation > 0
                retry_in_s = self._backoff.failed(monotonic()) if may_retry else None
                if retry_in_s is None:
                    raise
                log.warning("live connection ended", error=str(error), retry_in_s=round(retry_in_s, 2))
                deliver(Disconnected(error, retry_in_s))
                await asyncio.sleep(retry_in_s)

    def _opened(self, deliver: Callable[[LineEvent], None]) -> None:
        self.generation += 1
        self.connected = True
        self._backoff.connected(monotonic())
        if self._turn_on_wire:
            # The turn was begun on the connection that died; this one has not heard of it.
            self._outbox.appendleft(self._send_start)
        deliver(Connected(self.generation))

    async def _converse(self, session: LiveSession, deliver: Callable[[LineEvent], None]) -> None:
        sender = asyncio.create_task(self._send_all(session), name="live sender")
        try:
            async for event in session.events():
                if isinstance(event, Resumable):
                    self._settings = replace(self._settings, resumption_handle=event.handle)
                elif isinstance(event, GoAway):
                    log.info("live server will close this connection", time_left_s=event.time_left_s)
                deliver(event)
            raise LiveClosed(1000, "the server closed the connection")
        finally:
            self.connected = False
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, LiveError):
                await sender

    async def _send_all(self, session: LiveSession) -> None:
        """Send what is in the outbox, for ever. A failed send ends it; the receiving side reports why."""
        while True:
            while not self._outbox:
                self._ready_to_send.clear()
                await self._ready_to_send.wait()
            item = self._outbox.popleft()
            if isinstance(item, bytes):
                await session.send_audio(self._chunk(item))
            else:
                await item(session)

    def _chunk(self, first: bytes) -> bytes:
        parts, size = [first], len(first)
        while (
            self._outbox and isinstance(self._outbox[0], bytes) and size + len(self._outbox[0]) <= CHUNK_BYTES
        ):
            part = self._outbox.popleft()
            assert isinstance(part, bytes)
            parts.append(part)
            size += len(part)
        self._audio_bytes -= size
        return b"".join(parts) if len(parts) > 1 else first

    async def _send_start(self, session: LiveSession) -> None:
        self._turn_on_wire = True
        await session.activity_start()

    async def _send_end(self, session: LiveSession) -> None:
        self._turn_on_wire = False
        await session.activity_end()

    def _put(self, item: bytes | _Control) -> None:
        self._outbox.append(item)
        self._ready_to_send.set()
