"""Our side of the exchange: what was asked, judged, stopped, and what is done when no answer comes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.turns.answer import Answer, State
from bot.turns.book import Book, OpenTurn
from bot.turns.debts import Kind, Prompt, Stage, Verdict, pass_on, ruling
from bot.turns.effects import Answered, C, Effect, Finish, GaveUp, Nudge, Reconnect
from bot.turns.remedies import DEAD_AIR, Patience, Remedy

GAVE_UP = "gave up"
UNDECIDED = "never decided"
FORGOTTEN = "too long without a connection"

PLAYBACK_S = 30.0
"""The service lets an answer be heard before it takes up a text, and says turnComplete then. When that stays
away, this long after the last sound the text's own patience begins."""

PARKED_S = 1.0
"""Of a held answer so much is worth keeping when somebody speaks before its verdict."""

EARLY_S = 2.0
"""Where the service finds the turns, it may answer before we know that one has ended; by so much at most."""


class Asking(Book[C]):
    """What the channel, the line's state and the beat have to say. `Exchange` is the class to use."""

    def __init__(self, patience: Patience, *, owes_nothing: bool) -> None:
        super().__init__(patience, owes_nothing=owes_nothing)
        self._waits_for_connection = False

    # --- what is asked ---

    def opened(self, now: float, *, noted: bool) -> list[Effect[C]]:
        """A turn of ours begins on the wire, `noted` with a turn note: it interrupts what is generated."""
        cut = self._answer is not None and not self._answer.complete
        self._tail = self._tail or cut or bool(self._debts.pending)
        self._open = OpenTurn(noted, accounted=self._tail)
        self._watch.failure = None
        if self._answer is not None and self._answer.state is State.HELD and self._answer.loud_s >= PARKED_S:
            self._park(self._answer)
        effects = self.stopped(now)
        self._debts.supersede()
        return effects

    def asked(self, number: int, kind: Kind, verdict: Verdict | None, now: float) -> list[Effect[C]]:
        """A prompt is complete on the wire; while a turn is open, a text waits for its end."""
        self._now = now
        prompt = Prompt(number, kind, verdict, now)
        if kind is Kind.TURN:
            if self._open is not None:
                prompt.noted, prompt.crossed = self._open.noted, self._open.accounted
            self._open = None
            if self._answer is not None and self._answer.state is State.CUT:
                self._answer = None
        self._debts.drop_spare()
        self._debts.ask(prompt, behind=self._open is not None)
        effects = self._release()
        if self._owes_nothing and kind is Kind.TURN:
            effects += self._match_early(prompt, now)
        return effects

    def decide(self, number: int, verdict: Verdict, now: float) -> list[Effect[C]]:
        """Whether the answer to this prompt is to be heard. May come before `asked`, and may change until the
        answer begins; of a prompt that is settled it changes nothing."""
        self._now = now
        if number in self._heard:  # the answer to something older was the answer to this, too
            self._heard.remove(number)
            return [Answered(number)] if verdict is Verdict.ANSWER else []
        self._debts.decide(number, verdict)
        return self._release() + self._rule()

    def stopped(self, now: float) -> list[Effect[C]]:
        """The answer was cut off in the channel: what is still to come of it is not played. What it had not
        answered yet stays owed."""
        answer, self._last = self._answer, None
        if answer is None:
            return []
        effects = self._over(answer) if answer.state is State.DROPPED else self._confirm(answer)
        answer.state = State.CUT
        answer.held.clear()
        if answer.complete:
            self._answer = None
        return effects

    def dropped(self, now: float) -> list[Effect[C]]:
        """Nothing of what was asked so far is to be heard any more (/hush)."""
        effects = self.stopped(now)
        for prompt in (*(self._calling or ()), *(self._answer.covers if self._answer else ())):
            prompt.verdict = Verdict.CONTEXT
        self._calling = None
        self._heard.clear()
        self._debts.drop_all()
        return effects

    def _match_early(self, prompt: Prompt, now: float) -> list[Effect[C]]:
        answer = self._answer or self._last
        if answer is None or answer.covers or now - answer.began_at > EARLY_S:
            return []
        answer.covers = (prompt,)
        return self._answered(answer) if answer.loud else []

    # --- the connection ---

    def connected(self, now: float, gone: Collection[int] = ()) -> list[Effect[C]]:
        """A new connection has heard nothing of what is unsettled; the line asks it again there, in order, as
        far as it is not `gone`.

        What a tool owed is lost: its turn was settled with the words before the call, so the new connection
        may know nothing of either, and a model asked in words would answer something older once more.
        """
        self._now = now
        answer, self._answer, self._last = self._answer, None, None
        effects: list[Effect[C]] = []
        if answer is not None and answer.state is State.PLAYED:
            effects.append(Finish())
            if answer.fragment is not None:
                self._debts.owe_again(answer.fragment.paid, answer.fragment.mark)
        self._unpark()
        self._tail = self._waits_for_connection = False
        self._end_call(now)
        self._watch.alive(now)
        if forgotten := self._debts.forgotten(gone):
            effects += self._give_up(forgotten, FORGOTTEN)
        if lost := self._debts.ask_again(now, speaking=self._open is not None):
            self.tally[DEAD_AIR] += lost
        return effects

    def disconnected(self, now: float) -> list[Effect[C]]:
        """There is no connection: no answer is late until there is one again."""
        self._waits_for_connection = True
        return []

    # --- the beat ---

    def tick(self, now: float) -> list[Effect[C]]:
        """What has waited long enough."""
        self._now = now
        answer = self._answer
        effects: list[Effect[C]] = []
        if self._parked is not None:
            effects += self._hold(self._parked, now)
            effects += self._release()
        if answer is not None and answer.state is State.HELD:
            effects += self._hold(answer, now)
        if answer is not None and not answer.complete and self._is_forgotten(answer, now):
            effects += self._end(answer, now)
        group = self._debts.group(now)
        if self._waits(group, now):
            return effects
        if hopeless := self._watch.past_hope(group, now):
            return effects + self._settle(hopeless)
        due = self._watch.due(group, now)
        return effects if due is None else effects + self._remedy(*due, group)

    def _hold(self, answer: Answer[C], now: float) -> list[Effect[C]]:
        late = now - answer.began_at >= self._patience.undecided_s
        if self._waits_for_connection or not late or ruling(answer.covers) is not None:
            return []
        self.tally[UNDECIDED] += 1
        for prompt in answer.covers:
            prompt.verdict = prompt.verdict or Verdict.CONTEXT
        return self._rule()

    def _is_forgotten(self, answer: Answer[C], now: float) -> bool:
        """Whether the server never said that it was over."""
        return self._calling is None and now - answer.heard_at >= self._patience.reconnect_s

    def _waits(self, group: Sequence[Prompt], now: float) -> bool:
        """Whether there is a reason why nothing has come."""
        if self._open is not None or self._calling is not None or self._waits_for_connection:
            return True
        if self._answer is not None and any(prompt in group for prompt in self._answer.covers):
            return True
        texts_only = all(prompt.kind is Kind.TEXT for prompt in group)
        played = self._last is not None and now - self._last.heard_at < PLAYBACK_S
        return self._tail and texts_only and played

    def _remedy(self, remedy: Remedy, cause: str, group: Sequence[Prompt]) -> list[Effect[C]]:
        self._watch.failure = None
        owed = [prompt for prompt in group if prompt.owed]
        match remedy:
            case Remedy.NUDGE:
                pass_on(group)
                for prompt in owed:
                    prompt.stage = Stage.NUDGED
                self.tally[cause] += 1
                return [Nudge(owed[-1].number, cause)]
            case Remedy.RECONNECT:
                for prompt in group:
                    prompt.stage = Stage.RECONNECTED
                self.tally[cause] += 1
                self._waits_for_connection = True
                return [Reconnect(cause)]
            case Remedy.GIVE_UP:
                return self._give_up(group, cause)
        return self._settle(group)

    def _give_up(self, group: Sequence[Prompt], cause: str) -> list[Effect[C]]:
        self.tally[GAVE_UP] += 1
        given_up = [GaveUp(prompt.number, cause) for prompt in group if prompt.owed]
        return [*given_up, *self._settle(group)]
