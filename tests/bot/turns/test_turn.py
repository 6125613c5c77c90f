"""Turn detection on virtual time: examples first, then every order of events that a machine can think of."""

from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from audio.formats import FRAME_MS
from bot.turns.turn import (
    BARGE_IN,
    HANGOVER_MS,
    LAPSE_MS,
    LOOK_BACK_MS,
    MAX_WAIT_MS,
    ONSET,
    SOUND_GAP_MS,
    SPEECH,
    FalseAlarm,
    Frame,
    SpeechOnset,
    TurnDetector,
    TurnEnded,
    TurnEvent,
    TurnStarted,
)

TICK_S = FRAME_MS / 1000
ANA, BEN = 1, 2


class Channel:
    """A detector and the clock of its room. A line of a script is one person: ``#`` voiced, ``.`` not."""

    def __init__(self, detector: TurnDetector | None = None, buffer_s: float = 0.04) -> None:
        self.detector = detector or TurnDetector()
        self.buffer_s = buffer_s
        self.now = 100.0
        self.bot_speaking = False
        self.events: list[tuple[float, TurnEvent]] = []

    def tick(self, voiced: Iterable[int] = (), heard: Iterable[int] = ()) -> list[TurnEvent]:
        self.now += TICK_S
        arrived_at = self.now - self.buffer_s
        frames = [Frame(user_id, True, arrived_at) for user_id in voiced]
        frames += [Frame(user_id, False, arrived_at) for user_id in heard]
        events = self.detector.push(frames, self.now, bot_speaking=self.bot_speaking)
        self.events += [(self.now, event) for event in events]
        return events

    def play(self, *lines: str) -> "Channel":
        for marks in zip(*lines, strict=True):
            self.tick(voiced=[ANA + index for index, mark in enumerate(marks) if mark == "#"])
        return self

    def quiet(self, ms: int) -> "Channel":
        return self.play("." * (ms // FRAME_MS))

    def speech(self, ms: int) -> "Channel":
        return self.play("#" * (ms // FRAME_MS))

    @property
    def kinds(self) -> list[type[TurnEvent]]:
        return [type(event) for _, event in self.events]

    def at(self, kind: type[TurnEvent]) -> float:
        return next(at for at, event in self.events if isinstance(event, kind))


def test_a_sentence_is_one_turn() -> None:
    channel = Channel().quiet(200).speech(1000).quiet(1000)
    assert channel.kinds == [SpeechOnset, TurnStarted, TurnEnded]
    assert not channel.detector.in_turn


def test_a_word_that_begins_just_before_the_hangover_is_over_belongs_to_the_sentence() -> None:
    channel = Channel().quiet(200).speech(1000).quiet(420).play("#.#").speech(400).quiet(1000)
    assert channel.kinds == [SpeechOnset, TurnStarted, TurnEnded]


def test_a_quiet_bot_listens_after_60_ms_from_the_first_voiced_frame_on() -> None:
    channel = Channel().quiet(200)
    first_voiced = channel.now + TICK_S
    channel.speech(200)
    assert channel.at(SpeechOnset) == pytest.approx(first_voiced + TICK_S)
    assert channel.at(TurnStarted) == pytest.approx(first_voiced + 2 * TICK_S)
    started = next(event for _, event in channel.events if isinstance(event, TurnStarted))
    assert started.speakers == (ANA,)
    assert started.speech_from == pytest.approx(first_voiced)


def test_a_speaking_bot_ducks_at_once_and_stops_after_160_ms() -> None:
    channel = Channel().quiet(200)
    channel.bot_speaking = True
    first_voiced = channel.now + TICK_S
    channel.speech(400)
    assert channel.at(SpeechOnset) == pytest.approx(first_voiced + TICK_S)
    assert channel.at(TurnStarted) == pytest.approx(first_voiced + 0.140)
    # In the channel: 40 ms of playout buffer and one tick before the first voiced frame is heard here.
    assert channel.at(TurnStarted) - (first_voiced - channel.buffer_s - TICK_S) < 0.400


def test_a_voice_that_is_recognised_late_is_heard_from_its_first_sound() -> None:
    channel = Channel().quiet(200)
    began = channel.now + TICK_S
    for _ in range(50):  # a second of sound that is no voice yet
        channel.tick(heard=[ANA])
    channel.speech(100)
    (started,) = [event for _, event in channel.events if isinstance(event, TurnStarted)]
    assert started.speech_from == pytest.approx(began)


def test_a_turn_does_not_reach_back_further_than_it_may_nor_over_a_pause() -> None:
    channel = Channel()
    for _ in range(200):
        channel.tick(heard=[ANA])  # a fan
    channel.speech(100)
    (started,) = [event for _, event in channel.events if isinstance(event, TurnStarted)]
    assert channel.at(TurnStarted) - started.speech_from == pytest.approx(LOOK_BACK_MS / 1000)
    other = Channel()
    for _ in range(20):
        other.tick(heard=[ANA])
    other.quiet(SOUND_GAP_MS + 2 * FRAME_MS)
    began = other.now + TICK_S
    other.speech(100)
    (started,) = [event for _, event in other.events if isinstance(event, TurnStarted)]
    assert started.speech_from == pytest.approx(began)


def test_the_gaps_of_plosives_do_not_hide_a_barge_in() -> None:
    channel = Channel()
    channel.bot_speaking = True
    channel.play("#####...#####")
    assert channel.kinds == [SpeechOnset, TurnStarted]


def test_a_cough_ducks_the_bot_and_does_not_stop_it() -> None:
    channel = Channel()
    channel.bot_speaking = True
    channel.speech(120).quiet(600)
    assert channel.kinds == [SpeechOnset, FalseAlarm]
    assert channel.at(FalseAlarm) - channel.at(SpeechOnset) == pytest.approx(
        0.080 + LAPSE_MS / 1000, abs=TICK_S
    )


def test_a_single_voiced_frame_is_nothing() -> None:
    channel = Channel().play("#.....#......#.....#....")
    assert channel.events == []


def test_two_people_s_coughs_do_not_add_up_to_speech() -> None:
    channel = Channel()
    channel.bot_speaking = True
    channel.play("#####.....", ".....#####").quiet(600)
    assert channel.kinds == [SpeechOnset, FalseAlarm]


@pytest.mark.parametrize("buffer_s", [0.0, 0.013, 0.04, 0.16, MAX_WAIT_MS / 1000])
@pytest.mark.parametrize("hangover_ms", [200, 500, 800])
def test_the_hangover_counts_from_the_arrival_of_the_last_voiced_packet(
    buffer_s: float, hangover_ms: int
) -> None:
    channel = Channel(TurnDetector(hangover_ms=hangover_ms), buffer_s).speech(1000)
    last_arrival = channel.now - buffer_s
    channel.quiet(2000)
    late = channel.at(TurnEnded) - (last_arrival + hangover_ms / 1000)
    assert -1e-6 <= late <= TICK_S + 1e-6
    ended = next(event for _, event in channel.events if isinstance(event, TurnEnded))
    assert ended.turn.speech_until == pytest.approx(last_arrival)
    assert not ended.turn.cut


def test_a_pause_shorter_than_the_hangover_belongs_to_the_turn() -> None:
    channel = Channel().speech(500).quiet(HANGOVER_MS - 80).speech(500).quiet(1000)
    assert channel.kinds == [SpeechOnset, TurnStarted, TurnEnded]


def test_a_key_that_rings_does_not_hold_a_turn_open() -> None:
    channel = Channel().play("#" * 50, "." * 50)
    last = channel.now
    channel.play("." * 50, ".....#....#.........#....." + "." * 24)
    assert channel.at(TurnEnded) - last <= 0.5


def test_packets_held_for_their_keys_do_not_end_the_turn_they_begin() -> None:
    channel = Channel(buffer_s=1.0).speech(1000)
    assert channel.kinds == [SpeechOnset, TurnStarted]


def test_a_turn_knows_its_speakers() -> None:
    channel = Channel().play(
        "..........##########....................",
        "#################.......................",
        "......................#.................",
    )
    begin = 100.0 + TICK_S - channel.buffer_s
    channel.quiet(1000)
    [turn] = [event.turn for _, event in channel.events if isinstance(event, TurnEnded)]
    first, second = turn.speakers
    assert (first.user_id, second.user_id) == (BEN, ANA)
    assert first.start == pytest.approx(begin)
    assert first.end == pytest.approx(begin + 16 * TICK_S)
    assert second.start == pytest.approx(begin + 10 * TICK_S)
    assert second.end == pytest.approx(begin + 19 * TICK_S)
    assert turn.speech_until == second.end


def test_a_turn_has_a_longest_length_and_the_rest_is_another_turn() -> None:
    channel = Channel(TurnDetector(max_turn_ms=2000)).speech(5000).quiet(1000)
    turns = [event.turn for _, event in channel.events if isinstance(event, TurnEnded)]
    assert [turn.cut for turn in turns] == [True, True, False]
    assert channel.kinds == [SpeechOnset, TurnStarted, TurnEnded] * 3


def test_finish_ends_what_is_under_way() -> None:
    channel = Channel().speech(500)
    [ended] = channel.detector.finish(channel.now)
    assert isinstance(ended, TurnEnded)
    assert ended.turn.cut
    assert channel.detector.finish(channel.now) == []
    channel.bot_speaking = True
    channel.speech(60)
    assert channel.detector.finish(channel.now) == [FalseAlarm(channel.now)]
    assert channel.quiet(1000).kinds[-1] is SpeechOnset


def test_silence_costs_nothing_and_forgets_everybody() -> None:
    channel = Channel().play(*["#...................."] * 50)
    assert channel.detector._people == {}


class Floor(RuleBasedStateMachine):
    """Random people, pauses, clocks and bots; the promises of the module's first page."""

    HANGOVER_S = 0.3
    MAX_TURN_S = 2.0

    def __init__(self) -> None:
        super().__init__()
        self.detector = TurnDetector(int(self.HANGOVER_S * 1000), int(self.MAX_TURN_S * 1000))
        self.now = 50.0
        self.history: dict[int, list[tuple[bool, float]]] = {}
        self.state: type[TurnEvent] | None = None  # None: quiet
        self.turn_started = 0.0
        self.last_speech = -1.0
        self.previous_end = -1.0

    def tick(self, voiced: Sequence[int], wait_s: float, late_s: float, bot_speaking: bool) -> None:
        self.now += TICK_S + late_s
        arrived_at = self.now - wait_s
        for user_id in {*self.history, *voiced}:
            self.history.setdefault(user_id, []).append((user_id in voiced, arrived_at))
        events = self.detector.push(
            [Frame(user_id, True, arrived_at) for user_id in voiced], self.now, bot_speaking=bot_speaking
        )
        if self.state is TurnStarted and any(self.meets(user_id, SPEECH) for user_id in voiced):
            speaking = [user_id for user_id in voiced if self.meets(user_id, SPEECH)]
            self.last_speech = max(self.last_speech, *map(self.newest, speaking))
        for event in events:
            self.check(event, bot_speaking)
        if self.state is TurnStarted:
            held = any(self.meets(user_id, SPEECH) for user_id in voiced)
            begins = any(any(heard for heard, _ in past[-8:]) for past in self.history.values())
            over = self.now - self.last_speech >= self.HANGOVER_S + 1e-6
            assert held or begins or not over, "the hangover is over"
            assert self.now - self.turn_started < self.MAX_TURN_S + 1e-6, "a turn is bounded"

    def meets(self, user_id: int, which: tuple[int, int]) -> bool:
        voiced_ms, within_ms = which
        recent = self.history[user_id][-(within_ms // FRAME_MS) :]
        return recent[-1][0] and sum(voiced for voiced, _ in recent) * FRAME_MS >= voiced_ms

    def newest(self, user_id: int) -> float:
        """Arrival of the person's newest voiced packet; the frames of a person may arrive out of order."""
        return max(arrived_at for voiced, arrived_at in self.history[user_id][-15:] if voiced)

    def check(self, event: TurnEvent, bot_speaking: bool) -> None:
        match event:
            case SpeechOnset(user_id=user_id):
                assert self.state is None
                assert self.meets(user_id, ONSET)
                self.state = SpeechOnset
            case FalseAlarm():
                assert self.state is SpeechOnset
                self.forget()
            case TurnStarted(speakers=speakers, speech_from=speech_from):
                assert self.state is SpeechOnset
                enough = BARGE_IN if bot_speaking else SPEECH
                assert speakers
                assert all(self.meets(user_id, enough) for user_id in speakers)
                assert self.now - LOOK_BACK_MS / 1000 <= speech_from <= self.now
                self.state, self.turn_started = TurnStarted, self.now
                self.last_speech = max(map(self.newest, speakers))
            case TurnEnded(turn=turn):
                assert self.state is TurnStarted
                assert turn.speech_until == self.last_speech
                assert turn.speakers
                assert all(self.previous_end - MAX_WAIT_MS / 1000 <= s.start <= s.end for s in turn.speakers)
                assert max(s.end for s in turn.speakers) == turn.speech_until
                assert len({s.user_id for s in turn.speakers}) == len(turn.speakers)
                hung = self.now - self.last_speech >= self.HANGOVER_S - 1e-6
                full = self.now - self.turn_started >= self.MAX_TURN_S - 1e-6
                assert hung or full
                assert full or not turn.cut
                self.forget()

    def forget(self) -> None:
        self.state, self.previous_end = None, self.now
        self.history.clear()

    waits = st.floats(0.0, MAX_WAIT_MS / 1000 - 0.001)
    lates = st.floats(0.0, 0.019)

    anybody = st.sets(st.integers(1, 3))

    @rule(people=anybody, ticks=st.integers(1, 30), wait=waits, late=lates, bot=st.booleans())
    def some_speak(self, people: set[int], ticks: int, wait: float, late: float, bot: bool) -> None:
        for _ in range(ticks):
            self.tick(sorted(people), wait, late / ticks, bot)

    @rule(marks=st.lists(anybody, max_size=30), wait=waits, bot=st.booleans())
    def they_babble(self, marks: list[set[int]], wait: float, bot: bool) -> None:
        for people in marks:
            self.tick(sorted(people), wait, 0.0, bot)

    @rule(ticks=st.integers(1, 60), bot=st.booleans())
    def nobody_speaks(self, ticks: int, bot: bool) -> None:
        for _ in range(ticks):
            self.tick([], 0.0, 0.0, bot)

    @rule()
    def the_room_moves(self) -> None:
        for event in self.detector.finish(self.now):
            if isinstance(event, TurnEnded):
                assert self.state is TurnStarted
                assert event.turn.cut
            else:
                assert isinstance(event, FalseAlarm)
                assert self.state is SpeechOnset
        self.state = None
        self.forget()

    @invariant()
    def it_knows_whether_it_is_in_a_turn(self) -> None:
        assert self.detector.in_turn is (self.state is TurnStarted)

    def teardown(self) -> None:
        for _ in range(int((self.HANGOVER_S + 0.4) / TICK_S)):
            self.tick([], 0.0, 0.0, False)
        assert self.state is None, "every turn that was started has ended"


TestFloor: Callable[..., None] = Floor.TestCase  # type: ignore[assignment]
Floor.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)


def ended(channel: Channel) -> list[TurnEnded]:
    return [event for _, event in channel.events if isinstance(event, TurnEnded)]


def test_overlap_is_how_long_others_were_voiced_too() -> None:
    channel = Channel().play("#" * 50 + "." * 50, "." * 30 + "#" * 70).quiet(1000)
    (over,) = ended(channel)
    overlaps = {spoken.user_id: spoken.overlap_s for spoken in over.turn.speakers}
    # 20 ticks together, less the two it takes to know that Ben speaks at all.
    assert overlaps == {ANA: pytest.approx(0.36, abs=0.05), BEN: pytest.approx(0.36, abs=0.05)}


def test_somebody_alone_overlaps_with_nobody() -> None:
    (over,) = ended(Channel().speech(1000).quiet(1000))
    assert over.turn.speakers[0].overlap_s == 0


class Lossy(Channel):
    """Everything that Ana says; `lost_s` grows from outside."""

    lost_s = 0.0

    def say(self, ms: int) -> "Lossy":
        for _ in range(ms // FRAME_MS):
            self.now += TICK_S
            frame = Frame(ANA, True, self.now - self.buffer_s, True, self.lost_s)
            self.events += [(self.now, event) for event in self.detector.push([frame], self.now)]
        return self


def test_a_turn_knows_what_was_lost_of_it_and_not_what_was_lost_before() -> None:
    channel = Lossy()
    channel.lost_s = 7.0  # of another day
    channel.say(500)
    channel.lost_s += 0.4
    channel.say(500).quiet(1000)
    channel.say(500).quiet(1000)
    first, second = ended(channel)
    assert first.turn.speakers[0].lost_s == pytest.approx(0.4)
    assert second.turn.speakers[0].lost_s == 0


def test_a_beginning_that_got_lost_belongs_to_the_turn() -> None:
    channel = Lossy()
    channel.say(500).quiet(3000)
    channel.lost_s = 2.0
    channel.say(500).quiet(10_000)
    channel.lost_s = 9.0
    channel.say(500).quiet(1000)
    lost = [over.turn.speakers[0].lost_s for over in ended(channel)]
    assert lost == [0, pytest.approx(2.0), 0]  # the last gap was too long to be a gap of one sentence
