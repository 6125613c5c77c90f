"""What was said, what was heard, what was played: the three sides of a soak, compared.

People tell it what they say, the Live service what arrived and what it answers, the channel what is played.
A turn is judged when it has been over for `VERDICT_S`; then it is forgotten, so that a day needs no memory.

The model's answers are numbered. An answer *owes* itself to the turns that nobody had answered when it began,
and *may pass for* one to those whose own answer was cut off in its first second, perhaps before it was heard.
That is not known: where the bot has kept what was cut off, since the words of the turn were late, and plays
it afterwards, what was played in between was no answer to it, and nothing is given twice.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count
from math import inf

from tests.soak.words import WORD_S

VERDICT_S = 90.0
"""Twice what all remedies in a row may take: 12 s to the reconnect, 12 s after it, and turns in between."""

KEPT_WORDS = round(10.0 / WORD_S)
"""Ten seconds of sound wait for a connection; what is said beyond that in one outage costs the oldest."""

AFTERMATH_S = 60.0
"""So long after an outage something that was lost in it may still have to be given up."""


class Wish(Enum):
    """What the people who spoke want."""

    ANSWER = auto()
    SILENCE = auto()
    EITHER = auto()  # several things in one turn, some for the bot and some not: nobody can say


@dataclass
class Said:
    """One turn, as the people of the channel know it."""

    number: int
    speakers: list[int]
    text: str
    wish: Wish
    began_at: float
    ended_at: float | None = None
    words: int = 0
    after_words: int = 0
    """How many words of other turns were said before."""
    heard: set[int] = field(default_factory=set)
    """Places of the words that the service has understood, over all its sessions."""
    answered_s: list[float] = field(default_factory=list)
    """When answers to it began to be played."""
    result_due: bool = False
    """An answer to it was cut off before it came to what a tool had found: there is more to be said."""
    passed_with: int | None = None
    """The answer that may have passed for one to it, as long as its own has not been played."""
    silent_faults: int = 0
    """How often the service failed to answer it."""


@dataclass
class _Answer:
    owed: tuple[int, ...]
    passes_for: tuple[int, ...]
    played: bool = False


@dataclass
class _Outage:
    """The service could not be reached; words are counted from the beginning of the day."""

    began_at: float
    ended_at: float
    began_words: int
    ended_words: int | None = None  # it goes on


class Judge:
    """Complaints are sentences with the virtual second in front; none is what a good day leaves behind."""

    def __init__(self) -> None:
        self.figures: Counter[str] = Counter()
        self.complaints: list[str] = []
        self.turns: dict[int, Said] = {}
        self.spoken_to_at: dict[int, float] = {}
        """When the bot last began to answer each person."""
        self._answers: dict[int, _Answer] = {}
        self._numbers = count(1)
        self._words = 0
        self._outages: deque[_Outage] = deque(maxlen=20)
        self._mute: list[tuple[float, float]] = []

    def complain(self, now: float, what: str, figure: str) -> None:
        self.figures[figure] += 1
        if len(self.complaints) < 50:
            self.complaints.append(f"{now:9.2f} {figure}: {what}")

    # --- what people say ---

    def said(self, said: Said) -> None:
        """A turn begins."""
        said.after_words = self._words
        self.turns[said.number] = said

    def spoke(self, said: Said) -> None:
        """One more word of it."""
        said.words += 1
        self._words += 1

    # --- what the service hears and answers ---

    def heard(self, number: int, places: Sequence[int], now: float, *, again: bool) -> None:
        """A session understood this turn. `again`: it, or the session of which it is the continuation, had
        already done so."""
        said = self.turns.get(number)
        if again:
            self.complain(now, f"turn {number} was said twice in one session", "words twice")
        if said is None:
            self.complain(now, f"turn {number} arrived long after it was said", "late words")
            return
        if list(places) != sorted(set(places)):
            self.complain(now, f"turn {number} arrived as {list(places)}", "words out of order")
        said.heard.update(places)

    def answers(self, owed: Collection[int], passes_for: Collection[int]) -> int:
        """The service begins an answer; its number."""
        number = next(self._numbers)
        self._answers[number] = _Answer(tuple(owed), tuple(passes_for))
        if len(self._answers) > 100:
            del self._answers[next(iter(self._answers))]
        return number

    def result_due(self, answer_to: Collection[int]) -> None:
        """The service was interrupted between a tool call and what follows from it."""
        for number in answer_to:
            if number in self.turns:
                self.turns[number].result_due = True

    def results_due(self, turns: Collection[int]) -> list[int]:
        """Those of these turns that were promised more."""
        return [number for number in turns if number in self.turns and self.turns[number].result_due]

    # --- what the channel hears ---

    def played(self, answer: int, now: float) -> None:
        """A piece of this answer with sound in it is played."""
        found = self._answers.get(answer)
        if found is None:
            return self.complain(now, f"answer {answer} is played long after it was given", "late answers")
        if found.played:
            return None
        found.played = True
        numbers = dict.fromkeys((*found.owed, *found.passes_for))
        meant = [self.turns[number] for number in numbers if number in self.turns]
        self._forget_what_passed(answer, found.owed)
        waiting = [
            said
            for said in meant
            if said.wish is not Wish.SILENCE and not (said.answered_s and not said.result_due)
        ]
        for said in meant:
            self.spoken_to_at.update(dict.fromkeys(said.speakers, now))
        if waiting:
            for said in meant:
                if said.result_due and said.answered_s:
                    said.result_due = False
                elif said in waiting or (said.number in found.owed and said.wish is not Wish.SILENCE):
                    said.answered_s.append(now)
                    said.passed_with = None if said.number in found.owed else answer
            return None
        which = ", ".join(f"{said.number} ({said.text!r})" for said in meant)
        if any(said.answered_s for said in meant):
            return self.complain(now, f"answer {answer} to {which} had been given", "doubled")
        if meant:
            excused = any(map(self.excuses, meant))  # half of a sentence may mean anything
            what = f"answer {answer} to {which}, which nobody asked"
            return self._lapse(what, "overheard played", now, excused)
        return self.complain(now, f"answer {answer} to no turn", "unasked played")

    def _forget_what_passed(self, answer: int, owed: Collection[int]) -> None:
        """The own answer of these turns is played, which began before the one that may have passed for it."""
        for number in owed:
            said = self.turns.get(number)
            if said is not None and said.passed_with is not None and said.passed_with > answer:
                said.answered_s.pop()
                said.passed_with = None

    # --- the weather ---

    def outage(self, began_at: float, ended_at: float = inf) -> None:
        """The service could not be reached in between; without an end it still cannot."""
        if not self._outages or self._outages[-1].began_at != began_at:
            self._outages.append(_Outage(began_at, ended_at, self._words))
        outage = self._outages[-1]
        outage.ended_at, outage.ended_words = ended_at, None if ended_at == inf else self._words

    def excuses(self, said: Said) -> bool:
        """Whether this turn, and what was said after it in an outage that it fell into, were more than a line
        keeps."""
        return any(
            self._until(outage) - said.after_words > KEPT_WORDS
            and _touches(said, outage.began_at, outage.ended_at)
            for outage in self._outages
        )

    def overflowed(self, now: float) -> bool:
        """Whether more was said in an outage than a line keeps, and just now."""
        return any(
            self._until(outage) - outage.began_words > KEPT_WORDS and now < outage.ended_at + AFTERMATH_S
            for outage in self._outages
        )

    def _until(self, outage: _Outage) -> int:
        return self._words if outage.ended_words is None else outage.ended_words

    def mute(self, began_at: float, ended_at: float = inf) -> None:
        """A connection was dead in between, and nobody could know. Whose turn is not to be answered shows no
        sign of it; whose is shows it by the silence that follows."""
        _remember(self._mute, began_at, ended_at)

    def was_mute(self, said: Said) -> bool:
        """Whether a connection that nobody knew to be dead touches the life of this turn."""
        return any(_touches(said, *span) for span in self._mute)

    # --- the verdict ---

    def settle(self, now: float) -> None:
        """Judge what has been over for long enough."""
        for number in list(self.turns):
            said = self.turns[number]
            if said.ended_at is None or now - self._over_since(said, said.ended_at) < VERDICT_S:
                continue
            del self.turns[number]
            self._judge(said, now)

    def _over_since(self, said: Said, ended_at: float) -> float:
        """From when on there was nothing in the way of an answer: also the end of an outage."""
        touching = (each for each in self._outages if _touches(said, each.began_at, each.ended_at))
        return max([ended_at, *(outage.ended_at for outage in touching)])

    def _judge(self, said: Said, now: float) -> None:
        figures, excused = self.figures, self.excuses(said)
        figures["turns"] += 1
        missing = said.words - len(said.heard)
        if missing:
            unnoticed = said.wish is not Wish.ANSWER and self.was_mute(said)
            too_long = missing <= said.words - KEPT_WORDS  # to wait as a whole until the bot had finished
            what = f"turn {said.number}: {missing} of {said.words} words"
            self._lapse(what, "lost words", now, excused or unnoticed or too_long)
        if said.wish is Wish.ANSWER:
            figures["addressed"] += 1
            figures["answered"] += bool(said.answered_s)
            if not said.answered_s:
                self._lapse(f"turn {said.number} ({said.text!r})", "lost", now, excused)
        if len(said.answered_s) > 1:
            self.complain(now, f"turn {said.number}: played at {said.answered_s}", "doubled")

    def _lapse(self, what: str, figure: str, now: float, excused: bool) -> None:
        if excused:
            self.figures[f"{figure} beyond bounds"] += 1
        else:
            self.complain(now, what, figure)


def _remember(spans: list[tuple[float, float]], began_at: float, ended_at: float) -> None:
    """The last 20 of them; the end of one replaces its beginning."""
    if spans and spans[-1][0] == began_at:
        spans.pop()
    spans.append((began_at, ended_at))
    del spans[:-20]


def _touches(said: Said, began: float, ended: float) -> bool:
    """Whether the life of a turn, with what is done for it, falls into this time."""
    return began < (said.ended_at or said.began_at) + VERDICT_S / 3 and ended > said.began_at
