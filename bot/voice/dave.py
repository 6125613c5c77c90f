"""The end-to-end handshake: DAVE's opcodes 21 to 31, without IO.

    in   op 4's version · 25 external sender · 27 proposals · 29 commit · 30 welcome · 21, 22, 24 transitions
    out  what has to be sent (26 key package, 28 commit and welcome, 23 ready, 31 invalid) and a live `E2ee`

davey answers everything out of place (a stale epoch, no group, a second external sender) with a ValueError.
In discord.py 2.7.1 any of them in op 25 or 27 ends the task that reads the voice gateway, silently, and the
bot is deaf for good. Here such a message is counted and ignored, as libdave does; only a commit or welcome
for our epoch that cannot be applied asks the server to take us out and in again (op 31).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import davey

from audio.e2ee import E2ee
from bot.voice.health import LinkCounters

_log = logging.getLogger(__name__)

PREPARE_TRANSITION = 21
EXECUTE_TRANSITION = 22
TRANSITION_READY = 23
PREPARE_EPOCH = 24
EXTERNAL_SENDER = 25
KEY_PACKAGE = 26
PROPOSALS = 27
COMMIT_WELCOME = 28
ANNOUNCE_COMMIT = 29
WELCOME = 30
INVALID_COMMIT_WELCOME = 31

PLAINTEXT_GRACE_S = 10.0
"""After a change of version both kinds of frame are in flight (DAVE whitepaper, "Downgrade": 10 s)."""

_PENDING = (davey.SessionStatus.inactive, davey.SessionStatus.pending)


@dataclass(frozen=True, slots=True)
class Send:
    """One message to the voice gateway: bytes as a binary frame, a dict as the `d` of a JSON one."""

    op: int
    data: bytes | dict[str, Any]


EXECUTED_WITHIN_S = 10.0  # as long as old keys live: by then everybody has switched


class Transitions:
    """Versions that have been announced (op 21, 29, 30) and take effect when executed (op 22)."""

    def __init__(self, e2ee: E2ee) -> None:
        self._e2ee = e2ee
        self._announced: dict[int, int] = {}
        self._announced_at = float("-inf")
        self.last = 0  # the id of the last one executed
        self.changed_at = float("-inf")
        """When keys or version last changed, monotonic seconds."""

    def pending(self, now: float) -> bool:
        """Whether one may still be executed. The server does so after some 2 s even if not all are ready; one
        that it has forgotten must not look like a change for ever."""
        return bool(self._announced) and now - self._announced_at < EXECUTED_WITHIN_S

    def clear(self) -> None:
        self._announced.clear()

    def announce(self, transition_id: int, version: int, now: float) -> list[Send]:
        self._announced[transition_id] = version
        self._announced_at = now
        if version == 0 and self._e2ee.version > 0:
            self._e2ee.plaintext_until = now + PLAINTEXT_GRACE_S
        if transition_id == 0:  # (re)initialisation: no waiting for the others
            self.execute(0, now)
            return []
        return [Send(TRANSITION_READY, {"transition_id": transition_id})]

    def execute(self, transition_id: int, now: float) -> bool:
        """False: nobody announced that one."""
        version = self._announced.pop(transition_id, None)
        if version is None:
            return False
        self.last = transition_id
        if version != self._e2ee.version:
            self._e2ee.plaintext_until = now + PLAINTEXT_GRACE_S
            self.changed_at = now
        self._e2ee.version = version
        return True


class DaveHandshake:
    """Keeps `e2ee` (read per packet by the audio path) in step with the voice server."""

    def __init__(
        self,
        user_id: int,
        e2ee: E2ee,
        expected: Callable[[], Sequence[int] | None],
        counters: LinkCounters,
    ) -> None:
        """`expected` says who may be added to the group right now; None: the server has given no list."""
        self._user_id = user_id
        self._e2ee = e2ee
        self._expected = expected
        self._counters = counters
        self._channel_id = 0
        self._group_version = (
            0  # of the group being formed; becomes e2ee.version when its transition executes
        )
        self._external_sender: bytes | None = None
        self.transitions = Transitions(e2ee)

    @property
    def is_encrypted(self) -> bool:
        return self._e2ee.version > 0

    @property
    def is_ready(self) -> bool:
        return self._e2ee.session is not None and self._e2ee.session.ready

    def forget(self) -> None:
        """A new session begins: nothing of the old one's handshake holds. Hearing goes on with the old
        keys."""
        self._external_sender = None
        self.transitions.clear()

    def begin(self, version: int, channel_id: int, now: float) -> list[Send]:
        """Op 4. The group id is the channel's, so a stage (version 0) or another channel starts from
        nothing."""
        self.transitions.clear()
        self._channel_id = channel_id
        self._group_version = self._e2ee.version = version
        self._e2ee.session = None
        self._e2ee.plaintext_until = float("-inf")
        return self._new_group(version, now)

    def resumed(self) -> list[Send]:
        """The server repeats what it said and we missed; nobody repeats what we said and it missed. Without a
        group yet, that may have been the key package, and nothing would ever happen again."""
        session = self._e2ee.session
        if session is None or session.status not in _PENDING:
            return []
        return [Send(KEY_PACKAGE, session.get_serialized_key_package())]

    def received_json(self, op: int, data: dict[str, Any], now: float) -> list[Send]:
        match op:
            case 21:
                return self.transitions.announce(data["transition_id"], data["protocol_version"], now)
            case 22:
                if not self.transitions.execute(data["transition_id"], now):
                    self._ignore("op 22 of an unknown transition")
            case 24 if data["epoch"] == 1:
                self.transitions.clear()
                if self._e2ee.version == 0 and data["protocol_version"] > 0:
                    # An upgrade: version 0 stays valid both ways until the transition executes.
                    self._group_version = data["protocol_version"]
                else:
                    self._group_version = self._e2ee.version = data["protocol_version"]
                return self._new_group(self._group_version, now)
        return []

    def received_binary(self, op: int, payload: bytes, now: float) -> list[Send]:
        """`payload` is what follows the op. Never raises on what a server can send."""
        match op:
            case 25:
                self._set_external_sender(payload)
            case 27 if payload:
                return self._process_proposals(payload[0], payload[1:])
            case 29 if len(payload) > 2:
                return self._process_commit(int.from_bytes(payload[:2], "big"), payload[2:], now)
            case 30 if len(payload) > 2:
                return self._process_welcome(int.from_bytes(payload[:2], "big"), payload[2:], now)
            case _:
                self._ignore(f"op {op}")
        return []

    def recover(self, now: float, transition_id: int | None = None) -> list[Send]:
        """Op 31 and a new key package: the server removes us from the group and adds us again."""
        if self._e2ee.session is None:
            return []
        self._counters.recoveries += 1
        self.transitions.clear()
        transition = self.transitions.last if transition_id is None else transition_id
        invalid = Send(INVALID_COMMIT_WELCOME, {"transition_id": transition})
        return [invalid, *self._new_group(self._group_version, now)]

    def _new_group(self, version: int, now: float) -> list[Send]:
        if version == 0:
            self._e2ee.session = None
            return []
        self.transitions.changed_at = now
        session = self._e2ee.session
        if session is None:
            session = davey.DaveSession(version, self._user_id, self._channel_id)
        else:
            session.reinit(version, self._user_id, self._channel_id)  # keeps the external sender
        if self._external_sender is not None:
            self._try("op 25", session.set_external_sender, self._external_sender)
        self._e2ee.session = session
        return [Send(KEY_PACKAGE, session.get_serialized_key_package())]

    def _set_external_sender(self, sender: bytes) -> None:
        """May come before op 4, and again; one for a group that exists already waits for the next group."""
        self._external_sender = sender
        session = self._e2ee.session
        if session is not None:
            self._try("op 25", session.set_external_sender, sender)

    def _process_proposals(self, operation: int, proposals: bytes) -> list[Send]:
        session = self._e2ee.session
        if session is None:
            return self._ignore("op 27 without a session")
        kind = davey.ProposalsOperationType.append if operation == 0 else davey.ProposalsOperationType.revoke
        result = self._try("op 27", session.process_proposals, kind, proposals, self._expected())
        if isinstance(result, davey.CommitWelcome):
            return [Send(COMMIT_WELCOME, result.commit + (result.welcome or b""))]
        return []

    def _process_commit(self, transition_id: int, commit: bytes, now: float) -> list[Send]:
        session = self._e2ee.session
        if session is None or session.status in _PENDING:
            return self._ignore("op 29 while waiting for a welcome")
        epoch = commit_epoch(commit)
        if epoch is not None and session.epoch is not None and epoch < session.epoch:
            return self._ignore("op 29 of an old epoch")
        try:
            session.process_commit(commit)
        except ValueError as error:
            _log.warning("commit of transition %d cannot be applied: %s", transition_id, error)
            return self.recover(now, transition_id)
        return self._joined(transition_id, now)

    def _process_welcome(self, transition_id: int, welcome: bytes, now: float) -> list[Send]:
        session = self._e2ee.session
        if session is None:
            return self._ignore("op 30 without a session")
        if session.status == davey.SessionStatus.active:
            return self._ignore("op 30 while in a group")
        try:
            session.process_welcome(welcome)
        except ValueError as error:
            _log.warning("welcome of transition %d cannot be applied: %s", transition_id, error)
            return self.recover(now, transition_id)
        return self._joined(transition_id, now)

    def _joined(self, transition_id: int, now: float) -> list[Send]:
        """A new epoch holds for us: davey has the receivers' keys in place and keeps the old ones for 10
        s."""
        self.transitions.changed_at = now
        return self.transitions.announce(transition_id, self._group_version, now)

    def _try(self, what: str, call: Any, *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except ValueError as error:
            cause = str(error).partition(": ")[2].partition("(")[0]  # davey: "Failed to …: WrongEpoch"
            self._ignore(f"{what}: {cause or 'refused'}")
            return None

    def _ignore(self, cause: str) -> list[Send]:
        self._counters.ignored_ops[cause] += 1
        _log.debug("voice handshake: ignored %s", cause)
        return []


def commit_epoch(commit: bytes) -> int | None:
    """The epoch a commit was made in. MLSMessage: version u16, format u16, V(group id of 8 bytes), epoch
    u64."""
    if len(commit) < 21 or commit[4] != 8:
        return None
    return int.from_bytes(commit[13:21], "big")
