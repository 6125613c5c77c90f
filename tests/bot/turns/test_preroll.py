from hypothesis import given
from hypothesis import strategies as st

from bot.turns.preroll import Preroll
from bot.turns.turn import LOOK_BACK_MS

TICK_S = 0.02


def filled(preroll: Preroll, ticks: int, start: float = 10.0) -> float:
    now = start
    for index in range(ticks):
        now = start + index * TICK_S
        preroll.push(index.to_bytes(2, "little"), now)
    return now


def indices(taken: list[bytes]) -> list[int]:
    return [int.from_bytes(pcm16, "little") for pcm16 in taken]


def test_everything_from_the_preroll_before_the_speech_until_now() -> None:
    preroll = Preroll(preroll_ms=100)
    now = filled(preroll, 20)
    speech_from = now - 3 * TICK_S
    assert indices(preroll.take(speech_from)) == list(range(11, 20))


def test_nothing_is_taken_twice() -> None:
    preroll = Preroll()
    now = filled(preroll, 5)
    assert len(preroll.take(now)) == 5
    assert preroll.take(now) == []


def test_no_preroll_begins_at_the_first_voiced_frame() -> None:
    preroll = Preroll(preroll_ms=0)
    now = filled(preroll, 20)
    assert indices(preroll.take(now - 2 * TICK_S)) == [17, 18, 19]


def test_clear_forgets() -> None:
    preroll = Preroll()
    now = filled(preroll, 20)
    preroll.clear()
    assert preroll.take(now) == []


@given(st.integers(0, 1000), st.integers(0, LOOK_BACK_MS // 20 - 1), st.integers(0, 200))
def test_it_is_long_enough_for_the_slowest_confirmation_and_bounded(
    preroll_ms: int, confirmed_after: int, ticks: int
) -> None:
    preroll = Preroll(preroll_ms)
    now = filled(preroll, ticks + confirmed_after + 60)
    taken = preroll.take(now - confirmed_after * TICK_S)
    expected_ms = preroll_ms + (confirmed_after + 1) * 20
    assert abs(len(taken) * 20 - expected_ms) <= 20
    assert indices(taken)[-1] == ticks + confirmed_after + 59


def test_a_tick_in_which_no_sound_was_ready_takes_no_room() -> None:
    plain, with_gaps = Preroll(), Preroll()
    now = filled(plain, 100)
    for index in range(100):
        with_gaps.push(index.to_bytes(2, "little"), 10.0 + index * TICK_S)
        with_gaps.push(b"", 10.0 + index * TICK_S)
    assert with_gaps.take(now) == plain.take(now)
