"""What one websocket says and is answered: the voice gateway protocol, version 8, from the server's side.

Everything here is synchronous: a message is handled whole before the next is read, and answers are queued.
`Refused` is the one way out: the connection closes with its code.
"""

from __future__ import annotations

import json
from typing import Any

from bot.loopback.discord.dave import PROTOCOL_VERSION
from bot.loopback.discord.voice_connection import Connection
from bot.loopback.discord.voice_ops import Close, Op, Refused
from bot.loopback.discord.voice_requests import REQUESTS, binary_request
from bot.loopback.discord.voice_seat import Seat, json_frame
from bot.loopback.discord.voice_seating import Seating


class Dialogue:
    """One connection's side of the protocol, and the seat it speaks for once it has identified."""

    def __init__(self, seating: Seating, connection: Connection) -> None:
        self._seating = seating
        self._connection = connection
        self.seat: Seat | None = None

    def hello(self) -> None:
        """Op 8, before the client says anything."""
        interval_ms = self._seating.faults.heartbeat_interval_ms
        self._connection.send(json_frame(Op.HELLO, {"v": 8, "heartbeat_interval": interval_ms}))

    def receive_text(self, text: str) -> int:
        """Handle a JSON frame and return its opcode."""
        try:
            message = json.loads(text)
            op, data = int(message["op"]), message["d"]
        except (ValueError, TypeError, KeyError):
            raise Refused(Close.UNDECODABLE, "not a gateway payload") from None
        try:
            self._dispatch(op, data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Refused(Close.BAD_REQUEST, f"op {op}: {error!r}") from error
        return op

    def receive_binary(self, frame: bytes) -> None:
        """Handle ``u8 op | payload``, a client's binary frame."""
        seat = self._identified()
        op = frame[0] if frame else -1
        self._seating.received[seat.user_id, op] += 1
        try:
            binary_request(seat, op, frame[1:])
        except ValueError as error:  # MlsError: a key package that DAVE does not allow
            raise Refused(Close.BAD_REQUEST, f"op {op}: {error}") from error

    def _dispatch(self, op: int, data: Any) -> None:
        if op == Op.HEARTBEAT:
            self._heartbeat(data)
        elif op == Op.IDENTIFY:
            self._identify(data)
        elif op == Op.RESUME:
            self._resume(data)
        else:
            seat = self._identified()
            self._seating.received[seat.user_id, op] += 1
            if op not in REQUESTS:
                raise Refused(Close.UNKNOWN_OPCODE, f"op {op}")
            REQUESTS[op](self._seating, seat, data)

    def _identified(self) -> Seat:
        if self.seat is None:
            raise Refused(Close.NOT_AUTHENTICATED, "identify first")
        return self.seat

    def _heartbeat(self, data: Any) -> None:
        """Version 8 sends ``{t, seq_ack}``; the bare nonce of older versions is understood as well."""
        nonce, seq_ack = (data["t"], data.get("seq_ack", -1)) if isinstance(data, dict) else (data, -1)
        faults = self._seating.faults
        if self.seat is not None:
            self.seat.outbox.acknowledge(int(seq_ack))
            faults = faults.of(self.seat.user_id)
        if faults.heartbeat_acks:
            self._connection.send(json_frame(Op.HEARTBEAT_ACK, {"t": nonce}))

    def _identify(self, data: dict[str, Any]) -> None:
        if self.seat is not None:
            raise Refused(Close.ALREADY_AUTHENTICATED, "one Identify per connection")
        user_id = int(data["user_id"])
        self._seating.received[user_id, Op.IDENTIFY] += 1
        if refusals := self._seating.faults.of(user_id).refuse_identify:
            raise Refused(Close(refusals.pop(0)), "as told to")
        seat = self._seating.find(user_id, int(data["server_id"]))
        if seat is None or seat.session_id != data["session_id"]:
            raise Refused(Close.SESSION_INVALID, "session is no longer valid")
        if seat.token != data["token"]:
            raise Refused(Close.AUTHENTICATION_FAILED, "wrong token")
        if seat.dave and int(data.get("max_dave_protocol_version") or 0) < PROTOCOL_VERSION:
            raise Refused(Close.DAVE_REQUIRED, "E2EE/DAVE protocol required")
        self.seat = seat
        self._seating.identified(seat, self._connection)

    def _resume(self, data: dict[str, Any]) -> None:
        if self.seat is not None:
            raise Refused(Close.ALREADY_AUTHENTICATED, "already identified")
        seat = self._seating.by_session(str(data["session_id"]), int(data["server_id"]))
        if seat is None or seat.call is None:
            raise Refused(Close.SESSION_INVALID, "session is no longer valid")
        self._seating.received[seat.user_id, Op.RESUME] += 1
        if data["token"] != seat.token:
            raise Refused(Close.AUTHENTICATION_FAILED, "wrong token")
        seq_ack = data.get("seq_ack")
        missed = seat.outbox.replay(-1 if seq_ack is None else int(seq_ack))
        if missed is None or self._seating.faults.of(seat.user_id).resume_refused:
            self._seating.end(seat)
            raise Refused(Close.SESSION_INVALID, "what was missed is gone")
        self.seat = seat
        self._connection.send(json_frame(Op.RESUMED, None))
        for frame in missed:
            self._connection.send(frame)
        self._seating.resumed(seat, self._connection)
