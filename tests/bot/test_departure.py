"""Going after the goodbye has been heard."""

from __future__ import annotations

from bot.departure import AFTER_GOODBYE_S, AT_MOST_S, SPEECHLESS_S, Departure


def due_at(playing_from: float, playing_until: float) -> float:
    """When it goes, on 20 ms ticks from 0."""
    departure = Departure(0.0)
    for tick in range(10_000):
        now = tick * 0.02
        if departure.due(playing_from <= now < playing_until, now):
            return now
    raise AssertionError("never")


def test_goes_shortly_after_the_goodbye() -> None:
    assert abs(due_at(1.0, 3.0) - (3.0 + AFTER_GOODBYE_S)) < 0.05


def test_goes_without_a_goodbye_when_none_comes() -> None:
    assert abs(due_at(99.0, 99.0) - SPEECHLESS_S) < 0.05


def test_goes_in_the_end_even_if_it_is_talked_on() -> None:
    assert abs(due_at(0.0, 999.0) - AT_MOST_S) < 0.05
