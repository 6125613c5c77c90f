"""The member's side of the DAVE handshake: opcodes 21 to 31 in, what to answer out. No IO.

After the whitepaper (daveprotocol.com) and libdave, also where bots are careless: the external sender may
come before op 4 or again; proposals and commits of other groups or past epochs are ignored; a commit or
welcome that does not fit is answered with op 31 and a new key package; only announced users are let in.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import davey

from bot.loopback.member.frames import FrameKeys

Outgoing = bytes | dict[str, Any]
"""A binary frame (opcode first), or a JSON one."""

_PUBLIC_MESSAGE = b"\x00\x01\x00\x01\x08"  # MLS 1.0, then a group id of eight bytes (RFC 9420 §6)


class Dave:
    """The handshake of one voice session. `ignored` and `flagged` count misfits in davey's words."""

    def __init__(self, user_id: int, channel_id: int, keys: FrameKeys) -> None:
        self.keys = keys
        self.expected: set[int] = {user_id}
        """Who may be in the group: announced by op 11 and not gone by op 13, and this member."""
        self.ignored: Counter[str] = Counter()
        self.flagged: Counter[str] = Counter()
        self._user_id = user_id
        self._channel_id = channel_id
        self._version = 0
        self._external_sender: bytes | None = None
        self._welcome: bytes | None = None
        self._pending: dict[int, int] = {}

    def select(self, version: int, now: float) -> list[Outgoing]:
        """Op 4: the session begins with `version`; nothing starts before a key package is sent."""
        self._version = version
        self._pending.clear()
        self.keys.start(version)
        return self._new_group(now) if version else []

    def move(self, channel_id: int, now: float) -> list[Outgoing]:
        """The channel turned out to be another one: the group id is the channel's id, so begin anew."""
        if channel_id == self._channel_id:
            return []
        self._channel_id = channel_id
        return self._new_group(now) if self._version and self.keys.newest is not None else []

    def json_op(self, op: int, data: dict[str, Any], now: float) -> list[Outgoing]:
        match op:
            case 21:
                version = int(data["protocol_version"])
                self.keys.announce(version)
                return self._transition(int(data["transition_id"]), version, now)
            case 22:
                version_then = self._pending.pop(int(data["transition_id"]), None)
                if version_then is not None:
                    self.keys.execute(int(data["transition_id"]), version_then, now)
            case 24:
                self._version = int(data["protocol_version"])
                if int(data["epoch"]) == 1:
                    return self._new_group(now)
        return []

    def binary_op(self, op: int, payload: bytes, now: float) -> list[Outgoing]:
        match op:
            case 25:
                self._external_sender = payload
                self._install_sender()
            case 27:
                return self._propose(payload)
            case 29:
                return self._commit(int.from_bytes(payload[:2], "big"), payload[2:], now)
            case 30:
                return self._join(int.from_bytes(payload[:2], "big"), payload[2:], now)
        return []

    def _new_group(self, now: float) -> list[Outgoing]:
        """A fresh session object: ``reinit()`` would wipe keys that are still good for ten seconds."""
        group = davey.DaveSession(max(self._version, 1), self._user_id, self._channel_id)
        self.keys.replace(group, now)
        self._welcome = None
        self._install_sender()
        return [b"\x1a" + group.get_serialized_key_package()]

    def _install_sender(self) -> None:
        """Give the external sender to a group that has none; an established one keeps its own."""
        group = self.keys.newest
        if group is None or self._external_sender is None or group.status is not davey.SessionStatus.inactive:
            return
        try:
            group.set_external_sender(self._external_sender)
        except ValueError as error:
            self.ignored[str(error)] += 1

    def _propose(self, payload: bytes) -> list[Outgoing]:
        group = self.keys.newest
        if group is None or not payload:
            self.ignored["NoGroup"] += 1
            return []
        kind = davey.ProposalsOperationType.append
        if payload[0] == 1:
            kind = davey.ProposalsOperationType.revoke
        try:
            answer = group.process_proposals(kind, payload[1:], sorted(self.expected))
        except ValueError as error:  # stale epoch, other group, unknown reference, unexpected user
            self.ignored[str(error)] += 1
            return []
        return [b"\x1c" + answer.commit + (answer.welcome or b"")] if answer is not None else []

    def _commit(self, transition_id: int, commit: bytes, now: float) -> list[Outgoing]:
        group = self.keys.newest
        if group is None or group.status in (davey.SessionStatus.inactive, davey.SessionStatus.pending):
            self.ignored["commit before welcome"] += 1  # it adds us or others; ours is the welcome
            return []
        if self._passed(commit, group.epoch or 0):
            self.ignored["commit of another group or a past epoch"] += 1
            return []
        self.keys.before_commit(transition_id)
        try:
            group.process_commit(commit)
        except ValueError as error:
            return self._flag(transition_id, error, now)
        return self._transition(transition_id, self._version, now)

    def _passed(self, commit: bytes, epoch: int) -> bool:
        """Whether a commit is well-formed, but of another group or an epoch we have left behind."""
        if not commit.startswith(_PUBLIC_MESSAGE):
            return False
        group_id, its_epoch = int.from_bytes(commit[5:13], "big"), int.from_bytes(commit[13:21], "big")
        return group_id != self._channel_id or its_epoch < epoch

    def _join(self, transition_id: int, welcome: bytes, now: float) -> list[Outgoing]:
        group = self.keys.newest
        if group is None or welcome == self._welcome:
            self.ignored["welcome twice"] += 1
            return []
        try:
            group.process_welcome(welcome)
        except ValueError as error:
            return self._flag(transition_id, error, now)
        self._welcome = welcome
        return self._transition(transition_id, self._version, now)

    def _flag(self, transition_id: int, error: ValueError, now: float) -> list[Outgoing]:
        """Op 31: the server will remove and add us again, with the key package that follows."""
        self.flagged[str(error)] += 1
        return [{"op": 31, "d": {"transition_id": transition_id}}, *self._new_group(now)]

    def _transition(self, transition_id: int, version: int, now: float) -> list[Outgoing]:
        if transition_id == 0:  # (re-)initialisation: at once, and no op 23
            self.keys.execute(0, version, now)
            return []
        self._pending[transition_id] = version
        return [{"op": 23, "d": {"transition_id": transition_id}}]
