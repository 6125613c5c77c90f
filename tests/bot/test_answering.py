"""What is being said, to whom, and what is remembered of it. The mouth plays in virtual time."""

from __future__ import annotations

import numpy as np
import pytest
from sides_on_record import ANA, BEN, MouthOnRecord, piece

from bot.answering import AUDIBLE, LAST_WORDS, PROTECTED_S, Answering, Prompt, is_loud
from bot.turns.minutes import Minutes
from bot.turns.notes import News


class Desk:
    """An answering with all that it writes to."""

    def __init__(self) -> None:
        self.mouth, self.news, self.minutes = MouthOnRecord(), News(), Minutes()
        self.misses = 0
        self.answering = Answering(self.mouth, self.news, self.minutes, self._missed)

    def _missed(self) -> None:
        self.misses += 1

    def speak(self, words: str, *, seconds: float = 1.0, number: int | None = None) -> None:
        self.answering.said(words)
        self.answering.play([piece(1)] * round(seconds * 10))
        if number is not None:
            self.answering.begins(number, (), self.mouth.now)

    def note(self) -> str:
        return self.news.compose([]) or ""


def test_a_complete_answer_is_played_to_its_end_and_written_down_once() -> None:
    desk = Desk()
    desk.speak("The moon ")
    desk.speak("is a stone.")
    desk.answering.complete()
    desk.answering.complete()  # said twice
    assert desk.mouth.playing
    assert desk.minutes.lines == ['You: "The moon is a stone."']
    desk.mouth.now = 2.1
    assert not desk.mouth.playing


@pytest.mark.parametrize("complete", [False, True])
def test_what_was_not_heard_is_not_in_the_minutes(complete: bool) -> None:
    desk = Desk()
    desk.minutes.said(["Ana"], "When?")
    desk.speak("one two three four five six seven eight nine ten", seconds=10)
    if complete:
        desk.answering.complete()
    desk.minutes.said(["Ben"], "Stop.")
    desk.mouth.now = 3.0
    desk.answering.cut()
    assert 'You: "one two three …"' in desk.minutes.lines
    assert len(desk.minutes.lines) == 3
    assert 'the first 30 % was heard, up to "one two three"' in desk.note()


def test_an_answer_of_which_nothing_was_heard_was_never_given() -> None:
    desk = Desk()
    desk.speak("The moon is a stone.", seconds=10)
    desk.answering.complete()
    desk.answering.cut()
    assert desk.minutes.lines == []
    assert "nothing was heard" in desk.note()


def test_only_the_last_words_are_told_of_a_long_answer() -> None:
    desk = Desk()
    desk.speak(" ".join(f"w{index}" for index in range(100)), seconds=10)
    desk.mouth.now = 5.0
    desk.answering.cut()
    note = desk.note()
    assert 'w49"' in note
    assert f"w{50 - LAST_WORDS - 1} " not in note


def test_to_stop_when_nothing_is_said_leaves_no_trace() -> None:
    desk = Desk()
    desk.answering.cut()
    desk.answering.said("The moon")  # and no sound of it
    desk.answering.cut()
    desk.answering.lost()
    assert desk.mouth.stops == 0
    assert desk.minutes.lines == []
    assert desk.note() == ""


def test_to_stop_at_the_very_end_takes_nothing_back() -> None:
    desk = Desk()
    desk.speak("The moon is a stone.")
    desk.answering.complete()
    desk.mouth.now = 5.0
    desk.answering.cut()
    assert desk.minutes.lines == ['You: "The moon is a stone."']
    assert desk.note() == ""


def test_what_a_lost_connection_had_given_is_played_and_remembered() -> None:
    desk = Desk()
    got: list[str | None] = []
    desk.answering.asked(1, Prompt("?", done=got.append))
    desk.speak("The moon is", number=1)
    desk.answering.lost()
    assert desk.mouth.playing
    assert got == ["The moon is"]
    assert desk.minutes.lines == ['You: "The moon is …"']
    assert 'broke off for technical reasons, up to "The moon is"' in desk.note()
    desk.speak("Mars.")
    desk.answering.complete()
    assert desk.minutes.lines[-1] == 'You: "Mars."'


def test_everybody_who_typed_is_told_exactly_once() -> None:
    desk = Desk()
    got: dict[int, list[str | None]] = {number: [] for number in range(1, 5)}
    for number in got:
        desk.answering.asked(number, Prompt("?", done=got[number].append))
    desk.speak("One and two.", number=1)
    desk.answering.begins(2, (), 0.0)
    desk.answering.complete()
    desk.speak("Three.", number=3)
    desk.mouth.now = 5.0
    desk.answering.cut()
    desk.answering.gave_up(4)
    for number in got:
        desk.answering.gave_up(number)
    desk.answering.lost()
    assert got == {1: ["One and two."], 2: ["One and two."], 3: ["Three."], 4: [None]}


def test_who_typed_gets_none_of_the_answer_before() -> None:
    desk = Desk()
    got: list[str | None] = []
    desk.speak("one two three four", seconds=4)
    desk.answering.complete()
    desk.answering.asked(1, Prompt("?", done=got.append))
    desk.speak("five six seven eight", seconds=4, number=1)  # waits behind the other
    desk.mouth.now = 6.0
    desk.answering.cut()
    assert got == ["five six"]


def test_the_asker_is_known_until_it_is_over_and_only_once() -> None:
    desk = Desk()
    desk.answering.begins(1, [ANA], 0.0)
    desk.answering.begins(2, [BEN], 0.0)
    assert desk.answering.asker == {ANA, BEN}
    assert desk.answering.over() == {ANA, BEN}
    assert desk.answering.over() == frozenset()


def test_the_greeting_is_protected_for_one_sentence_and_no_longer_than_it_lasts() -> None:
    desk = Desk()
    desk.answering.asked(1, Prompt("Greet.", greets=True))
    desk.answering.asked(2, Prompt("?"))
    assert not desk.answering.is_protected(0.0)
    desk.speak("Hello.", number=1)
    assert desk.answering.is_protected(PROTECTED_S - 0.1)
    assert not desk.answering.is_protected(PROTECTED_S)
    desk.answering.complete()
    desk.answering.over()
    assert not desk.answering.is_protected(1.0)
    desk.speak("Fine.", number=2)
    assert not desk.answering.is_protected(1.0)


def test_an_answer_that_was_stopped_does_not_count_as_not_understood() -> None:
    desk = Desk()
    for complete in (True, False, True):
        desk.speak("Sorry, I didn't catch that.", seconds=10)
        if complete:
            desk.answering.complete()
        desk.answering.cut()
    assert desk.misses == 1


def test_loud_is_what_can_be_heard() -> None:
    assert not is_loud(b"")
    assert not is_loud(b"\x01")
    assert not is_loud(np.full(480, AUDIBLE - 1, "<i2").tobytes())
    assert is_loud(np.full(480, -AUDIBLE, "<i2").tobytes())
    assert is_loud(np.array([-32768], "<i2").tobytes())  # has no positive counterpart in 16 bits
