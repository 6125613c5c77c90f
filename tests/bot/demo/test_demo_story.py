"""What a demonstration makes of a rollover, of an answer that nobody heard, and of a voice turned down."""

from __future__ import annotations

import numpy as np
import pytest

from audio.formats import DISCORD_HZ, LIVE_IN_HZ, Samples, to_pcm16
from bot.demo.latency import live_to_ear_ms, offset_of
from bot.demo.loudness import gains_db
from bot.demo.report import latencies
from bot.demo.story import Story, Utterance
from bot.loopback import speech
from bot.loopback.live.record import Kind, LiveEvent, LiveSessionRecord
from bot.loopback.member.talk import SpokenPacket, SpokenRecord

BEGAN = 50.0
CHANGED_AFTER_S = 1.0
STEP = LIVE_IN_HZ // 10


def spoken(clip: str, began: float = BEGAN) -> SpokenRecord:
    frames = len(speech.load(clip, LIVE_IN_HZ)) // 320
    return SpokenRecord([SpokenPacket(began + n * 0.02, began + n * 0.02, n, True) for n in range(frames)])


@pytest.fixture
def rollover() -> Story:
    """Ana says hello; after a second of it the connection changes, and the second is sent again at once."""
    said, record = speech.load("hello", LIVE_IN_HZ), spoken("hello")
    changed = BEGAN + CHANGED_AFTER_S
    old = LiveSessionRecord("old", BEGAN - 10, 60, close=(1000, ""))
    new = LiveSessionRecord("new", changed, 60)
    old.note(Kind.ACTIVITY_START, BEGAN + 0.1)
    new.note(Kind.ACTIVITY_START, changed + 0.01)
    for at in range(0, len(said) - STEP, STEP):
        spoken_at = BEGAN + (at + STEP) / LIVE_IN_HZ
        if spoken_at <= changed:
            old.hear(to_pcm16(said[at : at + STEP]), max(spoken_at, BEGAN + 0.2))
        new.hear(to_pcm16(said[at : at + STEP]), max(spoken_at, changed + 0.02))
    new.note(Kind.ACTIVITY_END, record.ended_at + 0.5)
    new.note(Kind.ANSWER, record.ended_at + 0.6, "answer_cinema")
    events = [*old.events, *new.events, LiveEvent(Kind.AUDIO_OUT, record.ended_at + 0.7, "new", 0)]
    return Story(
        500.0,
        utterances=[Utterance.of_clip("Ana", "hello", record)],
        events=events,
        sessions=[old, new],
    )


def test_a_turn_on_two_connections_is_one_turn(rollover: Story) -> None:
    [(began, ended)] = rollover.turns()
    assert began == BEGAN + 0.1
    assert ended == rollover.utterances[0].record.ended_at + 0.5
    assert rollover.rollovers == [BEGAN + CHANGED_AFTER_S]


def test_what_the_model_heard_is_there_once_and_where_it_was_said(rollover: Story) -> None:
    said, heard = speech.load("hello", LIVE_IN_HZ), rollover.live_in()
    assert abs(len(heard.samples) - len(said)) <= STEP
    offset, match = offset_of(heard.samples, said)
    assert (offset, match) == (0, pytest.approx(1.0, abs=1e-3))
    assert heard.t0 == pytest.approx(BEGAN, abs=0.001)


def test_its_sentence_says_nothing_about_the_way_to_the_model(rollover: Story) -> None:
    assert latencies(rollover)["speech_to_live"] is None
    rollover.sessions.pop(0)
    assert latencies(rollover)["speech_to_live"] is not None


def test_an_answer_that_nobody_heard(rollover: Story) -> None:
    [answer] = rollover.answers()
    assert (answer.clip, answer.heard_at, answer.seconds) == ("answer_cinema", None, pytest.approx(0.04))
    rollover.bot_heard_at = [answer.at + 0.01]
    assert rollover.answers()[0].heard_at == answer.at + 0.01
    assert live_to_ear_ms(rollover.events, rollover.bot_heard_at) == pytest.approx([10.0], abs=0.1)


def test_no_answer_no_latency() -> None:
    assert live_to_ear_ms([], [1.0]) == []


def turned_down(samples: Samples, began_s: float, ended_s: float) -> Samples:
    changed = np.array(samples)
    changed[round(began_s * DISCORD_HZ) : round(ended_s * DISCORD_HZ)] *= 0.25
    return changed


def test_where_a_voice_was_turned_down_and_by_how_much() -> None:
    said = speech.load("answer_hello")
    heard = np.concatenate((np.zeros(4800, np.float32), turned_down(said, 3.0, 3.3)))
    softer = [at_s for at_s, gain in gains_db(heard, said) if gain == pytest.approx(-12, abs=0.5)]
    assert softer
    assert all(3.0 <= at_s <= 3.4 for at_s in softer), "0.1 s of silence come before it"
    assert all(gain == pytest.approx(0, abs=0.1) for at_s, gain in gains_db(heard, said) if at_s > 3.5)
