"""The UDP side: IP discovery, keep-alive, and forwarding of every speaker's Opus to all others.

One socket for all calls, read without asyncio's transports: a benchmark runs sixty rooms on one core, and
each packet is opened once and sealed once per listener (the RTP header is the associated data, each client
has its own key). What cannot be handled is counted by cause and dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from bot.loopback.discord.faults import VoiceFaults
from bot.loopback.discord.impair import Packet, extension, impaired
from bot.loopback.discord.voice_seat import Address, Seat

PAYLOAD_OPUS = 120
SILENCE = b"\xf8\xff\xfe"
DAVE_MARKER = b"\xfa\xfa"
PING, PONG = b"\x13\x37\xca\xfe", b"\x13\x37\xf0\x0d"
BATCH = 64
"""Datagrams read per wake-up, so that a flood does not starve the websockets."""


class PayloadKind(Enum):
    SILENCE = "silence"  # the Opus silence frame, exempt from DAVE
    DAVE = "dave"  # ends in FAFA
    PLAINTEXT = "plaintext"
    EMPTY = "empty"  # nothing but padding


class UdpEvent(NamedTuple):
    """One audio datagram as the SFU sees it, its transport layer opened."""

    at: float  # monotonic seconds
    incoming: bool  # from the client to the SFU
    guild_id: int
    user_id: int  # the client at the other end of this datagram
    speaker_id: int  # whose audio it is
    sequence: int
    kind: PayloadKind
    size: int  # bytes of payload
    dave: bool  # the channel is end-to-end encrypted: PLAINTEXT is a leak then


def kind_of(payload: bytes) -> PayloadKind:
    if payload == SILENCE:
        return PayloadKind.SILENCE
    if payload[-2:] == DAVE_MARKER:
        return PayloadKind.DAVE
    return PayloadKind.PLAINTEXT if payload else PayloadKind.EMPTY


class Sfu:
    """Forwards between seats. The voice gateway registers seats by SSRC; discovery gives their addresses."""

    def __init__(self, faults: VoiceFaults, stats: Counter[str]) -> None:
        self.observer: Callable[[UdpEvent], None] | None = None
        self.by_ssrc: dict[int, Seat] = {}
        self._by_address: dict[Address, Seat] = {}
        self._faults = faults
        self._stats = stats
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, host: str) -> None:
        self._loop = asyncio.get_running_loop()
        sock = self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(
                socket.SOL_SOCKET, option, 4 << 20
            )  # the kernel gives what net.core.*mem_max allows
        sock.bind((host, 0))
        self._loop.add_reader(sock.fileno(), self._read)

    def close(self) -> None:
        if self._socket is not None and self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    @property
    def address(self) -> Address:
        assert self._socket is not None, "not started"
        host, port = self._socket.getsockname()
        return host, port

    def add(self, seat: Seat) -> None:
        self.by_ssrc[seat.ssrc] = seat

    def remove(self, seat: Seat) -> None:
        self.by_ssrc.pop(seat.ssrc, None)
        if seat.address is not None and self._by_address.get(seat.address) is seat:
            del self._by_address[seat.address]
        seat.address = None

    def bind(self, seat: Seat, address: Address) -> None:
        """`address` is the user's from now on (discovery, Select Protocol, or a NAT's new one)."""
        if seat.address is not None:
            self._by_address.pop(seat.address, None)
        seat.address = address
        self._by_address[address] = seat
        if seat.call is not None:
            seat.call.route()

    def send(self, datagram: bytes, address: Address) -> None:
        if self._socket is not None:
            try:
                self._socket.sendto(datagram, address)
            except OSError:  # the socket's buffer is full, or nobody is there: UDP loses it
                self._stats["udp send failed"] += 1

    def _read(self) -> None:
        assert self._socket is not None
        receive = self._socket.recvfrom
        with contextlib.suppress(BlockingIOError, ConnectionError):
            for _ in range(BATCH):
                self._receive(*receive(2048))

    def _receive(self, datagram: bytes, address: Address) -> None:
        size = len(datagram)
        if size >= 12 and datagram[0] >> 6 == 2:
            self._receive_rtp(datagram, address)
        elif size == 74 and datagram[:4] == b"\x00\x01\x00\x46":
            self._discover(datagram, address)
        elif size == 8:  # UDP ping, or the counter some clients send as keep-alive: both come back
            self.send(PONG + datagram[4:] if datagram[:4] == PING else datagram, address)
        else:
            self._stats["udp unknown"] += 1

    def _discover(self, datagram: bytes, address: Address) -> None:
        """IP discovery: the client learns the address it is seen with."""
        seat = self.by_ssrc.get(int.from_bytes(datagram[4:8], "big"))
        if seat is None:
            self._stats["udp discovery of unknown ssrc"] += 1
            return
        self.bind(seat, address)
        host, port = address
        reply = (
            b"\x00\x02\x00\x46" + datagram[4:8] + host.encode().ljust(64, b"\x00") + port.to_bytes(2, "big")
        )
        self.send(reply, address)

    def _receive_rtp(self, datagram: bytes, address: Address) -> None:
        if 200 <= datagram[1] <= 206:
            self._stats["rtcp"] += 1
            return
        seat = self._by_address.get(address) or self.by_ssrc.get(int.from_bytes(datagram[8:12], "big"))
        if seat is None or seat.cipher is None or datagram[8:12] != seat.ssrc.to_bytes(4, "big"):
            self._stats["udp unknown ssrc"] += 1
            return
        if datagram[1] & 0x7F != PAYLOAD_OPUS:
            self._stats["rtp not opus"] += 1
            return
        packet = self._open(seat, datagram)
        if packet is None:
            self._stats["rtp undecryptable"] += 1
            return
        if seat.address != address:
            self.bind(seat, address)
        if self.observer is not None:
            self._observe(True, seat, seat, packet)
        if seat.speaking is None:
            self._stats["rtp before op 5"] += 1
        elif seat.silenced:
            self._stats["rtp while silenced"] += 1
        elif seat.held is not None:
            seat.held.append(packet)
        else:
            self.forward(seat, packet)

    def _open(self, seat: Seat, datagram: bytes) -> Packet | None:
        """The packet as the client meant it; None when it is broken. The extension is not passed on."""
        first = datagram[0]
        clear_len = header_len = 12 + 4 * (first & 0x0F)
        extension_len = padding_len = 0
        if first & 0x10:
            extension_len = 4 * int.from_bytes(datagram[header_len + 2 : header_len + 4], "big")
            header_len += 4
        assert seat.cipher is not None
        body = seat.cipher.open(datagram, header_len)
        if body is None:
            return None
        if first & 0x20 and body:
            padding_len = body[-1]
        end = len(body) - padding_len
        if end < extension_len:
            return None
        return Packet(datagram[:clear_len], body[extension_len:end], body[end:])

    def forward(self, seat: Seat, packet: Packet) -> None:
        """To every listener, under the SFU's own extension; CSRCs and padding are passed on as they came."""
        head, payload, padding = packet
        ssrc = seat.shown_ssrc.to_bytes(4, "big")
        header = bytes([head[0] | 0x10]) + head[1:8] + ssrc + head[12:] + b"\xbe\xde\x00\x02"
        body = extension(payload, 2) + payload + padding
        for listener in seat.listeners:
            assert listener.cipher is not None and listener.address is not None
            faults = self._faults.of(listener.user_id)
            if faults.touch_media:
                for delay_s, datagram in impaired(faults, listener.cipher, ssrc, packet):
                    if delay_s and self._loop is not None:
                        self._loop.call_later(delay_s, self.send, datagram, listener.address)
                    else:
                        self.send(datagram, listener.address)
            else:
                self.send(listener.cipher.seal(header, body), listener.address)
            if self.observer is not None:
                self._observe(False, listener, seat, packet)

    def _observe(self, incoming: bool, seat: Seat, speaker: Seat, packet: Packet) -> None:
        assert self.observer is not None
        head, payload, _ = packet
        sequence = int.from_bytes(head[2:4], "big")
        kind = kind_of(payload)
        ends = (seat.guild_id, seat.user_id, speaker.user_id)
        self.observer(UdpEvent(time.monotonic(), incoming, *ends, sequence, kind, len(payload), speaker.dave))
