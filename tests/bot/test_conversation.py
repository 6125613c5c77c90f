"""What must hold for the people in a channel, whatever the model and the connection do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sides_on_record import ANA, BEN, NAMES, Scene, heads

from bot.answering import PROTECTED_S, Prompt
from bot.live.events import (
    GenerationComplete,
    Interrupted,
    OutputTranscript,
    Source,
    Sources,
    ToolCallsCancelled,
    TurnComplete,
)
from bot.notices import Cited, NotUnderstood, Unanswered
from bot.tools.registry import Asked
from bot.turns.exchange import Verdict
from bot.turns.floor import Interrupt, Mode
from bot.turnstile import HOLD_S

# --- turns and answers ---


def test_who_speaks_is_answered_and_it_stands_in_the_minutes() -> None:
    scene = Scene()
    scene.say(ANA, "What is that?")
    scene.answer(1, "That is the moon.")
    assert scene.heard == [1]
    assert scene.minutes == ['"Ana": "What is that?"', 'You: "That is the moon."']
    assert scene.line.settled_to == 1


def test_sound_that_was_not_meant_for_the_channel_is_not_played() -> None:
    scene = Scene(mode=Mode.NAMED)
    scene.say(ANA, "Ben, are you coming to the cinema tonight?")
    scene.answer(1, "Yes, gladly.")
    assert scene.heard == []
    assert scene.minutes == []  # of the bot; what Ana said is written down with the next that happens


def test_the_words_of_a_dropped_answer_are_not_given_as_those_of_the_next() -> None:
    scene = Scene(mode=Mode.NAMED)
    scene.say(ANA, "Ben, are you coming to the cinema tonight?")
    scene.answer(1, "Yes, gladly.")
    scene.go_on(5)
    typed = scene.type("What is the moon?")
    scene.answer(2, "It is a stone.")
    assert typed == ["It is a stone."]
    assert scene.minutes[-1] == 'You: "It is a stone."'


def test_the_words_of_an_answer_that_turned_out_unwanted_are_forgotten() -> None:
    scene = Scene(mode=Mode.NAMED)
    scene.say(ANA, None)
    scene.answer(1, "Yes, gladly.")  # held, and complete
    scene.transcribed("Ben, are you coming?")
    scene.go_on(1)
    typed = scene.type("What is the moon?")
    scene.answer(2, "It is a stone.")
    assert (scene.heard, typed) == ([2], ["It is a stone."])


def test_the_rest_of_an_answer_that_was_stopped_is_neither_heard_nor_written_down() -> None:
    scene = Scene()
    scene.say(ANA, "Tell me a story.")
    scene.go_on(0.5)
    scene.speak(1, "Once upon a time ")
    scene.go_on(0.5)
    scene.begin(BEN)
    scene.speak(1, "there was a king ")
    scene.interrupted()
    scene.go_on(1)
    scene.end(BEN, words="What time is it?")
    scene.answer(2, "It is noon.")
    assert scene.heard == [1, 2]
    assert scene.minutes[-1] == 'You: "It is noon."'
    assert "king" not in "".join(scene.minutes)


def test_a_service_that_never_says_that_it_was_interrupted_mixes_nothing_up() -> None:
    scene = Scene()
    scene.say(ANA, "Tell me a story.")
    scene.go_on(0.5)
    scene.speak(1, "Once upon a time ")
    scene.begin(BEN)
    scene.speak(1, "there was a king ")
    scene.go_on(1)
    scene.end(BEN, words="What time is it?")
    scene.answer(2, "It is noon.")
    assert scene.heard == [1, 2]
    assert scene.minutes[-1] == 'You: "It is noon."'


def test_words_in_writing_only_are_not_the_beginning_of_the_answer_that_replaces_them() -> None:
    scene = Scene()
    typed = scene.type("What is the moon?")
    scene.go_on(0.5)
    scene.model(OutputTranscript("It is a "), TurnComplete(None))
    scene.go_on(1.5)
    assert heads(scene.line.said) == ["text", "remark"]
    scene.speak(2, "It is a stone.")
    scene.over()
    assert typed == ["It is a stone."]


def test_words_that_run_ahead_of_their_sound_are_kept() -> None:
    scene = Scene()
    typed = scene.type("What is the moon?")
    scene.model(OutputTranscript("It is "))
    scene.go_on(0.3)
    scene.speak(1, "a stone.")
    scene.over()
    assert typed == ["It is a stone."]


def test_sound_that_nobody_can_hear_is_no_answer() -> None:
    scene = Scene()
    scene.say(ANA)
    scene.go_on(0.5)
    scene.speak(1, "That is the moon.", loud=False)
    scene.over()
    scene.go_on(1.2)
    assert scene.line.said[-1] == "remark"
    assert not any(line.startswith("You") for line in scene.minutes)


def test_the_bot_says_where_it_is_not_understood() -> None:
    scene = Scene()
    for label in (1, 2):
        scene.say(ANA, "Mhm.")
        scene.answer(label, "Sorry, I didn't catch that.")
        scene.until_quiet()
    assert scene.told == [NotUnderstood()]


# --- turn notes ---


def test_the_model_is_told_who_speaks_and_only_when_that_is_new() -> None:
    scene = Scene()
    for user_id in (ANA, ANA, BEN):
        scene.say(user_id)
        scene.answer(user_id)
        scene.until_quiet()
    assert len(scene.line.notes) == 2
    assert '"Ana" speaks now' in scene.line.notes[0]
    assert '"Ben" speaks now' in scene.line.notes[1]


def test_who_was_there_already_has_not_come_in_and_who_comes_and_goes_has() -> None:
    scene = Scene({ANA: "Ana"})
    scene.say(ANA)
    assert "come in" not in scene.notes()
    scene.answer(1)
    scene.conversation.present(NAMES)
    scene.conversation.present({BEN: "Ben"})
    scene.say(BEN)
    assert '"Ben" has come in' in scene.notes()
    assert '"Ana" has left' in scene.notes()


def test_sound_that_was_lost_is_told_with_the_next_turn() -> None:
    scene = Scene()
    scene.begin(ANA)
    scene.end(ANA, words="Hm?", lost_s=3.0)
    scene.answer(1)
    scene.until_quiet()
    scene.say(ANA)
    assert 'about 3 s of "Ana"' in scene.notes()


def test_a_note_that_was_answered_by_itself_is_the_last() -> None:
    scene = Scene()
    scene.say(ANA)
    scene.answer(1)
    scene.until_quiet()
    scene.begin(BEN)
    scene.go_on(0.3)
    scene.speak(2, "Hello Ben.")
    scene.over()
    assert scene.heard == [1]
    assert not scene.line.takes_notes
    scene.end(BEN, words="What is that?")
    scene.answer(3, "The moon.")
    scene.until_quiet()
    scene.say(ANA)
    assert scene.heard == [1, 3]
    assert len(scene.line.notes) == 2


# --- to interrupt ---


@pytest.mark.parametrize("complete", [False, True])
def test_who_interrupts_is_heard_at_once_and_the_model_knows_how_far_it_came(complete: bool) -> None:
    scene = Scene()
    scene.say(ANA, "When does it leave?")
    scene.go_on(0.5)
    scene.speak(1, "The train leaves at noon from platform ten, to Rome.", seconds=10)
    if complete:  # as it mostly is: the model is faster than it speaks
        scene.over()
    scene.go_on(4)
    scene.begin(ANA)
    assert scene.mouth.stops == 1
    assert not scene.mouth.playing
    assert 'only the first 40 % was heard, up to "The train leaves at"' in scene.line.notes[-1]
    assert scene.minutes[-1] == 'You: "The train leaves at …"'
    assert scene.minutes[0] == '"Ana": "When does it leave?"'


def test_an_answer_that_had_been_heard_to_its_end_was_not_broken_off() -> None:
    scene = Scene()
    scene.say(ANA)
    scene.answer(1, "The train leaves at noon.")
    scene.until_quiet()
    scene.go_on(1)
    scene.say(ANA)
    assert scene.mouth.stops == 0
    assert "heard" not in scene.notes()
    assert scene.minutes[-1] == 'You: "The train leaves at noon."'


def test_who_may_not_interrupt_waits_for_the_end_and_is_answered_then() -> None:
    scene = Scene(interrupt=Interrupt.NOBODY)
    scene.say(ANA)
    scene.go_on(0.5)
    scene.speak(1, "First.", seconds=2)
    scene.begin(BEN)
    assert scene.line.held
    assert scene.mouth.playing
    scene.go_on(1)
    scene.end(BEN)
    scene.speak(1)  # the answer goes on
    assert scene.line.said[-1] == "end"  # of Ana
    scene.over()
    scene.go_on(0.1)
    assert not scene.line.held
    assert heads(scene.line.said) == ["turn", "end", "turn", "end"]
    scene.transcribed("And what is this?")
    scene.answer(2, "Second.")
    assert scene.heard == [1, 2]
    assert scene.mouth.stops == 0


def test_who_goes_on_while_the_answer_to_them_is_still_heard_need_not_say_the_name() -> None:
    scene = Scene(mode=Mode.NAMED, interrupt=Interrupt.NOBODY)
    scene.say(ANA, "Parley, tell me a story.")
    scene.go_on(0.5)
    scene.speak(1, "Once.", seconds=10)
    scene.begin(ANA)
    scene.go_on(1)
    scene.over()  # generated; it is heard for eight seconds more
    scene.go_on(0.1)
    scene.end(ANA, words="And why is that?")
    scene.go_on(0.5)
    scene.speak(2, "Because.")
    scene.go_on(4)
    assert scene.heard == [1, 2]


def test_what_waits_is_not_judged_before_its_words_can_be_there() -> None:
    scene = Scene(mode=Mode.NAMED, interrupt=Interrupt.NOBODY)
    scene.say(ANA, "Parley, tell me a story.")
    scene.go_on(0.5)
    scene.speak(1, "Once.", seconds=3)
    scene.begin(BEN)
    scene.go_on(1)
    scene.end(BEN)
    for _ in range(3):
        scene.go_on(1)
        scene.speak(1)
    scene.over()
    scene.go_on(0.1)
    scene.transcribed("Parley, what time is it?")
    scene.answer(2, "Noon.")
    assert scene.heard == [1, 2]


def test_the_last_words_of_the_answered_turn_are_not_those_of_the_turn_that_waits() -> None:
    scene = Scene(mode=Mode.NAMED, interrupt=Interrupt.NOBODY)
    scene.begin(ANA)
    scene.go_on(1)
    scene.end(ANA)
    scene.transcribed("Parley, tell me", finished=False)
    scene.go_on(0.5)
    scene.speak(1, "Once.", seconds=1)
    scene.begin(BEN)
    scene.transcribed(" a story.")
    scene.over()
    scene.go_on(0.5)
    scene.end(BEN, words="Ana, are you coming?")
    scene.answer(2, "Gladly.")
    scene.until_quiet()
    scene.say(ANA, "Parley, thanks.")
    scene.answer(3, "Sure.")
    assert scene.heard == [1, 3]
    assert '"Ben": "Ana, are you coming?"' in scene.minutes


def test_nobody_waits_for_an_answer_without_end() -> None:
    scene = Scene(interrupt=Interrupt.NOBODY)
    typed = scene.type("Tell me everything.")
    scene.go_on(0.5)
    scene.speak(1, "First of all, the beginning.", seconds=2)
    scene.begin(BEN)
    scene.go_on(1)
    scene.end(BEN)
    waited_s = 1.0
    while scene.line.held:
        scene.speak(1, " More.")
        scene.go_on(1)
        waited_s += 1
    assert waited_s <= HOLD_S + 1
    assert heads(scene.line.said)[-2:] == ["turn", "end"]
    assert typed
    assert typed[0] is not None
    assert typed[0].startswith("First of all, the beginning.")
    scene.interrupted()
    scene.transcribed("Enough!")
    scene.answer(2, "Fine.")
    scene.until_quiet()
    assert scene.heard == [1, 2]
    assert scene.minutes[-1] == 'You: "Fine."'
    assert len(typed) == 1


def test_a_host_is_not_kept_waiting_by_a_guest_who_waits() -> None:
    scene = Scene(interrupt=Interrupt.HOSTS, hosts=frozenset({ANA}))
    scene.say(ANA)
    scene.go_on(0.5)
    scene.speak(1, "A long answer.", seconds=3)
    scene.begin(BEN)
    scene.end(BEN, words=None)
    assert scene.line.held
    scene.begin(ANA)
    assert not scene.mouth.playing
    assert not scene.line.held
    scene.speak(1, seconds=1)  # not yet told of it
    assert not scene.mouth.playing
    scene.interrupted()
    scene.go_on(1)
    scene.end(ANA, words="Stop.")
    scene.answer(2)
    assert scene.heard == [1, 2]


def test_the_greeting_is_not_interrupted_and_what_comes_after_it_is() -> None:
    scene = Scene()
    scene.conversation.prompt(Prompt("Greet.", greets=True), scene.now)
    scene.go_on(0.5)
    scene.speak(1, "Hello!", seconds=2)
    scene.begin(BEN)
    assert scene.mouth.playing
    scene.over()
    scene.go_on(0.5)
    scene.end(BEN)
    scene.transcribed("Hello.")
    scene.until_quiet()
    scene.answer(2, "How are you?", seconds=3)
    assert scene.now < 100 + PROTECTED_S
    scene.begin(BEN)
    assert not scene.mouth.playing
    assert scene.heard == [1, 2]


def test_only_the_asker_may_stop_the_answer_and_the_next_has_an_asker_of_its_own() -> None:
    scene = Scene(interrupt=Interrupt.ASKER)
    scene.say(ANA)
    scene.answer(1, seconds=1)
    scene.until_quiet()
    scene.say(BEN)
    scene.go_on(0.5)
    scene.speak(2, seconds=3)
    scene.begin(ANA)
    assert scene.mouth.stops == 0
    assert scene.line.held
    scene.over()
    scene.go_on(0.1)
    scene.end(ANA, words="Hm.")
    assert not scene.line.held


# --- whether the bot is meant ---


def named() -> Scene:
    """Ana has just had an answer, in a room in which the bot must be called by its name."""
    scene = Scene(mode=Mode.NAMED)
    scene.say(ANA, "Parley, what is that?")
    scene.answer(1, "The moon.", seconds=3)
    return scene


def test_who_was_answered_need_not_say_the_name_for_a_while_after_the_last_word() -> None:
    scene = named()
    scene.until_quiet()
    scene.go_on(9)
    scene.say(ANA, "And how far is it?")
    scene.answer(2, "Far.", seconds=1)
    scene.until_quiet()
    scene.go_on(11)
    scene.say(ANA, "And what does it cost?")
    scene.answer(3, "Much.", seconds=1)
    assert scene.heard == [1, 2]


def test_who_interrupts_the_answer_to_themselves_goes_on_with_it() -> None:
    scene = named()
    scene.go_on(1)
    scene.say(ANA, "No, I mean the other one.")
    scene.answer(2, "Mars.")
    assert scene.heard == [1, 2]


def test_who_was_cut_short_by_the_service_may_go_on_too() -> None:
    scene = Scene(mode=Mode.NAMED)
    scene.say(ANA, "Parley, what is that?")
    scene.go_on(0.5)
    scene.speak(1, "The moon.", seconds=3)
    scene.interrupted()
    scene.go_on(2)
    scene.say(ANA, "And how far is it?")
    scene.answer(2)
    assert scene.heard == [1, 2]


def test_who_comes_makes_it_a_channel_of_several() -> None:
    scene = Scene({ANA: "Ana"}, mode=Mode.AUTO)
    scene.say(ANA, "What is that?")
    scene.answer(1)
    scene.until_quiet()
    scene.go_on(11)
    scene.conversation.present(NAMES)
    scene.say(ANA, "What is that?")
    scene.answer(2)
    assert scene.heard == [1]


def test_the_ear_is_open_for_who_was_answered_and_for_nobody_else() -> None:
    scene = named()
    scene.until_quiet()
    scene.say(BEN, "And how far is it?")
    scene.answer(2)
    assert scene.heard == [1]


def test_the_rest_of_an_answer_after_a_slow_tool_is_for_the_same_person() -> None:
    scene = Scene(mode=Mode.NAMED, interrupt=Interrupt.ASKER)
    scene.say(ANA, "Parley, what is the score?")
    scene.go_on(0.5)
    scene.speak(1, "Let me look. ", seconds=1)
    scene.call("a")
    assert scene.tools.decided == {"a": Verdict.ANSWER}
    scene.go_on(15)
    scene.calls_answered()
    scene.go_on(0.5)
    scene.speak(2, "Two to one.", seconds=3)
    scene.begin(BEN)
    assert scene.mouth.stops == 0  # it is not Ben's answer
    scene.over()
    scene.end(BEN, words="Ana, did you hear?")
    scene.answer(3)
    scene.until_quiet()
    scene.say(ANA, "And who scored?")
    scene.answer(4)
    assert scene.heard == [1, 2, 4]
    assert any("Two to one." in line for line in scene.minutes)


def test_an_answer_in_two_turns_of_the_model_is_written_down_in_full() -> None:
    scene = Scene(mode=Mode.NAMED)
    scene.say(ANA, "Parley, what is the score?")
    scene.answer(1, "Let me look.")
    scene.call("a")
    scene.until_quiet()
    scene.go_on(12)
    scene.calls_answered()
    scene.answer(2, "Two to one.")
    scene.until_quiet()
    assert scene.minutes[-2:] == ['You: "Let me look."', 'You: "Two to one."']
    scene.say(ANA, "And who scored?")
    scene.answer(3)
    assert scene.heard == [1, 2, 3]


# --- where it is from ---

FOUND = Sources(("moons of Saturn",), (Source("nasa.example", "https://nasa.example/moons"),))


def test_pages_that_an_answer_rests_on_are_posted_when_it_is_over() -> None:
    scene = Scene()
    scene.say(ANA)
    scene.go_on(0.5)
    scene.speak(1, "It has 274.")
    scene.model(FOUND)
    assert scene.told == []
    scene.over()
    [cited] = scene.told
    assert isinstance(cited, Cited)
    assert "https://nasa.example/moons" in cited.text
    scene.say(ANA)
    scene.answer(2)
    assert len(scene.told) == 1


def test_what_was_looked_up_for_nobody_is_not_posted() -> None:
    scene = Scene(mode=Mode.NAMED)
    scene.say(ANA, "Ben, how many moons has Saturn?")
    scene.go_on(0.5)
    scene.speak(1, "It has 274.")
    scene.model(FOUND)
    scene.over()
    assert scene.told == []


# --- tools ---


def test_a_call_waits_until_it_is_known_whether_the_bot_was_meant() -> None:
    scene = Scene(mode=Mode.NAMED)
    scene.say(ANA, None)
    scene.call("a")
    assert scene.tools.waiting == ["a"]
    scene.transcribed("Parley, look it up.")
    scene.go_on(0.1)
    assert scene.tools.decided == {"a": Verdict.ANSWER}


def test_a_call_is_refused_when_others_were_meant() -> None:
    scene = Scene(mode=Mode.NAMED)
    scene.say(ANA, "Ben, can you look it up?")
    scene.call("a")
    assert scene.tools.decided == {"a": Verdict.CONTEXT}


def test_a_call_does_not_wait_for_ever_for_words_that_do_not_come() -> None:
    scene = Scene(mode=Mode.NAMED)
    scene.say(ANA, None)
    scene.call("a")
    scene.go_on(3)
    assert scene.tools.decided == {"a": Verdict.ANSWER}  # better one too many, where nothing is transcribed


def test_a_call_is_made_on_behalf_of_whoever_asked_and_of_nobody_who_speaks_later() -> None:
    scene = Scene(mode=Mode.NAMED)
    scene.say(ANA, None)
    scene.call("a")
    scene.begin(BEN)
    scene.transcribed("Parley, look it up.")
    scene.go_on(0.1)
    assert scene.tools.asked == {"a": Asked((ANA,), clear=True)}


def test_a_call_is_made_on_behalf_of_all_whom_the_model_may_be_answering() -> None:
    scene = Scene()
    scene.say(ANA, "Throw Cleo out.")
    scene.say(BEN, "What is that?")
    scene.call("a")
    scene.go_on(0.1)
    assert scene.tools.asked == {"a": Asked((ANA, BEN), clear=True)}


def test_a_call_of_somebody_else_while_a_tool_is_at_work_is_not_that_of_who_asked_first() -> None:
    scene = Scene()
    scene.say(ANA, "Look it up.")
    scene.call("a")
    scene.go_on(2)
    scene.say(BEN, "Throw Cleo out.")
    scene.call("b")
    assert scene.tools.asked == {"a": Asked((ANA,), clear=True), "b": Asked((ANA, BEN), clear=True)}


def test_calls_side_by_side_are_not_on_behalf_of_who_was_answered_before() -> None:
    scene = Scene()
    scene.say(ANA)
    scene.answer(1)
    scene.go_on(3)
    scene.say(BEN, "Look both up.")
    scene.call("a")
    scene.call("b")
    assert scene.tools.asked == dict.fromkeys(("a", "b"), Asked((BEN,), clear=True))


@pytest.mark.parametrize("over", ["before", "after"])
def test_what_follows_from_a_result_is_on_behalf_of_all_who_led_to_it(over: str) -> None:
    scene = Scene()
    scene.say(ANA, "Throw Cleo out.")
    scene.say(BEN, "What time is it?")
    scene.go_on(0.5)
    scene.speak(1, "Let me see.")
    if over == "before":
        scene.over()
    scene.call("a")
    if over == "after":
        scene.over()
    scene.go_on(1)
    scene.calls_answered()
    scene.go_on(1)
    scene.call("b")
    assert scene.tools.asked["b"] == scene.tools.asked["a"] == Asked((ANA, BEN), clear=True)


def test_what_follows_from_the_result_of_one_is_not_on_behalf_of_another_alone() -> None:
    scene = Scene()
    scene.say(ANA, "Look it up.")
    scene.call("a")
    scene.go_on(2)
    scene.say(BEN, "What time is it?")
    scene.go_on(0.5)
    scene.speak(2, "Let me see.")
    scene.over()
    scene.call("b")
    scene.go_on(0.5)
    scene.calls_answered()
    scene.go_on(0.5)
    scene.call("c")
    assert scene.tools.asked["c"] == Asked((ANA, BEN), clear=True)


@pytest.mark.parametrize("meanwhile", ["nothing", "a word", "all of it"])
def test_who_types_after_somebody_else_has_asked_gets_nothing_done_on_their_behalf(meanwhile: str) -> None:
    scene = Scene(mode=Mode.NAMED if meanwhile == "all of it" else Mode.OPEN)
    scene.say(ANA, None if meanwhile == "all of it" else "What is that?")
    if meanwhile == "a word":
        scene.go_on(0.5)
        scene.speak(1, "That is")
    elif meanwhile == "all of it":
        scene.answer(1, "That is the moon.")  # held, for nobody knows yet what Ana has said
    scene.conversation.prompt(Prompt("Throw Cleo out.", BEN), scene.now)
    scene.call("a")
    assert BEN in scene.tools.asked["a"].speakers


def test_where_the_service_finds_the_turns_a_call_during_one_is_on_nobody_s_behalf() -> None:
    scene = Scene(local_turns=False)
    scene.say(ANA)
    scene.answer(1)
    scene.go_on(5)
    scene.begin(BEN)
    scene.go_on(1)
    scene.call("a")  # the service has heard Ben's last word before we have
    scene.end(BEN, words="What is that?")
    scene.calls_answered()
    scene.call("b")
    assert scene.tools.asked["a"] == Asked((), clear=False)
    assert not scene.tools.asked["b"].clear


def test_where_the_service_finds_the_turns_what_only_it_has_heard_was_said_by_nobody_known() -> None:
    scene = Scene(local_turns=False)
    scene.say(ANA)
    scene.answer(1)
    scene.go_on(5)
    scene.call("a")
    scene.call("b")
    scene.calls_answered()
    scene.call("c")
    assert not any(asked.clear for asked in scene.tools.asked.values())


def test_a_call_is_made_on_behalf_of_whoever_typed() -> None:
    scene = Scene()
    scene.conversation.prompt(Prompt("Look it up.", BEN), scene.now)
    scene.call("a")
    scene.go_on(0.1)
    assert scene.tools.asked == {"a": Asked((BEN,), clear=True, how="chat")}


def test_what_the_bot_asks_itself_has_nobody_behind_it() -> None:
    scene = Scene()
    scene.type("[Note: you have just joined.]")
    scene.call("a")
    scene.go_on(0.1)
    assert scene.tools.asked == {"a": Asked((), clear=False)}


def test_whoever_types_may_have_the_bot_call_tools_too() -> None:
    scene = Scene()
    for _ in range(3):
        scene.type("Look it up.")
        scene.answer(1)
    assert scene.tools.turns == 3


def test_a_new_connection_has_called_nothing() -> None:
    scene = Scene(mode=Mode.NAMED)
    scene.say(ANA, None)
    scene.call("a")
    scene.disconnect()
    scene.connect()
    scene.transcribed("Parley, look it up.")
    scene.go_on(0.1)
    assert scene.tools.decided == {}
    assert not scene.tools.busy


def test_calls_that_are_called_off_leave_nothing_owed() -> None:
    scene = Scene()
    scene.say(ANA)
    scene.go_on(0.5)
    scene.speak(1, "Let me look.")
    scene.call("a")
    scene.model(ToolCallsCancelled(("a",)))
    scene.over()
    scene.until_quiet()
    scene.go_on(40)
    assert "remark" not in scene.line.said
    assert scene.told == []
    assert scene.line.quiet


# --- typed and shown ---


def test_what_is_typed_is_answered_after_what_is_being_said() -> None:
    scene = Scene()
    scene.begin(ANA)
    typed = scene.type("And me?")
    scene.go_on(1)
    scene.end(ANA, words="What is that?")
    scene.answer(1, "The moon.")
    assert typed == []
    scene.answer(2, "You are well.")
    assert typed == ["You are well."]
    assert scene.heard == [1, 2]


def test_what_is_typed_is_answered_once_when_somebody_interrupts_before_the_answer() -> None:
    scene = Scene()
    typed = scene.type("And me?")
    scene.go_on(0.2)
    scene.say(ANA, "What is that?")
    scene.answer(1, "You are well, and that is the moon.")
    assert typed == ["You are well, and that is the moon."]


def test_whoever_typed_gets_what_was_heard_of_an_answer_that_was_stopped() -> None:
    scene = Scene()
    typed = scene.type("Tell me a story.")
    scene.go_on(0.5)
    scene.speak(1, "Once upon a time there was a", seconds=7)
    scene.go_on(3.5)
    scene.begin(BEN)
    scene.go_on(0.1)
    assert typed == ["Once upon a time"] or typed == ["Once upon a"]


def test_a_picture_goes_before_what_is_said_about_it() -> None:
    scene = Scene()
    scene.conversation.show(b"red square")
    scene.type("What is that?")
    assert scene.line.said == ["image red square", "text What is that?"]


def test_two_who_typed_each_get_their_own_answer() -> None:
    scene = Scene()
    first, second = scene.type("One?"), scene.type("Two?")
    scene.answer(1, "One.")
    scene.answer(2, "Two.")
    assert (first, second) == (["One."], ["Two."])


def test_nobody_who_typed_waits_for_ever() -> None:
    scene = Scene()
    typed = scene.type("Anybody there?")
    scene.go_on(7)
    assert heads(scene.line.said) == ["text", "remark"]
    scene.go_on(12.5)
    assert heads(scene.line.said) == ["text", "remark", "reconnect"]
    scene.connect()
    scene.go_on(13)
    assert typed == [None]
    assert scene.told == [], "who typed is told where they typed, and nobody misses a greeting"
    assert scene.line.settled_to == 1
    assert scene.line.quiet


def test_who_got_no_answer_is_named_and_the_model_knows_of_it() -> None:
    scene = Scene()
    scene.say(ANA)
    scene.go_on(20)
    scene.connect()
    scene.go_on(13)
    assert scene.told == [Unanswered((ANA,), "no answer")]
    scene.say(ANA)
    assert "got no answer" in scene.line.notes[-1]


# --- to fall silent ---


def test_hushed_in_mid_sentence_nothing_more_is_heard() -> None:
    scene = Scene()
    typed = scene.type("Tell me a story.")
    scene.go_on(0.5)
    scene.speak(1, "Once upon a time", seconds=3)
    scene.go_on(1)
    scene.conversation.fall_silent(scene.now)
    assert not scene.mouth.playing
    scene.speak(1, " there was a king.", seconds=3)
    scene.over()
    scene.go_on(1)
    assert not scene.mouth.playing
    assert len(typed) == 1


@pytest.mark.parametrize("mode", [Mode.OPEN, Mode.NAMED])
def test_what_was_asked_before_the_hush_is_not_answered_after_it(mode: Mode) -> None:
    scene = Scene(mode=mode)
    scene.say(ANA, None)  # /hush ends the turn, and then the bot falls silent
    typed = scene.type("And me?")
    scene.conversation.fall_silent(scene.now)
    assert typed == [None]
    scene.transcribed("Parley, what is that?")
    scene.answer(1, "The moon.")
    scene.answer(2, "You are well.")
    scene.go_on(40)
    assert scene.heard == []
    assert scene.told == []
    assert "remark" not in scene.line.said
    assert scene.line.quiet


def test_after_the_hush_everything_is_as_before() -> None:
    scene = Scene()
    scene.say(ANA, None)
    scene.conversation.fall_silent(scene.now)
    scene.answer(1, "The moon.")
    scene.go_on(5)
    scene.say(ANA, "What is that?")
    scene.answer(2, "The sun.")
    assert scene.heard == [2]
    assert scene.minutes[-1] == 'You: "The sun."'


def test_the_rest_after_a_tool_is_not_said_in_spite_of_the_hush() -> None:
    scene = Scene()
    scene.say(ANA)
    scene.go_on(0.5)
    scene.speak(1, "Let me look.", seconds=1)
    scene.call("a")
    scene.until_quiet()
    scene.conversation.fall_silent(scene.now)
    scene.calls_answered()
    scene.answer(2, "Two to one.")
    scene.go_on(40)
    assert scene.heard == [1]
    assert "remark" not in scene.line.said


def test_the_hush_holds_for_those_too_who_wait_for_the_end_of_the_answer() -> None:
    scene = Scene(interrupt=Interrupt.NOBODY)
    scene.say(ANA)
    scene.go_on(0.5)
    scene.speak(1, "A long answer.", seconds=3)
    scene.begin(BEN)
    scene.end(BEN, words=None)
    scene.conversation.fall_silent(scene.now)
    assert not scene.line.held
    scene.speak(1, " That goes on.", seconds=3)
    scene.interrupted()
    scene.answer(2)
    scene.go_on(20)
    assert scene.heard == [1]
    assert not scene.mouth.playing


def test_the_goodbye_is_heard_and_what_was_asked_before_it_is_not() -> None:
    scene = Scene()
    scene.say(ANA)
    scene.conversation.fall_silent(scene.now)
    scene.conversation.prompt(Prompt("Say goodbye.", greets=True), scene.now)
    scene.answer(1, "The moon.")
    scene.answer(2, "Goodbye.")
    assert scene.heard == [2]


# --- the connection ---


def test_what_was_said_when_the_connection_died_is_answered_on_the_next() -> None:
    scene = Scene()
    scene.say(ANA, "What is that?")
    scene.disconnect()
    scene.go_on(30)
    assert heads(scene.line.said) == ["turn", "end"]  # nothing is late while there is no connection
    assert scene.told == []
    scene.connect()
    scene.transcribed("What is that?")  # the line has said it again
    scene.answer(1, "The moon.")
    assert scene.heard == [1]
    assert scene.minutes == ['"Ana": "What is that?"', 'You: "The moon."']


def test_a_sentence_during_which_the_connection_changes_is_written_down_once() -> None:
    scene = Scene()
    scene.begin(ANA)
    scene.transcribed("What is", finished=False)
    scene.disconnect()
    scene.connect()
    scene.transcribed("What is", finished=False)  # the line says all of it again
    scene.transcribed(" that?")
    scene.end(ANA)
    scene.answer(1, "The moon.")
    assert scene.minutes == ['"Ana": "What is that?"', 'You: "The moon."']


def test_an_answer_that_dies_with_its_connection_is_played_as_far_as_it_came() -> None:
    scene = Scene()
    typed = scene.type("Tell me a story.")
    scene.go_on(0.5)
    scene.speak(1, "Once upon a time", seconds=2)
    scene.disconnect()
    scene.connect()
    scene.until_quiet()
    assert scene.mouth.stops == 0
    assert not scene.mouth.playing
    assert typed == ["Once upon a time"]
    assert scene.minutes == ['You: "Once upon a time …"']
    scene.say(ANA)
    assert 'broke off for technical reasons, up to "Once upon a time"' in scene.notes()
    scene.answer(2, "The moon.")
    assert scene.minutes[-1] == 'You: "The moon."'


def test_what_was_not_answered_before_a_new_connection_is_no_broken_answer() -> None:
    scene = Scene()
    scene.say(ANA, "What is that?")
    scene.answer(1, "The moon.")
    scene.until_quiet()
    scene.connect()
    scene.say(ANA)
    assert "technical" not in scene.notes()
    assert len(scene.minutes) == 2


def test_words_that_came_without_a_sound_die_with_their_connection() -> None:
    scene = Scene()
    typed = scene.type("What is the moon?")
    scene.model(OutputTranscript("It is a "))
    scene.disconnect()
    scene.connect()
    scene.answer(1, "It is a stone.")
    assert typed == ["It is a stone."]


def test_the_line_may_roll_over_only_while_nothing_is_going_on() -> None:
    scene = Scene()
    scene.go_on(0.1)
    assert scene.line.quiet
    scene.begin(ANA)
    scene.go_on(0.1)
    assert not scene.line.quiet
    scene.end(ANA, words="Hm?")
    scene.go_on(0.1)
    assert not scene.line.quiet
    scene.answer(1)
    scene.go_on(0.1)
    assert scene.line.quiet  # it is only played any more
    assert not scene.conversation.idle
    scene.type("And me?")
    scene.go_on(0.1)
    assert not scene.line.quiet
    scene.answer(2)
    scene.until_quiet()
    assert scene.conversation.idle


# --- where the service finds the turns ---


def test_where_the_service_finds_the_turns_ours_are_only_watched() -> None:
    scene = Scene(local_turns=False)
    scene.line.takes_notes = False
    scene.say(ANA, "What is that?")
    scene.answer(1, "The moon.", seconds=3)
    scene.begin(BEN)
    assert scene.mouth.playing  # the service decides whether that was an interruption
    scene.interrupted()
    assert not scene.mouth.playing
    scene.end(BEN, words="Stop.")
    scene.go_on(1)
    scene.speak(2, "Fine.")
    scene.model(GenerationComplete())
    assert scene.heard == [1, 2]


def test_an_answer_to_a_turn_that_only_the_service_heard_is_written_down_too() -> None:
    scene = Scene(local_turns=False)
    scene.answer(1, "The moon.")
    assert scene.heard == [1]
    assert scene.minutes == ['You: "The moon."']


# --- whatever happens ---

HAPPENS = st.lists(
    st.sampled_from(
        [
            *("begin Ana", "begin Ben", "end", "words", "more words", "type", "wait", "wait long"),
            *("sound", "silent sound", "answer words", "generated", "complete", "interrupted"),
            *("call", "calls done", "called off", "lost", "found", "hush"),
        ]
    ),
    max_size=40,
)


class Weather:
    """Does to a scene what a list says."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.typed: list[list[str | None]] = []
        self._speaks: int | None = None

    def does(self, happens: str) -> None:
        scene = self.scene
        match happens.split():
            case ["begin", name] if self._speaks is None:
                self._speaks = ANA if name == "Ana" else BEN
                scene.begin(self._speaks)
            case ["end"] | ["hush"] if self._speaks is not None:
                scene.end(self._speaks)
                self._speaks = None
            case ["words"]:
                scene.transcribed("Parley, what is that?")
            case ["more", "words"]:
                scene.transcribed("Ben, ", finished=False)
            case ["type"]:
                self.typed.append(scene.type("And me?"))
            case ["wait", *long]:
                scene.go_on(5.0 if long else 0.3)
            case ["sound"]:
                scene.speak(1)
            case ["silent", "sound"]:
                scene.speak(1, loud=False)
            case ["answer", "words"]:
                scene.model(OutputTranscript("The moon. "))
            case ["generated"]:
                scene.model(GenerationComplete())
            case ["complete"]:
                scene.model(TurnComplete(None))
            case ["interrupted"]:
                scene.model(Interrupted())
            case ["call"]:
                scene.call("a")
            case ["calls", "done"] if scene.tools.busy:
                scene.calls_answered()
            case ["called", "off"] if scene.tools.busy:
                scene.model(ToolCallsCancelled(("a",)))
            case ["lost"]:
                scene.disconnect()
            case ["found"]:
                scene.connect()
        if happens == "hush":
            scene.conversation.fall_silent(scene.now)

    def clears(self) -> None:
        """People fall silent, the connection is there, tools are done, and the model never says a word."""
        self.does("end")
        for _ in range(4):
            self.does("calls done")
            self.does("found")
            self.scene.go_on(30, step_s=0.25)


@settings(deadline=None, max_examples=100)
@given(HAPPENS, st.sampled_from([Mode.OPEN, Mode.NAMED]), st.sampled_from(Interrupt))
def test_whoever_typed_is_told_once_and_in_the_end_nothing_is_left(
    happens: list[str], mode: Mode, interrupt: Interrupt
) -> None:
    scene = Scene(mode=mode, interrupt=interrupt)
    weather = Weather(scene)
    for each in happens:
        weather.does(each)
        assert all(len(told) <= 1 for told in weather.typed)
    weather.clears()
    assert all(len(told) == 1 for told in weather.typed)
    assert not scene.line.held
    assert not scene.mouth.playing
    assert scene.conversation.idle
    assert scene.line.quiet


@settings(deadline=None, max_examples=100)
@given(HAPPENS, st.sampled_from(Interrupt))
def test_hushed_it_is_silent_whatever_happened_before_and_happens_then(
    happens: list[str], interrupt: Interrupt
) -> None:
    scene = Scene(mode=Mode.NAMED, interrupt=interrupt)
    weather = Weather(scene)
    for each in happens:
        weather.does(each)
    weather.does("hush")
    scene.go_on(0.1)
    scene.mouth.heard.clear()
    for each in ("words", "sound", "generated", "complete", "sound", "calls done", "sound", "wait long"):
        weather.does(each)
    assert scene.heard == []
    assert not scene.line.held
    assert all(len(told) == 1 for told in weather.typed)
