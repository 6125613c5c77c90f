"""Who sits where on the voice server: seats by user, calls by channel, and what outlives a connection."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any

from bot.loopback.discord.faults import VoiceFaults
from bot.loopback.discord.sfu import Sfu
from bot.loopback.discord.voice_call import Call
from bot.loopback.discord.voice_cipher import CIPHERS
from bot.loopback.discord.voice_connection import Connection
from bot.loopback.discord.voice_ops import RESUMABLE, Close, Op
from bot.loopback.discord.voice_seat import Outbox, Seat, json_frame


class Seating:
    """All state of the voice server but its sockets. One bot sits in many guilds: keys are (guild, user)."""

    def __init__(self) -> None:
        self.modes = list(CIPHERS)
        self.faults = VoiceFaults()
        self.stats: Counter[str] = Counter()
        self.received: Counter[tuple[int, int]] = Counter()
        self.sfu = Sfu(self.faults, self.stats)
        self.seats: dict[tuple[int, int], Seat] = {}
        self.calls: dict[tuple[int, int], Call] = {}
        self._ssrcs = itertools.count(1_000 + secrets.randbelow(1 << 20), 3)  # audio, video, rtx

    def allocate(self, guild_id: int, channel_id: int, user_id: int, session_id: str, dave: bool) -> str:
        """A new seat; one the user may still have in the guild ends. The token for Identify."""
        if old := self.seats.get((guild_id, user_id)):
            self.end(old, Close.DISCONNECTED)
        seat = Seat(guild_id, channel_id, user_id, session_id, secrets.token_hex(8), dave)
        self.seats[guild_id, user_id] = seat
        return seat.token

    def find(self, user_id: int, guild_id: int | None = None) -> Seat | None:
        """The user's seat, in whichever guild if none is named."""
        if guild_id is not None:
            return self.seats.get((guild_id, user_id))
        return next((seat for (_, user), seat in self.seats.items() if user == user_id), None)

    def by_session(self, session_id: str, guild_id: int) -> Seat | None:
        """The seat an op 7 names; it may have been taken by an Identify before."""
        for seat in self.seats.values():
            if seat.session_id == session_id and seat.guild_id == guild_id:
                return seat
        return None

    def identified(self, seat: Seat, connection: Connection) -> None:
        """A new voice session in this seat: new SSRC, numbers from the start, and Ready."""
        self._clear(seat, Close.SESSION_INVALID)
        seat.outbox, seat.ssrc = Outbox(), next(self._ssrcs) & 0xFFFFFFFF
        seat.shown_ssrc, seat.connection = seat.ssrc, connection
        self.sfu.add(seat)
        host, port = self.sfu.address
        ready = {
            "ssrc": seat.ssrc,
            "ip": host,
            "port": port,
            "modes": self.modes,
            "experiments": [],
            "streams": [],
            "heartbeat_interval": 1,  # bogus in the real one, too: Hello has the interval
        }
        connection.send(json_frame(Op.READY, ready))
        key = (seat.guild_id, seat.channel_id)
        if key not in self.calls:
            self.calls[key] = Call(seat.channel_id, seat.dave, self.faults, self.stats)
        self.calls[key].enter(seat)

    def resumed(self, seat: Seat, connection: Connection) -> None:
        """The session goes on over another connection."""
        if seat.expiry is not None:
            seat.expiry.cancel()
            seat.expiry = None
        if seat.connection is not None:
            seat.connection.close(Close.ABNORMAL)
        seat.connection = connection

    def lost(self, seat: Seat, connection: Connection, code: int) -> None:
        """A connection ended with `code`. The session waits for a resume, or ends with it."""
        if seat.connection is not connection:
            return
        seat.connection = None
        if code not in RESUMABLE:
            self.end(seat)
        else:
            window_s = self.faults.of(seat.user_id).resume_window_s
            seat.expiry = asyncio.get_running_loop().call_later(window_s, self.end, seat)

    def end(self, seat: Seat, code: int | None = None) -> None:
        """The seat is free and its credentials worth nothing; with `code` its connection closes."""
        self._clear(seat, code)
        if self.seats.get((seat.guild_id, seat.user_id)) is seat:
            del self.seats[seat.guild_id, seat.user_id]

    def later(self, delay_s: float, call: Callable[..., None], *arguments: Any) -> None:
        """Now, or after `delay_s`."""
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, call, *arguments)
        else:
            call(*arguments)

    def _clear(self, seat: Seat, code: int | None) -> None:
        """Out of the call, off the SFU, without a connection: as when it was allocated."""
        if seat.expiry is not None:
            seat.expiry.cancel()
            seat.expiry = None
        if (call := seat.call) is not None:
            call.leave(seat)
            if not call.seats:
                if call.encryption is not None:
                    call.encryption.close()
                del self.calls[seat.guild_id, seat.channel_id]
        self.sfu.remove(seat)
        seat.cipher = seat.speaking = seat.video = None
        connection, seat.connection = seat.connection, None
        if connection is not None and code is not None:
            connection.close(code)
