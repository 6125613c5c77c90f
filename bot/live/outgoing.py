"""What can be said to the Live API: one value for every message that `bot/live/session.py` sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Scheduling = Literal["SILENT", "WHEN_IDLE", "INTERRUPT"]


@dataclass(frozen=True, slots=True)
class Begin:
    """activityStart."""


@dataclass(frozen=True, slots=True)
class Note:
    """Realtime text within a turn, before its sound."""

    text: str


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono PCM16 at 16 kHz."""

    pcm16: bytes


@dataclass(frozen=True, slots=True)
class End:
    """activityEnd."""


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a tool call of the present connection."""

    call_id: str
    name: str
    result: Mapping[str, Any]
    scheduling: Scheduling | None


Message: TypeAlias = Begin | Note | Sound | End | Text | Image | Response
