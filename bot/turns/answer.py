"""One answer of the model, from its first sound to its end: which of it is to be heard. Pure.

              ┌──────► PLAYED ──┐
    begins ───┼──────► HELD ────┼── stopped here (barge-in) ──► CUT ──► over
              └──────► DROPPED ─┘        (HELD ──decided──► PLAYED or DROPPED)

After a barge-in the server goes on sending for as long as it takes it to hear of it. Those chunks belong to
the answer that was stopped, so they are discarded until the server says that it is over; a server that never
says so is taken to have finished when the turn that interrupted it has been sent in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Generic

from bot.turns.debts import Prompt, Verdict, ruling
from bot.turns.effects import C, Effect, Play


class State(Enum):
    PLAYED = auto()
    HELD = auto()  # until it is decided whether it is wanted
    DROPPED = auto()  # to something that was context, or to nothing at all
    CUT = auto()


_STATES = {Verdict.ANSWER: State.PLAYED, Verdict.CONTEXT: State.DROPPED, None: State.HELD}


FRAGMENT_S = 0.5
"""Less than this is no answer: a connection that dies on it has given none (1011 in mid-turn is the commonest
failure there is, and it likes the beginning)."""


@dataclass(frozen=True, slots=True)
class Fragment(Generic[C]):
    """What is taken back if the connection dies now: the prompts, how the books stood, what is to be said of
    it when it counts."""

    paid: tuple[Prompt, ...]
    mark: tuple[int, int]
    settled: list[Effect[C]]


@dataclass(slots=True, eq=False)
class Answer(Generic[C]):
    """What the model says to `covers`, since `began_at`. `complete`: all of it is here, and held."""

    covers: Sequence[Prompt]
    state: State
    began_at: float
    heard_at: float
    loud: bool = False
    loud_s: float = 0.0
    """How much of it can be heard."""
    complete: bool = False
    fragment: Fragment[C] | None = None
    """What it has paid, as long as it is too short to be understood."""
    held: list[C] = field(default_factory=list)

    @classmethod
    def to(cls, covers: Sequence[Prompt], now: float) -> Answer[C]:
        """The answer to these, which begins now."""
        return cls(covers, _STATES[ruling(covers)], now, now)

    @property
    def verdict(self) -> Verdict | None:
        if self.state is State.CUT:
            return ruling(self.covers)
        return next(verdict for verdict, state in _STATES.items() if state is self.state)

    @property
    def coming(self) -> bool:
        """Whether there is, or will be, something of it to be heard."""
        return self.state in (State.PLAYED, State.HELD)

    def hear(self, chunk: C, now: float) -> list[Effect[C]]:
        """The next piece of it."""
        self.heard_at = now
        if self.state is State.HELD:
            self.held.append(chunk)
        return [Play((chunk,))] if self.state is State.PLAYED else []

    def rule(self) -> list[Effect[C]]:
        """Its prompts have been judged: give what was held, or forget it."""
        self.state = _STATES[ruling(self.covers)]
        if self.state is State.HELD:
            return []
        held, self.held = tuple(self.held), []
        return [Play(held)] if self.state is State.PLAYED and held else []
