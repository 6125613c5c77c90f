"""The member's UDP socket: IP discovery, keep-alive, and datagrams as they come.

A raw socket under ``add_reader``: one wake-up drains all there is; a DatagramProtocol costs one for each.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable

from bot.loopback.member.errors import MemberError

_DISCOVERY = struct.Struct(">HHI64sH")  # type, length 70, ssrc, address, port: 74 bytes
_KEEPALIVE_S = 5.0  # what discord.js does; NAT bindings live longer
_KEEPALIVE_BYTES = 8
_ATTEMPT_S = 0.5
_ATTEMPTS = 8


class UdpSocket:
    """Connected to one voice server. `receive(datagram, now)` is called for all but discovery replies."""

    def __init__(self, receive: Callable[[bytes, float], None]) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        with contextlib.suppress(OSError):  # a bound that the kernel may lower
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._discovered: asyncio.Future[tuple[str, int]] | None = None
        self._keepalive: asyncio.TimerHandle | None = None
        self._beats = 0
        self.unsent = 0

    def connect(self, host: str, port: int) -> None:
        self._socket.connect((host, port))
        self._loop.add_reader(self._socket, self._drain)
        self._keep_alive()

    async def discover(self, ssrc: int) -> tuple[str, int]:
        """Our address as the server sees it. Datagrams get lost: asked anew every 0.5 s."""
        request = _DISCOVERY.pack(1, 70, ssrc, b"", 0)
        self._discovered = self._loop.create_future()
        for _ in range(_ATTEMPTS):
            self.send(request)
            done, _ = await asyncio.wait({self._discovered}, timeout=_ATTEMPT_S)
            if done:
                return self._discovered.result()
        raise MemberError("no answer to IP discovery")

    def send(self, datagram: bytes) -> None:
        """Lost rather than queued if the socket is full, closed or unreachable, as datagrams are."""
        try:
            self._socket.send(datagram)
        except OSError:
            self.unsent += 1

    def close(self) -> None:
        if self._keepalive is not None:
            self._keepalive.cancel()
            self._keepalive = None
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _keep_alive(self) -> None:
        self.send(self._beats.to_bytes(_KEEPALIVE_BYTES, "little"))
        self._beats += 1
        self._keepalive = self._loop.call_later(_KEEPALIVE_S, self._keep_alive)

    def _drain(self) -> None:
        for _ in range(256):  # then let others have the loop
            try:
                datagram = self._socket.recv(4096)
            except OSError:
                return
            if len(datagram) == _KEEPALIVE_BYTES:
                continue  # the server echoes keep-alives
            if len(datagram) == _DISCOVERY.size and datagram[:2] == b"\x00\x02":
                self._read_discovery(datagram)
            else:
                self._receive(datagram, time.monotonic())

    def _read_discovery(self, datagram: bytes) -> None:
        _, _, _, address, port = _DISCOVERY.unpack(datagram)
        if self._discovered is not None and not self._discovered.done():
            self._discovered.set_result((address.rstrip(b"\0").decode("ascii", "replace"), port))
