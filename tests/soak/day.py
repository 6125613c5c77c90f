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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog

from bot.turns.floor import FloorRules, Interrupt
from tests.soak.channel import Ear, Playback
from tests.soak.judge import VERDICT_S, Judge
from tests.soak.nature import Nature
from tests.soak.people import People
from tests.soak.room import Bot
from tests.soak.service import Service
from tests.soak.virtual import run

DAY_S = 86_400.0
PAUSE_S = 110.0
"""Between two scenes in the mean, for some 1,500 turns a day."""


@dataclass
class Report:
    """What came of a day."""

    seed: int
    figures: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    cpu_s: float = 0.0
    peak_kb: float = 0.0
    growth_kb: float = 0.0
    """What is held at the end of the day beyond what was held after its first hour."""


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
        self.ear = Ear(self.bot, self.judge)
        self.people = People(self.ear, playback, self.judge, self.random)
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
            if self.random.random() < 0.5:
                await self._until_somebody_speaks()
            self.service.die(60.0, refuses=self.random.random() < 0.5)
            self.judge.figures["dead minutes"] += 1
        await asyncio.Event().wait()

    async def _until_somebody_speaks(self) -> None:
        while not self.ear.in_turn:  # noqa: ASYNC110 - time costs nothing here
            await asyncio.sleep(1.0)

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

    began = time.process_time()
    with quiet_logs():
        if memory:
            tracemalloc.start()
        try:
            run(main())
        finally:
            if memory:
                report.peak_kb = tracemalloc.get_traced_memory()[1] / 1024
                tracemalloc.stop()
    report.cpu_s = time.process_time() - began
    return report
