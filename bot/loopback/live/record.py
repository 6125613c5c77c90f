"""What happened in a session, for whoever looks from outside. All times are monotonic seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from audio.formats import LIVE_IN_HZ, Samples
from bot.loopback.live.messages import FunctionResponse, Setup

KEPT_IMAGES = 100
KEPT_TURNS = 2_000


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
    IMAGE_IN = "image_in"
    TOOL_RESPONSE = "tool_response"
    RECOGNISED = "recognised"
    SUPERSEDED = "superseded"
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
    chunk in its answer; RECOGNISED what was found; ANSWER the clip; IMAGE_IN (width, height); SUPERSEDED the
    prompt that gets no answer of its own; TURN_COMPLETE usage or None; CLOSED (code, reason); otherwise what
    names it.
    """

    kind: Kind
    at: float
    session: str
    detail: Any = None


Observer = Callable[[LiveEvent], None]


class Source(Enum):
    """How something came into the model's memory."""

    SPOKEN = "spoken"
    NOTE = "note"
    """Text within a turn."""
    TYPED = "typed"
    IMAGE = "image"
    TOOL = "tool"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Known:
    """One thing that the model remembers. `what`: SPOKEN and ANSWER the names of the clips (SPOKEN: empty if
    nothing was recognised), NOTE and TYPED the text, IMAGE "width×height", TOOL the function.
    """

    source: Source
    what: str


@dataclass(slots=True)
class HeardTurn:
    """A turn of the user as it arrived. `audio` is 16 kHz, empty once the record holds `keep_s` of it."""

    started_at: float
    ended_at: float
    audio: Samples
    notes: tuple[str, ...]
    names: tuple[str, ...] = ()
    """What was recognised, in order; set when the ear is done."""


@dataclass(frozen=True, slots=True)
class TextIn:
    """Realtime text, or the text of a clientContent."""

    text: str
    at: float
    in_activity: bool


@dataclass(frozen=True, slots=True)
class ImageIn:
    """A frame as it came. `seen`: the turn coverage lets the model see it."""

    data: bytes
    width: int
    height: int
    at: float
    in_activity: bool
    seen: bool


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
    stray_samples: int = 0
    """Audio that came while no activity was open, in a session whose client marks its turns."""
    turns: deque[HeardTurn] = field(default_factory=lambda: deque(maxlen=KEPT_TURNS))
    texts: deque[TextIn] = field(default_factory=lambda: deque(maxlen=KEPT_TURNS))
    images: deque[ImageIn] = field(default_factory=lambda: deque(maxlen=KEPT_IMAGES))
    known: tuple[Known, ...] = ()
    """What the model remembers now, oldest first; a resumed session begins with what its handle held."""
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

    def turn(self, turn: HeardTurn) -> None:
        held = sum(len(each.audio) for each in self.turns)
        if held + len(turn.audio) > self.keep_s * LIVE_IN_HZ:
            turn.audio = turn.audio[:0]
        self.turns.append(turn)

    def note(self, kind: Kind, at: float, detail: Any = None) -> None:
        event = LiveEvent(kind, at, self.id, detail)
        self.events.append(event)
        if self.observer is not None:
            self.observer(event)

    def of(self, kind: Kind) -> list[LiveEvent]:
        return [event for event in self.events if event.kind is kind]
