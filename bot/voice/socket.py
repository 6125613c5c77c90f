"""The UDP socket of one voice session.

discord.py reads UDP in a thread that sits in `select` for up to 30 s after the socket under it was
replaced, and so stalls every reconnect. Here the event loop reads, the session owns its socket, and a new
session has a new one.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)

_DISCOVERY = struct.Struct(">HHI66x")  # type, length of the rest, ssrc, room for address and port
_KEEP_ALIVE_S = 5.0  # as discord.js; discord.py sends none, and a bot that only listens loses its NAT binding
_RETRY_S = 0.5
_ATTEMPTS = 10
_BATCH = 64  # datagrams per wake-up: 1.28 s of one speaker; more would starve the beat
_MAX_DATAGRAM = 2048
_RECEIVE_BUFFER = 1 << 20  # ~4 s of 50 speakers, if the event loop is ever held up


class VoiceSocket:
    """Open with `open`, which also finds our public address; read by callback; `close` once."""

    def __init__(self, receive: Callable[[bytes, float], None]) -> None:
        """`receive(datagram, now)` gets every datagram with its arrival in monotonic seconds."""
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._address: asyncio.Future[tuple[str, int]] | None = None
        self._keep_alive: asyncio.TimerHandle | None = None
        self._beats = 0

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    async def open(self, ip: str, port: int, ssrc: int) -> tuple[str, int]:
        """Connects to the media server. Returns our own address and port as it sees them.

        Raises OSError (no route) or TimeoutError (no answer to the discovery within 5 s).
        """
        self.close()
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket = sock
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        await self._loop.sock_connect(sock, (ip, port))
        self._loop.add_reader(sock.fileno(), self._on_readable, sock)
        self._address = self._loop.create_future()
        request = _DISCOVERY.pack(1, 70, ssrc)
        for _ in range(_ATTEMPTS):  # one lost datagram must not cost the connection
            self.send(request)
            done, _pending = await asyncio.wait([self._address], timeout=_RETRY_S)
            if done:
                self._beat()
                return self._address.result()
        self.close()
        raise TimeoutError("the media server does not answer the IP discovery")

    def send(self, datagram: bytes) -> bool:
        """False when the kernel would not take it: media is never queued."""
        if self._socket is None:
            return False
        try:
            self._socket.send(datagram)
        except OSError:
            return False
        return True

    def close(self) -> None:
        if self._keep_alive is not None:
            self._keep_alive.cancel()
            self._keep_alive = None
        if self._address is not None:
            self._address.cancel()
            self._address = None
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _on_readable(self, sock: socket.socket) -> None:
        for _ in range(_BATCH):
            try:
                datagram = sock.recv(_MAX_DATAGRAM)
            except OSError:  # drained, or an ICMP error of an earlier send: neither is news
                return
            if len(datagram) == 8:  # an answered keep-alive
                continue
            if len(datagram) == _DISCOVERY.size and datagram[:2] == b"\x00\x02":
                self._discovered(datagram)
                continue
            self._receive(datagram, time.monotonic())
            if self._socket is not sock:  # closed by what the datagram led to
                return

    def _discovered(self, reply: bytes) -> None:
        if self._address is None or self._address.done():
            return
        ip = reply[8:72].split(b"\0", 1)[0].decode("ascii", "replace")
        self._address.set_result((ip, int.from_bytes(reply[72:], "big")))

    def _beat(self) -> None:
        self.send(struct.pack("<Q", self._beats))
        self._beats += 1
        self._keep_alive = self._loop.call_later(_KEEP_ALIVE_S, self._beat)
