"""A room without its shell: the real conversation on its real line, and a beat that knows when to be lazy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Any

from bot.calls import Calls
from bot.conversation import Conversation
from bot.errors import LiveError
from bot.live.config import LiveSettings
from bot.live.line import Line, LineEvent
from bot.notices import Notice, Unanswered
from bot.tools.registry import INVOCATION_CONDITION, Registry, Result, Tool, ToolContext
from bot.turns.floor import Floor, FloorRules
from bot.turns.turn import Turn, TurnStarted
from tests.soak.channel import Playback
from tests.soak.people import NAMES
from tests.soak.service import Service

SOON_S = 0.02
"""A real room ticks every 20 ms. This one does so after everything that happens,"""

TICKS = ((0.5, 0.1), (5.0, 0.25), (40.0, 0.5), (1e9, 2.0))
"""and while something is pending: so long after the last event at most, and so often. What is waited for in
tenths of a second is waited for right after something happened."""

QUIET_TICKS = ((5.0, 0.5), (1e9, 60.0))
"""The same while nothing is asked, said, played or called: only words may still come late, and be judged."""


class Bot:
    """From one /join to the next, a Listener of the people's turns."""

    def __init__(self, service: Service, playback: Playback, random: Random, rules: FloorRules) -> None:
        self._service, self._playback, self._random, self._rules = service, playback, random, rules
        self._loop = asyncio.get_running_loop()
        self.judge = service.judge
        self.conversation: Conversation | None = None
        self._line: Line | None = None
        self._happened_at = 0.0
        self._beat: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Until cancelled. No line may give up, whatever the day is like; if one does, somebody types /join
        again, so that the rest of the day can be lived."""
        while True:
            line = self._line = Line(
                self._service,  # type: ignore[arg-type]  # the in-memory client
                lambda start: LiveSettings(),
                clock=self._loop.time,
                random_unit=self._random.random,
            )
            try:
                async with asyncio.TaskGroup() as tasks:
                    self.conversation = self._converse(tasks, line)
                    self._happened()
                    tasks.create_task(line.run(self._on_live))
            except* LiveError as errors:
                self.judge.complain(self._loop.time(), str(errors.exceptions), "rooms ended")
            finally:
                self._count(line)
            await self._service.back()

    def _converse(self, tasks: asyncio.TaskGroup, line: Line) -> Conversation:
        calls = Calls(
            tasks,
            Registry([self._clock()]),
            line,
            lambda asked: _Room(),
            settled=self._calls_answered,
            working=lambda working: None,
            listening=lambda: conversation.listening,
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

    # --- the beat ---

    def _happened(self) -> None:
        """Something did: look at it soon."""
        now = self._happened_at = self._loop.time()
        if self._beat is not None:
            if self._beat.when() <= now + SOON_S:
                return
            self._beat.cancel()
        self._beat = self._loop.call_later(SOON_S, self._tick)

    def _tick(self) -> None:
        assert self.conversation is not None
        now = self._loop.time()
        try:
            self.conversation.tick(now)
        finally:
            self._beat = self._loop.call_later(self._rest_s(now), self._tick)

    def _rest_s(self, now: float) -> float:
        """How long nothing is to be done, if nothing happens."""
        assert self._line is not None
        past_s, ticks = now - self._happened_at, QUIET_TICKS if self._line.quiet else TICKS
        tick_s = next(tick_s for bound_s, tick_s in ticks if past_s < bound_s)
        ends_in_s = self._playback.ends_at + SOON_S - now  # which opens the window for follow-ups
        return min(tick_s, ends_in_s) if ends_in_s > 0 else tick_s

    # --- what happens ---

    def _on_live(self, event: LineEvent) -> None:
        assert self.conversation is not None
        self._happened()
        self.conversation.on_live(event, self._loop.time())

    def _calls_answered(self) -> None:
        assert self.conversation is not None
        self._happened()
        self.conversation.calls_answered(self._loop.time())

    def turn_started(self, event: TurnStarted, now: float) -> None:
        assert self.conversation is not None
        self._happened()
        self.conversation.turn_started(event, now)

    def send_audio(self, pcm16: bytes) -> None:
        assert self.conversation is not None
        self.conversation.send_audio(pcm16)

    def turn_ended(self, turn: Turn, now: float) -> None:
        assert self.conversation is not None
        self._happened()
        self.conversation.turn_ended(turn, now)

    def _told(self, notice: Notice) -> None:
        now = self._loop.time()
        if not isinstance(notice, Unanswered):
            return
        if self.judge.overflowed(now):
            self.judge.figures["given up beyond bounds"] += 1
        else:
            self.judge.complain(now, f"{notice.speakers}: {notice.cause}", "given up")

    def _count(self, line: Line) -> None:
        self.judge.figures.update(line.tally)
        if self.conversation is not None:
            self.judge.figures.update(self.conversation.tally)
        self.judge.figures["dropped bytes"] += line.dropped_audio_bytes


class _Room:
    """A ToolContext."""

    def who_is_speaking(self) -> Mapping[str, Any]:
        return {}

    def leave_when_quiet(self, reason: str) -> None:
        """Never called: there is no such tool here."""
