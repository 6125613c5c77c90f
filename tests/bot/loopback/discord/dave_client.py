"""The DAVE part of a voice client, for tests of the server: davey, driven as libdave drives it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import davey

from bot.loopback.discord.voice_ops import Op


class DaveClient:
    """A voice client as libdave has it: pushes key packages, commits proposals, reports what is bad."""

    def __init__(self, user_id: int, channel_id: int) -> None:
        self.user_id = user_id
        self.channel_id = channel_id
        self.session = davey.DaveSession(1, user_id, channel_id)
        self.seen: Counter[Op] = Counter()

    def receive_external_sender(self, package: bytes) -> None:
        if self.session.status is davey.SessionStatus.inactive:
            self.session.set_external_sender(package)

    def key_package(self) -> tuple[Op, bytes]:
        return Op.MLS_KEY_PACKAGE, bytes(self.session.get_serialized_key_package())

    def restart(self) -> tuple[Op, bytes]:
        self.session.reinit(1, self.user_id, self.channel_id)
        return self.key_package()

    def receive(self, op: Op, payload: Any) -> list[tuple[Op, Any]]:
        self.seen[op] += 1
        match op:
            case Op.PREPARE_EPOCH:
                return [self.restart()]
            case Op.MLS_PROPOSALS:
                kinds = davey.ProposalsOperationType
                kind = kinds.append if payload[0] == 0 else kinds.revoke
                try:
                    result = self.session.process_proposals(kind, payload[1:])
                except ValueError:  # of the group it has just left behind: libdave ignores them as well
                    return []
                if result is None:
                    return []
                return [(Op.MLS_COMMIT_WELCOME, bytes(result.commit) + bytes(result.welcome or b""))]
            case Op.MLS_ANNOUNCE_COMMIT | Op.MLS_WELCOME:
                transition = int.from_bytes(payload[:2], "big")
                process = (
                    self.session.process_commit
                    if op is Op.MLS_ANNOUNCE_COMMIT
                    else self.session.process_welcome
                )
                try:
                    process(payload[2:])
                except ValueError:
                    return [(Op.MLS_INVALID_COMMIT_WELCOME, {"transition_id": transition}), self.restart()]
                return [(Op.TRANSITION_READY, {"transition_id": transition})] if transition else []
        return []
