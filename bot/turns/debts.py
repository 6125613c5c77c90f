"""What the model has been asked and not answered yet, in the order in which it was asked. Pure.

The server drops what it is generating when somebody begins to speak, so a prompt that was asked before that
may never get an answer of its own: its debt *passes on* to the next answer. One answer therefore covers every
prompt that was passed on and the first that was not. What a tool is at work for is no part of this: it is
answered with the tool's result, whatever else is said and answered until then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, auto


class Kind(Enum):
    TURN = auto()  # spoken; its beginning interrupts the model
    TEXT = auto()  # typed, shown or asked by the bot itself; interrupts nothing
    TOOL_RESULT = auto()  # the rest of an answer that was broken off for a tool; not known to the line


class Verdict(Enum):
    ANSWER = auto()
    CONTEXT = auto()  # the model hears it, what it says to it is not played


class Stage(IntEnum):
    """What has been tried already to get the answer."""

    FRESH = auto()
    NUDGED = auto()
    RECONNECTED = auto()


@dataclass(slots=True, eq=False)
class Prompt:
    """One thing asked. `verdict` None: not decided yet whether the answer is to be played."""

    number: int
    kind: Kind
    verdict: Verdict | None
    asked_at: float
    noted: bool = False
    crossed: bool = False
    """Events of an older answer may still come after it."""
    stage: Stage = Stage.FRESH
    passed_on: bool = False
    at_work: bool = False
    """A tool runs for it."""
    ended: bool = False
    """The model has ended a turn since: it has heard this, and so has every session that resumes it later."""
    begun: bool = False
    """Some of an answer to it has been heard."""
    behind: frozenset[int] = frozenset()
    """The prompts for which tools were at work whose results it has; empty: only itself."""
    spare: bool = False
    """Something came that may have been the answer. Another one is played, none is missed."""

    @property
    def owed(self) -> bool:
        """Whether an answer that is heard must come."""
        return self.verdict is Verdict.ANSWER and not self.spare


def ruling(prompts: Iterable[Prompt]) -> Verdict | None:
    """What becomes of an answer to all of these: played if one of them is to be answered, kept for later
    if that is not decided of one."""
    verdicts = {prompt.verdict for prompt in prompts}
    if Verdict.ANSWER in verdicts:
        return Verdict.ANSWER
    return None if None in verdicts else Verdict.CONTEXT


def pass_on(prompts: Iterable[Prompt]) -> None:
    """They are not sure of an answer of their own."""
    for prompt in prompts:
        prompt.passed_on = True


def begin_work(prompts: Iterable[Prompt]) -> None:
    """The model calls a tool for these."""
    for prompt in prompts:
        prompt.at_work = True


class Ledger:
    """The prompts not dealt with, and up to which number everything is."""

    def __init__(self) -> None:
        self._pending: list[Prompt] = []
        self._behind: list[Prompt] = []  # asked while somebody speaks: they leave after the turn
        self._aside: list[Prompt] = []  # whose answer is here, and waits for the verdict
        self._dealt_with = -1
        self._settled = -1

    @property
    def pending(self) -> Sequence[Prompt]:
        """What the model knows of, oldest first."""
        return self._pending

    @property
    def open(self) -> Sequence[Prompt]:
        """All, also what has not left yet."""
        return self._aside + self._pending + self._behind

    def forgotten(self, gone: Collection[int]) -> list[Prompt]:
        """What of these no session to come will know, since the line has not kept it."""
        return [
            prompt
            for prompt in self.open
            if prompt.kind is not Kind.TOOL_RESULT and prompt.number in gone and prompt.number > self._settled
        ]

    def set_aside(self, prompts: Collection[Prompt]) -> None:
        """Their answer has come: the next one is not for them."""
        self._aside = [prompt for prompt in self._pending if prompt in prompts]
        self._pending = [prompt for prompt in self._pending if prompt not in prompts]

    def take_back(self) -> None:
        """Their answer is not to be had any more."""
        self._pending = self._aside + self._pending
        self._aside = []

    def end(self, now: float, after_s: float) -> None:
        """The model has ended a turn; what was asked within `after_s` may not have reached it yet."""
        for prompt in self._pending:
            if prompt.kind is Kind.TURN and now - prompt.asked_at >= after_s:
                prompt.ended = True

    def remember(self) -> int | None:
        """The session can be resumed where it stands. The number up to which nothing has to be said again, if
        that has grown. What is owed an answer is: asking again is the surest way to get one."""
        known = [prompt for prompt in self._pending if prompt.ended and prompt.verdict is not Verdict.ANSWER]
        return self._grown(max([self._dealt_with, *(prompt.number for prompt in known)]), but=known)

    @property
    def mark(self) -> tuple[int, int]:
        """How the books stand."""
        return self._dealt_with, self._settled

    def owe_again(self, prompts: Sequence[Prompt], mark: tuple[int, int]) -> None:
        """They were dealt with too soon: nothing has happened since `mark`."""
        self._pending = [*prompts, *self._pending]
        self._dealt_with, self._settled = mark

    def settle(self, prompts: Collection[Prompt]) -> int | None:
        """Deal with `prompts`. The number up to which everything is, if that has grown."""
        gone = [prompt for prompt in self.open if prompt in prompts]
        self._aside = [prompt for prompt in self._aside if prompt not in prompts]
        self._pending = [prompt for prompt in self._pending if prompt not in prompts]
        self._dealt_with = max([self._dealt_with, *(prompt.number for prompt in gone)])
        return self._grown(self._dealt_with)

    def _grown(self, settled: int, *, but: Collection[Prompt] = ()) -> int | None:
        """`settled` up to the first prompt that is left, `but` for these."""
        left = [each for each in self.open if each.kind is not Kind.TOOL_RESULT and each not in but]
        settled = min([settled, *(prompt.number - 1 for prompt in left)])
        if settled <= self._settled:
            return None
        self._settled = settled
        return settled


class Debts(Ledger):
    """The prompts not dealt with. `silent_s`: a prompt that is context and got no reaction for so long gets
    none any more, and does not stand between a later prompt and its answer."""

    def __init__(self, silent_s: float) -> None:
        super().__init__()
        self._silent_s = silent_s
        self._early: dict[int, Verdict] = {}  # decided before they were asked
        self._newest = -1

    def ask(self, prompt: Prompt, *, behind: bool) -> None:
        """`behind`: a turn is open and this goes out when it has ended."""
        prompt.verdict = self._early.pop(prompt.number, prompt.verdict)
        self._newest = max(self._newest, prompt.number)
        if prompt.kind is Kind.TURN:
            for waiting in self._behind:
                waiting.asked_at = prompt.asked_at
            self._pending += [prompt, *self._behind]
            self._behind.clear()
        else:
            (self._behind if behind else self._pending).append(prompt)

    def decide(self, number: int, verdict: Verdict) -> None:
        """A prompt that is not asked yet is decided in advance; one dealt with stays as it was."""
        for prompt in self.open:
            if prompt.number == number and prompt.kind is not Kind.TOOL_RESULT:
                prompt.verdict = verdict
                return
        if number > self._newest:
            self._early[number] = verdict

    def group(self, now: float) -> list[Prompt]:
        """What the next answer covers. What waits for a tool is spoken of before the result only where
        nothing else was asked: "let me see"."""
        covered: list[Prompt] = []
        at_work = [prompt for prompt in self._pending if prompt.at_work]
        for prompt in self._pending:
            if prompt.at_work:
                continue
            covered.append(prompt)
            silent = prompt.verdict is Verdict.CONTEXT and now - prompt.asked_at >= self._silent_s
            if not (prompt.passed_on or silent):
                break
        return covered or at_work

    def end_work(self, now: float, *, passed_on: bool) -> None:
        """The tool has its result: one answer to them all comes, after that to what was asked until now."""
        worked = [prompt for prompt in self._pending if prompt.at_work]
        self._pending = [prompt for prompt in self._pending if not prompt.at_work] + worked
        for prompt in worked:
            prompt.at_work, prompt.asked_at = False, now
            prompt.passed_on = passed_on or prompt is not worked[-1]

    def call_off(self) -> None:
        """There will be no result, or it came too late to be taken: the debt passes on like any other, the
        rest of an answer that was begun is not owed."""
        self._pending = [prompt for prompt in self._pending if prompt.kind is not Kind.TOOL_RESULT]
        for prompt in self._pending:
            if prompt.at_work:
                prompt.at_work, prompt.passed_on = False, True

    def supersede(self) -> None:
        """Somebody begins to speak: nothing asked so far is sure of an answer of its own."""
        pass_on(prompt for prompt in self._pending if not prompt.at_work)
        self.drop_spare()

    def drop_spare(self) -> None:
        self._pending = [prompt for prompt in self._pending if not prompt.spare]

    def drop_all(self) -> None:
        """Nobody is to hear an answer to any of them."""
        self.call_off()
        for prompt in self.open:
            prompt.verdict = Verdict.CONTEXT

    def ask_again(self, now: float, *, speaking: bool) -> int:
        """A new connection has heard none of them. The line asks them in order, one right after the other,
        and a turn interrupts what was before it, also one that is open (`speaking`). How many results of
        tools were waited for: of these the new connection knows nothing, and the line neither."""
        self.drop_spare()
        asked = [prompt for prompt in self._pending if prompt.kind is not Kind.TOOL_RESULT]
        lost = len(self._pending) - len(asked)
        self._pending = sorted(asked, key=lambda prompt: prompt.number)
        turns = [at for at, prompt in enumerate(self._pending) if prompt.kind is Kind.TURN]
        interrupted = len(self._pending) if speaking else turns[-1] if turns else 0
        pass_on(self._pending[:interrupted])
        for prompt in self.open:
            prompt.asked_at = now
            prompt.ended = prompt.number <= self._settled  # known there, and not asked again
            prompt.passed_on = prompt.passed_on or prompt.ended
        return lost
