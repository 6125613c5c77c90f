"""What can go wrong for a member."""

from __future__ import annotations


class MemberError(Exception):
    """A member could not do what was asked."""


class RestError(MemberError):
    """The REST API refused. `status` is the HTTP status, `body` what it said."""

    def __init__(self, method: str, path: str, status: int, body: str) -> None:
        super().__init__(f"{method} {path}: {status} {body[:200]}")
        self.status = status
        self.body = body


class VoiceEnded(MemberError):
    """The call is over for this member: a close code that says not to come back, or a kick."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"voice ended with {code} {reason}".rstrip())
        self.code = code
