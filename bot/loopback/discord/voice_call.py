"""One channel's call: who is in it, and what they are told about each other."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bot.loopback.discord.faults import VoiceFaults
from bot.loopback.discord.voice_group import CallGroup
from bot.loopback.discord.voice_ops import Op
from bot.loopback.discord.voice_seat import Seat


class Call:
    """Lives from the first Identify into a channel until the last seat is gone."""

    def __init__(self, channel_id: int, dave: bool, faults: VoiceFaults, stats: Counter[str]) -> None:
        self.seats: dict[int, Seat] = {}
        self.encryption = CallGroup(channel_id, self.seats, faults, stats) if dave else None
        self._faults = faults

    def enter(self, seat: Seat) -> None:
        """After Ready: the newcomer learns who is here, usually before its op 4; the others learn of it."""
        others = list(self.seats.values())
        seat.call = self
        self.seats[seat.user_id] = seat
        if others:
            seat.send(Op.CLIENTS_CONNECT, {"user_ids": [str(other.user_id) for other in others]})
        for other in others:
            introduce(other, seat)
            if other.speaking is not None:
                self._tell(seat, Op.SPEAKING, other.speaking_payload)
            if other.video is not None:
                self._tell(seat, Op.VIDEO, other.video)
            other.send(Op.CLIENTS_CONNECT, {"user_ids": [str(seat.user_id)]})
            introduce(seat, other)
        if self.encryption is not None:
            self.encryption.entered(seat)

    def described(self, seat: Seat) -> None:
        """After op 4: the user can be heard and hears, and is pending in the group."""
        self.route()
        if self.encryption is not None:
            self.encryption.described(seat)

    def leave(self, seat: Seat) -> None:
        """Op 13 to the others, then what the group has to do about it."""
        del self.seats[seat.user_id]
        seat.call, seat.listeners = None, ()
        for other in self.seats.values():
            other.send(Op.CLIENT_DISCONNECT, {"user_id": str(seat.user_id)})
        self.route()
        if self.encryption is not None:
            self.encryption.leave(seat)

    def speaking(self, seat: Seat) -> None:
        """Relay the seat's op 5."""
        self._tell_others(seat, Op.SPEAKING, seat.speaking_payload)

    def video(self, seat: Seat) -> None:
        """Relay the seat's op 12."""
        assert seat.video is not None
        self._tell_others(seat, Op.VIDEO, seat.video)

    def route(self) -> None:
        """Who gets whose audio: everybody with a key and an address, from everybody else."""
        reachable = [s for s in self.seats.values() if s.cipher is not None and s.address is not None]
        for seat in self.seats.values():
            seat.listeners = tuple(other for other in reachable if other is not seat)

    def _tell(self, seat: Seat, op: Op, payload: dict[str, Any]) -> None:
        if not self._faults.of(seat.user_id).suppress_speaking:
            seat.send(op, payload)

    def _tell_others(self, seat: Seat, op: Op, payload: dict[str, Any]) -> None:
        for other in self.seats.values():
            if other is not seat:
                self._tell(other, op, payload)


def introduce(about: Seat, to: Seat) -> None:
    """Client flags and platform, sent per user along with op 11."""
    to.send(Op.CLIENT_FLAGS, {"user_id": str(about.user_id), "flags": 0})
    to.send(Op.CLIENT_PLATFORM, {"user_id": str(about.user_id), "platform": 0})
