from hypothesis import given
from hypothesis import strategies as st

from bot.live.backoff import FIRST_S, LONGEST_S, MAX_RETRIES, STABLE_S, Backoff


def delays(backoff: Backoff, now: float) -> list[float]:
    result = []
    while (delay := backoff.failed(now)) is not None:
        result.append(delay)
    return result


def test_doubles_to_the_longest_and_gives_up() -> None:
    assert delays(Backoff(lambda: 0.0), 0.0) == [0.5, 1.0, 2.0, 4.0, *[8.0] * 16]


def test_a_minute_is_waited_for_whatever_the_jitter() -> None:
    assert sum(delays(Backoff(lambda: 1.0), 0.0)) > 60


@given(st.floats(0.0, 1.0, exclude_max=True))
def test_jitter_stays_within_half(unit: float) -> None:
    exact = delays(Backoff(lambda: 0.0), 0.0)
    for shortest, delay in zip(exact, delays(Backoff(lambda: unit), 0.0), strict=True):
        assert shortest / 2 <= delay <= shortest


def test_a_stable_connection_is_a_fresh_start() -> None:
    backoff = Backoff(lambda: 0.0)
    delays(backoff, 0.0)
    backoff.connected(100.0)
    assert backoff.failed(100.0 + STABLE_S) == FIRST_S


def test_one_that_dies_at_once_is_not() -> None:
    backoff = Backoff(lambda: 0.0)
    now, seen = 0.0, []
    for _ in range(MAX_RETRIES):
        backoff.connected(now)
        now += STABLE_S - 0.1
        seen.append(backoff.failed(now))
    assert seen[-1] == LONGEST_S
    assert backoff.failed(now) is None


def test_stability_counts_once() -> None:
    backoff = Backoff(lambda: 0.0)
    backoff.connected(0.0)
    assert backoff.failed(STABLE_S) == FIRST_S
    assert backoff.failed(STABLE_S + 60.0) == 2 * FIRST_S, "a refused attempt is no connection"
