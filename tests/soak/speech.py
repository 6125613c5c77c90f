"""One answer of the model: faster than real time, with or without a tool call, ended in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from bot.live import events as live
from tests.soak.judge import Judge
from tests.soak.nature import Nature
from tests.soak.wire import Socket
from tests.soak.words import PIECE_S, SILENCE, piece

HEARD_S = 1.0
"""An answer that was cut off sooner may not have been heard by anybody."""

HZ = 2_400  # a piece has a tenth of the samples of half a second, so they last ten times as long

PIECES = (2, 15)
"""One to seven seconds."""


class Speech:
    """Begins at once. `began` is called with its first sound, `over` when it is taken to have been heard."""

    def __init__(
        self,
        socket: Socket,
        nature: Nature,
        judge: Judge,
        random: Random,
        owed: tuple[int, ...],
        passes_for: tuple[int, ...],
        began: Callable[[], None],
        over: Callable[[], None],
    ) -> None:
        self._socket, self._nature, self._judge, self._random = socket, nature, judge, random
        self._loop = asyncio.get_running_loop()
        self.owed, self.passes_for = owed, passes_for
        self._began, self._over = began, over
        self.number = judge.answers(owed, passes_for)
        self._pieces = random.randrange(*PIECES)
        self._place = 0
        self._started_at: float | None = None
        self._call_at = random.randrange(3) if owed and random.random() < nature.calls else None
        self.called = False
        self._result_at: float | None = None  # when it came to what the tool had found
        self.call_id: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._late: list[asyncio.TimerHandle] = []
        self._step()

    def answered(self, call_id: str) -> bool:
        """The result of its tool call is there; False if it waits for none with this id."""
        if self.call_id != call_id:
            return False
        self.call_id = None
        self._timer = self._loop.call_later(self._random.uniform(0.2, 1.0), self._step)
        return True

    def interrupt(self) -> bool:
        """Somebody speaks. Whether it may not have been heard at all, or not what it came to: it is generated
        faster than it is heard, so that the time counts, and not how much there is of it."""
        self.cancel()
        result_due = self.called and self._is_unheard(self._result_at)
        if result_due:
            self._judge.result_due(self.owed)
        if self.call_id is not None:
            self._socket.emit(live.ToolCallsCancelled((self.call_id,)))
        self._end(live.Interrupted(), 0.0)
        return self._is_unheard(self._started_at) or result_due

    def _is_unheard(self, since: float | None) -> bool:
        return since is None or self._loop.time() - since < HEARD_S

    def cancel(self) -> None:
        """No more of it; but a late event may still be on its way."""
        if self._timer is not None:
            self._timer.cancel()
        if self._random.random() >= self._nature.duplicates:
            for timer in self._late:
                timer.cancel()

    def _step(self) -> None:
        if self._call_at == self._place:
            self._call_at, self.called = None, True
            self.call_id = f"call {self.number}"
            return self._socket.emit(live.ToolCall(self.call_id, "clock", {}))
        if self._started_at is None:
            self._started_at = self._loop.time()
            self._began()
        if self.called and self._result_at is None:
            self._result_at = self._loop.time()
        self._socket.emit(live.Audio(piece(self.number, self._place), HZ))
        if self._place % 2 == 0:
            self._socket.emit(live.OutputTranscript("So it is. "))
        self._place += 1
        if self._place < self._pieces:
            self._timer = self._loop.call_later(PIECE_S / self._nature.faster, self._step)
            return None
        return self._complete()

    def _complete(self) -> None:
        played_s = self._place * PIECE_S * (1 - 1 / self._nature.faster)
        self._end(live.GenerationComplete(), played_s)
        self._socket.emit(live.Usage({"AUDIO": 1000}, {"AUDIO": 100}))
        self._timer = self._loop.call_later(played_s, self._over)

    def _end(self, first: live.Interrupted | live.GenerationComplete, delay_s: float) -> None:
        """`first` now and turnComplete after `delay_s`; or in another order, one missing, or twice."""
        last = live.TurnComplete(None)
        order: tuple[tuple[live.LiveEvent, float], ...] = ((first, 0.0), (last, delay_s))
        if self._random.random() < self._nature.disorder:
            order = self._random.choice((((last, 0.0), (first, 0.0)), ((first, 0.0),), ((last, 0.0),)))
        for event, after_s in order:
            self._later(event, after_s)
            if self._random.random() < self._nature.duplicates:
                self._later(event, after_s + self._random.choice((0.0, 0.3)))

    def _later(self, event: live.LiveEvent, after_s: float) -> None:
        if after_s:
            self._late.append(self._loop.call_later(after_s, self._socket.emit, event))
        else:
            self._socket.emit(event)


def silence() -> live.Audio:
    """A piece of an answer of which nothing is to be heard."""
    return live.Audio(SILENCE, HZ)
