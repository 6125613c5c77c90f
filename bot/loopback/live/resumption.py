"""Session resumption handles: what a session leaves behind for the connection that continues it.

A handle is the session as it was when the handle was issued: what was said since is not in it. It lives two
hours after its session ended, may change everything but the model, and is refused while the old socket is
still open (1011; aicc2025/sip-to-ai PR 14). Unknown handles are 1007, expired ones 1008.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from bot.loopback.live.record import Known
from bot.loopback.live.refusal import BAD_HANDLE, INTERNAL, SESSION_NOT_FOUND, Refused, invalid
from bot.loopback.live.usage import Context

HANDLE_LIFETIME_S = 7200.0
MAX_HANDLES = 10_000
"""Then the oldest are forgotten: every turn of every session issues one."""
MAX_KNOWN = 500
"""Things remembered by name; the tokens of older ones stay in the context."""


@dataclass(slots=True)
class Kept:
    """One resumable conversation, as it is now; every handle of it leads here."""

    model: str
    context: Context
    known: tuple[Known, ...] = ()
    open: bool = True
    ended_at: float = 0.0
    doom: Refused | None = None
    """What every connection that resumes this conversation dies of."""

    def learn(self, *known: Known) -> None:
        self.known = (*self.known, *known)[-MAX_KNOWN:]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    kept: Kept
    context: Context
    known: tuple[Known, ...]


class Resumptions:
    """All handles the server has issued."""

    def __init__(self) -> None:
        self._snapshots: dict[str, _Snapshot] = {}

    def issue(self, kept: Kept) -> str:
        """A handle for `kept` as it is now."""
        handle = secrets.token_urlsafe(48)
        self._snapshots[handle] = _Snapshot(kept, kept.context, kept.known)
        if len(self._snapshots) > MAX_HANDLES:
            del self._snapshots[next(iter(self._snapshots))]
        return handle

    def resume(
        self, handle: str, model: str, now: float, *, refuse: bool = False, linger_s: float = 0.0
    ) -> Kept:
        """The conversation behind `handle`, open again and as the handle knows it; raises Refused.

        `refuse` treats it as expired; for `linger_s` after its end the old socket still counts as open.
        """
        snapshot = self._snapshots.get(handle)
        if snapshot is None:
            raise invalid(BAD_HANDLE)
        kept = snapshot.kept
        if kept.open or now - kept.ended_at < linger_s:
            raise Refused(1011, INTERNAL)
        if refuse or now - kept.ended_at > HANDLE_LIFETIME_S:
            raise Refused(1008, SESSION_NOT_FOUND)
        if kept.model != model:
            raise invalid()
        kept.open = True
        kept.context, kept.known = snapshot.context, snapshot.known
        return kept

    def leave(self, kept: Kept, now: float) -> None:
        kept.open = False
        kept.ended_at = now
