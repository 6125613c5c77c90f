"""A call's DAVE group on the clock: the pure :class:`Group`, its timers, and faults on the way to members."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

from bot.loopback.discord.dave import APPEND, Group, Send
from bot.loopback.discord.faults import VoiceFaults
from bot.loopback.discord.mls import MlsError, vector
from bot.loopback.discord.voice_ops import Op
from bot.loopback.discord.voice_seat import Seat


class CallGroup:
    """Runs one group for the seats of one call."""

    def __init__(
        self, channel_id: int, seats: Mapping[int, Seat], faults: VoiceFaults, stats: Counter[str]
    ) -> None:
        self.group = Group(channel_id)
        self._seats = seats
        self._faults = faults
        self._stats = stats
        self._loop = asyncio.get_running_loop()
        self._execute_timer: asyncio.TimerHandle | None = None
        self._flush_timer: asyncio.TimerHandle | None = None

    def entered(self, seat: Seat) -> None:
        """After Ready, where a fault may want op 25 already."""
        if self._faults.of(seat.user_id).external_sender_first:
            seat.send(Op.MLS_EXTERNAL_SENDER, self.group.sender.package)

    def described(self, seat: Seat) -> None:
        """After op 4: pending, and told who signs the proposals."""
        group, faults = self.group, self._faults.of(seat.user_id)
        if seat.user_id not in group.members:
            group.join(seat.user_id)
        if faults.proposals_before_external_sender:
            early = group.sender.remove(group.channel_id, group.epoch, 0).message
            seat.send(Op.MLS_PROPOSALS, APPEND + vector(early))
        for _ in range((not faults.external_sender_first) + faults.external_sender_twice):
            seat.send(Op.MLS_EXTERNAL_SENDER, group.sender.package)

    def leave(self, seat: Seat) -> None:
        self._deliver(self.group.leave(seat.user_id, self._loop.time()))

    def key_package(self, seat: Seat, raw: bytes) -> None:
        """Op 26; `MlsError` for a package that is not allowed."""
        if seat.user_id in self.group.members:
            self._deliver(self.group.receive_key_package(seat.user_id, raw, self._loop.time()))

    def commit(self, seat: Seat, payload: bytes) -> None:
        """Op 28. A commit that does not win is dropped, as the real gateway does."""
        if delay_s := self._faults.of(seat.user_id).commit_delay_s:
            self._loop.call_later(delay_s, self._commit_now, seat, payload)
        else:
            self._commit_now(seat, payload)

    def invalid(self, seat: Seat) -> None:
        """Op 31."""
        if seat.user_id in self.group.members:
            self._deliver(self.group.receive_invalid(seat.user_id, self._loop.time()))

    def ready(self, seat: Seat, transition_id: int) -> None:
        """Op 23."""
        self.group.transitions.ready(transition_id, seat.user_id, self._loop.time())
        self._execute()

    def close(self) -> None:
        """Nobody is left; timers must not outlive the call."""
        for timer in (self._execute_timer, self._flush_timer):
            if timer is not None:
                timer.cancel()

    def _commit_now(self, seat: Seat, payload: bytes) -> None:
        if self._seats.get(seat.user_id) is not seat:
            return
        try:
            sends = self.group.receive_commit(seat.user_id, payload, self._loop.time())
        except MlsError as refusal:
            self._stats[f"commit refused: {refusal}"] += 1
        else:
            self._deliver(sends)

    def _deliver(self, sends: list[Send]) -> None:
        for send in sends:
            self._send(send)
        if not (batch_s := self._faults.proposal_batch_s):
            self._flush()
        elif self._flush_timer is None:
            self._flush_timer = self._loop.call_later(batch_s, self._flush)
        self._execute()

    def _flush(self) -> None:
        self._flush_timer = None
        for send in self.group.flush():
            self._send(send)

    def _execute(self) -> None:
        """Op 22 for what is due now; then look again when the next one is."""
        transitions = self.group.transitions
        transitions.hold_s = self._faults.slow_execute_s
        for send in self.group.execute_due(self._loop.time()):
            self._send(send)
        if self._execute_timer is not None:
            self._execute_timer.cancel()
        next_at = transitions.next_at
        self._execute_timer = None if next_at is None else self._loop.call_at(next_at, self._execute)

    def _send(self, send: Send) -> None:
        """One message of the group to its member, through that member's faults."""
        seat = self._seats.get(send.user_id)
        if seat is None:
            return
        faults = self._faults.of(send.user_id)
        payload = send.payload
        if send.op is Op.MLS_ANNOUNCE_COMMIT and faults.corrupt_commits:
            faults.corrupt_commits -= 1
            payload = damaged(payload)
        if send.op is not Op.MLS_WELCOME:
            seat.send(send.op, payload)
            return
        assert isinstance(payload, bytes)
        seat.last_welcome = payload
        if faults.corrupt_welcomes:
            faults.corrupt_welcomes -= 1
            payload = damaged(payload)
        seat.send(send.op, payload)
        if faults.welcome_twice:
            faults.welcome_twice = False
            seat.send(send.op, payload)


def damaged(payload: dict[str, Any] | bytes) -> bytes:
    """The message with one bit of its last tag turned: well-formed, but not authentic."""
    assert isinstance(payload, bytes)
    return payload[:-3] + bytes([payload[-3] ^ 1]) + payload[-2:]
