"""On whose behalf: who spoke or typed, and when that is not clear."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.askers import KEPT, NOBODY, OVERLAP_S, Askers
from bot.tools.registry import Asked
from bot.turns.turn import Spoken, Turn


def turn(*speakers: int, overlap_s: float = 0.0) -> Turn:
    return Turn(tuple(Spoken(each, 0.0, 2.0, overlap_s=overlap_s) for each in speakers), 0.0, 2.0, False)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (turn(1), Asked((1,), clear=True)),
        (turn(1, 2), Asked((1, 2), clear=True)),  # one after the other
        (turn(1, 2, overlap_s=OVERLAP_S + 0.1), Asked((1, 2), clear=False)),
        (turn(), NOBODY),
    ],
)
def test_who_spoke(said: Turn, asked: Asked) -> None:
    askers = Askers()
    askers.spoke(3, said)
    assert replace(askers.of([3]), turn=None) == asked


def test_one_that_is_unclear_makes_all_unclear() -> None:
    askers = Askers()
    askers.spoke(1, turn(1))
    askers.typed(2, 1)
    assert replace(askers.of([2]), turn=None) == Asked((1,), clear=True, how="chat")
    assert replace(askers.of([1, 2]), turn=None) == Asked((1,), clear=True)
    assert replace(askers.of([1, 2, 99]), turn=None) == Asked((1,), clear=False)
    assert askers.of([]) == NOBODY


def test_each_turn_is_another_also_in_another_room() -> None:
    one, other = Askers(), Askers()
    one.typed(1, 5)
    one.typed(2, 5)
    other.typed(1, 5)
    assert len({one.of([1]).turn, one.of([2]).turn, other.of([1]).turn}) == 3
    assert one.of([1]).turn == one.of([1]).turn is not None


def test_what_is_long_ago_was_asked_by_nobody() -> None:
    askers = Askers()
    for number in range(KEPT + 1):
        askers.typed(number, 1)
    assert askers.of([0]) == NOBODY
    assert askers.of([1]).clear
