"""The floor: who is answered, and who may stop an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.turns.floor import HOLD_S, Floor, FloorRules, Interrupt, Mode, describe

pytestmark = pytest.mark.addressing

ANA, BEN, CLEO = 1, 2, 3
PEOPLE = {ANA: "Ana", BEN: "Ben", CLEO: "Cleo"}
TO_IT, TO_BEN, TO_NOBODY = "Parley, what is the time?", "Ben, are you coming tonight?", "And tomorrow?"


def floor(mode: Mode = Mode.AUTO, people: int = 3, **rules: object) -> Floor:
    result = Floor(FloorRules(mode, ("Parley",), **rules))  # type: ignore[arg-type]
    result.present(dict(list(PEOPLE.items())[:people]))
    return result


def said(floor: Floor, words: str | None, at: float = 0.0, who: tuple[int, ...] = (ANA,)) -> bool | None:
    """What becomes of a turn of two seconds once it is over."""
    return floor.decide(who, words, at + 2.0, began=at, final=True)


@pytest.mark.parametrize("words", [TO_IT, TO_BEN, TO_NOBODY, None])
def test_open_and_a_single_person_are_answered_at_once(words: str | None) -> None:
    for it in (floor(Mode.OPEN), floor(people=1), floor(people=0)):
        assert not it.needs_words((ANA,))
        assert it.decide((ANA,), words, 0.0, began=0.0, final=False) is True


def test_two_people_are_answered_by_name() -> None:
    for it in (floor(people=2), floor(Mode.NAMED, people=1)):
        assert it.needs_words((ANA,))
        assert said(it, TO_IT) is True
        assert said(it, TO_NOBODY) is False
        assert said(it, None) is False


def test_a_speaker_whom_presence_does_not_know_yet_counts() -> None:
    assert floor(people=1).needs_words((BEN,))
    assert not floor(people=1).needs_words(())  # it can only be the one who is there


def test_the_words_are_waited_for_until_they_are_certain() -> None:
    it = floor()
    for words in (None, "", "Parley", "what time is it, Parley"):
        assert it.decide((ANA,), words, 1.0, began=0.0, final=False) is None, words
    assert it.decide((ANA,), TO_IT, 1.0, began=0.0, final=False) is True
    assert it.decide((ANA,), TO_BEN, 1.0, began=0.0, final=False) is None


def test_who_was_answered_need_not_say_the_name_again() -> None:
    it = floor(follow_up_s=10.0)
    it.answered((ANA,), 100.0)
    assert said(it, TO_NOBODY, 109.9) is True
    assert said(it, None, 109.9) is True
    assert said(it, TO_NOBODY, 109.9, who=(BEN,)) is False
    assert said(it, TO_NOBODY, 109.9, who=(BEN, ANA)) is True
    assert said(it, TO_NOBODY, 110.1) is False


def test_a_follow_up_counts_from_where_it_began() -> None:
    it = floor(follow_up_s=10.0)
    it.answered((ANA,), 100.0)
    assert it.decide((ANA,), TO_NOBODY, 130.0, began=105.0, final=True) is True


def test_who_turns_to_somebody_else_has_finished_with_the_bot() -> None:
    it = floor()
    it.answered((ANA,), 0.0)
    assert said(it, TO_BEN, 1.0) is False
    assert said(it, TO_NOBODY, 4.0) is False


def test_who_is_turned_to_may_have_answered_within_the_turn() -> None:
    it = floor()
    it.answered((ANA,), 0.0)
    assert said(it, f"{TO_BEN} Yes, why not.", 1.0, who=(ANA, BEN)) is False
    assert said(it, f"{TO_BEN} Yes, why not. {TO_IT}", 4.0, who=(ANA, BEN)) is True


def test_no_follow_up_at_all() -> None:
    it = floor(follow_up_s=0.0)
    it.answered((ANA,), 100.0)
    assert said(it, TO_NOBODY, 100.5) is False


def test_who_is_not_mapped_is_a_person_of_their_own() -> None:
    it = floor()
    assert said(it, TO_IT, who=()) is True
    it.answered((), 0.0)
    assert said(it, TO_NOBODY, 1.0, who=()) is True
    assert said(it, TO_NOBODY, 1.0, who=(ANA,)) is False
    assert said(floor(Mode.HOST, hosts=frozenset({ANA})), TO_IT, who=()) is False


def test_the_window_of_one_who_left_is_closed() -> None:
    it = floor()
    it.answered((ANA,), 0.0)
    it.present({BEN: "Ben", CLEO: "Cleo"})
    it.present(PEOPLE)
    assert said(it, TO_NOBODY, 1.0) is False


def test_hosts_are_answered_and_nobody_else() -> None:
    it = floor(Mode.HOST, hosts=frozenset({BEN}))
    assert it.decide((BEN,), None, 0.0, began=0.0, final=False) is True
    assert it.decide((ANA,), TO_IT, 0.0, began=0.0, final=False) is None  # Ben may yet join in
    assert said(it, TO_IT) is False
    assert said(it, TO_NOBODY, who=(ANA, BEN)) is True


def test_one_holds_the_floor() -> None:
    it = floor(Mode.PUSH)
    assert said(it, TO_IT) is False
    assert it.take(ANA, 10.0)
    assert not it.take(BEN, 11.0)
    assert it.holder(11.0) == ANA
    assert it.decide((ANA,), None, 12.0, began=11.0, final=False) is True
    assert said(it, TO_IT, 11.0, who=(BEN,)) is False
    it.give_back(BEN, 12.0)
    assert it.holder(12.0) == ANA


def test_what_was_said_before_the_floor_was_given_back_counts() -> None:
    it = floor(Mode.PUSH)
    it.take(ANA, 10.0)
    it.give_back(ANA, 14.0)
    assert it.take(BEN, 14.1)
    assert it.decide((ANA,), None, 14.6, began=11.0, final=True) is True
    assert it.decide((BEN,), None, 16.0, began=14.5, final=True) is True
    assert said(it, None, 14.5, who=(ANA,)) is False


def test_who_takes_the_floor_while_speaking_is_answered() -> None:
    it = floor(Mode.PUSH)
    assert it.decide((ANA,), None, 1.0, began=0.5, final=False) is None
    it.take(ANA, 1.5)
    assert it.decide((ANA,), None, 2.0, began=0.5, final=True) is True


def test_the_floor_comes_back_by_itself() -> None:
    it = floor(Mode.PUSH)
    it.take(ANA, 0.0)
    assert it.holder(HOLD_S - 0.1) == ANA
    assert it.take(ANA, HOLD_S - 0.1)  # asked again: held anew
    assert it.holder(HOLD_S + 1.0) == ANA
    assert it.take(BEN, 2 * HOLD_S)
    it.present({ANA: "Ana"})
    assert it.holder(2 * HOLD_S) is None


def test_there_is_a_floor_to_hold_only_where_it_decides() -> None:
    it = floor(Mode.OPEN)
    assert not it.take(ANA, 0.0)
    it.rules = FloorRules(Mode.PUSH)
    assert it.take(ANA, 0.0)
    it.rules = FloorRules(Mode.NAMED)
    assert it.holder(0.0) is None


@pytest.mark.parametrize(
    ("interrupt", "may"),
    [
        (Interrupt.EVERYONE, {ANA, BEN, CLEO}),
        (Interrupt.ASKER, {ANA, CLEO}),
        (Interrupt.HOSTS, {CLEO}),
        (Interrupt.NOBODY, set()),
    ],
)
def test_who_may_interrupt_an_answer_to_ana(interrupt: Interrupt, may: set[int]) -> None:
    it = floor(interrupt=interrupt, hosts=frozenset({CLEO}))
    assert {user_id for user_id in PEOPLE if it.may_interrupt((user_id,), (ANA,))} == may
    assert it.may_interrupt((), (ANA,)) is (interrupt is Interrupt.EVERYONE)
    assert it.may_interrupt((BEN, CLEO), (ANA,)) is bool(may)


def test_an_answer_to_nobody_in_particular_is_everybodys_to_stop() -> None:
    assert floor(interrupt=Interrupt.ASKER).may_interrupt((BEN,), ())


def test_the_instruction_says_when_the_model_is_meant() -> None:
    rules = FloorRules(names=("Parley [x]\n",))
    assert "said to you" in describe(rules, 1)
    assert "called Parley x," in describe(rules, 2)
    for mode in Mode:
        assert describe(FloorRules(mode), 3).endswith(".")


WORDS = st.sampled_from([None, TO_IT, TO_BEN, TO_NOBODY])
WHO = st.lists(st.sampled_from(list(PEOPLE)), unique=True).map(tuple)


@given(st.sampled_from(Mode), WHO, WORDS, st.floats(0, 100), st.lists(st.tuples(WHO, st.floats(0, 100))))
def test_a_turn_that_is_over_is_always_decided(
    mode: Mode,
    who: tuple[int, ...],
    words: str | None,
    at: float,
    answers: list[tuple[tuple[int, ...], float]],
) -> None:
    it = floor(mode, hosts=frozenset({BEN}))
    for speakers, when in answers:
        it.answered(speakers, when)
        it.take(ANA, when)
    early = it.decide(who, words, at + 1.0, began=at, final=False)
    late = it.decide(who, words, at + 2.0, began=at, final=True)
    assert late in (True, False)
    assert early is None or early is late
