"""One seed: a room of four people and the bot, for a day of virtual time, on a service with its moods.

The line, the conversation and all that hangs on them are the real ones; the ends are not: people and playback
on the one side (`channel`, `people`), the Live service on the other (`service`). `judge` compares the two.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog

from bot.calls import Calls
from bot.conversation import Conversation, Notice, Unanswered
from bot.errors import LiveError
from bot.live.config import LiveSettings
from bot.live.line import Line, LineEvent
from bot.tools.registry import INVOCATION_CONDITION, Registry, Result, Tool, ToolContext
from bot.turns.floor import Floor, FloorRules, Interrupt
from bot.turns.turn import Turn, TurnStarted
from tests.soak.channel import Ear, Playback
from tests.soak.judge import VERDICT_S, Judge
from tests.soak.nature import Nature
from tests.soak.people import NAMES, People
from tests.soak.service import Service
from tests.soak.virtual import run

DAY_S = 86_400.0
PAUSE_S = 110.0
"""Between two scenes in the mean, for some 1,500 turns a day."""

TICKS = ((3.0, 0.1), (40.0, 0.5), (1e9, 2.0))
"""So long after something happened at most, and so often. A real room ticks every 20 ms; what is waited for
in milliseconds (words that come in pieces) is waited for right after something happened."""

PLAYING_TICK_S = 0.2
"""The end of an answer opens the follow-up window, and nobody goes on sooner than half a second after it."""


@dataclass
class Report:
    """What came of a day."""

    seed: int
    figures: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    wall_s: float = 0.0
    peak_kb: float = 0.0
    growth_kb: float = 0.0
    """What is held at the end of the day beyond what was held after its first hour."""


class Bot:
    """A room without its shell: the conversation on its line, from one /join to the next."""

    def __init__(self, service: Service, playback: Playback, random: Random, rules: FloorRules) -> None:
        self._service, self._playback, self._random, self._rules = service, playback, random, rules
        self._loop = asyncio.get_running_loop()
        self.judge = service.judge
        self.conversation: Conversation | None = None
        self._happened_at = 0.0

    async def run(self) -> None:
        """Until cancelled. A line that gives up ends the room, and somebody types /join when it can work."""
        while True:
            line = Line(
                self._service,  # type: ignore[arg-type]  # the in-memory client
                lambda start: LiveSettings(),
                clock=self._loop.time,
                random_unit=self._random.random,
            )
            try:
                async with asyncio.TaskGroup() as tasks:
                    self.conversation = self._converse(tasks, line)
                    tasks.create_task(self._beat(self.conversation))
                    tasks.create_task(line.run(self._on_live))
            except* LiveError as errors:
                self._ended(errors)
            finally:
                self._count(line)
            await self._service.back()

    def _converse(self, tasks: asyncio.TaskGroup, line: Line) -> Conversation:
        calls = Calls(
            tasks,
            Registry([self._clock()]),
            line,
            _Room(),
            settled=lambda: conversation.calls_answered(self._loop.time()),
            working=lambda working: None,
            idle=lambda: conversation.idle,
        )
        conversation = Conversation(
            line, self._playback, calls, Floor(self._rules), name_of=NAMES.__getitem__, tell=self._told
        )
        conversation.present(NAMES)
        return conversation

    def _clock(self) -> Tool:
        async def look(context: ToolContext, args: Mapping[str, Any]) -> Result:
            await asyncio.sleep(self._random.choice((0.0, 0.2, 3.0)))
            return {"time": "noon"}

        return Tool("clock", f"The time. {INVOCATION_CONDITION} asked for the time.", look)

    async def _beat(self, conversation: Conversation) -> None:
        loop = self._loop
        while True:
            now = loop.time()
            conversation.tick(now)
            tick_s = next(tick_s for bound_s, tick_s in TICKS if now - self._happened_at < bound_s)
            await asyncio.sleep(min(tick_s, PLAYING_TICK_S) if self._playback.playing else tick_s)

    def _on_live(self, event: LineEvent) -> None:
        assert self.conversation is not None
        self._happened_at = self._loop.time()
        self.conversation.on_live(event, self._loop.time())

    def _told(self, notice: Notice) -> None:
        now = self._loop.time()
        if not isinstance(notice, Unanswered):
            return
        if self._service.was_away(now):
            self.judge.figures["given up in an outage"] += 1
        else:
            self.judge.complain(now, f"{notice.speakers}: {notice.cause}", "given up")

    def _ended(self, errors: BaseExceptionGroup[LiveError]) -> None:
        now = self._loop.time()
        if self._service.was_away(now):
            self.judge.figures["rooms ended in an outage"] += 1
        else:
            self.judge.complain(now, str(errors.exceptions), "rooms ended")

    def _count(self, line: Line) -> None:
        self.judge.figures.update(line.tally)
        if self.conversation is not None:
            self.judge.figures.update(self.conversation.tally)
        self.judge.figures["dropped bytes"] += line.dropped_audio_bytes

    # --- a Listener ---

    def turn_started(self, event: TurnStarted, now: float) -> None:
        assert self.conversation is not None
        self._happened_at = now
        self.conversation.turn_started(event, now)

    def send_audio(self, pcm16: bytes) -> None:
        assert self.conversation is not None
        self.conversation.send_audio(pcm16)

    def turn_ended(self, turn: Turn, now: float) -> None:
        assert self.conversation is not None
        self._happened_at = now
        self.conversation.turn_ended(turn, now)


class _Room:
    """A ToolContext."""

    speakers: frozenset[int] = frozenset()

    def who_is_speaking(self) -> Mapping[str, Any]:
        return {}

    def leave_when_quiet(self, reason: str) -> None:
        """Never called: there is no such tool here."""


class Day:
    """Everything of one seed."""

    def __init__(self, seed: int, day_s: float, nature: Nature | None) -> None:
        self.random = Random(seed)
        self.judge = Judge()
        nature = nature or Nature.of(self.random)
        interrupt = self.random.choice([Interrupt.EVERYONE] * 4 + [Interrupt.ASKER, Interrupt.NOBODY])
        loop = asyncio.get_running_loop()
        self.day_s = day_s
        self.service = Service(nature, self.judge, self.random)
        playback = Playback(self.judge, loop.time)
        rules = FloorRules(names=("Parley",), interrupt=interrupt)
        self.bot = Bot(self.service, playback, self.random, rules)
        self.people = People(Ear(self.bot, self.judge), playback, self.judge, self.random)
        self.growth_kb = 0.0

    async def live(self) -> None:
        """The day, and time enough after it for the last verdict. An error in any part is raised."""
        asyncio.get_running_loop().set_exception_handler(self._failed)
        beside = (self.bot.run(), self._settle(), self._watch(), self._weather())
        tasks = [asyncio.create_task(each) for each in (self._talk(), *beside)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def _talk(self) -> None:
        await asyncio.sleep(5)
        await self.people.live(self.day_s, PAUSE_S)
        await asyncio.sleep(2 * VERDICT_S)

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Something raised in a callback."""
        self.judge.complain(loop.time(), repr(context.get("exception") or context["message"]), "bugs")

    async def _settle(self) -> None:
        while True:
            await asyncio.sleep(30)
            self.judge.settle(asyncio.get_running_loop().time())

    async def _weather(self) -> None:
        times = sorted(self.random.uniform(600, self.day_s) for _ in range(self.service.nature.dead_day))
        for at in times:
            await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
            self.service.die(60.0)
            self.judge.figures["dead minutes"] += 1
        await asyncio.Event().wait()

    async def _watch(self) -> None:
        """How much more is held at the end than early in the day, while nothing is under way."""
        await asyncio.sleep(min(3600.0, self.day_s / 4))
        before = _held_kb()
        await asyncio.sleep(self.day_s - asyncio.get_running_loop().time() + VERDICT_S + 30)
        self.growth_kb = _held_kb() - before
        await asyncio.Event().wait()


def _held_kb() -> float:
    if not tracemalloc.is_tracing():
        return 0.0
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1024


@contextmanager
def quiet_logs() -> Iterator[None]:
    """A day of warnings is nobody's reading."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def soak(seed: int, day_s: float = DAY_S, nature: Nature | None = None, *, memory: bool = False) -> Report:
    """One seed. `memory`: watch it, too, which takes four times as long."""
    report = Report(seed)

    async def main() -> None:
        day = Day(seed, day_s, nature)
        report.figures, report.complaints = day.judge.figures, day.judge.complaints
        await day.live()
        report.growth_kb = day.growth_kb

    began = time.monotonic()
    with quiet_logs():
        if memory:
            tracemalloc.start()
        try:
            run(main())
        finally:
            if memory:
                report.peak_kb = tracemalloc.get_traced_memory()[1] / 1024
                tracemalloc.stop()
    report.wall_s = time.monotonic() - began
    return report
