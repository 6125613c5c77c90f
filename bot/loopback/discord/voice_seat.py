"""One user's place in one voice channel: what the voice gateway, the call and the SFU know about it.

A seat is made when the main gateway puts the user into the channel and ends when the user leaves. Its
websocket may break and come back (op 7) in between: frames are numbered and kept until acknowledged.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.loopback.discord.voice_ops import Op

if TYPE_CHECKING:
    from bot.loopback.discord.impair import Packet
    from bot.loopback.discord.voice_call import Call
    from bot.loopback.discord.voice_cipher import Cipher
    from bot.loopback.discord.voice_connection import Connection

Frame = str | bytes
"""A JSON text frame, or a binary frame ``u16 sequence | u8 op | payload`` (Discord API docs)."""

Address = tuple[str, int]


def json_frame(op: Op, data: Any, seq: int | None = None) -> str:
    message: dict[str, Any] = {"op": int(op), "d": data}
    if seq is not None:
        message["seq"] = seq
    return json.dumps(message, separators=(",", ":"))


class Outbox:
    """The numbered frames of one voice session, for buffered resume; the oldest are given up at `LIMIT`."""

    LIMIT = 1024

    def __init__(self) -> None:
        self.seq = 0
        self._kept: deque[tuple[int, Frame]] = deque()
        self._before = 0  # the last number no longer kept; the first that is sent is 1

    def add(self, op: Op, payload: dict[str, Any] | bytes) -> Frame:
        """Number and keep a frame. Both kinds share one uint16 counter."""
        self.seq = (self.seq + 1) & 0xFFFF
        if isinstance(payload, bytes):
            frame: Frame = self.seq.to_bytes(2, "big") + bytes([op]) + payload
        else:
            frame = json_frame(op, payload, self.seq)
        self._kept.append((self.seq, frame))
        if len(self._kept) > self.LIMIT:
            self._before = self._kept.popleft()[0]
        return frame

    def acknowledge(self, seq_ack: int) -> bool:
        """Forget what the client has up to `seq_ack`; False when that is no number it can have seen. A client
        that has seen none says -1 or 0."""
        if max(seq_ack, 0) == self._before:
            return True
        for index, (seq, _) in enumerate(self._kept):
            if seq == seq_ack:
                for _ in range(index + 1):
                    self._kept.popleft()
                self._before = seq_ack
                return True
        return False

    def replay(self, seq_ack: int) -> list[Frame] | None:
        """What a client that resumes has missed, or None when that is not kept any more."""
        return [frame for _, frame in self._kept] if self.acknowledge(seq_ack) else None


@dataclass(slots=True, eq=False)
class Seat:
    """All state of one user in one channel. Sequence: allocated → identified → described (op 4) → gone."""

    guild_id: int
    channel_id: int
    user_id: int
    session_id: str
    token: str
    dave: bool

    call: Call | None = None  # from Identify on
    connection: Connection | None = None  # None while the websocket is broken
    outbox: Outbox = field(default_factory=Outbox)

    ssrc: int = 0  # what the client sends with
    shown_ssrc: int = 0  # what the others see; differs only after an injected change
    speaking: int | None = None  # flags of its last op 5; None: never announced
    video: dict[str, Any] | None = None

    cipher: Cipher | None = None  # from op 4 on
    address: Address | None = None
    listeners: tuple[Seat, ...] = ()  # who gets this user's audio
    silenced: bool = False  # server-muted, or in the audience of a stage: nobody gets it
    held: list[Packet] | None = None  # injected: audio waits here
    expiry: asyncio.TimerHandle | None = None  # when a broken connection ends the session

    last_welcome: bytes = b""

    def send(self, op: Op, payload: dict[str, Any] | bytes) -> None:
        """A numbered frame: sent now if there is a connection, and again after a resume if it was missed."""
        frame = self.outbox.add(op, payload)
        if self.connection is not None:
            self.connection.send(frame)

    @property
    def speaking_payload(self) -> dict[str, Any]:
        return {"speaking": self.speaking or 0, "ssrc": self.shown_ssrc, "user_id": str(self.user_id)}
