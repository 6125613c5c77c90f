"""The delivery service of one DAVE group: the voice gateway's side of the protocol, as a pure state machine.

    pending ──key package──► proposed ──commit wins──► active ──leaves, op 31, new key package──► removed
       ▲                                                                                            │
       └───────────────────────── op 31 or a new key package: still connected ◄─────────────────────┘

The group is *unestablished* (epoch 0: every pending member has a local group of its own and is told to add
the others) until the first commit wins, then *established* until its last active member is gone or alone.
Methods take what a client sent and return what clients are to be sent, in order; `now` is monotonic seconds.
DAVE whitepaper 1.1.4, "Group Key Exchange", has the rules; section names are given where a rule is applied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bot.loopback.discord.mls import (
    Commit,
    ExternalSender,
    KeyPackage,
    MlsError,
    Proposal,
    Welcome,
    split_commit_welcome,
    vector,
)
from bot.loopback.discord.transitions import Transitions
from bot.loopback.discord.voice_ops import Op

PROTOCOL_VERSION = 1
APPEND, REVOKE = b"\x00", b"\x01"
MAX_REPEATS = 8
"""How often an epoch's proposals are sent anew for a client that does not commit them as it must."""


class Send(NamedTuple):
    """One message to one member: a dict goes out as JSON, bytes as a binary frame."""

    user_id: int
    op: Op
    payload: dict[str, Any] | bytes


@dataclass(slots=True)
class Member:
    user_id: int
    key_package: KeyPackage | None = None  # offered, not used yet
    signature_key: bytes = b""
    leaf: int | None = None  # place in the established group; None while pending

    @property
    def active(self) -> bool:
        return self.leaf is not None


@dataclass(slots=True, eq=False)
class Change:
    """An Add (of `key_package`) or a Remove (of `leaf`) on its way into the group."""

    user_id: int
    key_package: KeyPackage | None = None
    leaf: int = -1
    signed: Proposal | None = None  # when first sent: the epoch is part of what is signed
    told: set[int] = field(default_factory=set)

    def sign(self, sender: ExternalSender, group_id: int, epoch: int) -> Proposal:
        """The one signed proposal of this change, made at the first call."""
        if self.signed is None:
            if self.key_package is not None:
                self.signed = sender.add(group_id, epoch, self.key_package)
            else:
                self.signed = sender.remove(group_id, epoch, self.leaf)
        return self.signed


class Group:
    """One channel's MLS group, seen from the voice gateway."""

    def __init__(self, channel_id: int) -> None:
        self.channel_id = channel_id
        self.sender = ExternalSender()
        self.members: dict[int, Member] = {}
        self.leaves: list[int | None] = []
        self.epoch = 0
        self.established = False
        self.changes: list[Change] = []
        self.transitions = Transitions()
        self._repeats = 0

    @property
    def active(self) -> list[int]:
        """User ids in the established group, by leaf; those on their way out are not counted."""
        return sorted(user for user, member in self.members.items() if member.active)

    @property
    def settled(self) -> bool:
        """Everybody connected is in the group, and nothing is under way."""
        alone = len(self.members) == 1 and not self.established
        everybody = all(member.active for member in self.members.values())
        return (alone or everybody) and not self.transitions.open and (alone or not self.changes)

    def join(self, user_id: int) -> None:
        """The user was told (op 4) that the channel is end-to-end encrypted; pending until its op 26."""
        self.members[user_id] = Member(user_id)

    def leave(self, user_id: int, now: float) -> list[Send]:
        """The user disconnected, on purpose or not ("Member Remove")."""
        member = self.members.get(user_id)
        if member is None:
            return []
        sends = self._withdraw_add(user_id)
        self._retire(member, now)
        del self.members[user_id]
        return sends + self._reset_if_hollow()

    def receive_key_package(self, user_id: int, raw: bytes, now: float) -> list[Send]:
        """Op 26. `MlsError` when it is not one that DAVE allows for this user."""
        package = KeyPackage.parse(raw)
        if package.user_id != user_id:
            raise MlsError(f"key package of {package.user_id} sent by {user_id}")
        member = self.members[user_id]
        sends = self._withdraw_add(user_id)
        self._retire(member, now)  # "about to be re-added with a different key package"
        for change in self.changes:
            change.told.discard(user_id)  # a new key package comes with a new, empty local group
        member.key_package, member.signature_key = package, package.leaf.signature_key
        self.changes.append(Change(user_id, package))
        return sends + self._reset_if_hollow()

    def receive_invalid(self, user_id: int, now: float) -> list[Send]:
        """Op 31: the member could not process a commit or welcome ("Recovery from Invalid …").

        It goes back to pending; the key package that follows brings it in again.
        """
        member = self.members[user_id]
        self._retire(member, now)
        return self._reset_if_hollow()

    def receive_commit(self, user_id: int, payload: bytes, now: float) -> list[Send]:
        """Op 28: the first valid commit of an epoch wins ("Commit Ordering"); `MlsError` for all others."""
        commit, commit_bytes, welcome = split_commit_welcome(payload)
        changes = self._checked(user_id, commit)
        added = [change for change in changes if change.key_package is not None]
        if added and welcome is None:
            return self._propose_again()
        welcomes = [(change.user_id, _welcome_for(change, welcome)) for change in added]
        initial, existing = not self.established, self.active or [user_id]
        if initial:
            self._place(user_id)
        for change in changes:
            if change.key_package is None:
                self.leaves[change.leaf] = None
        for change in added:
            self._place(change.user_id)
        self.epoch, self.established, self._repeats = self.epoch + 1, True, 0
        self.changes = [c for c in self.changes if c.signed is None]
        # "Initial Group Creation" is transition 0, executed on receipt: there are no old keys to wait for.
        everybody = existing + [user for user, _ in welcomes]
        transition = (0 if initial else self.transitions.start(everybody, now)).to_bytes(2, "big")
        return [
            *(Send(user, Op.MLS_ANNOUNCE_COMMIT, transition + commit_bytes) for user in existing),
            *(Send(user, Op.MLS_WELCOME, transition + own_welcome) for user, own_welcome in welcomes),
        ]

    def flush(self) -> list[Send]:
        """Op 27 for all changes not sent yet: to the active members, or to everyone pending at epoch 0.

        A member's own Add is not sent to it. Calling this later batches several changes in one message.
        """
        sends = []
        for member in self.members.values():
            if not (member.active if self.established else member.key_package):
                continue
            unsent = [c for c in self.changes if c.user_id != member.user_id and member.user_id not in c.told]
            if unsent:
                messages = b"".join(c.sign(self.sender, self.channel_id, self.epoch).message for c in unsent)
                sends.append(Send(member.user_id, Op.MLS_PROPOSALS, APPEND + vector(messages)))
                for change in unsent:
                    change.told.add(member.user_id)
        return sends

    def execute_due(self, now: float) -> list[Send]:
        """Op 22 for transitions that everybody is ready for, or that waited long enough."""
        return [
            Send(user, Op.EXECUTE_TRANSITION, {"transition_id": transition.id})
            for transition in self.transitions.due(now)
            for user in transition.users
        ]

    def _checked(self, user_id: int, commit: Commit) -> list[Change]:
        """The changes of a commit that may win, in its order ("Voice Gateway Commit Validity")."""
        member = self.members.get(user_id)
        if member is None or not (member.active if self.established else member.key_package):
            raise MlsError("commit of a member that is not in the group")
        if (commit.group_id, commit.epoch) != (self.channel_id, self.epoch):
            raise MlsError(f"commit for group {commit.group_id} epoch {commit.epoch}, not {self.epoch}")
        if commit.leaf_index != (member.leaf if self.established else 0):
            raise MlsError(f"commit from leaf {commit.leaf_index}, which is not {user_id}")
        told = {c.signed.ref: c for c in self.changes if c.signed is not None and user_id in c.told}
        if not commit.refs or len(commit.refs) != len(told) or set(commit.refs) != told.keys():
            raise MlsError("commit does not name exactly the unrevoked proposals of its epoch")
        if (leaf := commit.path_leaf) is not None and (
            leaf.user_id != user_id or leaf.signature_key != member.signature_key
        ):
            raise MlsError("commit changes the committer's credential or signature key")
        return [told[ref] for ref in commit.refs]

    def _place(self, user_id: int) -> None:
        """Give the user the leftmost blank leaf, as every MLS client does with an Add (RFC 9420 §12.1.1)."""
        leaf = next((i for i, user in enumerate(self.leaves) if user is None), len(self.leaves))
        self.leaves[leaf : leaf + 1] = [user_id]
        member = self.members[user_id]
        member.leaf, member.key_package = leaf, None

    def _retire(self, member: Member, now: float) -> None:
        """Back to pending; if it was in the group, propose to remove its leaf."""
        self.transitions.forget(member.user_id, now)
        if member.leaf is not None:
            self.changes.append(Change(member.user_id, leaf=member.leaf))
            member.leaf = None

    def _withdraw_add(self, user_id: int) -> list[Send]:
        """Take back an Add that no commit has taken up yet ("may revoke in-flight proposals")."""
        withdrawn = [c for c in self.changes if c.user_id == user_id and c.key_package is not None]
        self.changes = [c for c in self.changes if c not in withdrawn]
        return revoke(withdrawn, self.members)

    def _propose_again(self) -> list[Send]:
        """Revoke everything in flight, so that the next flush proposes it anew, in one message.

        davey 0.1.7 leaves the welcome out when the op 27 it answers has no Add in it, though the commit
        takes up Adds sent before. Such a commit cannot win, and a group of davey clients would be stuck.
        """
        self._repeats += 1
        if self._repeats > MAX_REPEATS:
            raise MlsError("commit adds members without a welcome, again and again")
        return revoke(self.changes, self.members)

    def _reset_if_hollow(self) -> list[Send]:
        """Without an active member, or with one alone in the call, the group starts over at epoch 0."""
        active = self.active
        alone = len(active) == len(self.members) == 1
        if not self.established or (active and not alone):
            return []
        self.leaves, self.epoch, self.established, self._repeats = [], 0, False, 0
        self.transitions.open.clear()
        for member in self.members.values():
            member.leaf = None
        offered = [m for m in self.members.values() if m.key_package is not None]
        self.changes = [Change(member.user_id, member.key_package) for member in offered]
        if not alone:
            return []
        epoch = {"protocol_version": PROTOCOL_VERSION, "epoch": 1}  # "Sole member reset": 24, then 21
        transition = {"transition_id": 0, "protocol_version": PROTOCOL_VERSION}
        return [Send(active[0], Op.PREPARE_EPOCH, epoch), Send(active[0], Op.PREPARE_TRANSITION, transition)]


def revoke(changes: Iterable[Change], members: Container[int]) -> list[Send]:
    """Op 27 that takes back what was sent of `changes`; they are unsigned again."""
    refs: defaultdict[int, bytes] = defaultdict(bytes)
    for change in changes:
        if change.signed is not None:
            for user_id in change.told:
                refs[user_id] += vector(change.signed.ref)
        change.signed, change.told = None, set()
    messages = {user_id: REVOKE + vector(refs[user_id]) for user_id in sorted(refs) if user_id in members}
    return [Send(user_id, Op.MLS_PROPOSALS, message) for user_id, message in messages.items()]


def _welcome_for(change: Change, welcome: Welcome | None) -> bytes:
    assert change.key_package is not None and welcome is not None
    return welcome.subset([change.key_package.ref])
