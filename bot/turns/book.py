"""The state of an exchange, and what both sides do to it: let an answer through, end it, settle. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic

from bot.turns.answer import FRAGMENT_S, Answer, Fragment, State
from bot.turns.debts import Debts, Kind, Prompt, Verdict, begin_work, pass_on, ruling
from bot.turns.effects import Answered, C, Effect, Finish, Resumed, Settled
from bot.turns.remedies import SILENT, Patience, Watchdog

MAX_UNDECIDED = 32

UNKNOWN = -1
"""Instead of a number: of a prompt that only the service knows of."""

REACTION_S = 2.5
"""So long a sound answer may take to begin (facts, latency)."""


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """Somebody speaks. `accounted`: a sound of the model may still belong to something older."""

    noted: bool
    accounted: bool


class Book(Generic[C]):
    """Who owes what to whom. `Exchange` is the class to use."""

    def __init__(self, patience: Patience, *, owes_nothing: bool) -> None:
        self.tally: Counter[str] = Counter()
        self._patience = patience
        self._owes_nothing = owes_nothing
        self._debts = Debts(patience.silent_s)
        self._watch = Watchdog(patience)
        self._open: OpenTurn | None = None
        self._answer: Answer[C] | None = None
        self._parked: Answer[C] | None = None  # held, and interrupted by somebody before its verdict
        self._last: Answer[C] | None = None  # the one before, unless it was stopped
        self._tail = False  # a turnComplete is to come that belongs to something older
        self._calling: Sequence[Prompt] | None = None  # what the model called a tool for
        self._callers: frozenset[int] = frozenset()
        self._called_at = 0.0
        self._heard: deque[int] = deque(maxlen=MAX_UNDECIDED)  # answered along, not decided yet
        self._now = 0.0

    # --- how it stands ---

    @property
    def verdict(self) -> Verdict | None:
        """Of the answer in progress, or else of the next that is due, or else of the last: whether what the
        model does now is wanted. None: not decided."""
        if self._answer is not None:
            return self._answer.verdict
        if group := self._debts.group(self._now):
            return ruling(group)
        if self._last is not None:
            return self._last.verdict
        return Verdict.ANSWER if self._owes_nothing else Verdict.CONTEXT

    @property
    def owed(self) -> bool:
        """Whether an answer is to come that is, or may turn out to be, for the channel to hear."""
        return bool(self.waiting)

    @property
    def waiting(self) -> tuple[int, ...]:
        """The prompts that are, or may be, to be answered and are not yet."""
        wanted = [each for each in self._debts.open if not each.spare and each.verdict is not Verdict.CONTEXT]
        return tuple(each.number for each in wanted)

    @property
    def unheard(self) -> tuple[int, ...]:
        """The prompts of which the model has not shown that it knows them to their end."""
        return tuple(prompt.number for prompt in self._debts.open if not prompt.ended)

    @property
    def answering(self) -> bool:
        """Whether an answer is coming that is heard, or held until that is decided."""
        return self._answer is not None and self._answer.coming

    @property
    def discarding(self) -> bool:
        """Whether what comes now belongs to an answer that nobody is to hear."""
        return self._answer is not None and not self._answer.coming

    @property
    def calling(self) -> bool:
        """Whether the model waits for a tool."""
        return self._calling is not None

    @property
    def called_for(self) -> tuple[int, ...]:
        """The prompts of which the calls at work, or those before, may have been made for any."""
        return tuple(sorted(self._callers))

    @property
    def _behind(self) -> frozenset[int]:
        """What a call that comes now may follow from: what is being answered, what tools are at work for and
        all that was asked, also after it; where that is nothing new, what was answered last."""
        answer, last, pending = self._answer, self._last, self._debts.pending
        asked = [*(answer.covers if answer is not None else ()), *pending]
        at_work = self._calling is not None
        callers = self._callers if at_work else frozenset[int]()
        since = self._called_at if at_work else float("-inf")
        nothing_new = answer is None and all(prompt.at_work for prompt in pending)
        if nothing_new and last is not None and last.heard_at >= since:
            asked += last.covers
            callers |= {UNKNOWN} if self._owes_nothing else set()
        return callers.union(*(prompt.behind or {prompt.number} for prompt in asked))

    @property
    def reacting(self) -> bool:
        """Whether the model is answering something that no tool is at work for, or may be about to."""
        if self._answer is not None and not self._answer.complete:
            return self._answer.covers is not self._calling
        asked = (each for each in self._debts.pending if not each.at_work and not each.spare)
        return any(self._now - prompt.asked_at < REACTION_S for prompt in asked)

    @property
    def quiet(self) -> bool:
        """Nothing is asked, generated or called: a new connection would disturb nothing."""
        unanswered = any(not prompt.spare for prompt in self._debts.open)
        return not unanswered and self._answer is None and self._calling is None and self._open is None

    # --- tools ---

    def called(self, now: float, *, unheard: bool = False) -> list[Effect[C]]:
        """The model calls a tool: until it has the result, nothing is late. `unheard`: it may be for what
        we have not heard to its end."""
        self._now = now
        self._watch.alive(now)
        self._callers = frozenset({UNKNOWN}) if unheard else self._behind
        if self._calling is None:
            self._called_at = now
            last = self._last.covers if self._last is not None else ()
            self._calling = self._answer.covers if self._answer else self._debts.group(now) or last
            begin_work(self._calling)
        return []

    def call_answered(self, now: float) -> list[Effect[C]]:
        """All its calls have their results."""
        self._watch.alive(now)
        self._end_call(now)
        return []

    def called_off(self, now: float) -> list[Effect[C]]:
        """The server wants no results any more: nothing is owed for them."""
        self._calling = None
        self._debts.call_off()
        return []

    # --- what happens to an answer ---

    def _answered(self, answer: Answer[C]) -> list[Effect[C]]:
        """It has become audible."""
        paid = tuple(prompt for prompt in answer.covers if prompt in self._debts.open)
        effects: list[Effect[C]] = []
        for prompt in paid:
            if prompt.owed:
                rest = prompt.kind is Kind.TOOL_RESULT or prompt.begun
                effects.append(Resumed(prompt.number) if rest else Answered(prompt.number))
                prompt.begun = True
        self._heard += (prompt.number for prompt in paid if prompt.verdict is None)
        mark, settled = self._debts.mark, self._settle(paid)
        if answer.loud_s >= FRAGMENT_S or answer.complete:
            return effects + settled
        answer.fragment = Fragment(paid, mark, settled)
        return effects

    def _confirm(self, answer: Answer[C]) -> list[Effect[C]]:
        """As much of it was heard as anybody will miss."""
        fragment, answer.fragment = answer.fragment, None
        return fragment.settled if fragment is not None else []

    def _end(self, answer: Answer[C], now: float) -> list[Effect[C]]:
        """All of it has come. What is held stays until it is judged."""
        self._answer, self._last = None, answer
        if answer.state is State.HELD and answer.loud:
            self._answer, answer.complete = answer, True
        elif answer.coming and not answer.loud:
            answer.held.clear()
            self._fail(answer.covers, SILENT, now)
        return self._confirm(answer) + self._over(answer)

    def _over(self, answer: Answer[C]) -> list[Effect[C]]:
        match answer.state:
            case State.PLAYED:
                return [Finish()]
            case State.DROPPED:
                return self._settle([each for each in answer.covers if each.verdict is Verdict.CONTEXT])
        return []

    def _fail(self, covers: Sequence[Prompt], cause: str, now: float) -> None:
        """The model ended its turn and nobody could hear anything of it. It takes these for answered, so
        whatever it says next is for them too."""
        if covers:
            pass_on(covers)
            self._watch.failed(cause, now)

    def _rule(self) -> list[Effect[C]]:
        """Something was decided: does it free the answer that is held?"""
        answer = self._answer
        if answer is None or answer.state is not State.HELD:
            return []
        effects = answer.rule()
        if answer.verdict is Verdict.ANSWER and answer.loud:
            effects += self._answered(answer)
        if answer.complete and answer.verdict is not None:
            self._answer, self._last = None, answer
            effects += self._over(answer)
        return effects

    def _park(self, answer: Answer[C]) -> None:
        """Somebody speaks while it waits for its verdict. The model takes it for heard and will not say it
        again, so it is kept until the words of its turn have come."""
        self._unpark()
        self._parked = Answer(answer.covers, State.HELD, answer.began_at, answer.heard_at, loud=True)
        self._parked.complete, self._parked.held = True, answer.held
        answer.held = []
        self._debts.set_aside(answer.covers)

    def _unpark(self) -> None:
        """It is too late for it: whatever comes next is for its prompts, too."""
        self._parked = None
        self._debts.take_back()

    def _release(self) -> list[Effect[C]]:
        """What is parked, once its verdict is there and nobody speaks."""
        parked = self._parked
        if parked is None or self._open is not None or (verdict := ruling(parked.covers)) is None:
            return []
        if verdict is Verdict.ANSWER and self._answer is not None and self._answer.state is State.PLAYED:
            return []
        self._parked = None
        effects = parked.rule()
        if verdict is Verdict.CONTEXT:
            return self._settle(parked.covers)
        return [*self._answered(parked), *effects, Finish()]

    def _settle(self, prompts: Collection[Prompt]) -> list[Effect[C]]:
        settled = self._debts.settle(prompts)
        return [] if settled is None else [Settled(settled)]

    def _end_call(self, now: float) -> None:
        """The model has its results, or will never get them: the rest of the answer is owed. What was said
        before the call ("let me see") has counted as the answer."""
        calling, self._calling = self._calling or (), None
        waiting = [prompt for prompt in self._debts.pending if prompt in calling]
        for prompt in waiting:
            prompt.behind = self._callers
        self._debts.end_work(now, passed_on=self._open is not None)
        wanted = [prompt.number for prompt in calling if prompt.verdict is Verdict.ANSWER]
        if wanted and not waiting:
            result = Prompt(max(wanted), Kind.TOOL_RESULT, Verdict.ANSWER, now)
            result.passed_on = self._open is not None
            result.behind = self._callers
            self._debts.ask(result, behind=False)
