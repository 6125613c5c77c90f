"""Real DAVE groups for the tests: davey sessions, and the external sender that the voice server is.

Byte layouts: RFC 9420 §6 (message framing), §5.1.2 (SignWithLabel); DAVE whitepaper, "External Sender".
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import davey
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CHANNEL_ID = 5150


def _vector(data: bytes) -> bytes:
    """A variable-size vector (RFC 9420 §2.1.2)."""
    if len(data) < 64:
        return bytes([len(data)]) + data
    return struct.pack(">H", 0x4000 | len(data)) + data


class DaveGroup:
    """One call's group. The first member is alone; `add` puts others in, as the voice server does it."""

    def __init__(self, members: Iterable[int]) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._epoch = 0
        self.sessions: dict[int, davey.DaveSession] = {}
        for user_id in members:
            self.add(user_id)

    def add(self, user_id: int) -> davey.DaveSession:
        """A new session in the group; every other member processes the commit."""
        joiner = davey.DaveSession(davey.DAVE_PROTOCOL_VERSION, user_id, CHANNEL_ID)
        joiner.set_external_sender(self._external_sender())
        key_package = joiner.get_serialized_key_package()
        members = list(self.sessions.values())
        self.sessions[user_id] = joiner
        if not members:
            return joiner
        proposals = _vector(self._signed(struct.pack(">H", 1) + key_package))
        results = [m.process_proposals(davey.ProposalsOperationType.append, proposals) for m in members]
        winner = results[0]
        assert winner is not None and winner.welcome is not None
        for member in members:
            member.process_commit(winner.commit)
        joiner.process_welcome(winner.welcome)
        self._epoch += 1
        return joiner

    def remove(self, user_id: int, leaf_index: int) -> None:
        """Take a member out again; `leaf_index` is the place they were added in, from 0."""
        del self.sessions[user_id]
        proposals = _vector(self._signed(struct.pack(">HI", 3, leaf_index)))
        members = list(self.sessions.values())
        results = [m.process_proposals(davey.ProposalsOperationType.append, proposals) for m in members]
        winner = results[0]
        assert winner is not None
        for member in members:
            member.process_commit(winner.commit)
        self._epoch += 1

    def _external_sender(self) -> bytes:
        public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return _vector(public) + struct.pack(">H", 1) + _vector(b"\x00")

    def _signed(self, proposal: bytes) -> bytes:
        content = (
            struct.pack(">HH", 1, 1)  # MLS 1.0, PublicMessage
            + _vector(struct.pack(">Q", CHANNEL_ID))
            + struct.pack(">QBI", self._epoch, 2, 0)  # sender: external, index 0
            + _vector(b"")
            + b"\x02"  # content: proposal
            + proposal
        )
        to_sign = _vector(b"MLS 1.0 FramedContentTBS") + _vector(content)
        return content + _vector(self._key.sign(to_sign, ec.ECDSA(hashes.SHA256())))
