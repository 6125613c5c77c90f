"""The voice server: WebSocket (TLS, version 8) and SFU of all channels, for any standard client.

The main gateway allocates a seat when it puts a user into a channel and releases it when the user is gone;
what happens between is up to the client, the real protocol, and `faults`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from aiohttp import WSMsgType, web

from bot.loopback.discord.injection import Injection
from bot.loopback.discord.sfu import UdpEvent
from bot.loopback.discord.voice_connection import Connection
from bot.loopback.discord.voice_dialogue import Dialogue
from bot.loopback.discord.voice_ops import Close, Op, Refused
from bot.loopback.discord.voice_seat import Seat
from bot.loopback.discord.voice_seating import Seating

HEARTBEATS_MISSED = 3
"""A client silent for so many intervals is closed with 4009."""

CLOSE_TIMEOUT_S = 1.0
"""How long a client may take to answer a close frame."""

VERSIONS = {"8", "9"}


class VoiceServer:
    """One voice server for all guilds. `faults`, `modes` and `observer` may be changed while it serves."""

    def __init__(self) -> None:
        self.seating = Seating()
        self.faults = self.seating.faults
        self.stats = self.seating.stats  # what was dropped or refused, by cause
        self.received = self.seating.received  # messages of clients by (user id, opcode)
        self.endpoint = ""
        self._runner: web.AppRunner | None = None
        self._connections: set[Connection] = set()

    async def start(self, ssl_context: ssl.SSLContext, host: str = "127.0.0.1", port: int = 0) -> None:
        """Serve on `host`; the UDP port is the system's choice. `endpoint` is valid afterwards."""
        application = web.Application()
        application.router.add_get("/{tail:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=CLOSE_TIMEOUT_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=ssl_context)
        await site.start()
        self.seating.sfu.start(host)
        self.endpoint = f"{host}:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Cut all connections and free the ports."""
        for seat in list(self.seating.seats.values()):
            self.seating.end(seat, Close.ABNORMAL)
        for connection in list(self._connections):
            connection.close(Close.ABNORMAL)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.seating.sfu.close()

    def allocate(self, *, guild_id: int, channel_id: int, user_id: int, session_id: str, dave: bool) -> str:
        """The main gateway put the user into the channel; the token for VOICE_SERVER_UPDATE."""
        return self.seating.allocate(guild_id, channel_id, user_id, session_id, dave)

    async def release(self, *, guild_id: int, user_id: int, code: int | None = Close.DISCONNECTED) -> None:
        """The user left, was kicked or moved. `code` None leaves closing the websocket to the client."""
        if seat := self.seating.find(user_id, guild_id):
            self.seating.end(seat, code)

    def silence(self, *, guild_id: int, user_id: int, silenced: bool) -> None:
        """The user may not be heard (server-muted, suppressed on a stage), or may be again."""
        if seat := self.seating.find(user_id, guild_id):
            seat.silenced = silenced

    async def close_session(self, guild_id: int, user_id: int, code: int) -> None:
        """A fault: close the user's websocket. After 1006, 4015 and the like op 7 is welcome for a while."""
        seat = self.seating.find(user_id, guild_id)
        if seat is not None and seat.connection is not None:
            connection = seat.connection
            connection.close(code)
            self.seating.lost(seat, connection, code)

    def seat(self, user_id: int, guild_id: int | None = None) -> Seat:
        """The user's seat, for tests to look into; LookupError when the user is in no call."""
        if seat := self.seating.find(user_id, guild_id):
            return seat
        raise LookupError(f"user {user_id} has no seat")

    def inject(self, user_id: int, guild_id: int | None = None) -> Injection:
        """Events to inject into the user's session."""
        return Injection(self.seat(user_id, guild_id), self.seating.sfu)

    @property
    def modes(self) -> list[str]:
        """Transport modes as Ready lists them; clients must choose one of these."""
        return self.seating.modes

    @modes.setter
    def modes(self, modes: list[str]) -> None:
        self.seating.modes = modes

    @property
    def observer(self) -> Callable[[UdpEvent], None] | None:
        """Called with every audio datagram, both ways, its transport layer opened."""
        return self.seating.sfu.observer

    @observer.setter
    def observer(self, observer: Callable[[UdpEvent], None] | None) -> None:
        self.seating.sfu.observer = observer

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        if request.query.get("v") not in VERSIONS:
            raise web.HTTPBadRequest(text="voice gateway version 8 is spoken here")
        ws = web.WebSocketResponse(compress=False, timeout=CLOSE_TIMEOUT_S)
        await ws.prepare(request)
        connection = Connection(ws, request.transport)
        dialogue = Dialogue(self.seating, connection)
        self._connections.add(connection)
        try:
            dialogue.hello()
            await connection.run(self._converse(ws, connection, dialogue), CLOSE_TIMEOUT_S)
        finally:
            self._connections.discard(connection)
            if dialogue.seat is not None:
                code = connection.ending.code if connection.ending else ws.close_code or Close.ABNORMAL
                self.seating.lost(dialogue.seat, connection, code)
        return ws

    async def _converse(self, ws: web.WebSocketResponse, connection: Connection, dialogue: Dialogue) -> None:
        """Read until the client or the server closes. Only heartbeats keep a connection alive."""
        loop = asyncio.get_running_loop()
        patience_s = HEARTBEATS_MISSED * self.faults.heartbeat_interval_ms / 1000.0
        deadline = loop.time() + patience_s
        while connection.ending is None:
            try:
                message = await ws.receive(timeout=max(deadline - loop.time(), 0.001))
                if message.type is WSMsgType.TEXT:
                    if dialogue.receive_text(message.data) == Op.HEARTBEAT:
                        deadline = loop.time() + patience_s
                elif message.type is WSMsgType.BINARY:
                    dialogue.receive_binary(message.data)
                else:
                    return
            except TimeoutError:
                connection.close(Close.SESSION_TIMEOUT, "no heartbeat")
            except Refused as refusal:
                self.stats[f"closed {int(refusal.code)}: {refusal}"] += 1
                connection.close(refusal.code, str(refusal)[:120])
