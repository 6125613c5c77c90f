"""One utterance on its way out: a packet every 20 ms, five silence packets at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from audio.formats import FRAME_MS, SILENCE_PACKET
from bot.loopback.member.errors import MemberError
from bot.loopback.member.impairments import Fate, Impairments, fates
from bot.loopback.member.media import Sent

_SILENCE_PACKETS = 5
_FRAME_S = FRAME_MS / 1000


class SpokenPacket(NamedTuple):
    """One 20 ms packet. `sent_at` is None if it was lost on purpose, or withheld for want of a key."""

    due_at: float
    sent_at: float | None
    sequence: int | None
    voiced: bool
    """False for the silence packets at the end."""


@dataclass(slots=True)
class SpokenRecord:
    """When each packet of an utterance left, monotonic seconds. Packet n carries samples from 960·n on."""

    packets: list[SpokenPacket] = field(default_factory=list)

    @property
    def started_at(self) -> float:
        return self.packets[0].due_at

    @property
    def ended_at(self) -> float:
        """When the last voiced packet left, or would have."""
        return max(packet.sent_at or packet.due_at for packet in self.packets if packet.voiced)

    @property
    def sent(self) -> int:
        return sum(packet.sent_at is not None for packet in self.packets)


class Talk:
    """The beats of one utterance. `make(opus, fate, beat)` makes datagrams, `emit` puts one on the wire."""

    def __init__(
        self,
        packets: Iterable[bytes],
        impairments: Impairments,
        make: Callable[[bytes, Fate, float], Sent | None],
        emit: Callable[[bytes], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self.record = SpokenRecord()
        self.done: asyncio.Future[SpokenRecord] = loop.create_future()
        self._loop = loop
        self._voiced = tuple(packets)
        self._fates = fates(impairments)
        self._make = make
        self._emit = emit
        self._pending = 0
        if not self._voiced:
            raise MemberError("nothing to say")

    def upcoming(self) -> Iterable[bytes]:
        """What is still to be said."""
        return islice(self._voiced, len(self.record.packets), None)

    def stop(self) -> None:
        """Fall silent: what is left is not said, the silence packets are."""
        self._voiced = self._voiced[: len(self.record.packets)] or self._voiced[:1]

    def beat(self, deadline: float) -> float | None:
        index = len(self.record.packets)
        voiced = index < len(self._voiced)
        opus = self._voiced[index] if voiced else SILENCE_PACKET
        fate = next(self._fates)
        sent = self._make(opus, fate, deadline)
        left_at = None
        if sent is not None:
            for extra in sent.extras:
                self._emit(extra)
            for delay in fate.delays_s:
                left_at = self._leave(sent.datagram, delay)
        self.record.packets.append(SpokenPacket(deadline, left_at, sent.sequence if sent else None, voiced))
        if index + 1 < len(self._voiced) + _SILENCE_PACKETS:
            return deadline + _FRAME_S
        self._finish()
        return None

    def _leave(self, datagram: bytes, delay: float) -> float:
        now = self._loop.time()
        if not delay:
            self._emit(datagram)
            return now
        self._pending += 1
        self._loop.call_later(delay, self._leave_late, datagram)
        return now + delay

    def _leave_late(self, datagram: bytes) -> None:
        self._emit(datagram)
        self._pending -= 1
        self._finish()

    def _finish(self) -> None:
        complete = len(self.record.packets) == len(self._voiced) + _SILENCE_PACKETS
        if complete and not self._pending and not self.done.done():
            self.done.set_result(self.record)
