"""What people say who may not interrupt: it waits on the line until the answer has been given. Pure.

The service takes the start of any activity for an interruption, so the turn must not reach it while it still
generates. It generates faster than it is heard, so that this is a matter of seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.live.events import Audio
from bot.sides import Wire
from bot.turns.exchange import Effect

HOLD_S = 10.0
"""Nobody waits longer than this; it is also how much sound the line keeps."""

Step = Callable[[float], Sequence[Effect[Audio]]]
"""Something to tell the exchange, at the time when it leaves."""


class Turnstile:
    """Open, steps pass at once; closed, they wait in order, and so does what is said on the line."""

    def __init__(self, line: Wire, apply: Callable[[Sequence[Effect[Audio]], float], None]) -> None:
        self._line = line
        self._apply = apply
        self._waiting: list[Step] = []
        self._closed_until: float | None = None

    @property
    def closed(self) -> bool:
        return self._closed_until is not None

    def close(self, now: float) -> None:
        """From here on everything waits."""
        if not self.closed:
            self._line.held = True
            self._closed_until = now + HOLD_S

    def feed(self, step: Step, now: float) -> None:
        """Tell the exchange when it is on the wire."""
        if self.closed:
            self._waiting.append(step)
        else:
            self._apply(step(now), now)

    def has_waited(self, now: float) -> bool:
        """Whether it has been closed for as long as anybody may be kept waiting."""
        return self._closed_until is not None and now >= self._closed_until

    def open(self, now: float) -> None:
        """The answer is complete, was stopped, or has taken too long: what waits leaves."""
        if self._closed_until is None:
            return
        self._closed_until = None
        self._line.held = False
        waiting, self._waiting = self._waiting, []
        for step in waiting:
            self._apply(step(now), now)
