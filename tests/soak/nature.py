"""What kind of day it is: how the service behaves and how often connections break, drawn from the seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

CLOSES = (
    (1000, ""),
    (1006, ""),
    (1007, "Request contains an invalid argument."),
    (1008, "Operation is not implemented, or supported, or enabled."),
    (1008, "The operation was aborted."),  # a stale handle
    (1011, "Internal error encountered."),
    (1011, "Deadline expired before operation could complete."),
)

CONNECTION_S = 600.0
"""A connection lives about ten minutes (Gemini API docs, session management)."""


@dataclass(frozen=True)
class Nature:
    """Chances are between 0 and 1; of a turn or an answer unless they say otherwise."""

    closes_h: float  # closes out of the blue, per hour
    closes_in_turn: float  # while somebody speaks or the model thinks or answers
    vanishes: float  # of those closes: nothing more comes, and nobody says that the connection is gone
    ghost_s: float  # how long the service takes a socket for open after 1006
    dead_day: int  # times a day that the service is not there for a minute
    first_s: tuple[float, float]  # from the end of a turn to the first sound
    faster: float  # than real time the answer comes
    silent: float  # a turn that was not addressed gets no answer (proactive model)
    calls: float  # an answer needs a tool
    no_answer: float
    empty_answer: float
    text_only: float
    zero_audio: float
    late_words: float  # the transcription comes up to 2 s after the turn, instead of half a second
    pieces: bool  # it comes in pieces, the first while the turn is open
    says_finished: bool  # and says when it is complete
    duplicates: float  # of interrupted, generationComplete and turnComplete
    disorder: float  # turnComplete before generationComplete or interrupted, or one of them missing
    answers_notes: bool  # realtime text within a turn is answered at once
    answers_twice: bool  # a turn with a note in it is answered twice

    @classmethod
    def of(cls, random: Random) -> Nature:
        return cls(
            closes_h=random.uniform(0.5, 3.0),
            closes_in_turn=random.uniform(0.005, 0.03),
            vanishes=random.choice((0.0, 0.1)),
            ghost_s=random.choice((0.0, 0.0, 2.0)),
            dead_day=random.choice((1, 3, 6)),
            first_s=random.choice(((0.3, 1.2), (0.6, 3.0))),
            faster=random.uniform(1.5, 8.0),
            silent=random.choice((0.0, 0.5, 0.95)),
            calls=random.choice((0.0, 0.05)),
            no_answer=random.choice((0.0, 0.01)),
            empty_answer=random.choice((0.0, 0.01)),
            text_only=random.choice((0.0, 0.01)),
            zero_audio=random.choice((0.0, 0.01)),
            late_words=random.choice((0.0, 0.05)),
            pieces=random.random() < 0.5,
            says_finished=random.random() < 0.5,
            duplicates=random.choice((0.0, 0.1)),
            disorder=random.choice((0.0, 0.2)),
            answers_notes=random.random() < 0.1,
            answers_twice=random.random() < 0.1,
        )
