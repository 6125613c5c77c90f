"""Is the bot meant? Decided once for every turn, by what there is, and never too late."""

from __future__ import annotations

import pytest
from sides_on_record import ANA, NAMES, piece

from bot.gate import DOUBT_S, PATIENCE_S, WORDLESS_S, Gate
from bot.live.events import Audio, InputTranscript
from bot.turns.exchange import Answered, Exchange, Kind, Play, Reconnect, Settled, Verdict
from bot.turns.floor import Floor, FloorRules, Mode
from bot.turns.turn import Spoken, Turn
from bot.turns.words import SETTLED_S

TO_THE_BOT = "Parley, what time is it?"
TO_BEN = "Ben, what time is it?"


class Doors:
    """A gate with its exchange, and turns of Ana that go through both."""

    def __init__(self, mode: Mode = Mode.NAMED) -> None:
        self.floor = Floor(FloorRules(mode=mode, names=("Parley",)))
        self.floor.present(NAMES)
        self.exchange: Exchange[Audio] = Exchange()
        self.gate = Gate(self.floor, self.exchange)
        self.number = 0

    def turn(self, now: float, words: str = "") -> Verdict | None:
        """One that ends at `now`, and what is certain of it then."""
        self.number += 1
        self.gate.opened(self.number, (ANA,), now - 1)
        self.exchange.opened(now - 1, noted=False)
        if words:
            self.came(words, now - 0.2)
        utterance = self.gate.words.ended(Turn((Spoken(ANA, now - 1, now),), now - 1, now, False))
        assert utterance is not None
        verdict = self.gate.ended(utterance, now)
        self.exchange.asked(self.number, Kind.TURN, verdict, now)
        return verdict

    def came(self, words: str, now: float, *, finished: bool = True) -> bool:
        """Words are transcribed. Whether what was held is played now."""
        return _plays(self.gate.came(InputTranscript(words, finished), now))

    def tick(self, now: float) -> bool:
        return _plays(self.gate.tick(now))

    def answer(self, now: float) -> bool:
        """The answer begins. Whether it is played at once."""
        return _plays(self.exchange.sound(piece(1), True, now))


def _plays(effects: object) -> bool:
    assert isinstance(effects, list)
    return any(isinstance(effect, Play) for effect in effects)


def test_where_everybody_is_answered_nothing_waits() -> None:
    assert Doors(Mode.OPEN).turn(10.0) is Verdict.ANSWER


@pytest.mark.parametrize(("words", "verdict"), [(TO_THE_BOT, Verdict.ANSWER), (TO_BEN, Verdict.CONTEXT)])
def test_with_all_its_words_a_turn_is_decided_at_its_end(words: str, verdict: Verdict) -> None:
    assert Doors().turn(10.0, words) is verdict


def test_an_answer_waits_for_the_words_and_not_longer() -> None:
    doors = Doors()
    assert doors.turn(10.0) is None
    assert not doors.answer(10.5)
    assert not doors.tick(10.6)
    assert doors.came(TO_THE_BOT, 10.7)
    assert not doors.tick(10.8)
    assert not doors.came(" Please.", 10.9)  # decided already


def test_certain_words_need_no_last_mark_and_others_wait_for_a_pause() -> None:
    doors = Doors()
    doors.turn(10.0)
    doors.answer(10.5)
    assert doors.came("Parley, what time", 10.6, finished=False)

    doors = Doors()
    doors.turn(10.0)
    doors.answer(10.5)
    doors.tick(10.5)
    assert not doors.came("What time is it", 10.6, finished=False)
    assert not doors.tick(10.6 + SETTLED_S / 2)
    assert not doors.came(", Parley?", 10.7, finished=False)
    assert doors.tick(10.7 + SETTLED_S + 0.01)


@pytest.mark.addressing
@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("words_at", [10.1, 10.5, 10.6, 11.3])
@pytest.mark.parametrize("words", [TO_THE_BOT, "What time is it, Parley?"])
def test_the_gate_adds_150_ms_at_most_once_the_words_are_there(
    words: str, words_at: float, finished: bool
) -> None:
    doors, answer_at, played_at = Doors(), 10.5, None
    doors.turn(10.0)
    for now in (10.0 + 0.02 * beat for beat in range(100)):
        plays = doors.came(words, now, finished=finished) if abs(now - words_at) < 0.01 else False
        plays = (doors.answer(now) if abs(now - answer_at) < 0.01 else False) or plays
        plays = doors.tick(now) or plays
        if plays and played_at is None:
            played_at = now
    assert played_at is not None
    assert played_at - max(words_at, answer_at) <= 0.150


def test_where_nothing_is_transcribed_an_answer_too_many_is_better_than_none() -> None:
    doors = Doors()
    doors.turn(10.0)
    doors.answer(10.5)
    assert not doors.tick(10.5)
    assert not doors.tick(10.5 + WORDLESS_S - 0.1)
    assert doors.tick(10.5 + WORDLESS_S)


def test_a_turn_without_words_in_a_room_with_words_is_context() -> None:
    doors = Doors()
    doors.turn(5.0, TO_BEN)
    doors.turn(10.0)
    doors.answer(10.5)
    doors.tick(10.5)
    assert not doors.tick(10.0 + PATIENCE_S - 0.1)
    assert doors.exchange.verdict is None, "its words may come after the answer"
    assert not doors.tick(10.0 + PATIENCE_S)
    assert doors.exchange.verdict is Verdict.CONTEXT


def test_words_may_come_after_the_whole_answer() -> None:
    doors = Doors()
    doors.turn(5.0, TO_BEN)
    doors.turn(10.0)
    doors.answer(10.5)
    doors.tick(10.5)
    doors.exchange.turn_complete(None, False, 14.0)
    assert not doors.tick(15.0)
    assert doors.came(TO_THE_BOT, 15.5)


def test_a_name_in_the_late_half_of_a_sentence_is_waited_for() -> None:
    doors = Doors()
    doors.turn(10.0)
    doors.came("What is the capita", 9.0, finished=False)
    doors.answer(10.5)
    for tick in range(5, 20):
        assert not doors.tick(10 + tick / 10)
    assert not doors.came("l of Peru, Parley?", 12.0, finished=False)
    assert doors.tick(12.0 + SETTLED_S + 0.01)


def test_without_a_connection_missing_words_show_nothing() -> None:
    doors = Doors()
    doors.turn(5.0, TO_BEN)
    doors.gate.settled(1)
    doors.turn(10.0)
    doors.answer(10.5)
    doors.gate.disconnected()
    doors.exchange.disconnected(10.6)
    for tick in range(7, 200):
        doors.tick(10 + tick / 10)
        doors.exchange.tick(10 + tick / 10)
    assert doors.exchange.verdict is None
    doors.gate.connected(30.0)
    doors.exchange.connected(30.0)
    doors.answer(31.0)
    assert doors.came(TO_THE_BOT, 31.2)


def test_a_silent_model_is_not_waited_for_once_the_words_are_there() -> None:
    doors = Doors()
    doors.turn(10.0)
    doors.came("What time is it, Parley", 10.3, finished=False)
    doors.tick(10.3 + DOUBT_S - 0.1)
    assert doors.exchange.verdict is None
    doors.tick(10.3 + DOUBT_S)
    assert doors.exchange.verdict is Verdict.ANSWER


def test_half_a_sentence_is_not_judged_where_nothing_shows_that_the_rest_was_heard() -> None:
    doors = Doors()
    doors.turn(5.0, TO_BEN)
    doors.exchange.turn_complete(None, False, 6.0)
    doors.gate.settled(1)
    doors.turn(10.0)
    doors.came("What is the capita", 9.5, finished=False)
    for beat in range(1, 120):
        doors.tick(10 + beat / 10)
        doors.exchange.tick(10 + beat / 10)
    assert doors.exchange.verdict is None, "the connection may be dead, and the name come last"
    assert any(isinstance(effect, Reconnect) for effect in doors.exchange.tick(22.1))
    doors.gate.connected(23.0)
    doors.exchange.connected(23.0)
    doors.came("What is the capital of Peru, Parley?", 23.5)
    assert doors.exchange.verdict is Verdict.ANSWER


@pytest.mark.parametrize(
    ("words", "after", "verdict"),
    [
        ("We could have pizza", "turn complete", Verdict.CONTEXT),
        ("We could have pizza", " tonight", Verdict.CONTEXT),
        ("We could have pizza.", "", Verdict.CONTEXT),
        ("ピザはどう？", "", Verdict.CONTEXT),
        ("We could have pizza", "", None),
    ],
)
def test_but_is_where_something_does(words: str, after: str, verdict: Verdict | None) -> None:
    doors = Doors()
    doors.turn(10.0)
    doors.came(words, 9.5, finished=False)
    if after == "turn complete":
        doors.exchange.turn_complete(None, False, 10.5)
    elif after:
        doors.came(after, 10.5, finished=False)
    doors.tick(10.5 + DOUBT_S)
    assert doors.exchange.verdict is verdict


def test_a_name_that_is_known_needs_no_such_sign() -> None:
    doors = Doors()
    doors.turn(10.0)
    doors.came("What time is it, Parley?", 9.5, finished=False)
    doors.tick(10.0 + DOUBT_S)
    assert doors.exchange.verdict is Verdict.ANSWER


def test_the_time_that_one_answer_waited_is_not_counted_for_the_next() -> None:
    doors = Doors()
    doors.turn(5.0)
    doors.answer(5.5)
    doors.tick(5.5)
    doors.came(TO_THE_BOT, 5.6)  # decided, and the answer is played for a while
    doors.tick(5.7)
    doors.turn(20.0)
    doors.answer(20.4)
    assert not doors.tick(20.41)
    assert doors.came(TO_THE_BOT, 20.6)


def test_a_tool_that_is_called_without_a_word_waits_no_longer_than_an_answer() -> None:
    doors = Doors()
    doors.turn(10.0)
    doors.exchange.called(10.5)
    doors.tick(10.5)
    assert doors.exchange.verdict is None
    doors.tick(10.5 + WORDLESS_S)
    assert doors.exchange.verdict is Verdict.ANSWER


def test_what_the_answer_to_another_turn_has_answered_along_is_judged_when_its_words_are_there() -> None:
    doors = Doors()
    doors.turn(8.0, TO_THE_BOT)
    doors.turn(10.0)
    assert doors.answer(10.5), "to both: the first was interrupted"
    doors.gate.settled(2)
    assert doors.gate.came(InputTranscript(TO_THE_BOT, True), 10.6) == [Answered(2)]


def test_what_is_settled_and_never_gets_words_is_forgotten() -> None:
    doors = Doors()
    doors.turn(8.0, TO_THE_BOT)
    doors.turn(10.0)
    doors.answer(10.5)
    doors.gate.settled(2)
    doors.exchange.generation_complete(10.6)
    doors.tick(10.0 + DOUBT_S)
    assert doors.gate.came(InputTranscript(TO_THE_BOT, True), 13.0) == []


def test_what_is_dropped_is_not_judged_any_more() -> None:
    doors = Doors()
    doors.turn(10.0)
    doors.gate.drop_all()
    doors.exchange.dropped(10.1)
    assert not doors.answer(10.5)
    assert not doors.came(TO_THE_BOT, 10.6)
    assert not doors.tick(20.0)
    assert doors.exchange.verdict is Verdict.CONTEXT


def test_words_of_a_turn_that_is_said_again_replace_those_of_before() -> None:
    doors = Doors()
    doors.turn(5.0, TO_BEN)
    doors.gate.settled(1)
    doors.turn(10.0)
    doors.came("Parley, wh", 10.2, finished=False)
    doors.gate.connected(11.0)
    doors.exchange.connected(11.0)
    doors.came(TO_THE_BOT, 11.5)
    assert [utterance.words for utterance in doors.gate.words] == [TO_BEN, TO_THE_BOT]
    effects = doors.exchange.sound(piece(1), True, 12.0)
    assert Play((piece(1),)) in effects
    assert Settled(2) in effects
