"""What happened in a session, for whoever looks from outside. All times are monotonic seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from audio.formats import LIVE_IN_HZ
from bot.loopback.live.messages import FunctionResponse, Setup


class Kind(Enum):
    """The events of a session, both directions. ACTIVITY_* are the client's marks, SPEECH_* what automatic
    detection found.
    """

    SETUP = "setup"
    AUDIO_IN = "audio_in"
    ACTIVITY_START = "activity_start"
    ACTIVITY_END = "activity_end"
    SPEECH_START = "speech_start"
    SPEECH_END = "speech_end"
    TEXT_IN = "text_in"
    TOOL_RESPONSE = "tool_response"
    RECOGNISED = "recognised"
    ANSWER = "answer"
    AUDIO_OUT = "audio_out"
    GENERATION_COMPLETE = "generation_complete"
    TURN_COMPLETE = "turn_complete"
    INTERRUPTED = "interrupted"
    TOOL_CALL = "tool_call"
    TOOL_CANCELLED = "tool_cancelled"
    HANDLE = "handle"
    GO_AWAY = "go_away"
    IGNORED = "ignored"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """`detail`: AUDIO_IN samples received so far (16 kHz clock of the declared rate); AUDIO_OUT index of the
    chunk in its answer; RECOGNISED and ANSWER names; TURN_COMPLETE usage or None; CLOSED (code, reason);
    otherwise what names it.
    """

    kind: Kind
    at: float
    session: str
    detail: Any = None


Observer = Callable[[LiveEvent], None]


@dataclass(slots=True)
class LiveSessionRecord:
    """One connection, from setup to close."""

    id: str
    opened_at: float
    keep_s: float
    observer: Observer | None = None
    setup: Setup | None = None
    events: deque[LiveEvent] = field(default_factory=lambda: deque(maxlen=20_000))
    """All but AUDIO_IN."""
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    """Per audio message: arrival time, samples received until then."""
    pcm16: bytearray = field(default_factory=bytearray)
    """The first `keep_s` seconds of audio received."""
    samples: int = 0
    tool_responses: list[FunctionResponse] = field(default_factory=list)
    close: tuple[int, str] | None = None
    """Code and reason; 1006 where there was no close frame."""

    def hear(self, pcm16: bytes, at: float) -> None:
        self.samples += len(pcm16) // 2
        if self.samples <= self.keep_s * LIVE_IN_HZ:
            self.pcm16 += pcm16
            self.arrivals.append((at, self.samples))
        if self.observer is not None:
            self.observer(LiveEvent(Kind.AUDIO_IN, at, self.id, self.samples))

    def note(self, kind: Kind, at: float, detail: Any = None) -> None:
        event = LiveEvent(kind, at, self.id, detail)
        self.events.append(event)
        if self.observer is not None:
            self.observer(event)

    def of(self, kind: Kind) -> list[LiveEvent]:
        return [event for event in self.events if event.kind is kind]
