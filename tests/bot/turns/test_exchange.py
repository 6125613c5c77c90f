"""Which answer is owed to what: examples. What nobody thinks of is in test_exchange_laws."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.turns.exchange import (
    Answered,
    Effect,
    Exchange,
    Finish,
    GaveUp,
    Kind,
    NotesOff,
    Nudge,
    Play,
    Reconnect,
    Settled,
    Stop,
    Verdict,
)

ANSWER, CONTEXT = Verdict.ANSWER, Verdict.CONTEXT


class Talk:
    """An exchange on virtual time, and everything that it wanted done."""

    def __init__(self, *, owes_nothing: bool = False) -> None:
        self.exchange: Exchange[str] = Exchange(owes_nothing=owes_nothing)
        self.now = 100.0
        self.effects: list[Effect[str]] = []

    def did(self, effects: list[Effect[str]]) -> Talk:
        self.effects += effects
        return self

    def wait(self, seconds: float) -> Talk:
        for _ in range(round(seconds / 0.1)):
            self.now += 0.1
            self.did(self.exchange.tick(self.now))
        return self

    def turn(self, number: int, verdict: Verdict | None = ANSWER, *, noted: bool = False) -> Talk:
        self.open(noted=noted)
        self.wait(1)
        return self.close(number, verdict)

    def open(self, *, noted: bool = False) -> Talk:
        return self.did(self.exchange.opened(self.now, noted=noted))

    def close(self, number: int, verdict: Verdict | None = ANSWER) -> Talk:
        return self.did(self.exchange.asked(number, Kind.TURN, verdict, self.now))

    def type(self, number: int) -> Talk:
        return self.did(self.exchange.asked(number, Kind.TEXT, ANSWER, self.now))

    def decide(self, number: int, verdict: Verdict) -> Talk:
        return self.did(self.exchange.decide(number, verdict, self.now))

    def say(self, *chunks: str, loud: bool = True) -> Talk:
        for chunk in chunks:
            self.did(self.exchange.sound(chunk, loud, self.now))
        return self

    def fragment(self, chunk: str) -> Talk:
        """A fifth of a second of sound."""
        return self.did(self.exchange.sound(chunk, True, self.now, lasts_s=0.2))

    def text(self) -> Talk:
        return self.did(self.exchange.text(self.now))

    def done(self) -> Talk:
        return self.did(self.exchange.generation_complete(self.now)).turned()

    def generated(self) -> Talk:
        return self.did(self.exchange.generation_complete(self.now))

    def turned(self, reason: str | None = None, *, in_progress: bool = False) -> Talk:
        return self.did(self.exchange.turn_complete(reason, in_progress, self.now))

    def interrupted(self) -> Talk:
        return self.did(self.exchange.interrupted(self.now))

    def call(self) -> Talk:
        return self.did(self.exchange.called(self.now))

    def respond(self) -> Talk:
        return self.did(self.exchange.call_answered(self.now))

    def stop(self) -> Talk:
        return self.did(self.exchange.stopped(self.now))

    def connect(self) -> Talk:
        return self.did(self.exchange.connected(self.now))

    def remembered(self) -> Talk:
        return self.did(self.exchange.remembered())

    @property
    def played(self) -> str:
        return "".join(chunk for each in self.effects if isinstance(each, Play) for chunk in each.chunks)

    @property
    def answered(self) -> list[int]:
        return [each.number for each in self.effects if isinstance(each, Answered)]

    @property
    def settled(self) -> int:
        return max([-1, *(each.number for each in self.effects if isinstance(each, Settled))])

    def of(self, *kinds: type) -> list[Effect[str]]:
        return [each for each in self.effects if isinstance(each, kinds)]


# --- an answer and what it is for ---


def test_an_answer_is_played_and_settles_its_prompt() -> None:
    talk = Talk().turn(1).wait(1).say("a", "b").done()
    assert talk.effects == [Play(("a",)), Answered(1), Settled(1), Play(("b",)), Finish()]
    assert talk.exchange.quiet and not talk.exchange.owed


def test_the_answer_to_what_was_context_is_not_played() -> None:
    talk = Talk().turn(1, CONTEXT).wait(1).say("a", "b").done()
    assert talk.effects == [Settled(1)]
    assert talk.turn(2).say("c").played == "c"


def test_an_undecided_answer_waits_for_the_verdict() -> None:
    talk = Talk().turn(1, None).wait(0.5).say("a", "b")
    assert talk.effects == [] and talk.exchange.answering and talk.exchange.verdict is None
    talk.decide(1, ANSWER).say("c").done()
    assert talk.played == "abc" and talk.answered == [1] and talk.of(Finish)


@pytest.mark.parametrize(("verdict", "played"), [(ANSWER, "ab"), (CONTEXT, "")])
def test_it_waits_also_when_all_of_it_is_there(verdict: Verdict, played: str) -> None:
    talk = Talk().turn(1, None).say("a", "b").done().wait(1).decide(1, verdict)
    assert talk.played == played
    assert talk.settled == 1 and talk.exchange.quiet
    assert bool(talk.of(Finish)) is bool(played)


def test_a_complete_answer_that_waits_takes_up_nothing_of_the_next() -> None:
    talk = Talk().turn(1, None).say("a").done().type(2).say("b").done()
    assert talk.played == "b" and talk.answered == [2]


def test_it_waits_no_longer_than_eight_seconds() -> None:
    talk = Talk().turn(1, None).say("a").done().wait(8.1).decide(1, ANSWER)
    assert talk.played == "" and talk.settled == 1
    assert talk.exchange.tally["never decided"] == 1


def test_a_prompt_may_be_decided_before_it_is_complete_on_the_wire() -> None:
    talk = Talk().open().decide(1, CONTEXT).wait(0.5).close(1, None).say("a").done()
    assert talk.played == "" and talk.settled == 1


def test_what_was_asked_before_somebody_spoke_is_answered_with_what_they_said() -> None:
    talk = Talk().turn(1).turn(2).say("a").done()
    assert talk.played == "a" and talk.answered == [1, 2] and talk.settled == 2


def test_a_debt_passes_on_to_the_answer_to_an_overheard_turn() -> None:
    talk = Talk().turn(1).turn(2, CONTEXT).say("a").done()
    assert talk.played == "a" and talk.answered == [1] and talk.settled == 2


def test_a_turn_judged_after_it_was_superseded_still_has_its_answer() -> None:
    talk = Talk().turn(1, None).say("a").turn(2, CONTEXT).decide(1, ANSWER).say("b").done()
    assert talk.played == "b" and talk.answered == [1]


def test_a_turn_that_was_answered_along_counts_when_it_is_judged() -> None:
    talk = Talk().turn(1).turn(2, None).say("a").done()
    assert talk.answered == [1] and talk.settled == 2
    assert talk.decide(2, ANSWER).decide(2, ANSWER).answered == [1, 2]


def test_a_text_interrupts_nothing_and_has_its_own_answer() -> None:
    talk = Talk().turn(1, CONTEXT).type(2).say("a").done().say("b").done()
    assert talk.played == "b" and talk.answered == [2]


def test_a_text_typed_while_somebody_speaks_comes_after_them() -> None:
    talk = Talk().open().type(2).wait(1).close(1, CONTEXT).say("a").done().say("b").done()
    assert talk.played == "b" and talk.settled == 2


def test_what_the_model_kept_to_itself_does_not_stand_in_the_way_of_a_text() -> None:
    talk = Talk().turn(1, CONTEXT).wait(5).type(2).say("a").done()
    assert talk.played == "a" and talk.settled == 2


def test_a_second_answer_is_dropped() -> None:
    talk = Talk().turn(1).say("a").done().wait(0.5).say("b").done()
    assert talk.played == "a" and talk.answered == [1]
    assert talk.exchange.tally == {"unasked answer": 1}
    assert not talk.of(NotesOff)


def test_where_the_service_finds_the_turns_what_is_unasked_is_played() -> None:
    talk = Talk(owes_nothing=True).say("a").done()
    assert talk.played == "a" and talk.of(Finish)
    talk.did(talk.exchange.asked(1, Kind.TURN, ANSWER, talk.now))
    assert talk.answered == [1] and talk.wait(30).of(Nudge, Reconnect) == []


# --- cut off ---


def test_what_comes_after_a_barge_in_is_not_heard() -> None:
    talk = Talk().turn(1).say("a").open().say("b").interrupted().turned().say("c")
    assert talk.played == "a"
    assert talk.close(2).say("d").played == "ad"


def test_a_server_that_never_says_so_has_finished_when_our_turn_is_sent() -> None:
    assert Talk().turn(1).say("a").turn(2).say("b").played == "ab"


def test_a_text_after_a_stop_is_not_answered_with_the_rest_of_the_old_answer() -> None:
    talk = Talk().turn(1).say("a").stop().type(2).say("b").done().say("c").done()
    assert talk.played == "ac" and talk.answered == [1, 2]


def test_the_late_end_of_a_cut_answer_is_no_empty_answer() -> None:
    talk = Talk().turn(1).say("a").turn(2).interrupted().turned().wait(2)
    assert talk.of(Nudge) == []
    assert talk.say("b").played == "ab"


def test_the_server_s_interruption_empties_the_playback_once() -> None:
    talk = Talk().turn(1).say("a").generated().interrupted().interrupted().interrupted()
    assert len(talk.of(Stop)) == 1
    talk = Talk().turn(1).say("a").interrupted().interrupted().turned()
    assert len(talk.of(Stop)) == 1 and not talk.of(Finish)


def test_ends_said_twice_end_nothing_else() -> None:
    talk = Talk().turn(1).say("a").done().type(2).turned().generated().turned().wait(2)
    assert not talk.of(Nudge)
    assert talk.say("b").done().played == "ab" and not talk.exchange.tally


def test_a_turn_complete_too_early_does_not_end_the_answer() -> None:
    talk = Talk().turn(1).say("a").turned().wait(0.2).say("b").done()
    assert talk.played == "ab" and not talk.exchange.tally


def test_a_model_that_goes_on_after_its_turn_is_heard() -> None:
    talk = Talk().turn(1).say("a").generated().turned(in_progress=True).wait(2).say("b").done()
    assert talk.played == "ab" and not talk.exchange.tally
    assert Talk().turn(1).turned(in_progress=True).wait(2).of(Nudge) == []


# --- notes ---


def test_an_answer_before_the_noted_turn_has_ended_is_dropped_and_ends_the_notes() -> None:
    talk = Talk().open(noted=True).wait(1).say("x", "y").close(1).say("z").done().say("a").done()
    assert talk.of(NotesOff) == [NotesOff("answered before the turn had ended")]
    assert talk.played == "a" and talk.answered == [1]


@pytest.mark.parametrize("before", [lambda talk: talk.turn(1), lambda talk: talk.turn(1).say("a")])
def test_a_late_sound_of_an_older_answer_does_not(before: Callable[[Talk], Talk]) -> None:
    talk = before(Talk()).open(noted=True).say("b").wait(1).close(2).say("c").done()
    assert not talk.of(NotesOff)
    assert talk.played.endswith("c") and "b" not in talk.played


def test_a_noted_turn_that_is_answered_twice_ends_the_notes() -> None:
    talk = Talk().turn(1, noted=True).say("a").done().wait(1).say("b").done()
    assert talk.of(NotesOff) == [NotesOff("answered twice")] and talk.played == "a"


def test_a_nudged_turn_may_be_answered_twice() -> None:
    talk = Talk().turn(1, noted=True).wait(6.1).say("a").done().say("b").done()
    assert talk.of(Nudge) and not talk.of(NotesOff) and talk.played == "a"


# --- no answer ---


def when(talk: Talk, seconds: float) -> list[tuple[float, str, str]]:
    """What was tried when, seconds after now: to one decimal."""
    began, tried = talk.now, []
    for _ in range(round(seconds / 0.1)):
        talk.now += 0.1
        effects = talk.exchange.tick(talk.now)
        for each in effects:
            if isinstance(each, Nudge | Reconnect | GaveUp):
                tried.append((round(talk.now - began, 1), type(each).__name__, each.cause))
            if isinstance(each, Reconnect):
                talk.connect()
        talk.did(effects)
    return tried


def test_silence_is_nudged_then_reconnected_then_given_up() -> None:
    talk = Talk().turn(1)
    tried = when(talk, 60)
    assert [(kind, cause) for _, kind, cause in tried] == [
        ("Nudge", "no answer"),
        ("Reconnect", "no answer"),
        ("GaveUp", "no answer"),
    ]
    assert [at for at, _, _ in tried] == pytest.approx([6, 12, 24], abs=0.2)
    assert talk.settled == 1 and talk.exchange.quiet
    assert talk.exchange.tally == {"no answer": 2, "gave up": 1}


def test_silence_after_an_interruption_is_nudged_earlier() -> None:
    tried = when(Talk().turn(1).say("a").open().interrupted().turned().wait(1).close(2), 5)
    assert [(kind, cause) for _, kind, cause in tried] == [("Nudge", "silent after an interruption")]
    assert tried[0][0] == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize(
    ("fail", "cause"),
    [
        (lambda talk: talk.turned(), "empty answer"),
        (lambda talk: talk.text().turned(), "text-only answer"),
        (lambda talk: talk.say("0", loud=False).done(), "silent audio"),
    ],
)
def test_an_answer_that_nobody_hears_is_asked_for_again(fail: Callable[[Talk], Talk], cause: str) -> None:
    talk = fail(Talk().turn(1).wait(1))
    assert [(kind, why) for _, kind, why in when(talk, 1.2)] == [("Nudge", cause)]
    talk = fail(talk.wait(1))
    assert [(kind, why) for _, kind, why in when(talk, 1.2)] == [("Reconnect", cause)]
    talk = fail(talk.wait(1))
    assert [(kind, why) for _, kind, why in when(talk, 1.2)] == [("GaveUp", cause)]
    assert talk.exchange.quiet and talk.answered == []


def test_a_turn_complete_that_comes_as_soon_as_who_interrupted_has_spoken_is_a_late_one() -> None:
    talk = Talk().turn(1).wait(1).say("a").generated().open().interrupted().turned().wait(3).close(2)
    assert talk.turned().wait(3).of(Nudge) == []
    assert talk.say("b").done().wait(30).of(Nudge, Reconnect) == [] and talk.answered == [1, 2]


def test_a_nudge_that_helps_is_the_end_of_it() -> None:
    talk = Talk().turn(1).turned().wait(2).say("a").done().wait(60)
    assert len(talk.of(Nudge, Reconnect, GaveUp)) == 1 and talk.answered == [1] and talk.played == "a"


@pytest.mark.parametrize("reason", ["PROHIBITED_INPUT_CONTENT", "BLOCKLIST", "GENERATED_AUDIO_SAFETY"])
def test_what_is_forbidden_is_not_asked_again(reason: str) -> None:
    talk = Talk().turn(1).turned(reason).wait(30)
    assert talk.of(Nudge, Reconnect, GaveUp) == [GaveUp(1, "refused")] and talk.settled == 1


def test_nobody_misses_an_answer_to_what_was_context() -> None:
    talk = Talk().turn(1, CONTEXT).wait(30)
    assert talk.effects == [Settled(1)]
    assert Talk().turn(1, CONTEXT).turned().wait(0.1).effects == [Settled(1)]


def test_an_undecided_turn_without_any_reaction_costs_one_new_connection() -> None:
    talk = Talk().turn(1, None)
    ((at, *what),) = when(talk, 60)
    assert what == ["Reconnect", "no answer"]
    assert at == pytest.approx(12, abs=0.2), "as with a turn that was meant"
    assert talk.settled == 1 and talk.exchange.quiet


def test_nothing_is_late_while_somebody_speaks_or_nothing_is_connected() -> None:
    assert Talk().turn(1).open().wait(60).of(Nudge) == []
    talk = Talk().turn(1)
    talk.exchange.disconnected(talk.now)
    assert talk.wait(60).of(Nudge, Reconnect) == []
    assert talk.connect().wait(6.1).of(Nudge, Reconnect) == [Nudge(1, "no answer")]


def test_what_was_overheard_meanwhile_puts_off_the_remedy_for_four_seconds() -> None:
    tried = when(Talk().turn(1).wait(5).turn(2, CONTEXT), 5)  # the first is 6 s old when the second ends
    assert [(kind, cause) for _, kind, cause in tried] == [("Nudge", "no answer")]
    assert tried[0][0] == pytest.approx(4, abs=0.2)


def test_an_answer_without_an_end_does_not_last_for_ever() -> None:
    talk = Talk().turn(1).say("a").wait(13)
    assert talk.of(Finish) and talk.exchange.quiet
    talk = Talk().turn(1).say("a").wait(5).type(2).say("b")
    assert talk.played == "ab" and talk.answered == [1, 2]


def test_a_text_is_not_late_while_the_answer_before_it_is_being_heard() -> None:
    talk = Talk().turn(1).say("a").generated().type(2).wait(20)
    assert talk.of(Nudge) == []
    assert talk.turned().wait(6.1).of(Nudge) == [Nudge(2, "no answer")]


# --- tools ---


def test_nothing_is_late_while_a_tool_runs() -> None:
    talk = Talk().turn(1).call().wait(40)
    assert talk.of(Nudge, Reconnect) == []
    talk.respond().say("a").done()
    assert talk.answered == [1] and not talk.exchange.owed


def test_after_let_me_see_the_result_is_owed() -> None:
    talk = Talk().turn(1).say("a").call().respond().done().wait(1).say("b").done()
    assert talk.played == "ab" and talk.answered == [1] and talk.exchange.quiet


def test_dead_air_after_a_tool_call_is_nudged() -> None:
    talk = Talk().turn(1).say("a").done().call().wait(1).respond().wait(6.1)
    assert talk.of(Nudge) == [Nudge(1, "dead air after a tool call")]


def test_a_result_within_the_same_answer_is_enough_and_another_is_welcome() -> None:
    talk = Talk().turn(1).say("a").call().respond().say("b").done()
    assert talk.played == "ab" and not talk.exchange.owed
    assert talk.wait(1).say("c").done().played == "abc"
    assert talk.wait(30).of(Nudge, Reconnect, GaveUp) == [] and talk.exchange.quiet


def test_what_others_say_while_a_tool_runs_is_answered_by_itself_and_the_result_after_it() -> None:
    talk = Talk().turn(1).call().turned()  # the model does not wait for the result
    talk.turn(2, CONTEXT).respond().say("b").done()
    assert talk.played == "" and talk.answered == []
    talk.wait(1).say("a").done()
    assert talk.played == "a" and talk.answered == [1] and talk.settled == 2
    assert talk.exchange.quiet and not talk.exchange.tally["unasked answer"]


def test_a_tool_called_for_two_turns_gives_one_answer_to_both() -> None:
    talk = Talk().turn(1).turn(2).call().respond().say("a").done()
    assert talk.answered == [1, 2] and talk.exchange.quiet


def test_what_others_say_is_answered_while_a_tool_still_runs() -> None:
    talk = Talk().turn(1).call().turned().turn(2).say("b").done()
    assert talk.answered == [2]
    talk.wait(3).respond().say("a").done()
    assert talk.played == "ba" and talk.answered == [2, 1] and talk.exchange.quiet


def test_a_result_would_be_mixed_up_with_what_is_being_said_to_others() -> None:
    talk = Talk().turn(1).call().wait(1)
    assert not talk.exchange.reacting
    talk.open().wait(1)
    assert not talk.exchange.reacting, "nothing has been asked yet"
    talk.close(2, CONTEXT).wait(0.5)
    assert talk.exchange.reacting
    talk.say("x").wait(3)
    assert talk.exchange.reacting, "it is at it"
    talk.done()
    assert not talk.exchange.reacting


def test_a_model_that_says_nothing_to_others_before_it_has_the_result_may_have_it() -> None:
    talk = Talk().turn(1).call().turn(2, CONTEXT).wait(2.6)
    assert not talk.exchange.reacting


def test_a_result_may_come_in_the_middle_of_the_words_before_it() -> None:
    talk = Talk().turn(1).wait(1).say("let me see").call()
    assert not talk.exchange.reacting


def test_words_before_the_result_are_part_of_the_answer() -> None:
    talk = Talk().turn(1).call().say("let me see").respond().say("a").done()
    assert talk.played == "let me seea" and talk.answered == [1] and talk.exchange.quiet


def test_a_call_that_the_next_turn_has_cancelled_passes_its_debt_on() -> None:
    talk = Talk().turn(1).call().open()
    talk.exchange.called_off(talk.now)
    assert talk.close(2, CONTEXT).say("a").done().answered == [1]


def test_a_tool_that_loses_its_connection_is_begun_again() -> None:
    talk = Talk().turn(1).call().turned().turn(2, CONTEXT).connect()
    assert talk.say("a").done().answered == [1]
    assert talk.exchange.quiet


def test_a_result_that_crosses_the_end_of_its_call_owes_nothing() -> None:
    talk = Talk().turn(1).say("let me see").call().wait(1).respond().open()
    talk.exchange.called_off(talk.now)
    talk.interrupted().wait(1).close(2).say("b").done().wait(60)
    assert talk.answered == [1, 2] and talk.of(Nudge, Reconnect, GaveUp) == []


def test_a_call_that_was_called_off_owes_nothing() -> None:
    talk = Talk().turn(1).say("a").call().open()
    talk.exchange.called_off(talk.now)
    assert not talk.exchange.owed
    assert talk.close(2, CONTEXT).say("b").done().played == "a"


def test_a_call_belongs_to_the_turn_that_it_answers() -> None:
    assert Talk().turn(1, CONTEXT).call().exchange.verdict is CONTEXT
    assert Talk().turn(1, None).call().exchange.verdict is None
    assert Talk().turn(1).say("a").done().call().exchange.verdict is ANSWER


# --- connections ---


def test_what_is_unanswered_is_answered_on_the_next_connection_once() -> None:
    talk = Talk().turn(1).turn(2).connect().say("a").done()
    assert talk.answered == [1, 2] and talk.settled == 2


def test_an_answer_that_was_cut_by_the_connection_is_not_given_again() -> None:
    talk = Talk().turn(1).say("a").connect().wait(30)
    assert talk.of(Finish) and talk.of(Nudge) == [] and talk.exchange.quiet


@pytest.mark.parametrize("parked", [True, False])
def test_who_speaks_while_the_connection_changes_interrupts_what_is_asked_again(parked: bool) -> None:
    talk = Talk().turn(1, None)
    if parked:
        talk.say("a", "b").done()
        talk.open().connect()
    else:
        talk.connect().open()
    talk.decide(1, ANSWER).wait(1).close(2, ANSWER).say("x").done()
    assert talk.answered == [1, 2] and talk.played == "x"
    assert talk.wait(30).of(Nudge, Reconnect) == []


def test_what_was_too_much_to_be_kept_is_given_up_and_nothing_is_owed_to_it() -> None:
    talk = Talk().turn(0, None).wait(1).turned().remembered()  # known to the handle
    talk.turn(1).turn(2, None).turn(3, None).type(4)
    talk.did(talk.exchange.connected(talk.now, (0, 1, 2, 4)))
    assert talk.of(GaveUp) == [GaveUp(n, "too long without a connection") for n in (1, 4)]
    talk.decide(0, ANSWER).decide(3, ANSWER).say("a").done()
    assert talk.answered == [0, 3] and talk.settled == 4 and talk.exchange.quiet


def test_what_was_held_of_an_old_connection_is_not_played() -> None:
    talk = Talk().turn(1, None).say("a").connect().decide(1, ANSWER).say("b").done()
    assert talk.played == "b" and talk.answered == [1]


def test_what_a_tool_owed_is_lost_with_its_connection() -> None:
    talk = Talk().turn(1).say("a").call().respond().connect()
    assert talk.exchange.quiet and talk.exchange.tally == {"dead air after a tool call": 1}
    talk = Talk().turn(1).say("a").call().connect()
    assert talk.exchange.tally == {"dead air after a tool call": 1}
    assert talk.exchange.quiet and talk.wait(60).of(Nudge, Reconnect, GaveUp) == []
    assert Talk().turn(1).call().connect().say("a").done().answered == [1]


def test_what_a_newer_handle_knows_is_not_said_again() -> None:
    talk = Talk().turn(1, CONTEXT).turn(2, None).wait(1).turned()
    assert talk.settled < 1
    talk.remembered()
    assert talk.settled == 2
    talk.decide(2, ANSWER).wait(20)  # the model has said nothing to it and needs to be asked
    assert talk.of(Nudge) == [Nudge(2, "no answer")]


def test_a_handle_knows_nothing_of_what_was_said_since_the_last_turn_of_the_model() -> None:
    talk = Talk().turn(1, CONTEXT).wait(1).turned().turn(2, CONTEXT).remembered()
    assert talk.settled == 1
    talk = Talk().turn(1, CONTEXT).turned().remembered()  # it had ended before the server can have heard this
    assert talk.settled < 1


def test_what_is_owed_an_answer_is_said_again_although_a_handle_may_know_of_it() -> None:
    talk = Talk().turn(1, CONTEXT).turn(2).wait(1).turned().remembered()
    assert talk.settled == 1
    talk.connect().say("a").done()
    assert talk.answered == [2] and talk.settled == 2


def test_what_a_handle_knows_is_answered_with_what_is_said_next() -> None:
    talk = Talk().turn(1, None).wait(1).turned().remembered().connect().turn(2, CONTEXT).decide(1, ANSWER)
    assert talk.say("a").done().answered == [1] and talk.exchange.quiet


def test_settled_never_runs_ahead_of_what_is_open() -> None:
    talk = Talk().turn(1).turn(2, CONTEXT)
    talk.decide(1, CONTEXT).say("a").decide(1, ANSWER).done()
    assert talk.settled < 1  # 2 is dealt with, 1 is owed after all
    assert talk.say("b").done().settled == 2 and talk.answered == [1]


# --- what nobody reacts to ---


def test_laughter_that_nobody_reacts_to_is_asked_again_once_and_then_left_alone() -> None:
    talk = Talk()
    for number in range(1, 6):
        before = len(talk.of(Reconnect))
        talk.turn(number, None).wait(12.5)
        if len(talk.of(Reconnect)) > before:
            talk.connect()
        talk.wait(8)
        assert talk.settled == number, "and never again together with what comes later"
    assert len(talk.of(Reconnect)) == 2


# --- a fragment is no answer ---


def test_an_answer_that_dies_after_its_first_chunk_is_asked_for_again() -> None:
    talk = Talk().turn(1).fragment("a")
    assert talk.answered == [1]
    assert talk.settled == -1
    talk.connect().say("b").done()
    assert talk.played == "ab"
    assert talk.answered == [1], "once"
    assert talk.settled == 1


def test_one_of_which_something_could_be_understood_is_not() -> None:
    talk = Talk().turn(1).fragment("a").fragment("b").fragment("c")
    assert talk.settled == 1
    talk.connect().say("d")
    assert talk.played == "abc"


def test_a_short_answer_is_one_when_it_is_complete() -> None:
    talk = Talk().turn(1).fragment("a").done()
    assert talk.settled == 1


def test_who_interrupts_the_first_chunk_has_had_their_answer() -> None:
    talk = Talk().turn(1).fragment("a").open()
    assert talk.settled == 1


# --- somebody speaks while an answer waits for its verdict ---


@pytest.mark.parametrize("complete", [True, False])
def test_a_held_answer_outlasts_an_interruption_and_is_given_when_it_was_meant(complete: bool) -> None:
    talk = Talk().turn(1, None).say("a", "b", "c")
    if complete:
        talk.done()
    talk.open().decide(1, ANSWER)
    assert talk.played == "", "not over somebody who speaks"
    talk.close(2, CONTEXT)
    assert talk.played == "abc" and talk.answered == [1] and talk.settled == 1
    talk.say("x").done()
    assert talk.played == "abc", "what was said to the other turn is not for the channel"
    assert talk.settled == 2 and talk.exchange.quiet


def test_and_is_forgotten_when_it_was_not() -> None:
    talk = Talk().turn(1, None).say("a", "b").done().turn(2, None).decide(1, CONTEXT)
    talk.say("x").decide(2, ANSWER).done()
    assert talk.played == "x" and talk.answered == [2] and talk.settled == 2


def test_nobody_waits_for_ever_for_its_verdict() -> None:
    talk = Talk().turn(1, None).say("a", "b").done().turn(2, CONTEXT).wait(9).say("x").done()
    assert talk.played == "" and talk.settled == 2
    assert talk.exchange.tally["never decided"] == 1


def test_on_a_new_connection_its_turn_is_asked_again() -> None:
    talk = Talk().turn(1, None).say("a", "b").done().turn(2, None).connect()
    talk.decide(1, ANSWER).decide(2, CONTEXT).say("x").done()
    assert talk.played == "x" and talk.answered == [1]
