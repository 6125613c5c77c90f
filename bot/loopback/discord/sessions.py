"""Gateway sessions: who hears of which event, numbering, and the replay that RESUME needs.

A session outlives its websocket: events go to its outbox, which whatever connection holds it drains.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Collection, Iterator
from enum import IntEnum, IntFlag
from typing import Any

from bot.loopback.discord.entities import User


class Op(IntEnum):
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Intent(IntFlag):
    GUILDS = 1 << 0
    MEMBERS = 1 << 1
    EXPRESSIONS = 1 << 3
    VOICE_STATES = 1 << 7
    PRESENCES = 1 << 8
    MESSAGES = 1 << 9
    REACTIONS = 1 << 10
    TYPING = 1 << 11
    MESSAGE_CONTENT = 1 << 15
    SCHEDULED_EVENTS = 1 << 16
    POLLS = 1 << 24


PRIVILEGED = Intent.MEMBERS | Intent.PRESENCES | Intent.MESSAGE_CONTENT
EVERY_INTENT = (1 << 32) - 1
# An ordinary account names no intents, and its guilds are loaded lazily: nobody's coming or presence unasked.
ORDINARY = EVERY_INTENT & ~int(Intent.MEMBERS | Intent.PRESENCES)

_INTENT_OF = {
    **dict.fromkeys(
        ("GUILD_CREATE", "GUILD_UPDATE", "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE"), Intent.GUILDS
    ),
    **dict.fromkeys(("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"), Intent.GUILDS),
    **dict.fromkeys(("THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE"), Intent.GUILDS),
    "VOICE_CHANNEL_STATUS_UPDATE": Intent.GUILDS,
    **dict.fromkeys(
        ("GUILD_SCHEDULED_EVENT_CREATE", "GUILD_SCHEDULED_EVENT_UPDATE", "GUILD_SCHEDULED_EVENT_DELETE"),
        Intent.SCHEDULED_EVENTS,
    ),
    **dict.fromkeys(("MESSAGE_POLL_VOTE_ADD", "MESSAGE_POLL_VOTE_REMOVE"), Intent.POLLS),
    "GUILD_MEMBER_ADD": Intent.MEMBERS,
    "GUILD_MEMBER_UPDATE": Intent.MEMBERS,
    **dict.fromkeys(("VOICE_STATE_UPDATE", "VOICE_CHANNEL_EFFECT_SEND"), Intent.VOICE_STATES),
    **dict.fromkeys(
        (f"GUILD_SOUNDBOARD_SOUND_{what}" for what in ("CREATE", "UPDATE", "DELETE")), Intent.EXPRESSIONS
    ),
    **dict.fromkeys(("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"), Intent.MESSAGES),
    **dict.fromkeys(("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"), Intent.REACTIONS),
    "TYPING_START": Intent.TYPING,
}

# As plain integers: an IntFlag costs 1.5 µs for every `&`, and this is asked for every event and session.
_NEEDED = {event: int(intent) for event, intent in _INTENT_OF.items()}

_REPLAYED = 1000  # events kept for RESUME; an older sequence gets INVALID_SESSION


def encode(payload: object) -> str:
    return json.dumps(payload, separators=(",", ":"))


class Close(Exception):
    """Put into an outbox: the connection closes with this code after what was queued before it."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Session:
    """One IDENTIFY: its sequence, its replay buffer and the outbox of its current connection."""

    def __init__(self, user: User, intents: int, shard: tuple[int, int] = (0, 1)) -> None:
        self.id = secrets.token_hex(16)
        self.user = user
        self.intents = int(intents)
        self.shard = shard
        self.sequence = 0
        self.outbox: asyncio.Queue[str | Close] | None = None  # None: no connection at the moment
        self._replay: deque[tuple[int, str]] = deque(maxlen=_REPLAYED)

    def wants(self, event: str, guild_id: int | None) -> bool:
        needed = _NEEDED.get(event)
        if needed is not None and not self.intents & needed:
            return False
        return guild_id is None or (guild_id >> 22) % self.shard[1] == self.shard[0]

    def dispatch(self, event: str, data: str) -> None:
        """Queue one event; `data` is JSON already, so that it is encoded once for all sessions."""
        self.sequence += 1
        text = f'{{"op":0,"s":{self.sequence},"t":"{event}","d":{data}}}'
        self._replay.append((self.sequence, text))
        if self.outbox is not None:
            self.outbox.put_nowait(text)

    def send(self, op: Op, data: object = None) -> None:
        """Queue a frame other than an event: not numbered, not replayed."""
        if self.outbox is not None:
            self.outbox.put_nowait(encode({"op": int(op), "d": data, "s": None, "t": None}))

    def attach(self, outbox: asyncio.Queue[str | Close]) -> None:
        """Give the session to a connection; one that held it before is closed."""
        self.close(4000, "resumed elsewhere")
        self.outbox = outbox

    def detach(self, outbox: asyncio.Queue[str | Close]) -> bool:
        """The connection ended. False if another one has taken the session over."""
        if self.outbox is not outbox:
            return False
        self.outbox = None
        return True

    def close(self, code: int, reason: str = "") -> None:
        if self.outbox is not None:
            self.outbox.put_nowait(Close(code, reason))

    def replay_after(self, sequence: int) -> bool:
        """Queue again what came after `sequence`. False if that is no longer, or never was, known."""
        oldest = self._replay[0][0] if self._replay else self.sequence + 1
        if self.outbox is None or not oldest - 1 <= sequence <= self.sequence:
            return False
        for number, text in self._replay:
            if number > sequence:
                self.outbox.put_nowait(text)
        return True


class Sessions:
    """All sessions of all accounts."""

    def __init__(self) -> None:
        self._by_id: dict[str, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._by_id.values()))

    def add(self, session: Session) -> None:
        self._by_id[session.id] = session

    def remove(self, session: Session) -> None:
        self._by_id.pop(session.id, None)

    def get(self, session_id: str) -> Session | None:
        return self._by_id.get(session_id)

    def of(self, user_id: int) -> list[Session]:
        return [session for session in self._by_id.values() if session.user.id == user_id]

    def dispatch(
        self, event: str, data: dict[str, Any], guild_id: int | None, audience: Collection[int]
    ) -> None:
        """Send an event to every session of `audience` (user ids) whose intents and shard ask for it. Of a
        change of their own member everybody hears, whatever their intents (Discord API docs, "List of
        Intents")."""
        encoded: str | None = None
        about = data["user"]["id"] if event == "GUILD_MEMBER_UPDATE" else None
        for session in self._by_id.values():
            wanted = session.wants(event, guild_id) or str(session.user.id) == about
            if session.user.id in audience and wanted:
                encoded = encoded or encode(data)
                session.dispatch(event, encoded)
