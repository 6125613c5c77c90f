"""Words and the turns they are the words of, when they come late, in pieces or once more."""

from __future__ import annotations

import pytest

from bot.turns.turn import Spoken, Turn
from bot.turns.words import HEAD_S, LATE_S, SETTLED_S, Words

ANA, BEN = 1, 2
SPOKEN_S, HANGOVER_S = 2.0, 0.5


class Scene:
    """Turns of two seconds, one after the other; the service transcribes when the test says so."""

    def __init__(self) -> None:
        self.words = Words()
        self.now = 0.0
        self._number = 0

    def begins(self, who: int) -> None:
        self._number += 1
        self.words.opened(self._number, (who,), self.now)

    def ends(self, who: int) -> None:
        self.now += SPOKEN_S + HANGOVER_S
        until = self.now - HANGOVER_S
        utterance = self.words.ended(Turn((Spoken(who, 0, until, 0, 0),), until - SPOKEN_S, until, False))
        assert utterance is not None
        utterance.ended_at = self.now

    def says(self, who: int) -> None:
        self.begins(who)
        self.ends(who)

    def transcribed(self, *pieces: str, finished: bool = True) -> None:
        for piece in pieces:
            self.words.came(piece, False, self.now)
        if finished:
            self.words.came("", True, self.now)

    @property
    def heard(self) -> list[str]:
        return [utterance.words for utterance in self.words]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_words_that_come_while_the_next_turn_is_open_are_of_the_one_before(scene: Scene) -> None:
    scene.says(ANA)
    scene.begins(BEN)
    scene.now += LATE_S - 0.1
    scene.transcribed("I asked ", "Parley.")
    scene.transcribed("Parley, ", "why?")
    assert scene.heard == ["I asked Parley.", "Parley, why?"]


def test_the_rest_of_a_sentence_is_not_the_beginning_of_a_turn_that_has_hardly_begun(scene: Scene) -> None:
    scene.says(ANA)
    scene.transcribed("I asked", finished=False)
    scene.now += 1.0
    scene.begins(BEN)
    scene.now += HEAD_S - 0.1
    scene.transcribed(" Parley about that.", finished=False)
    scene.now += SETTLED_S + 0.1
    scene.transcribed("Dan, did you", finished=False)
    assert scene.heard == ["I asked Parley about that.", "Dan, did you"]


def test_a_service_that_marks_the_end_of_a_sentence_is_waited_for(scene: Scene) -> None:
    scene.says(ANA)
    scene.transcribed("Hello.")
    scene.says(ANA)
    scene.transcribed("I asked", finished=False)
    scene.begins(BEN)
    scene.now += LATE_S - 0.1
    scene.transcribed(" Parley about that.")
    scene.transcribed("Dan, did you", finished=False)
    assert scene.heard[1:] == ["I asked Parley about that.", "Dan, did you"]


def test_also_where_it_does_so_for_the_first_time(scene: Scene) -> None:
    scene.says(ANA)
    scene.transcribed("I asked", finished=False)
    scene.begins(BEN)
    scene.now += HEAD_S + 0.1
    scene.words.came(" Parley about that.", True, scene.now)
    scene.transcribed("Dan, did you", finished=False)
    assert scene.heard == ["I asked Parley about that.", "Dan, did you"]


def test_two_sentences_that_come_at_once_are_of_two_turns_unless_a_space_joins_them(scene: Scene) -> None:
    for _ in range(2):
        scene.says(ANA)
    scene.words.said_again(0, scene.now)
    scene.transcribed("I asked Parley.", " Twice.", "Parley, why?", finished=False)
    assert scene.heard == ["I asked Parley. Twice.", "Parley, why?"]


def test_a_turn_without_words_does_not_take_those_of_another_for_ever(scene: Scene) -> None:
    scene.says(ANA)
    scene.begins(BEN)
    scene.now += LATE_S
    scene.transcribed("Parley, why?")
    assert scene.heard == ["", "Parley, why?"]


def test_what_is_said_again_on_a_new_connection_is_transcribed_again_in_order(scene: Scene) -> None:
    scene.says(ANA)
    scene.transcribed("Hello.")
    scene.says(BEN)
    scene.transcribed("I asked Parley.")
    scene.says(ANA)  # while there is no connection
    scene.begins(BEN)
    scene.now += 10
    scene.words.said_again(1, scene.now)
    assert scene.heard[1] == "I asked Parley.", "known until it comes anew"
    scene.transcribed("I asked ", "Parley.")
    scene.transcribed("What ", "for?")
    scene.transcribed("Parley, why?")
    assert scene.heard == ["Hello.", "I asked Parley.", "What for?", "Parley, why?"]


def test_what_is_not_said_again_has_no_words_to_come(scene: Scene) -> None:
    scene.says(ANA)
    scene.says(BEN)
    scene.words.said_again(0, scene.now, but=(1,))
    scene.transcribed("Parley, why?")
    assert scene.heard == ["", "Parley, why?"]


def test_without_a_last_mark_a_pause_is_one(scene: Scene) -> None:
    scene.says(ANA)
    scene.transcribed("I asked ", "Parley.", finished=False)
    scene.begins(BEN)
    scene.now += 0.5
    scene.transcribed("Parley, ", "why?", finished=False)
    assert scene.heard == ["I asked Parley.", "Parley, why?"]
