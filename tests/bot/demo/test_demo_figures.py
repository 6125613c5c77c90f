"""The demonstration's figures, recordings and picture, on a conversation made by hand."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from audio.formats import DISCORD_HZ, LIVE_IN_HZ, to_pcm16
from bot.demo.latency import (
    Percentiles,
    barge_in_stop_ms,
    live_to_ear_ms,
    local_stop_ms,
    offset_of,
    speech_to_live_ms,
    turn_end_ms,
)
from bot.demo.report import latencies, write
from bot.demo.steps import StepFailed, Steps
from bot.demo.story import Story, Utterance
from bot.loopback import speech
from bot.loopback.live.record import Kind, LiveEvent, LiveSessionRecord
from bot.loopback.member.recording import Track
from bot.loopback.member.talk import SpokenPacket, SpokenRecord

BEGAN = 100.0
LATE_S = 0.070  # what the path is to be found to take
HANGOVER_MS = 500


def spoken(clip: str, began: float) -> SpokenRecord:
    frames = len(speech.load(clip, LIVE_IN_HZ)) // 320
    packets = [SpokenPacket(began + n * 0.02, began + n * 0.02, n, True) for n in range(frames)]
    return SpokenRecord(packets)


@pytest.fixture
def story() -> Story:
    """Ana says hello; the model hears it 70 ms late after 200 ms of pre-roll, answers, and is interrupted."""
    record = spoken("hello", BEGAN)
    session = LiveSessionRecord("s", BEGAN, keep_s=60)
    said = np.concatenate((np.zeros(3200, np.float32), speech.load("hello", LIVE_IN_HZ)))
    for at in range(0, len(said) - 320, 320):
        sent_at = BEGAN + (at - 3200) / LIVE_IN_HZ
        session.hear(to_pcm16(said[at : at + 320]), sent_at + LATE_S)
    end = record.ended_at + HANGOVER_MS / 1000
    events = [
        LiveEvent(Kind.ACTIVITY_START, BEGAN - 0.14, "s"),
        LiveEvent(Kind.ACTIVITY_END, end + 0.030, "s"),
        LiveEvent(Kind.ANSWER, end + 0.2, "s", "answer_short"),
        LiveEvent(Kind.AUDIO_OUT, end + 0.3, "s", 0),
        LiveEvent(Kind.AUDIO_OUT, end + 0.34, "s", 1),
        LiveEvent(Kind.INTERRUPTED, end + 1.0, "s"),
    ]
    ears = [end + 0.3 + 0.015 + n * 0.02 for n in range(36)]  # the last one 0.015 s after `interrupted`
    bot = Track(ears[0], speech.load("answer_short", DISCORD_HZ)[: 36 * 960])
    return Story(
        HANGOVER_MS,
        utterances=[Utterance.of_clip("Ana", "hello", record)],
        events=events,
        sessions=[session],
        heard=bot,
        bot=bot,
        bot_heard_at=ears,
    )


def test_speech_to_live(story: Story) -> None:
    session, utterance = story.sessions[0], story.utterances[0]
    found = speech_to_live_ms(
        bytes(session.pcm16), session.arrivals, utterance.samples(LIVE_IN_HZ), utterance.record
    )
    assert len(found) > 50
    assert np.allclose(found, LATE_S * 1000, atol=1)


def test_speech_that_never_arrived_has_no_latency(story: Story) -> None:
    session = story.sessions[0]
    assert (
        speech_to_live_ms(bytes(64_000), session.arrivals, speech.load("second", 16_000), spoken("second", 0))
        == []
    )


def test_turn_end_live_to_ear_and_barge_in(story: Story) -> None:
    assert turn_end_ms(story.events, story.utterances[0].record, HANGOVER_MS) == pytest.approx(30, abs=0.1)
    assert live_to_ear_ms(story.events, story.bot_heard_at) == pytest.approx([15], abs=0.1)
    assert barge_in_stop_ms(story.events, story.bot_heard_at) == pytest.approx([15], abs=0.1)
    interruption = spoken("interrupt", story.bot_heard_at[20])
    assert local_stop_ms(interruption, story.bot_heard_at, float("inf")) == pytest.approx(15 * 20, abs=0.1)


def test_an_utterance_is_found_where_it_lies() -> None:
    said = speech.load("hello", LIVE_IN_HZ)
    heard = np.concatenate((np.zeros(1234, np.float32), said, np.zeros(500, np.float32)))
    assert offset_of(heard, said) == (1234, pytest.approx(1.0, abs=1e-3))
    assert offset_of(heard[2000:], said)[0] == 1234 - 2000
    assert offset_of(np.zeros(10, np.float32), said) == (0, 0.0)


def test_percentiles() -> None:
    assert Percentiles.of([]) is None
    assert Percentiles.of([1.0, 2.0, 3.0]) == Percentiles(2.0, 3.0, 3)
    assert str(Percentiles.of([-0.01])) == "Percentiles(p50=0.0, p99=0.0, n=1)"


def test_the_report_the_recordings_and_the_picture(story: Story, tmp_path: Path) -> None:
    steps = Steps(Console(file=io.StringIO()))
    with steps.step("first"):
        pass
    terminal = io.StringIO()
    assert write(tmp_path, story, steps, Console(file=terminal, width=100))
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["ok"]
    assert [step["name"] for step in report["steps"]] == ["first", "recordings and picture"]
    assert report["latency_ms"]["speech_to_live"]["p50"] == pytest.approx(70, abs=1)
    assert set(report["latency_ms"]) == {"speech_to_live", "turn_end", "live_to_ear", "barge_in_stop"}
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")
    with wave.open(str(tmp_path / "live_in.wav")) as file:
        assert file.getframerate() == LIVE_IN_HZ
    with wave.open(str(tmp_path / "heard.wav")) as file:
        assert file.getframerate() == DISCORD_HZ
        begins_s = story.bot_heard_at[0] - story.t0
        assert file.getnframes() == pytest.approx(begins_s * DISCORD_HZ + 36 * 960, abs=1)
    assert "Ana speaks" in terminal.getvalue()
    assert "speech_to_live" in terminal.getvalue()


def test_a_step_that_failed_is_named_and_the_report_is_not_ok(tmp_path: Path) -> None:
    steps = Steps(Console(file=io.StringIO()))
    with pytest.raises(StepFailed), steps.step("the bot logs in"):
        raise RuntimeError("it did not")
    terminal = io.StringIO()
    assert not write(tmp_path, Story(HANGOVER_MS), steps, Console(file=terminal, width=100))
    assert json.loads((tmp_path / "report.json").read_text())["ok"] is False
    assert "failed: the bot logs in: it did not" in terminal.getvalue()


def test_a_latency_that_was_not_measured_is_a_failure(story: Story, tmp_path: Path) -> None:
    story.events = [event for event in story.events if event.kind is not Kind.INTERRUPTED]
    assert latencies(story)["barge_in_stop"] is None
    steps = Steps(Console(file=io.StringIO()))
    assert not write(tmp_path, story, steps, Console(file=io.StringIO()))
