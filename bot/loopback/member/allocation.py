"""What the main gateway says about a member's place in voice: two updates, and what follows from them.

VOICE_STATE_UPDATE and VOICE_SERVER_UPDATE come in either order, at a join as at a move. A session is
started as soon as both halves are known; if the state that follows names another channel, it is moved there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

_PAIRED_S = 3.0  # the two updates of one move come within this time


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the main gateway hands out for one voice session."""

    endpoint: str
    token: str
    session_id: str
    guild_id: int
    channel_id: int
    user_id: int


class Step(Enum):
    NOTHING = auto()
    START = auto()
    """A voice session with new credentials."""
    MOVE = auto()
    """The running session belongs to another channel than thought."""
    STOP = auto()
    """The voice server went away; another follows."""
    GONE = auto()
    """Out of voice."""


class Allocation:
    """The place of one user. Pure: `now` is monotonic seconds."""

    def __init__(self) -> None:
        self.guild_id = 0
        self.channel_id: int | None = None
        self._session_id = ""
        self._server: tuple[str, str] | None = None
        self._unpaired: tuple[str, float] = ("", 0.0)
        self._leaving_first = False

    def forget(self, *, coming_back: bool = False) -> None:
        """What was allocated is void. `coming_back`: op 4 follows, out and in; being out is no end."""
        self._session_id, self._server, self._unpaired = "", None, ("", 0.0)
        self._leaving_first = coming_back
        if not coming_back:
            self.channel_id = None

    def lost(self) -> Step:
        self.forget()
        return Step.GONE

    def on_state(self, data: dict[str, Any], running: bool, now: float) -> Step:
        """VOICE_STATE_UPDATE of this user; `running`: there is a voice session."""
        if data["channel_id"] is None:
            return Step.NOTHING if self._leaving_first else self.lost()
        self._leaving_first = False
        same_session = self._session_id == data["session_id"]
        moved = self.channel_id != int(data["channel_id"])
        self.channel_id, self._session_id = int(data["channel_id"]), data["session_id"]
        if (running and same_session and not moved) or not self._pair("state", now):
            return Step.NOTHING
        return Step.MOVE if running and same_session else Step.START

    def on_server(self, data: dict[str, Any], now: float) -> Step:
        """VOICE_SERVER_UPDATE."""
        if data.get("endpoint") is None:
            self._server = None
            return Step.STOP
        self._server = data["endpoint"].removeprefix("wss://"), data["token"]
        self._pair("server", now)
        return Step.START if self._session_id else Step.NOTHING

    def credentials(self, user_id: int) -> Credentials | None:
        """For a new session; None while a half is missing."""
        if self._server is None or not self._session_id or self.channel_id is None:
            return None
        endpoint, token = self._server
        return Credentials(endpoint, token, self._session_id, self.guild_id, self.channel_id, user_id)

    def _pair(self, half: str, now: float) -> bool:
        """Whether this half completes the other; else it waits for it."""
        other, at = self._unpaired
        paired = other not in ("", half) and now - at < _PAIRED_S
        self._unpaired = ("", 0.0) if paired else (half, now)
        return paired
