"""What waits leaves in its order, once, and not later than promised."""

from __future__ import annotations

from collections.abc import Sequence

from sides_on_record import LineOnRecord

from bot.live.events import Audio
from bot.turns.exchange import Effect, Finish, Stop
from bot.turnstile import HOLD_S, Turnstile

Effects = Sequence[Effect[Audio]]


class Told:
    """What the exchange was told when, and what came of it."""

    def __init__(self) -> None:
        self.line = LineOnRecord()
        self.steps: list[tuple[str, float]] = []
        self.applied: list[Effects] = []
        self.stile = Turnstile(self.line, lambda effects, now: self.applied.append(effects))

    def feed(self, name: str, now: float, effects: Effects = ()) -> None:
        def step(at: float) -> Effects:
            self.steps.append((name, at))
            return effects

        self.stile.feed(step, now)


def test_open_everything_passes_at_once() -> None:
    told = Told()
    told.feed("opened", 1.0, [Stop()])
    assert told.steps == [("opened", 1.0)]
    assert told.applied == [[Stop()]]
    assert not told.line.held


def test_closed_everything_waits_in_order_and_is_told_the_time_at_which_it_leaves() -> None:
    told = Told()
    told.stile.close(1.0)
    told.line.start_turn()
    told.feed("opened", 1.0, [Stop()])
    told.feed("asked", 2.0, [Finish()])
    assert (told.steps, told.line.said) == ([], [])
    told.stile.open(3.0)
    assert told.steps == [("opened", 3.0), ("asked", 3.0)]
    assert told.applied == [[Stop()], [Finish()]]
    assert told.line.said == ["turn"]
    assert not told.stile.closed


def test_what_was_let_through_does_not_come_again() -> None:
    told = Told()
    told.stile.close(1.0)
    told.feed("opened", 1.0)
    for _ in range(3):
        told.stile.open(2.0)
    told.stile.close(3.0)
    told.stile.open(4.0)
    assert told.steps == [("opened", 2.0)]


def test_nobody_waits_longer_because_others_wait_too() -> None:
    told = Told()
    assert not told.stile.has_waited(0.0)
    told.stile.close(1.0)
    told.stile.close(1.0 + HOLD_S / 2)
    assert not told.stile.has_waited(1.0 + HOLD_S - 0.1)
    assert told.stile.has_waited(1.0 + HOLD_S)
    told.stile.open(1.0 + HOLD_S)
    assert not told.stile.has_waited(100.0)
