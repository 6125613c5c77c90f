"""What the exchange wants done: values, for the conversation to carry out in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Play(Generic[C]):
    """Let these be heard, in this order."""

    chunks: tuple[C, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """The answer is complete: play what there is of it to its end."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The server cancelled the answer: empty the playback now."""


@dataclass(frozen=True, slots=True)
class Settled:
    """This prompt and all before it have been dealt with, or are known to every session to come: never to be
    sent again."""

    number: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The first audible sound of the answer to this prompt has been let through. Once per prompt."""

    number: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The rest of the answer to this prompt, after a tool's result, has become audible."""

    number: int


@dataclass(frozen=True, slots=True)
class NotesOff:
    """The service answers turn notes by themselves: send none in this session any more."""

    cause: str


@dataclass(frozen=True, slots=True)
class Nudge:
    """Ask the model in words for the answer that it owes to this prompt."""

    number: int
    cause: str


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Resume on a new connection: everything unsettled is asked again there."""

    cause: str


@dataclass(frozen=True, slots=True)
class GaveUp:
    """Nothing more is tried for this prompt."""

    number: int
    cause: str


Effect: TypeAlias = (
    Play[C] | Finish | Stop | Settled | Answered | Resumed | NotesOff | Nudge | Reconnect | GaveUp
)
