"""A minute that slides along."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from bot.tools.limits import WINDOW_S, SlidingMinute


def test_so_many_a_minute_and_then_as_the_first_grow_old() -> None:
    minute = SlidingMinute()
    assert [minute.admit("dice", 2, now) for now in (0.0, 10.0)] == [0.0, 0.0]
    assert minute.admit("dice", 2, 20.0) == 40.0
    assert minute.admit("poll", 2, 20.0) == 0.0
    assert minute.admit("dice", 2, 60.0) == 0.0
    assert minute.admit("dice", 2, 60.0) == 10.0


def test_a_limit_that_was_lowered_counts_at_once() -> None:
    minute = SlidingMinute()
    for now in range(5):
        minute.admit("dice", 5, now)
    assert minute.admit("dice", 1, 5.0) == 59.0
    assert minute.admit("dice", 0, 300.0) == WINDOW_S


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 5))
@example([4.902052172139216, 0.0], 1)  # 4.9 + 60 − 4.9 is more than 60
def test_no_minute_ever_has_more(pauses: list[float], per_minute: int) -> None:
    minute, now = SlidingMinute(), 0.0
    admitted: list[float] = []
    for pause in pauses:
        now += pause
        wait_s = minute.admit("dice", per_minute, now)
        if not wait_s:
            admitted.append(now)
        assert 0 <= wait_s <= WINDOW_S
    for start in admitted:
        assert len([at for at in admitted if start <= at < start + WINDOW_S]) <= per_minute
