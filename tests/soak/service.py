"""A Live API in memory, a line's client. It keeps the handles, and is sometimes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from random import Random

from bot.errors import LiveClosed, LiveUnavailable
from bot.live.config import LiveSettings
from bot.live.events import GoAway, Resumable
from tests.soak.judge import Judge
from tests.soak.model import Context, Model
from tests.soak.nature import CLOSES, CONNECTION_S, Nature
from tests.soak.wire import Socket

SETUP_S = (0.2, 0.9)

REFUSES_AGAIN_S = 60.0
"""Twice in a row, 1007 says that what is unanswered cannot be sent, and the line rightly lets go of it."""
HANDLES = 20
"""Older ones are refused. The line only ever holds the newest."""


class Service:
    """`connect` as LiveClient has it. One room is its only customer."""

    def __init__(self, nature: Nature, judge: Judge, random: Random) -> None:
        self.nature, self.judge, self.random = nature, judge, random
        self._loop = asyncio.get_running_loop()
        self._handles: dict[str, Context] = {}
        self._numbers = count(1)
        self._sockets: list[Socket] = []
        self._ghost_until = 0.0
        self._dead_until = -1e9
        self._refuses = False
        self._refused_at = -1e9
        self._lost_at: float | None = None
        self._mute_since: float | None = None

    # --- the near end ---

    @asynccontextmanager
    async def connect(self, settings: LiveSettings) -> AsyncIterator[Socket]:
        """A session. LiveUnavailable while the service is away, LiveClosed where it refuses a handle."""
        if any(socket.server_open for socket in self._sockets):
            self.judge.complain(self._loop.time(), "the old socket is still open", "two sockets")
        await self._setup()
        context = self._context(settings.resumption_handle)
        socket = Socket(self.random)
        model = Model(socket, context, self.nature, self.judge, self.random, self._issue, self._broke)
        socket.attach(model)
        self._sockets = [socket]
        self._up()
        timers = self._plan(socket)
        try:
            yield socket
        finally:
            for timer in timers:
                timer.cancel()
            await socket.close()

    async def _setup(self) -> None:
        await asyncio.sleep(self.random.uniform(*SETUP_S))
        while self._loop.time() < self._dead_until:
            if self._refuses:
                raise LiveUnavailable("connection refused")
            await asyncio.sleep(
                self._dead_until - self._loop.time() + 1000
            )  # for the caller's patience to end

    def _context(self, handle: str | None) -> Context:
        if handle is None:
            return Context()
        if self._loop.time() < self._ghost_until:
            raise LiveClosed(1011, "the session is in use")
        if handle not in self._handles:
            raise LiveClosed(1008, "session not found")
        return self._handles[handle].copy()

    # --- the far end ---

    def _plan(self, socket: Socket) -> list[asyncio.TimerHandle]:
        """How this connection will end, if nothing else ends it."""
        random, later = self.random, self._loop.call_later
        lead_s = random.choice((9.5, 50.0, 55.0, 60.0))
        told = random.choice((lead_s, lead_s, lead_s, None)) if lead_s >= 50 else lead_s
        code, reason = random.choice(CLOSES)
        return [
            later(CONNECTION_S - lead_s, socket.emit, GoAway(told)),
            later(CONNECTION_S, socket.die, 1011, "Deadline expired before operation could complete."),
            later(random.expovariate(self.nature.closes_h / 3600), self._break, socket, code, reason),
        ]

    def _broke(self, socket: Socket) -> None:
        """In the middle of a turn."""
        if self.random.random() < self.nature.vanishes:
            socket.vanish()
            self._mute_since = self._loop.time()
            self.judge.mute(self._mute_since)
            self.judge.figures["vanished"] += 1
        else:
            self._break(socket, *self.random.choice(CLOSES))

    def _break(self, socket: Socket, code: int, reason: str) -> None:
        now = self._loop.time()
        if not socket.server_open:
            return
        if code == 1007:
            if now - self._refused_at < REFUSES_AGAIN_S:
                code, reason = 1011, "Internal error encountered."
            self._refused_at = now
        if reason == "The operation was aborted.":
            self._handles.clear()
        if code == 1006:
            self._ghost_until = now + self.nature.ghost_s
        self.judge.figures["closes"] += 1
        socket.die(code, reason)

    def die(self, for_s: float, *, refuses: bool) -> None:
        """Away at once, and for so long: it `refuses` connections, or does not answer."""
        now = self._loop.time()
        self._refuses = refuses
        self._dead_until = now + for_s
        self._lost_at = now if self._lost_at is None else self._lost_at
        self.judge.outage(self._lost_at)
        for socket in self._sockets:
            socket.die(1006, "")

    async def back(self) -> None:
        """Wait until it is there."""
        await asyncio.sleep(max(0.0, self._dead_until - self._loop.time()) + 5.0)

    def _up(self) -> None:
        if self._lost_at is not None:
            self.judge.outage(self._lost_at, self._loop.time())
            self._lost_at = None
        if self._mute_since is not None:
            self.judge.mute(self._mute_since, self._loop.time())
            self._mute_since = None

    def _issue(self, socket: Socket, context: Context) -> None:
        """A new handle for what this session knows now."""
        handle = f"handle {next(self._numbers)}"
        self._handles[handle] = context.copy()
        while len(self._handles) > HANDLES:
            del self._handles[next(iter(self._handles))]
        socket.emit(Resumable(handle))
