"""Which answer of the model is owed to what we asked, and whether it is played, held or dropped. Pure.

    ours   opened ──► asked ──► decide          (a text is only asked)
    model          sound … generation_complete, turn_complete, interrupted: any order, any may be missing

Prompts are numbered and answered in order. Somebody who begins to speak interrupts the model, and the debt to
what was asked before *passes on* to its next answer (`debts`). An answer that begins is the answer to all
that it covers; it is played if one of these is to be answered, dropped if all are context, else held until
that is decided (`answer`). A prompt is answered with the first audible sound, once, over every loss of the
connection: the line asks again what is not settled, and what comes with nothing owed is dropped. What is done
when nothing comes is in `remedies`.

Two things tell a late event of an old answer from an early one of the next: after every answer that was cut
or generated in full one more turnComplete is expected (the *tail*), and a second turnComplete at once is a
duplicate.
"""

from __future__ import annotations

from bot.turns.answer import FRAGMENT_S, Answer, State
from bot.turns.asking import Asking
from bot.turns.book import OpenTurn
from bot.turns.debts import Kind, Stage, Verdict, pass_on
from bot.turns.effects import (
    Answered,
    C,
    Effect,
    Finish,
    GaveUp,
    NotesOff,
    Nudge,
    Play,
    Reconnect,
    Resumed,
    Settled,
    Stop,
)
from bot.turns.remedies import EMPTY, REFUSED, TEXT_ONLY, Patience, forbids

__all__ = [
    "Answered",
    "Effect",
    "Exchange",
    "Finish",
    "GaveUp",
    "Kind",
    "NotesOff",
    "Nudge",
    "Patience",
    "Play",
    "Reconnect",
    "Resumed",
    "Settled",
    "Stop",
    "Verdict",
]

UNASKED = "unasked answer"
NOTES_OFF = "notes off"

DUPLICATE_S = 0.3
"""No model answers nothing so soon after its last answer: a turnComplete then is one said twice. Nor so soon
after it was asked by somebody who interrupted: then it is a late one."""

PAUSE_S = 0.5
"""A turnComplete without generationComplete may come too early or twice; sound that goes on at once, with
nothing asked since, is still the same answer."""


class Exchange(Asking[C]):
    """One room's exchange with the model, over all of its connections. Every method gives what is to be done.

    `owes_nothing`: the service finds the turns by itself, so that an answer may come to what we never
    noticed: all that begins unasked is played.
    """

    def __init__(self, patience: Patience | None = None, *, owes_nothing: bool = False) -> None:
        super().__init__(patience or Patience(), owes_nothing=owes_nothing)
        self._words = False  # since the last answer there were words, but no sound
        self._ended_at = float("-inf")  # newest turnComplete
        self._may_go_on = False  # the last answer has no generationComplete yet

    def sound(self, chunk: C, loud: bool, now: float, *, lasts_s: float = FRAGMENT_S) -> list[Effect[C]]:
        """A piece of audio of `lasts_s` seconds; not `loud`: nobody could hear it."""
        self._now = now
        effects: list[Effect[C]] = []
        answer = self._answer
        if answer is not None and self._is_stale(answer, now):
            effects += self._leave(answer, now)
            answer = None
        if answer is None:
            answer, began = self._begin(now)
            effects += began
        if answer.coming:
            self._watch.alive(now)
        effects += answer.hear(chunk, now)
        if loud:
            answer.loud_s += lasts_s
            effects += self._audible(answer)
            if answer.loud_s >= FRAGMENT_S:
                effects += self._confirm(answer)
        return effects

    def text(self, now: float) -> list[Effect[C]]:
        """Words of the answer, written or transcribed."""
        self._words = True
        self._watch.alive(now)
        return []

    def generation_complete(self, now: float) -> list[Effect[C]]:
        """All of the answer has come."""
        self._may_go_on = False
        if self._answer is None or self._answer.complete:
            return []
        self._tail = True
        return self._end(self._answer, now)

    def turn_complete(self, reason: str | None, in_progress: bool, now: float) -> list[Effect[C]]:
        """The model's turn is over, for `reason` if it ended abnormally; `in_progress`: it will go on."""
        if in_progress:
            return self._go_on(now)
        answer, tail, self._tail = self._answer, self._tail, False
        words, self._words = self._words, False
        self._debts.end(now, DUPLICATE_S)
        group = self._debts.group(now) if self._open is None else []
        asked_at = (prompt.asked_at for prompt in group if prompt.crossed)
        soon = now - max([self._ended_at, *asked_at]) < DUPLICATE_S
        self._ended_at = now
        effects: list[Effect[C]] = []
        if answer is not None and not answer.complete:
            self._may_go_on = True
            group = [prompt for prompt in answer.covers if prompt in self._debts.pending and not answer.loud]
            effects += self._end(answer, now)
        elif not tail and not soon:
            self._fail(group, TEXT_ONLY if words else EMPTY, now)
        asking_again_is_useless = forbids(reason) and (self._watch.failure is not None or not tail)
        if asking_again_is_useless and any(prompt.owed for prompt in group):
            self.tally[REFUSED] += 1
            effects += self._give_up(group, REFUSED)
        return effects

    def remembered(self) -> list[Effect[C]]:
        """The session can be resumed as it is now: it knows what its last turn was about."""
        settled = self._debts.remember()
        return [] if settled is None else [Settled(settled)]

    def interrupted(self, now: float) -> list[Effect[C]]:
        """The server cancelled what it was saying."""
        self._watch.interrupted = True
        self._may_go_on = False
        answer, last = self._answer, self._last
        if answer is None or answer.complete:
            self._last = None
            return [Stop()] if last is not None and last.state is State.PLAYED else []
        self._tail = True
        self._answer = self._last = None
        answer.held.clear()
        return [*self._confirm(answer), Stop()] if answer.state is State.PLAYED else self._over(answer)

    # --- within ---

    def _is_stale(self, answer: Answer[C], now: float) -> bool:
        """Whether a sound that comes now must belong to another answer than this."""
        if answer.complete:
            return True
        waiting = any(prompt not in answer.covers for prompt in self._debts.pending)
        return waiting and self._calling is None and now - answer.heard_at >= self._patience.silent_s

    def _leave(self, answer: Answer[C], now: float) -> list[Effect[C]]:
        """It is over, or nobody said what to do with it in time: its debt passes on."""
        if not answer.complete:
            return self._end(answer, now)
        answer.held.clear()
        pass_on(answer.covers)
        self._answer = None
        return []

    def _begin(self, now: float) -> tuple[Answer[C], list[Effect[C]]]:
        """The answer that this sound is the first of."""
        last, self._words = self._last, False
        effects: list[Effect[C]] = []
        group = self._debts.group(now)
        speaking = self._open is not None and not self._owes_nothing
        if speaking or not (group or self._owes_nothing):
            if last is not None and not speaking and self._goes_on(last, now):
                self._answer = last
                return last, []
            answer = Answer[C]((), State.CUT if speaking else State.DROPPED, now, now)
            effects += self._unasked(answer)
        elif group:
            answer = Answer[C].to(group, now)
        else:
            answer = Answer[C]((), State.PLAYED, now, now)
        self._answer, self._tail = answer, False
        return answer, effects

    def _unasked(self, answer: Answer[C]) -> list[Effect[C]]:
        """Nothing we asked can be the reason for it. Was it a note?"""
        if self._open is not None:
            return self._unasked_in_turn(self._open, answer)
        self.tally[UNASKED] += 1
        covers = self._last.covers if self._last is not None else ()
        noted = len(covers) == 1 and covers[0].noted
        if not noted or covers[0].stage is not Stage.FRESH:
            return []  # of several prompts, or one that was asked again, each may have its answer
        self.tally[NOTES_OFF] += 1
        return [NotesOff("answered twice")]

    def _unasked_in_turn(self, turn: OpenTurn, answer: Answer[C]) -> list[Effect[C]]:
        if turn.accounted:
            return []
        self.tally[UNASKED] += 1
        if not turn.noted:
            return []
        answer.state = State.DROPPED  # to its own end, which may come after the turn's
        self.tally[NOTES_OFF] += 1
        return [NotesOff("answered before the turn had ended")]

    def _goes_on(self, last: Answer[C], now: float) -> bool:
        return last.state is State.PLAYED and self._may_go_on and now - self._ended_at < PAUSE_S

    def _go_on(self, now: float) -> list[Effect[C]]:
        """The model only pauses: what comes next is the same answer, or still the first of it."""
        self._watch.alive(now)
        if self._answer is not None:
            self._answer.complete = False
            self._answer.heard_at = now
        elif self._tail and self._last is not None and self._open is None:
            self._answer, self._tail = self._last, False
            self._answer.heard_at = now
        return []

    def _audible(self, answer: Answer[C]) -> list[Effect[C]]:
        """A sound that can be heard: the answer counts, and so does a tool's result within it."""
        first, answer.loud = not answer.loud, True
        if answer.state is not State.PLAYED:
            return []
        numbers = {prompt.number for prompt in answer.covers}
        for prompt in self._debts.pending:
            if prompt.kind is Kind.TOOL_RESULT and prompt.number in numbers and prompt not in answer.covers:
                prompt.spare = True
        return self._answered(answer) if first else []
