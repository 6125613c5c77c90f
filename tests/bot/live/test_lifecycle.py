"""When a line connects, leaves, rests and gives up: virtual seconds, no socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import LiveClosed, LiveError, LiveQuota, LiveRefused, LiveUnavailable
from bot.live.backoff import MAX_RETRIES
from bot.live.events import Audio, GoAway, Resumable, TurnComplete
from bot.live.failures import SetupClosed, SetupTimeout, from_close
from bot.live.lifecycle import (
    _TRANSITIONS,
    FIRST_RETRIES_S,
    FIRST_SETUP_S,
    GO_AWAY_S,
    LATER_SETUP_S,
    REFUSALS,
    RENEW_WITHIN_S,
    Event,
    Lifecycle,
    Start,
    State,
)

LOST = LiveClosed(1011, "Internal error encountered.")
EXHAUSTED = LiveClosed(1007, "The input token count exceeds the maximum")
STALE = LiveClosed(1008, "BidiGenerateContent session not found")
AWAY = LiveUnavailable("connection refused")


def life() -> Lifecycle:
    return Lifecycle(lambda: 0.0)


def opened(at: float = 0.0, handle: str | None = "h") -> Lifecycle:
    """A line on its first connection."""
    line = life()
    line.attempt(at)
    line.opened(at)
    if handle is not None:
        line.heard(Resumable(handle), at)
    return line


def resume(line: Lifecycle, now: float) -> Start:
    attempt = line.attempt(now)
    line.opened(now)
    return attempt.start


# --- the table ---


def test_every_state_can_be_reached_and_only_the_last_is_final() -> None:
    reached, frontier = set(), {State.IDLE}
    while frontier:
        reached |= frontier
        frontier = {after for state in frontier for after in _TRANSITIONS[state].values()} - reached
    assert reached == set(State) == set(_TRANSITIONS)
    assert [state for state, events in _TRANSITIONS.items() if not events] == [State.OVER]


def test_a_new_connection_is_only_tried_where_none_is_left() -> None:
    assert {state for state, events in _TRANSITIONS.items() if Event.TRY in events} == {
        State.IDLE,
        State.RESTING,
    }


# --- how a connection begins ---


def test_the_first_may_be_slow_later_ones_have_people_waiting() -> None:
    line = life()
    first = line.attempt(0.0)
    assert (first.start, first.handle, first.timeout_s) == (Start.FIRST, None, FIRST_SETUP_S)
    line.opened(0.0)
    line.heard(Resumable("old"), 1.0)
    line.heard(Resumable("new"), 2.0)
    line.closed(LOST, 60.0)
    second = line.attempt(60.5)
    assert (second.start, second.handle, second.timeout_s) == (Start.RESUMED, "new", LATER_SETUP_S)


def test_without_a_handle_it_is_afresh() -> None:
    line = opened(handle=None)
    line.closed(LOST, 60.0)
    assert resume(line, 61.0) is Start.AFRESH
    assert line.tally["fresh starts"] == 1


@pytest.mark.parametrize("error", [EXHAUSTED, STALE])
def test_what_a_handle_cannot_survive_begins_afresh(error: LiveError) -> None:
    line = opened()
    assert line.closed(error, 60.0) == 0.5
    assert resume(line, 61.0) is Start.AFRESH


def test_a_setup_refused_with_a_handle_is_tried_once_without() -> None:
    line = opened()
    line.closed(LOST, 60.0)
    line.attempt(61.0)
    refused = from_close(1007, "Request contains an invalid argument.", in_setup=True)
    assert line.closed(refused, 61.0) is not None
    assert line.attempt(62.0).start is Start.AFRESH
    assert line.closed(refused, 62.0) is None
    assert line.state is State.OVER


@pytest.mark.parametrize(
    "error", [LiveQuota("used up"), from_close(1007, "API key not valid.", in_setup=True), LiveRefused("no")]
)
def test_what_cannot_be_helped_ends_it_with_or_without_a_handle(error: LiveError) -> None:
    line = opened()
    line.closed(LOST, 60.0)
    line.attempt(61.0)
    assert line.closed(error, 61.0) is None


def test_a_handle_whose_connections_die_young_twice_is_poisoned() -> None:
    line = opened()
    line.closed(LOST, 60.0)
    for now in (61.0, 64.0):
        assert resume(line, now) is Start.RESUMED
        line.heard(Resumable("of the same history"), now)
        line.closed(LOST, now + 2.0)
    assert resume(line, 70.0) is Start.AFRESH


@pytest.mark.parametrize("age_s", [2.0, 20.0])
@pytest.mark.parametrize("fruitful", [True, False])
def test_a_completed_turn_or_a_long_life_clears_the_handle(age_s: float, fruitful: bool) -> None:
    line = opened()
    line.closed(LOST, 60.0)
    now = 61.0
    starts = []
    for _ in range(4):
        starts.append(resume(line, now))
        line.heard(Resumable("h"), now)
        if fruitful:
            line.heard(TurnComplete(None), now)
        now += age_s
        line.closed(LOST, now)
    fresh = Start.AFRESH in starts
    assert fresh == (age_s < 10.0 and not fruitful)


def test_a_session_silent_on_two_connections_begins_afresh() -> None:
    line = opened()
    now = 0.0
    starts = []
    for _ in range(3):
        now += 15.0
        line.drop("no answer")
        assert line.leave_at(quiet=False, in_turn=True) is not None
        assert line.closed(LiveClosed(1000, "no answer"), now) == 0.0
        starts.append(resume(line, now))
        assert line.leave_at(quiet=True, in_turn=False) is None, "dropped once"
        line.heard(Resumable("h"), now)
    assert starts == [Start.RESUMED, Start.RESUMED, Start.AFRESH]


def test_what_kills_a_fresh_session_too_is_not_said_a_third_time() -> None:
    line = opened()
    line.closed(EXHAUSTED, 60.0)
    assert line.resend, "it was the history"
    resume(line, 61.0)
    line.closed(EXHAUSTED, 62.0)
    assert not line.resend
    line.attempt(63.0)
    line.closed(AWAY, 63.0)
    assert not line.resend, "an attempt that failed changes nothing"
    resume(line, 64.0)
    line.closed(LOST, 80.0)
    assert line.resend


def test_what_was_only_once_on_a_connection_that_died_of_it_is_said_again() -> None:
    line = opened()
    line.closed(STALE, 60.0)
    resume(line, 61.0)
    line.closed(EXHAUSTED, 62.0)
    assert line.resend, "the session was fresh for another reason"
    resume(line, 63.0)
    line.closed(None, 64.0)
    resume(line, 65.0)
    line.closed(EXHAUSTED, 66.0)
    assert line.resend, "there was one in between that did not"


# --- when to leave ---


@pytest.mark.parametrize(
    ("left_s", "in_turn_at", "answering_at"),
    [(50.0, 45.0, 49.5), (8.0, 4.0, 7.5), (0.6, 0.3, 0.3), (0, 0, 0)],
)
def test_after_go_away_a_quiet_moment_is_waited_for_but_not_too_long(
    left_s: float, in_turn_at: float, answering_at: float
) -> None:
    line = opened()
    assert line.leave_at(quiet=True, in_turn=False) is None
    line.heard(GoAway(left_s), 100.0)
    leave_at = line.leave_at(quiet=True, in_turn=False)
    assert leave_at is not None
    assert leave_at <= 100.0
    for quiet in (True, False):  # a turn that is open is not a quiet moment, whoever says so
        assert line.leave_at(quiet=quiet, in_turn=True) == pytest.approx(100.0 + in_turn_at)
    assert line.leave_at(quiet=False, in_turn=False) == pytest.approx(100.0 + answering_at)


def test_after_an_answer_the_handle_that_knows_of_it_is_waited_for() -> None:
    """It comes with turnComplete, when the answer has been heard; generation ends seconds before."""
    line = opened()
    line.heard(GoAway(50.0), 100.0)
    line.heard(Audio(bytes(2), 24_000), 101.0)
    assert line.leave_at(quiet=True, in_turn=False) == 149.5
    line.heard(Resumable("of the answer, too"), 104.0)
    leave_at = line.leave_at(quiet=True, in_turn=False)
    assert leave_at is not None
    assert leave_at <= 104.0
    line.heard(Audio(bytes(2), 24_000), 105.0)
    line.closed(None, 110.0)
    resume(line, 111.0)
    line.heard(GoAway(50.0), 112.0)
    leave_at = line.leave_at(quiet=True, in_turn=False)
    assert leave_at is not None
    assert leave_at <= 112.0, "nothing has been said here yet"


def test_go_away_may_not_say_when_and_may_be_said_again() -> None:
    line = opened()
    line.heard(GoAway(None), 100.0)
    assert line.leave_at(quiet=False, in_turn=True) == 100.0 + GO_AWAY_S - 5.0
    line.heard(GoAway(50.0), 110.0)
    assert line.leave_at(quiet=False, in_turn=True) == 145.0, "the first deadline stands"
    line.heard(GoAway(10.0), 120.0)
    assert line.leave_at(quiet=False, in_turn=True) == 125.0


def test_a_rollover_is_no_failure_and_has_no_rest() -> None:
    line = opened()
    for now in range(600, 60_000, 600):
        line.heard(GoAway(50.0), now)
        assert line.closed(None, now + 1.0) == 0.0
        assert resume(line, now + 1.0) is Start.RESUMED
    assert line.tally == {"rollovers": 99}


def test_a_server_that_closes_after_go_away_is_come_back_to_at_once() -> None:
    line = opened()
    line.heard(GoAway(50.0), 600.0)
    assert line.closed(LiveClosed(1011, "Deadline expired"), 650.0) == 0.0
    assert resume(line, 650.0) is Start.RESUMED


def test_one_go_away_after_another_is_slowed_down_and_given_up() -> None:
    line = opened()
    rests = []
    now = 0.0
    while True:
        line.heard(GoAway(50.0), now)
        rest_s = line.closed(None, now)
        if rest_s is None:
            break
        rests.append(rest_s)
        now += rest_s
        resume(line, now)
    assert rests == [0.0, 0.0, 2.0, 4.0, *[8.0] * (MAX_RETRIES - 4)]


# --- when to give up ---


def test_the_first_connection_has_two_quick_retries() -> None:
    line = life()
    rests = []
    for _ in range(3):
        line.attempt(0.0)
        rests.append(line.closed(AWAY, 0.1))
    assert rests == [0.5, 1.0, None]
    assert line.state is State.OVER


@pytest.mark.parametrize(("error", "at"), [(SetupTimeout("no answer"), 0.5), (AWAY, 3.5)])
def test_the_first_connection_is_not_retried_after_a_wait(error: LiveError, at: float) -> None:
    line = life()
    line.attempt(0.0)
    assert line.closed(error, at) is None


def test_a_server_that_is_away_is_waited_for_and_the_last_try_is_without_the_handle() -> None:
    line = opened()
    starts, rests = [], [line.closed(LOST, 100.0)]
    while rests[-1] is not None:
        starts.append(line.attempt(100.0).start)
        rests.append(line.closed(SetupTimeout("no answer"), 100.0))
    assert rests == [0.5, 1.0, 2.0, 4.0, *[8.0] * (MAX_RETRIES - 4), None]
    assert starts == [Start.RESUMED] * (MAX_RETRIES - 1) + [Start.AFRESH]
    assert line.tally["setup timeouts"] == MAX_RETRIES


def test_a_handle_that_is_refused_without_a_reason_is_given_up_within_half_a_minute() -> None:
    line = opened()
    now, starts = 100.0, []
    rest_s = line.closed(LOST, now)
    for _ in range(REFUSALS + 1):
        assert rest_s is not None
        now += rest_s
        starts.append(line.attempt(now).start)
        rest_s = line.closed(SetupClosed("closed during setup: 1011"), now)
    assert starts == [Start.RESUMED] * REFUSALS + [Start.AFRESH]
    assert now < 130.0


def test_a_service_that_cannot_be_reached_says_nothing_of_the_handle() -> None:
    line = opened()
    line.closed(LOST, 100.0)
    for _ in range(REFUSALS + 2):
        assert line.attempt(100.0).start is Start.RESUMED
        line.closed(AWAY, 100.0)


HAPPENINGS = st.one_of(
    st.tuples(st.just("wait"), st.floats(0.0, 700.0)),
    st.tuples(st.just("handle"), st.sampled_from(["a", "b"])),
    st.tuples(st.just("goaway"), st.sampled_from([None, 0.0, 1.0, 50.0])),
    st.tuples(st.just("turn"), st.booleans()),
    st.tuples(st.just("drop"), st.none()),
    st.tuples(st.just("roll"), st.none()),
    st.tuples(st.just("close"), st.sampled_from([LOST, EXHAUSTED, STALE])),
    st.tuples(st.just("fail"), st.sampled_from([LOST, STALE, AWAY, SetupTimeout("no answer")])),
)


@given(st.lists(HAPPENINGS, max_size=60))
def test_whatever_happens_tries_are_bounded_and_a_dead_handle_is_never_used(happenings: list[tuple]) -> None:
    now, line = 0.0, opened()
    failed_in_a_row, opened_at = 0, 0.0
    for what, detail in happenings:
        rest_s: float | None = -1.0
        match what:
            case "wait":
                now += detail
            case "handle":
                line.heard(Resumable(detail), now)
            case "goaway":
                line.heard(GoAway(detail), now)
                assert line.state is State.DRAINING
                for quiet, in_turn in ((True, False), (False, True), (False, False)):
                    leave_at = line.leave_at(quiet=quiet, in_turn=in_turn)
                    assert leave_at is not None
                    assert leave_at <= now + (GO_AWAY_S if detail is None else detail)
            case "turn":
                line.heard(TurnComplete(None, in_progress=detail), now)
            case "drop":
                line.drop("no answer")
            case "roll" | "close":
                rest_s = line.closed(detail, now)
            case "fail":
                rest_s = line.closed(LOST, now)
                if rest_s is not None:
                    line.attempt(now)
                    failed_in_a_row = 0 if now - opened_at >= 10.0 else failed_in_a_row
                    failed_in_a_row, opened_at = failed_in_a_row + 1, float("inf")
                    rest_s = line.closed(detail, now)
        if rest_s == -1.0:
            continue
        failed_in_a_row = 0 if now - opened_at >= 10.0 else failed_in_a_row
        failed_in_a_row += 1
        assert failed_in_a_row <= MAX_RETRIES + 1
        if rest_s is None:
            assert line.state is State.OVER
            assert failed_in_a_row == MAX_RETRIES + 1
            return
        assert 0.0 <= rest_s <= 8.0
        now += rest_s
        attempt = line.attempt(now)
        assert (attempt.start is Start.RESUMED) == (attempt.handle is not None)
        if what in ("close", "fail") and detail in (EXHAUSTED, STALE):
            assert attempt.handle is None
        line.opened(now)
        opened_at = now


# --- configured anew, and continued after a restart ---


def test_a_session_is_renewed_at_the_next_quiet_moment_and_resumed() -> None:
    line = opened()
    line.renew(100.0, resumable=True)
    assert line.state is State.DRAINING
    assert line.leave_at(quiet=False, in_turn=True) == 100.0 + RENEW_WITHIN_S
    assert line.leave_at(quiet=True, in_turn=False) is not None
    assert line.leave_at(quiet=True, in_turn=False) <= 100.0  # type: ignore[operator]
    assert line.closed(None, 101.0) == 0.0
    assert resume(line, 101.0) is Start.RESUMED
    assert line.state is State.READY, "once is enough"
    assert line.tally == {"rollovers": 1}


def test_another_model_cannot_resume_the_session() -> None:
    line = opened()
    line.renew(100.0, resumable=False)
    line.heard(Resumable("newer"), 100.5)
    line.closed(None, 101.0)
    assert resume(line, 101.0) is Start.AFRESH
    line.heard(Resumable("of the new one"), 102.0)
    line.closed(LOST, 160.0)
    assert resume(line, 161.0) is Start.RESUMED, "only once"


@pytest.mark.parametrize("resumable", [True, False])
def test_one_that_is_just_being_set_up_is_renewed_when_it_is_there(resumable: bool) -> None:
    line = opened()
    line.closed(LOST, 60.0)
    line.attempt(61.0)
    line.renew(61.5, resumable=resumable)
    line.opened(62.0)
    assert line.state is State.DRAINING
    line.closed(None, 63.0)
    assert resume(line, 63.0) is (Start.RESUMED if resumable else Start.AFRESH)
    assert line.state is State.READY


def test_where_there_is_no_connection_the_next_is_what_is_wanted() -> None:
    line = opened()
    line.closed(LOST, 60.0)
    line.renew(60.1, resumable=False)
    assert resume(line, 61.0) is Start.AFRESH
    assert line.state is State.READY


def test_a_conversation_from_before_a_restart_is_resumed_or_begun_afresh() -> None:
    line = Lifecycle(lambda: 0.0, handle="kept", earlier=True)
    first = line.attempt(0.0)
    assert (first.start, first.handle, first.timeout_s) == (Start.RESUMED, "kept", FIRST_SETUP_S)
    assert line.closed(STALE, 0.5) == FIRST_RETRIES_S[0]
    assert resume(line, 0.5) is Start.AFRESH
    assert Lifecycle(lambda: 0.0, earlier=True).attempt(0.0).start is Start.AFRESH


def test_a_kept_handle_that_is_refused_without_a_reason_is_left_out_in_the_end() -> None:
    line = Lifecycle(lambda: 0.0, handle="kept", earlier=True)
    for at, rest_s in enumerate(FIRST_RETRIES_S):
        assert line.attempt(float(at)).handle == "kept"
        assert line.closed(SetupClosed("1011 busy"), at + 0.5) == rest_s
    assert resume(line, 5.0) is Start.AFRESH
