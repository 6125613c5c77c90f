"""Who has the bot's ear: whether a turn is to be answered, and who may stop an answer. Pure.

    rule      answered                                                        needs the words
    OPEN      everybody                                                       no
    AUTO      as OPEN with one person in the channel, as NAMED with more      with two or more
    NAMED     who says one of its names, and for a while who was just answered  yes
    PUSH      who held the floor at some moment of the turn                   no
    HOST      the members named as hosts                                      no

A turn that is not answered is context: the model has heard it, its answer is not played.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.turns.address import Address, calls_at_once, calls_one_of, judge

HOLD_S = 60.0
"""The floor comes back by itself: whoever forgets it must not lock the others out. A turn is no longer."""

UNMAPPED = 0
"""Stands for a speaker of whom Discord has not yet said who it is. No account has this id."""


class Mode(StrEnum):
    """Who is answered."""

    OPEN = "open"
    AUTO = "auto"
    NAMED = "named"
    PUSH = "push"
    HOST = "host"


class Interrupt(StrEnum):
    """Who may stop the bot while it speaks. Hosts may whenever anybody may."""

    EVERYONE = "everyone"
    ASKER = "asker"
    HOSTS = "hosts"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class FloorRules:
    """What a guild has chosen. `names`: what the bot is called, the best known first; `hosts`: user ids."""

    mode: Mode = Mode.AUTO
    names: tuple[str, ...] = ()
    hosts: frozenset[int] = frozenset()
    follow_up_s: float = 10.0
    interrupt: Interrupt = Interrupt.EVERYONE


@dataclass(frozen=True, slots=True)
class _Hold:
    """One person's hold of the floor, monotonic seconds."""

    user_id: int
    start: float
    end: float

    def overlaps(self, start: float, end: float) -> bool:
        return self.start <= end and start <= self.end


class Floor:
    """One room's floor. Times are monotonic seconds; people are Discord user ids."""

    def __init__(self, rules: FloorRules) -> None:
        self._rules = rules
        self._humans: dict[int, str] = {}
        self._windows: dict[int, float] = {}  # who need not say the name in a turn that begins before this
        self._holds: list[_Hold] = []  # the newest last; the one before it may still have a turn undecided

    @property
    def rules(self) -> FloorRules:
        return self._rules

    @rules.setter
    def rules(self, rules: FloorRules) -> None:
        self._rules = rules
        if rules.mode is not Mode.PUSH:
            self._holds.clear()

    def present(self, humans: Mapping[int, str]) -> None:
        """The people in the channel, without bots: user id → display name. Who has gone has nothing left."""
        self._humans = dict(humans)
        self._windows = {
            user_id: until
            for user_id, until in self._windows.items()
            if user_id in self._humans or user_id == UNMAPPED
        }
        self._holds = [hold for hold in self._holds if hold.user_id in self._humans]

    def take(self, user_id: int, now: float) -> bool:
        """PUSH: hold the floor for at most `HOLD_S`. Whether it is theirs; taken again it is held anew."""
        if self._rules.mode is not Mode.PUSH or self.holder(now) not in (None, user_id):
            return False
        self.give_back(user_id, now)
        self._holds = [*self._holds[-1:], _Hold(user_id, now, now + HOLD_S)]
        return True

    def give_back(self, user_id: int, now: float) -> None:
        """No more of the floor for them from `now` on. What they said until then still counts."""
        if self.holder(now) == user_id:
            held = self._holds.pop()
            self._holds.append(_Hold(user_id, held.start, now))

    def holder(self, now: float) -> int | None:
        """Who holds the floor."""
        newest = self._holds[-1] if self._holds else None
        return newest.user_id if newest is not None and now < newest.end else None

    def needs_words(self, speakers: Sequence[int] = ()) -> bool:
        """Whether a turn of these speakers is judged by what they say: its transcript is waited for."""
        mode = self._rules.mode
        return mode is Mode.NAMED or (mode is Mode.AUTO and len({*self._humans, *speakers}) > 1)

    def decide(
        self, speakers: Sequence[int], words: str | None, now: float, *, began: float, final: bool
    ) -> bool | None:
        """Whether a turn is answered: True, False (context), or None: ask again when there is more of it.

        `speakers` may be empty: somebody not mapped yet, in a channel of several a person of their own.
        `began` is when its speech began, `final` that the turn is over and no more words of it will come. Of
        a `final` turn the answer is never None. An early True stays true, whatever is said after it.
        """
        if self.needs_words(speakers):
            return self._by_words(speakers, words or "", began, final=final)
        match self._rules.mode:
            case Mode.PUSH:
                held = any(hold.user_id in speakers and hold.overlaps(began, now) for hold in self._holds)
                return held or (False if final else None)
            case Mode.HOST:
                return bool(self._rules.hosts.intersection(speakers)) or (False if final else None)
            case _:
                return True

    def answered(self, speakers: Sequence[int], now: float) -> None:
        """The bot speaks to them, or did until now: for a while they need not say its name."""
        for user_id in speakers or (UNMAPPED,):
            self._windows[user_id] = now + self._rules.follow_up_s

    def may_interrupt(self, user_ids: Sequence[int], asker: Collection[int]) -> bool:
        """Whether these people may stop the answer to `asker`. An answer to nobody is everybody's to stop."""
        match self._rules.interrupt:
            case Interrupt.EVERYONE:
                return True
            case Interrupt.NOBODY:
                return False
            case Interrupt.HOSTS:
                return bool(self._rules.hosts.intersection(user_ids))
            case Interrupt.ASKER:
                return not asker or bool({*asker, *self._rules.hosts}.intersection(user_ids))

    def _by_words(self, speakers: Sequence[int], words: str, began: float, *, final: bool) -> bool | None:
        names = self._rules.names
        alone = speakers[0] if len(speakers) == 1 else None  # of several, one may be calling another
        others = tuple(name for user_id, name in self._humans.items() if user_id != alone)
        if not final:
            return True if calls_at_once(words, names, others) else None
        if judge(words, names, others) is Address.ADDRESSED:
            return True
        if calls_one_of(words, others):
            self._close_windows(speakers)  # they have turned to somebody else: what follows is for them
            return False
        return any(began <= self._windows.get(user_id, began - 1) for user_id in speakers or (UNMAPPED,))

    def _close_windows(self, speakers: Sequence[int]) -> None:
        for user_id in speakers or (UNMAPPED,):
            self._windows.pop(user_id, None)


def describe(rules: FloorRules, people: int) -> str:
    """What the instruction says about when the model is meant, with so many people in the channel."""
    name = (
        "".join(c for c in rules.names[0] if c.isalnum() or c in " -.'’")[:32].strip() if rules.names else ""
    )
    called = f"called {name}" if name else "spoken to"
    match rules.mode:
        case Mode.PUSH:
            return "People press a button to speak to you. Answer what you hear as usual."
        case Mode.HOST:
            return "Only the hosts of this channel are to be answered. The others are context."
        case Mode.NAMED | Mode.AUTO if rules.mode is Mode.NAMED or people > 1:
            return (
                f"Several people talk here, mostly with each other. You are meant when you are {called}, or "
                "when somebody goes on with what you have just answered. Anything else you only remember."
            )
        case _:
            return "Whatever is said here is said to you."
