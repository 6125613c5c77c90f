"""What holds of every exchange, whatever is said, decided, delivered late or twice, or cut in between.

`World` is a channel, a line and a small model server on virtual time. The server keeps its own account of
which prompts an answer is for, so that the exchange's is checked against it. A tidy server sends everything
once and in order and never fails: there the exchange must be exactly right. An untidy one leaves out and
repeats the ends of answers, stays silent and loses connections: there nothing may be said twice, lost, or
kept.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.turns.exchange import (
    Answered,
    Effect,
    Exchange,
    GaveUp,
    Kind,
    NotesOff,
    Nudge,
    Play,
    Reconnect,
    Settled,
    Verdict,
)

Chunk = tuple[int, int]  # answer, place in it
Message = Callable[[Exchange[Chunk], float], list[Effect[Chunk]]]

ENDS = ("generation_complete", "turn_complete")
TICK_S = 0.25


@dataclass
class Server:
    """Answers what it has heard; what it sends waits in `wire` until it is delivered."""

    wire: deque[tuple[str, Message]] = field(default_factory=deque)
    heard: list[int] = field(default_factory=list)
    """Complete and not answered; the answer to the first also covers what `lost` holds."""
    lost: list[int] = field(default_factory=list)
    """Somebody spoke before the channel had heard anything of their answer."""
    covered: list[tuple[int, ...]] = field(default_factory=list)
    """By answer: the truth."""

    def activity(self, owing: list[int], repeat: int) -> None:
        self.heard, self.lost = [], owing
        for _ in range(repeat):
            self._send("interrupted", lambda exchange, now: exchange.interrupted(now))
            self._end("turn_complete", 1)

    def generate(self, length: int, sound: str, repeats: tuple[int, int], *, nudged: bool = False) -> None:
        if not self.heard and not nudged:
            return
        first, self.heard = self.heard[:1], self.heard[1:]
        answer = len(self.covered)
        self.covered.append((*self.lost, *first))
        self.lost = []
        if sound == "text":
            self._send("text", lambda exchange, now: exchange.text(now))
        elif sound != "nothing":
            for place in range(length):
                self._sound((answer, place), loud=sound == "loud")
        for end, repeat in zip(ENDS, repeats, strict=True):
            self._end(end, repeat)

    def _sound(self, chunk: Chunk, *, loud: bool) -> None:
        self._send("sound", lambda exchange, now: exchange.sound(chunk, loud, now))

    def _end(self, end: str, repeat: int) -> None:
        for _ in range(repeat):
            if end == "turn_complete":
                self._send(end, lambda exchange, now: exchange.turn_complete(None, False, now))
            else:
                self._send(end, lambda exchange, now: exchange.generation_complete(now))

    def _send(self, kind: str, message: Message) -> None:
        self.wire.append((kind, message))


class World:
    """Plays a script of steps; a step that makes no sense in its moment is left out."""

    def __init__(self) -> None:
        self.exchange: Exchange[Chunk] = Exchange()
        self.server = Server()
        self.now = 50.0
        self.number = 0
        self.open: int | None = None
        self.kinds: dict[int, Kind] = {}
        self.verdicts: dict[int, Verdict | None] = {}
        self.in_time: set[int] = set()
        """To be answered, and known to be while the exchange still waited for that."""
        self.settled = 0
        self.calling = False
        self.down = False
        self.played: list[Chunk] = []
        self.answered: Counter[int] = Counter()
        self.given_up: Counter[int] = Counter()
        self.effects: list[Effect[Chunk]] = []

    # --- the channel ---

    def begin(self, noted: bool, repeat: int = 1) -> None:
        if self.open is not None:
            return
        self.number += 1
        self.open = self.number
        self.apply(self.exchange.opened(self.now, noted=noted))
        self.server.activity([number for number in self.kinds if number > self.settled], repeat)

    def end(self, verdict: Verdict | None, *, flush: bool) -> None:
        if self.open is None:
            return
        self.wait(1.0)
        if flush:
            self.deliver(len(self.server.wire))
        number, self.open = self.open, None
        self.ask(number, Kind.TURN, verdict)

    def text(self) -> None:
        if self.open is None:
            self.number += 1
            self.ask(self.number, Kind.TEXT, Verdict.ANSWER)

    def ask(self, number: int, kind: Kind, verdict: Verdict | None) -> None:
        self.kinds[number], self.verdicts[number] = kind, verdict
        self.server.heard.append(number)
        self.apply(self.exchange.asked(number, kind, verdict, self.now))
        if verdict is Verdict.ANSWER:
            self.in_time.add(number)

    def decide(self, verdict: Verdict) -> None:
        undecided = [number for number, each in self.verdicts.items() if each is None]
        if undecided:
            waiting = undecided[0] in self.exchange.waiting
            self.verdicts[undecided[0]] = verdict
            self.apply(self.exchange.decide(undecided[0], verdict, self.now))
            if verdict is Verdict.ANSWER and (waiting or self.answered[undecided[0]]):
                self.in_time.add(undecided[0])

    def stop(self) -> None:
        self.apply(self.exchange.stopped(self.now))

    # --- tools ---

    def call(self) -> None:
        self.calling = True
        self.apply(self.exchange.called(self.now))

    def respond(self, *, wanted: bool) -> None:
        """The model has its results and speaks on, or wants none any more."""
        if self.calling:
            self.calling = False
            if wanted:
                self.apply(self.exchange.call_answered(self.now))
                self.server.generate(1, "loud", (1, 1), nudged=True)
            else:
                self.apply(self.exchange.called_off(self.now))

    # --- time and the wire ---

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            self.now += TICK_S
            self.apply(self.exchange.tick(self.now))

    def deliver(self, count: int) -> None:
        for _ in range(min(count, len(self.server.wire))):
            self.apply(self.server.wire.popleft()[1](self.exchange, self.now))

    def hand_over(self) -> None:
        """A handle for what the server knows, if it waits for nobody."""
        if self.open is None and not (self.server.heard or self.server.wire):
            self.apply(self.exchange.remembered())

    def disconnect(self) -> None:
        self.down = True
        self.server.wire.clear()
        self.apply(self.exchange.disconnected(self.now))

    def connect(self) -> None:
        """A new session that has heard nothing unsettled; the line asks all of it again."""
        self.calling = self.down = False
        self.server = Server(covered=self.server.covered)
        self.apply(self.exchange.connected(self.now))
        unsettled = [number for number in self.kinds if number > self.settled]
        for number in unsettled:
            if self.kinds[number] is Kind.TURN:
                self.server.activity([*self.server.lost, *self.server.heard], 0)
            self.server.heard.append(number)
        if self.open is not None:
            self.server.activity(unsettled, 0)

    def apply(self, effects: list[Effect[Chunk]]) -> None:
        self.effects += effects
        for effect in effects:
            match effect:
                case Play(chunks=chunks):
                    self.played += chunks
                case Answered(number=number):
                    self.answered[number] += 1
                case Settled(number=number):
                    assert number > self.settled or number == 0
                    self.settled = number
                case GaveUp(number=number):
                    self.given_up[number] += 1
                case Nudge():
                    self.server.generate(2, "loud", (1, 1), nudged=True)
                case Reconnect():
                    self.connect()
                case _:
                    pass

    def settle(self, *, decide: Verdict = Verdict.CONTEXT) -> None:
        """Everything comes to its end, in a world that is in good health from here on."""
        self.end(Verdict.CONTEXT, flush=True)
        self.respond(wanted=True)
        if self.down:
            self.connect()
        while any(verdict is None for verdict in self.verdicts.values()):
            self.decide(decide)
        for _ in range(50):
            self.deliver(len(self.server.wire))
            self.server.generate(2, "loud", (1, 1))
            self.deliver(len(self.server.wire))
            self.wait(1)

    def wanted(self) -> set[int]:
        return {number for number, verdict in self.verdicts.items() if verdict is Verdict.ANSWER}


Step = Callable[[World], None]


def step(name: str, act: Callable[..., None], *args: object, **kwargs: object) -> Step:
    def run(world: World) -> None:
        act(world, *args, **kwargs)

    run.__name__ = run.__qualname__ = f"{name}{args or ''}"
    return run


def generate(world: World, length: int, sound: str, repeats: tuple[int, int]) -> None:
    world.server.generate(length, sound, repeats)


VERDICTS = st.sampled_from([Verdict.ANSWER, Verdict.CONTEXT, None])
DECISIONS = st.sampled_from([Verdict.ANSWER, Verdict.CONTEXT])

BEGIN = st.booleans().map(lambda noted: step("begin", World.begin, noted))
TEXT = st.just(step("text", World.text))
DECIDE = DECISIONS.map(lambda verdict: step("decide", World.decide, verdict))
TIDY = st.one_of(
    BEGIN,
    VERDICTS.map(lambda verdict: step("end", World.end, verdict, flush=True)),
    TEXT,
    DECIDE,
    st.integers(1, 4).map(lambda count: step("deliver", World.deliver, count)),
    st.integers(1, 4).map(lambda length: step("generate", generate, length, "loud", (1, 1))),
    st.sampled_from([0.25, 0.5]).map(lambda seconds: step("wait", World.wait, seconds)),
)
REPEATS = st.tuples(st.integers(0, 3), st.integers(0, 3))
UNTIDY = st.one_of(
    TIDY,
    VERDICTS.map(lambda verdict: step("end", World.end, verdict, flush=False)),
    st.tuples(st.integers(1, 3), st.sampled_from(["loud", "faint", "text", "nothing"]), REPEATS).map(
        lambda drawn: step("generate", generate, *drawn)
    ),
    st.sampled_from([1.0, 3.0, 7.0, 15.0]).map(lambda seconds: step("wait", World.wait, seconds)),
    st.just(step("hand over", World.hand_over)),
    st.just(step("connect", World.connect)),
    st.just(step("disconnect", World.disconnect)),
    st.just(step("stop", World.stop)),
    st.just(step("call", World.call)),
    st.booleans().map(lambda wanted: step("respond", World.respond, wanted=wanted)),
    st.tuples(st.booleans(), st.integers(0, 4)).map(lambda drawn: step("begin", World.begin, *drawn)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(TIDY, max_size=30), DECISIONS)
def test_with_a_tidy_server_every_answer_is_where_it_belongs(steps: list[Step], late: Verdict) -> None:
    world = World()
    for act in steps:
        act(world)
    world.settle(decide=late)
    assert world.answered == dict.fromkeys(world.wanted(), 1)
    assert not [each for each in world.effects if isinstance(each, Nudge | Reconnect | GaveUp | NotesOff)]
    for answer, _ in world.played:
        assert world.wanted() & set(world.server.covered[answer])
    assert world.played == sorted(set(world.played))
    assert world.exchange.quiet and world.settled == world.number


@settings(max_examples=250, deadline=None)
@given(st.lists(UNTIDY, max_size=40), DECISIONS)
def test_with_any_server_nothing_is_said_twice_lost_or_kept(steps: list[Step], late: Verdict) -> None:
    world = World()
    for act in steps:
        act(world)
    world.settle(decide=late)
    assert world.answered + world.given_up == Counter(world.in_time)
    assert world.played == sorted(set(world.played))
    assert world.exchange.quiet and not world.exchange.owed and not world.exchange.answering
    assert world.settled == world.number
