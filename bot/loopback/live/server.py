"""A Gemini Live API on 127.0.0.1: the WebSocket of the real service over TLS, with recorded answers."""

from __future__ import annotations

import asyncio
import http
import itertools
import re
import ssl
import time
from urllib.parse import parse_qs

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from bot.loopback.live.connection import connections
from bot.loopback.live.faults import LiveFaults
from bot.loopback.live.record import LiveSessionRecord, Observer
from bot.loopback.live.refusal import BAD_KEY, NO_KEY, QUOTA, Refused, invalid
from bot.loopback.live.schema import Json
from bot.loopback.live.script import Script
from bot.loopback.live.service import Service
from bot.loopback.live.session import LiveSession

_PATH = re.compile(
    r"/ws/google\.ai\.generativelanguage\.(v1|v1beta|v1alpha)\.GenerativeService\.BidiGenerateContent\Z"
)
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
KEPT_SESSIONS = 200
MAX_QUEUE = 1024
"""Frames read ahead. At the library's 16 a client that sends a whole utterance at once blocks its close."""


class LiveServer:
    """Start it, point a client at `base_url`, read `sessions`.

    Keys that start with ``bad-`` are refused as invalid, ``quota-`` as out of quota; any other is welcome.
    """

    def __init__(self, service: Service | None = None) -> None:
        self._service = service or Service()
        self._server: Server | None = None
        self._numbers = itertools.count(1)
        self._live: dict[str, LiveSession] = {}
        self._dead_until = 0.0
        self.sessions: list[LiveSessionRecord] = []
        """The latest KEPT_SESSIONS connections that opened a WebSocket, in order."""

    # What may be changed while it runs

    @property
    def service(self) -> Service:
        """Pace, lifetime, what is kept, and all the rest."""
        return self._service

    @property
    def faults(self) -> LiveFaults:
        return self._service.faults

    @property
    def script(self) -> Script:
        return self._service.script

    @property
    def observer(self) -> Observer | None:
        """Told of every event as it happens; of sessions that open from now on."""
        return self._service.observer

    @observer.setter
    def observer(self, observer: Observer | None) -> None:
        self._service.observer = observer

    # Life

    async def start(self, ssl_context: ssl.SSLContext, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; raises OSError where the port is taken."""
        await asyncio.to_thread(self._service.prepare)
        self._server = await serve(
            self._serve,
            host,
            port,
            ssl=ssl_context,
            process_request=self._process_request,
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            max_queue=MAX_QUEUE,
            ping_interval=None,
            close_timeout=2.0,
            create_connection=connections(self.faults),
            server_header="scaffolding on HTTPServer2",
        )

    async def close(self) -> None:
        """Close every session (1001) and stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    @property
    def base_url(self) -> str:
        """For `HttpOptions.base_url`. RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("the Live server has not been started")
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"https://{host}:{port}"

    # What a test or a demo may do to running sessions; `session` is an id of `sessions`, None for all

    async def send(self, message: Json, session: str | None = None) -> None:
        """Any server message, for what no fault covers."""
        for live in self._chosen(session):
            await live.channel.send(message)

    async def go_away(self, time_left_s: float, session: str | None = None, *, told: bool = True) -> None:
        """goAway; after `time_left_s` the connection ends with 1011. Returns then. Without `told` the message
        does not say how long that is.
        """
        chosen = self._chosen(session)
        await asyncio.gather(*(live.channel.go_away(time_left_s, told=told) for live in chosen))

    async def drop(self, code: int, reason: str = "", session: str | None = None) -> None:
        """Close now; 1006 cuts the connection."""
        await asyncio.gather(*(live.channel.close(code, reason) for live in self._chosen(session)))

    async def die(self, seconds: float) -> None:
        """Cut all connections and answer nobody for so long; returns at once."""
        self.faults.dead_s = 0.0
        self._dead_until = time.monotonic() + seconds
        await self.drop(1006)

    def _chosen(self, session: str | None) -> list[LiveSession]:
        return [live for name, live in self._live.items() if session in (None, name)]

    # Connections

    def _is_dead(self) -> bool:
        now = time.monotonic()
        if self.faults.dead_s > 0:
            self._dead_until, self.faults.dead_s = now + self.faults.dead_s, 0.0
        return now < self._dead_until

    async def _process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        if self._is_dead():
            connection.transport.abort()
            await connection.wait_closed()
            return None  # nobody is there to read it
        if self.faults.refuse_upgrade is not None:
            return connection.respond(http.HTTPStatus(self.faults.refuse_upgrade), "refused\n")
        if not _PATH.search(_split(request.path)[0]):
            return connection.respond(http.HTTPStatus.NOT_FOUND, "Not Found\n")
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        path, query = _split(connection.request.path)
        match = _PATH.search(path)
        assert match is not None
        key = connection.request.headers.get("x-goog-api-key") or parse_qs(query).get("key", [""])[0]
        service = self._service
        record = LiveSessionRecord(
            f"live-{next(self._numbers)}", time.monotonic(), service.keep_s, service.observer
        )
        self.sessions.append(record)
        del self.sessions[:-KEPT_SESSIONS]
        session = self._live[record.id] = LiveSession(service, connection, record)
        try:
            await session.run(match[1], _refusal(key))
        finally:
            del self._live[record.id]


def _split(target: str) -> tuple[str, str]:
    """Path and query. A client whose base URL ends in a slash asks for ``//ws/…``, in which `urlsplit` would
    see a host."""
    path, _, query = target.partition("?")
    return path, query


def _refusal(key: str) -> Refused | None:
    """As the real service words it: 1007 for a wrong key, 1011 for the quota, 1008 for none at all."""
    if not key:
        return Refused(1008, NO_KEY)
    if key.startswith("bad-"):
        return invalid(BAD_KEY)
    if key.startswith("quota-"):
        return Refused(1011, QUOTA)
    return None
