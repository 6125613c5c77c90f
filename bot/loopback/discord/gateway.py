"""The main gateway, version 10: its connections, and how long a session lives without one."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.loopback.discord.calls import GatewayFaults
from bot.loopback.discord.gateway_connection import GatewayConnection
from bot.loopback.discord.sessions import Op, Session
from bot.loopback.discord.world import World


class Gateway:
    """Serves the websockets of all clients of one world."""

    def __init__(self, world: World, faults: GatewayFaults) -> None:
        self.world = world
        self.faults = faults
        self.resume_url = ""
        self._expiries: dict[str, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._sockets: set[web.WebSocketResponse] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=1 << 16, autoping=True)
        if not socket.can_prepare(request):
            return web.Response(status=426, text="Upgrade required")
        await socket.prepare(request)
        if request.query.get("v", "10") not in ("9", "10"):
            await socket.close(code=4012, message=b"Invalid API version")
            return socket
        self._sockets.add(socket)
        try:
            await GatewayConnection(self, socket).run()
        finally:
            self._sockets.discard(socket)
        return socket

    async def close(self) -> None:
        """Close every connection with 1001, as a gateway does that is restarted."""
        await asyncio.gather(*(socket.close(code=1001) for socket in tuple(self._sockets)))
        for expiry in self._expiries.values():
            expiry.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)

    def keep(self, session: Session) -> None:
        """A session lost its connection: its places in voice wait for a RESUME, but not for ever."""
        loop = asyncio.get_running_loop()
        self._expiries[session.id] = loop.call_later(self.faults.resume_window_s, self.end, session)

    def resumed(self, session: Session) -> None:
        if expiry := self._expiries.pop(session.id, None):
            expiry.cancel()

    def end(self, session: Session) -> None:
        """The session cannot be resumed any more."""
        self.resumed(session)
        self.world.sessions.remove(session)
        task = asyncio.get_running_loop().create_task(self.world.calls.session_ended(session))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    # What tests and scenarios do to a client's connections

    def drop(self, user_id: int, code: int = 4000) -> None:
        """Close the connections of an account with this code; 4007 and 4009 end its sessions at once."""
        for session in self.world.sessions.of(user_id):
            session.close(code)

    def reconnect(self, user_id: int) -> None:
        """Op 7: ask the clients of an account to reconnect and resume."""
        for session in self.world.sessions.of(user_id):
            session.send(Op.RECONNECT)

    def invalidate(self, user_id: int, *, resumable: bool = False) -> None:
        """Op 9; without `resumable` the session is over, and with it the place in voice."""
        for session in self.world.sessions.of(user_id):
            session.send(Op.INVALID_SESSION, resumable)
            if not resumable:
                session.outbox = None
                self.end(session)
