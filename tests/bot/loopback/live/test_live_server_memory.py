"""What reaches the model on the real wire, what it remembers, and what a resumed session begins with."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from live_wire import Dial, Raw, settled, setup
from test_live_server import transcript
from test_stand_in_image import picture

from audio.formats import LIVE_IN_HZ, from_pcm16, to_pcm16
from bot.loopback import speech
from bot.loopback.live import Kind, Known, LiveServer, Source, TurnFault
from bot.loopback.live.answer import Pace

OLD = "models/gemini-2.5-flash-native-audio-preview-12-2025"
HELLO = Known(Source.SPOKEN, "hello")


async def typed(raw: Raw, text: str) -> None:
    await raw.send({"realtimeInput": {"text": text}})


async def shown(raw: Raw, data: bytes, mime: str = "image/jpeg") -> None:
    blob = {"data": base64.urlsafe_b64encode(data).decode(), "mimeType": mime}
    await raw.send({"realtimeInput": {"video": blob}})


async def answer(raw: Raw) -> str:
    """The handle that comes after the answer."""
    await raw.until("serverContent", "turnComplete")
    update = (await raw.until("sessionResumptionUpdate", "newHandle"))[-1]
    handle: str = update["sessionResumptionUpdate"]["newHandle"]
    return handle


def answers(live: LiveServer) -> list[str]:
    return [event.detail for record in live.sessions for event in record.of(Kind.ANSWER)]


# Handles


async def test_a_resumed_session_knows_what_its_handle_knew(live: LiveServer, dial: Dial) -> None:
    async with dial(setup(sessionResumption={})) as raw:
        await raw.say("hello")
        handle = await answer(raw)
        # Of this turn no handle tells: it is neither over nor answered when the connection ends.
        await raw.send({"realtimeInput": {"activityStart": {}}})
        await raw.audio(to_pcm16(speech.load("second", LIVE_IN_HZ)))
    await settled(live.sessions[0], Kind.CLOSED)
    async with dial(setup(sessionResumption={"handle": handle})):
        assert live.sessions[1].known == (HELLO, Known(Source.ANSWER, "answer_hello"))


async def test_a_turn_that_was_cut_off_unanswered_is_in_no_handle(live: LiveServer, dial: Dial) -> None:
    live.service.pace = Pace(delay_ms=5000.0)
    async with dial(setup(sessionResumption={})) as raw:
        first = (await raw.until("sessionResumptionUpdate", "newHandle"))[-1]
        await raw.say("hello")
        await settled(live.sessions[0], Kind.RECOGNISED)
        await raw.send({"realtimeInput": {"activityStart": {}}})
        await raw.until("serverContent", "turnComplete")
        await settled(live.sessions[0], Kind.TURN_COMPLETE)
    await settled(live.sessions[0], Kind.CLOSED)
    assert live.sessions[0].known == (HELLO,)
    assert len(live.sessions[0].of(Kind.HANDLE)) == 1
    handle = first["sessionResumptionUpdate"]["newHandle"]
    async with dial(setup(sessionResumption={"handle": handle})):
        assert live.sessions[1].known == ()


async def test_resuming_fails_while_the_old_socket_lingers(live: LiveServer, dial: Dial) -> None:
    live.faults.linger_s = 60.0
    async with dial(setup(sessionResumption={})) as raw:
        update = (await raw.until("sessionResumptionUpdate", "newHandle"))[-1]
    await settled(live.sessions[0], Kind.CLOSED)
    again = setup(sessionResumption={"handle": update["sessionResumptionUpdate"]["newHandle"]})
    async with dial() as raw:
        await raw.send(again)
        assert await raw.closed() == (1011, "Internal error encountered.")
    live.faults.linger_s = 0.0
    async with dial(again):
        pass


@pytest.mark.parametrize(("fault", "code"), [("context_exhausted", 1007), ("poisoned_handle", 1011)])
async def test_a_session_may_be_lost_for_good(live: LiveServer, dial: Dial, fault: str, code: int) -> None:
    async with dial(setup(sessionResumption={})) as raw:
        await raw.say("hello")
        handle = await answer(raw)
        setattr(live.faults, fault, True)
        await raw.say("second")
        assert (await raw.closed())[0] == code
    for _ in range(2):
        async with dial(setup(sessionResumption={"handle": handle})) as raw:
            assert (await raw.closed())[0] == code
    async with dial(setup()) as raw:  # afresh it is well again
        await raw.say("hello")
        await raw.until("serverContent", "generationComplete")


# Who is answered


async def test_what_waits_is_part_of_the_turn_that_interrupts(live: LiveServer, dial: Dial) -> None:
    async with dial(setup()) as raw:
        await raw.say("question")
        await raw.until("serverContent", "modelTurn")
        await typed(raw, "One from the chat.")
        await raw.say("hello")
        await raw.until("serverContent", "interrupted")
        await raw.until("serverContent", "turnComplete")  # of the answer that was cut off
        await raw.until("serverContent", "turnComplete")
    assert answers(live) == ["answer_long", "answer_hello"]
    [record] = live.sessions
    assert len(record.of(Kind.SUPERSEDED)) == 1
    assert [known.what for known in record.known if known.source is Source.TYPED] == ["One from the chat."]


async def test_a_turn_that_is_cut_off_before_its_answer_is_transcribed(live: LiveServer, dial: Dial) -> None:
    live.service.pace = Pace(delay_ms=1000.0)
    async with dial(setup()) as raw:
        await raw.say("hello")
        await raw.send({"realtimeInput": {"activityStart": {}}})
        heard = ""
        while heard != speech.text("hello"):
            heard += transcript([await raw.next()], "inputTranscription")


# Text


async def test_notes_belong_to_their_turn_and_texts_stand_alone(live: LiveServer, dial: Dial) -> None:
    async with dial(setup()) as raw:
        await raw.send({"realtimeInput": {"activityStart": {}}})
        await typed(raw, "[Ana speaks]")
        await raw.audio(to_pcm16(speech.load("hello", LIVE_IN_HZ)))
        await raw.send({"realtimeInput": {"activityEnd": {}}})
        await raw.until("serverContent", "turnComplete")
        await typed(raw, "Does it stop there?")
        await raw.until("serverContent", "turnComplete")
    [record] = live.sessions
    assert [(text.text, text.in_activity) for text in record.texts] == [
        ("[Ana speaks]", True),
        ("Does it stop there?", False),
    ]
    [turn] = record.turns
    assert (turn.notes, turn.names) == (("[Ana speaks]",), ("hello",))
    assert np.array_equal(turn.audio, from_pcm16(bytes(record.pcm16)))
    assert answers(live) == ["answer_hello", "answer_text"]
    assert [known.source for known in record.known] == [
        Source.NOTE,
        Source.SPOKEN,
        Source.ANSWER,
        Source.TYPED,
        Source.ANSWER,
    ]


async def test_whoever_asks_again_hears_the_answer_that_failed(live: LiveServer, dial: Dial) -> None:
    live.faults.turns.append(TurnFault.SILENCE)
    async with dial(setup()) as raw:
        await raw.say("addressed")
        await settled(live.sessions[0], Kind.RECOGNISED)
        await typed(raw, "Your last answer could not be heard. Please give it now.")
        await raw.until("serverContent", "turnComplete")
    assert answers(live) == ["answer_moon"]


async def test_sound_outside_of_a_turn_is_counted_and_not_heard(live: LiveServer, dial: Dial) -> None:
    async with dial(setup()) as raw:
        await raw.audio(bytes(3200))
        await raw.say("hello")
        await raw.until("serverContent", "turnComplete")
    [record] = live.sessions
    assert record.stray_samples == 1600
    assert len(record.turns[0].audio) == len(speech.load("hello", LIVE_IN_HZ))


# Images


async def test_text_after_an_image_is_answered_about_it(live: LiveServer, dial: Dial) -> None:
    frame = picture(64, 48)
    async with dial(setup()) as raw:
        await shown(raw, frame)
        for _ in range(2):
            await typed(raw, "And this?")
            await raw.until("serverContent", "turnComplete")
    assert answers(live) == ["answer_image", "answer_text"]
    [image] = live.sessions[0].images
    assert (image.data, image.width, image.height, image.seen) == (frame, 64, 48, True)
    assert live.sessions[0].known[0] == Known(Source.IMAGE, "64×48")


@pytest.mark.parametrize(
    ("frames", "mime"),
    [([picture(800, 64)], "image/jpeg"), ([b"nothing"], "image/jpeg"), ([picture(8, 8)] * 3, "image/jpeg")],
    ids=["too large", "no image", "too many"],
)
async def test_frames_that_are_refused(dial: Dial, frames: list[bytes], mime: str) -> None:
    async with dial(setup()) as raw:
        for frame in frames:
            await shown(raw, frame, mime)
        assert (await raw.closed())[0] == 1007


@pytest.mark.parametrize(
    ("model", "coverage", "seen"),
    [
        ("models/gemini-3.8-live", None, True),
        ("models/gemini-3.8-live", "TURN_INCLUDES_ONLY_ACTIVITY", False),
        ("models/gemini-3.8-live", "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO", True),
        (OLD, None, False),
        (OLD, "TURN_INCLUDES_ALL_INPUT", True),
    ],
)
async def test_the_coverage_decides_what_is_seen_outside_of_turns(
    live: LiveServer, dial: Dial, model: str, coverage: str | None, seen: bool
) -> None:
    config: dict[str, object] = {"automaticActivityDetection": {"disabled": True}}
    if coverage is not None:
        config["turnCoverage"] = coverage
    async with dial(setup(model=model, realtimeInputConfig=config)) as raw:
        await shown(raw, picture(16, 16))
        await typed(raw, "What is this?")
        await raw.until("serverContent", "turnComplete")
    assert live.sessions[0].images[0].seen is seen
    assert answers(live) == ["answer_image" if seen else "answer_text"]


async def test_the_old_model_does_not_know_the_new_coverage(dial: Dial) -> None:
    config = {"turnCoverage": "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO"}
    async with dial() as raw:
        await raw.send(setup(model=OLD, realtimeInputConfig=config))
        assert (await raw.closed())[0] == 1007
