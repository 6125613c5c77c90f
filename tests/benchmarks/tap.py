"""When the bot's packets really left: the kernel's own timestamps, not the load generator's.

The SFU's socket is told to stamp every datagram as the kernel receives it (SO_TIMESTAMPNS). Over loopback
that happens within the sender's own system call, on the sender's core. So the stamps tell when the bot sent,
however late the busy process behind the socket reads.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python has no name for it
_SO_RCVBUFFORCE = 33
_TIMESPEC = struct.Struct("@qq")
_BUFFER_BYTES = 8 << 20
"""The load may be late by seconds before a datagram is lost on its side; only root is given so much."""

SILENCE_BYTES = 12 + 3 + 16 + 4
"""A datagram of Opus silence: RTP header, frame (exempt from DAVE), tag, nonce."""


class Stamp(NamedTuple):
    at_ns: int
    """Of the kernel's real-time clock; only differences mean something."""
    sequence: int
    silent: bool


class StampedSocket(socket.socket):
    """Takes the place of the SFU's socket, with the same descriptor."""

    def __init__(self, original: socket.socket) -> None:
        super().__init__(original.family, original.type, original.proto, original.detach())
        self.setblocking(False)
        self.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        with contextlib.suppress(PermissionError):
            self.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        self.by_ssrc: defaultdict[bytes, list[Stamp]] = defaultdict(list)
        self._ancillary_bytes = socket.CMSG_SPACE(_TIMESPEC.size)

    def recvfrom(self, size: int = 2048, flags: int = 0) -> tuple[bytes, Any]:
        datagram, ancillary, _, address = self.recvmsg(size, self._ancillary_bytes, flags)
        if datagram[0] & 0xC0 == 0x80 and ancillary:
            seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
            sequence = datagram[2] << 8 | datagram[3]
            self.by_ssrc[datagram[8:12]].append(
                Stamp(seconds * 1_000_000_000 + nanoseconds, sequence, len(datagram) == SILENCE_BYTES)
            )
        return datagram, address


@dataclass(slots=True)
class Sent:
    """What the bot sent in all rooms of one window."""

    gaps_ms: list[float]
    """Between the packets of a reply; pauses between replies are none."""
    missing: int
    """Sequence numbers that never came."""


def sent(streams: Iterable[list[Stamp]]) -> Sent:
    """`streams`: the packets of one SSRC each, in order."""
    result = Sent([], 0)
    for stream in streams:
        for before, after in pairwise(stream):
            step = after.sequence - before.sequence & 0xFFFF
            result.missing += step - 1
            if not before.silent and not after.silent:
                result.gaps_ms.append((after.at_ns - before.at_ns) / 1e6)
    return result
