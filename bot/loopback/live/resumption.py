"""Session resumption handles: what a session leaves behind for the connection that continues it.

A handle lives two hours after its session ended, may change everything but the model, and is refused while
the old socket is still open (1011; aicc2025/sip-to-ai PR 14). Unknown handles are 1007, expired ones 1008.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from bot.loopback.live.refusal import BAD_HANDLE, INTERNAL, SESSION_NOT_FOUND, Refused, invalid
from bot.loopback.live.usage import Context

HANDLE_LIFETIME_S = 7200.0
MAX_HANDLES = 10_000
"""Then the oldest are forgotten: every turn of every session issues one."""


@dataclass(slots=True)
class Kept:
    """One resumable conversation; every handle of it leads here."""

    model: str
    context: Context
    open: bool = True
    ended_at: float = 0.0


class Resumptions:
    """All handles the server has issued."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}

    def issue(self, kept: Kept) -> str:
        handle = secrets.token_urlsafe(48)
        self._kept[handle] = kept
        if len(self._kept) > MAX_HANDLES:
            del self._kept[next(iter(self._kept))]
        return handle

    def resume(self, handle: str, model: str, now: float, *, refuse: bool = False) -> Kept:
        """The conversation behind `handle`, open again; raises Refused. `refuse` treats it as expired."""
        kept = self._kept.get(handle)
        if kept is None:
            raise invalid(BAD_HANDLE)
        if kept.open:
            raise Refused(1011, INTERNAL)
        if refuse or now - kept.ended_at > HANDLE_LIFETIME_S:
            raise Refused(1008, SESSION_NOT_FOUND)
        if kept.model != model:
            raise invalid()
        kept.open = True
        return kept

    def leave(self, kept: Kept, now: float) -> None:
        kept.open = False
        kept.ended_at = now
