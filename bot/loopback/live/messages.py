"""What a client may say, typed. ``wire`` makes these from frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.loopback.live.schema import Json


@dataclass(frozen=True, slots=True)
class Tool:
    """One declared function. `blocking` is None where the client left it to the model."""

    name: str
    blocking: bool | None


@dataclass(frozen=True, slots=True)
class ActivityConfig:
    """`realtimeInputConfig`: who finds the turns, and how eagerly."""

    manual: bool = False
    start_low: bool = False
    prefix_padding_ms: int = 20
    silence_duration_ms: int = 800
    interrupts: bool = True
    coverage: str | None = None
    """What of the input belongs to a turn; None leaves it to the model."""


@dataclass(frozen=True, slots=True)
class Setup:
    """The first message."""

    model: str
    modalities: tuple[str, ...]
    voice: str | None
    language: str | None
    temperature: float | None
    thinking: Json | None
    system_tokens: int
    tools: dict[str, Tool]
    built_in_tools: tuple[str, ...]
    resumable: bool
    handle: str | None
    transcribe_input: bool
    transcribe_output: bool
    activity: ActivityConfig
    compression: tuple[int, int] | None
    """Trigger and target, in tokens; None = the session ends when its context is full."""
    initial_history: bool
    proactive_audio: bool | None
    raw: Json = field(repr=False)
    """As read: snake_case, bytes decoded."""


@dataclass(frozen=True, slots=True)
class Audio:
    pcm16: bytes
    hz: int


@dataclass(frozen=True, slots=True)
class Video:
    data: bytes
    mime_type: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class ActivityStart:
    pass


@dataclass(frozen=True, slots=True)
class ActivityEnd:
    pass


@dataclass(frozen=True, slots=True)
class StreamEnd:
    pass


@dataclass(frozen=True, slots=True)
class MediaChunks:
    """The deprecated spelling of Audio."""

    chunks: tuple[Audio, ...]


@dataclass(frozen=True, slots=True)
class ClientContent:
    turns: tuple[tuple[str, str], ...]
    """(role, text) of each."""
    complete: bool


@dataclass(frozen=True, slots=True)
class FunctionResponse:
    id: str
    name: str
    response: Any
    scheduling: str | None
    will_continue: bool


@dataclass(frozen=True, slots=True)
class ToolResponse:
    responses: tuple[FunctionResponse, ...]


@dataclass(frozen=True, slots=True)
class ContextUpdate:
    tools: dict[str, Tool] | None
    system_tokens: int | None


ClientMessage = (
    Setup
    | Audio
    | Video
    | Text
    | ActivityStart
    | ActivityEnd
    | StreamEnd
    | MediaChunks
    | ClientContent
    | ToolResponse
    | ContextUpdate
)
