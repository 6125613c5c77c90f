"""Alone, idle, hushed: on virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.presence import AloneTooLong, HushOver, NudgeDue, Presence, PresenceEvent

ALONE_S, NUDGE_S = 300.0, 60.0


@pytest.fixture
def presence() -> Presence:
    return Presence(ALONE_S, NUDGE_S)


def ticks(presence: Presence, start: int, stop: int) -> list[tuple[int, PresenceEvent]]:
    """A tick a second from `start` to `stop`, both included, and what they said."""
    return [(now, event) for now in range(start, stop + 1) for event in presence.tick(float(now))]


# --- alone ---


def test_goes_if_nobody_ever_comes(presence: Presence) -> None:
    assert ticks(presence, 100, 1000) == [(400, AloneTooLong(300.0))]


def test_counts_from_when_the_last_person_left(presence: Presence) -> None:
    presence.people(2, 0.0)
    presence.people(1, 10.0)
    presence.people(0, 500.0)
    presence.people(0, 700.0)
    assert ticks(presence, 500, 900) == [(800, AloneTooLong(300.0))]


def test_whoever_comes_back_in_time_keeps_it_here() -> None:
    presence = Presence(ALONE_S, None)
    presence.people(1, 0.0)
    presence.people(0, 10.0)
    assert ticks(presence, 10, 309) == []
    presence.people(1, 309.5)
    assert ticks(presence, 310, 2000) == []
    presence.people(0, 2000.0)
    assert ticks(presence, 2000, 2400) == [(2300, AloneTooLong(300.0))]


def test_stays_for_ever_if_told_so() -> None:
    presence = Presence(None, NUDGE_S)
    assert ticks(presence, 0, 5000) == []
    presence.alone_s = 6000.0
    assert ticks(presence, 5001, 6000) == [(6000, AloneTooLong(6000.0))], "the count has gone on"


def test_a_hush_does_not_keep_it_from_going(presence: Presence) -> None:
    presence.hush(None)
    assert ticks(presence, 0, 400) == [(300, AloneTooLong(300.0))]


# --- silent ---


def test_nudges_once(presence: Presence) -> None:
    presence.people(1, 0.0)
    assert ticks(presence, 0, 59) == []
    assert ticks(presence, 60, 5000) == [(60, NudgeDue(60.0))]


def test_the_nudge_itself_earns_no_second_one(presence: Presence) -> None:
    presence.people(1, 0.0)
    assert ticks(presence, 0, 60) == [(60, NudgeDue(60.0))]
    presence.answered(64.0)
    assert ticks(presence, 65, 5000) == []


def test_nudges_again_after_somebody_has_spoken(presence: Presence) -> None:
    presence.people(1, 0.0)
    ticks(presence, 0, 60)
    presence.spoke(100.0)
    presence.answered(110.0)
    assert ticks(presence, 110, 500) == [(170, NudgeDue(60.0))]


def test_does_not_nudge_an_empty_channel_nor_whoever_has_just_come(presence: Presence) -> None:
    ticks(presence, 0, 200)
    presence.people(1, 200.0)
    assert ticks(presence, 200, 259) == []
    assert ticks(presence, 260, 260) == [(260, NudgeDue(60.0))]


def test_one_more_person_does_not_put_it_off(presence: Presence) -> None:
    presence.people(1, 0.0)
    presence.people(2, 50.0)
    assert ticks(presence, 50, 60) == [(60, NudgeDue(60.0))]


def test_no_nudge_unless_wanted() -> None:
    presence = Presence(ALONE_S, None)
    presence.people(1, 0.0)
    assert ticks(presence, 0, 5000) == []


# --- hushed ---


def test_a_hush_ends_by_itself_and_was_no_silence_to_break(presence: Presence) -> None:
    presence.people(1, 0.0)
    presence.hush(100.0)
    assert presence.hushed
    assert ticks(presence, 0, 100) == [(100, HushOver())]
    assert not presence.hushed
    assert ticks(presence, 101, 500) == [(160, NudgeDue(60.0))]


def test_a_hush_without_end_lasts_until_it_is_lifted(presence: Presence) -> None:
    presence.people(1, 0.0)
    presence.hush(None)
    assert ticks(presence, 0, 5000) == []
    presence.unhush()
    assert not presence.hushed
    assert ticks(presence, 5001, 5070) == [(5060, NudgeDue(60.0))]


def test_the_newest_hush_counts(presence: Presence) -> None:
    presence.people(1, 0.0)
    presence.hush(10.0)
    presence.hush(None)
    assert ticks(presence, 0, 20) == []
    presence.hush(30.0)
    assert ticks(presence, 21, 40) == [(30, HushOver())]


# --- whatever happens ---

HAPPENINGS = st.lists(
    st.tuples(
        st.floats(0.02, 200.0),
        st.sampled_from(["come", "go", "spoke", "answered", "hush", "hush a while", "unhush", "tick"]),
    ),
    max_size=60,
)


@given(HAPPENINGS)
def test_says_each_thing_once_and_only_with_cause(happenings: list[tuple[float, str]]) -> None:
    presence, people, now = Presence(ALONE_S, NUDGE_S), 0, 0.0
    earned, empty_since, told_alone = True, 0.0, False
    presence.tick(now)
    for pause_s, what in happenings:
        now += pause_s
        if what == "come":
            people += 1
            told_alone = False
        elif what == "go" and people:
            people -= 1
            empty_since = now if people == 0 else empty_since
        elif what == "spoke":
            presence.spoke(now)
            earned = True
        elif what == "answered":
            presence.answered(now)
        elif what == "hush":
            presence.hush(None)
        elif what == "hush a while":
            presence.hush(now + 90.0)
        elif what == "unhush":
            presence.unhush()
        presence.people(people, now)
        for event in presence.tick(now):
            match event:
                case NudgeDue(silent_s):
                    assert people
                    assert not presence.hushed
                    assert earned
                    assert silent_s >= NUDGE_S
                    earned = False
                case AloneTooLong(alone_s):
                    assert not people
                    assert not told_alone
                    assert alone_s == pytest.approx(now - empty_since)
                    told_alone = True
                case HushOver():
                    assert not presence.hushed
        if not people and now - empty_since >= ALONE_S:
            assert told_alone
