"""Conversations on the real wire, by a raw client: what comes, in which order, and what is refused."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import numpy as np
import pytest
from live_wire import LEAVE, PATH, Dial, Raw, find, settled, setup
from websockets.exceptions import InvalidStatus

from audio.formats import LIVE_IN_HZ, to_pcm16
from bot.loopback import speech
from bot.loopback.live import LiveServer
from bot.loopback.live.record import Kind
from bot.loopback.live.script import Lookup, ToolUse


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    """The messages by what they are, audio and transcripts left out."""
    names = []
    for message in messages:
        name = next(iter(message))
        if name == "serverContent":
            name = next(iter(message[name]))
        if name not in ("modelTurn", "inputTranscription", "outputTranscription"):
            names.append(name)
    return names


def transcript(messages: list[dict[str, Any]], name: str) -> str:
    return "".join(find(each, "serverContent", name, "text") or "" for each in messages)


def seconds_of_audio(messages: list[dict[str, Any]]) -> float:
    size = 0
    for message in messages:
        for part in find(message, "serverContent", "modelTurn", "parts") or []:
            size += len(base64.b64decode(find(part, "inlineData", "data") or ""))
    return size / 48_000


async def test_a_conversation(live: LiveServer, dial: Dial) -> None:
    async with dial(setup()) as raw:
        await raw.say("hello")
        messages = await raw.until("serverContent", "turnComplete")
    assert kinds(messages) == ["generationComplete", "turnComplete"]
    assert transcript(messages, "inputTranscription") == speech.text("hello")
    assert transcript(messages, "outputTranscription") == "one two three four"
    assert seconds_of_audio(messages) == pytest.approx(0.12)
    assert messages[-1]["usageMetadata"]["responseTokensDetails"] == [{"modality": "AUDIO", "tokenCount": 3}]
    [record] = live.sessions
    await settled(record, Kind.CLOSED)
    assert record.close == (1000, "")
    assert record.samples == len(speech.load("hello", LIVE_IN_HZ)) == len(record.pcm16) // 2
    assert record.arrivals[-1][1] == record.samples


@pytest.mark.parametrize("binary", [True, False])
async def test_snake_case_and_binary_frames(dial: Dial, binary: bool) -> None:
    first = {
        "setup": {
            "model": "models/gemini-3.8-live",
            "generation_config": {"response_modalities": ["AUDIO"]},
            "realtime_input_config": {"automatic_activity_detection": {"disabled": True}},
        }
    }
    async with dial() as raw:
        await raw.socket.send(json.dumps(first).encode() if binary else json.dumps(first))
        assert await raw.next() == {"setupComplete": {"sessionId": "live-1"}}
        await raw.send({"realtime_input": {"text": "hello"}})
        messages = await raw.until("serverContent", "turnComplete")
    assert kinds(messages) == ["generationComplete", "turnComplete"]


async def test_unknown_speech_is_answered_so(live: LiveServer, dial: Dial) -> None:
    async with dial(setup()) as raw:
        await raw.say("answer_hello")
        messages = await raw.until("serverContent", "turnComplete")
    assert transcript(messages, "inputTranscription") == "<noise>"
    assert live.sessions[0].of(Kind.ANSWER)[0].detail == "answer_unknown"


@pytest.mark.parametrize("switched_on", [True, False])
async def test_what_is_looked_up_is_told_with_the_answer(
    live: LiveServer, dial: Dial, switched_on: bool
) -> None:
    live.script.lookups["answer_text"] = Lookup(("news",), (("example.org", "https://example.org/"),))
    async with dial(setup(tools=[{"googleSearch": {}}] if switched_on else [])) as raw:
        await raw.send({"realtimeInput": {"text": "What is new?"}})
        messages = await raw.until("serverContent", "turnComplete")
    found = [each for each in messages if find(each, "serverContent", "groundingMetadata")]
    assert len(found) == switched_on
    if switched_on:
        grounding = find(found[0], "serverContent", "groundingMetadata")
        assert grounding["webSearchQueries"] == ["news"]
        assert grounding["groundingChunks"] == [
            {"web": {"title": "example.org", "uri": "https://example.org/"}}
        ]
        assert messages.index(found[0]) < len(messages) - 1, "it belongs to the answer"


async def test_a_silent_turn_gets_no_answer(dial: Dial) -> None:
    async with dial(setup()) as raw:
        await raw.send({"realtimeInput": {"activityStart": {}}})
        await raw.audio(bytes(32_000))
        await raw.send({"realtimeInput": {"activityEnd": {}}})
        messages = await raw.until("serverContent", "turnComplete")
    assert kinds(messages) == ["turnComplete"]


async def test_automatic_mode_needs_the_silence_after_the_words(live: LiveServer, dial: Dial) -> None:
    async with dial(setup(realtimeInputConfig={})) as raw:
        words = speech.load("hello", LIVE_IN_HZ)
        await raw.audio(to_pcm16(np.concatenate((np.zeros(8000, np.float32), words))))
        await raw.send({"realtimeInput": {"audioStreamEnd": True}})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await raw.next()
        await raw.audio(bytes(48_000))
        messages = await raw.until("serverContent", "turnComplete")
    assert transcript(messages, "inputTranscription") == speech.text("hello")
    [record] = live.sessions
    assert [len(record.of(kind)) for kind in (Kind.SPEECH_START, Kind.SPEECH_END, Kind.ACTIVITY_END)] == [
        1,
        1,
        0,
    ]


async def test_voice_activity_events_on_31_only(dial: Dial) -> None:
    first = setup(model="models/gemini-3.1-flash-live-preview", realtimeInputConfig={})
    words = to_pcm16(np.concatenate((np.zeros(8000, np.float32), speech.load("hello", LIVE_IN_HZ))))
    async with dial(first) as raw:
        await raw.audio(words)
        await raw.send({"realtimeInput": {"audioStreamEnd": True}})
        messages = await raw.until("serverContent", "turnComplete")
    assert [each["voiceActivity"]["type"] for each in messages if "voiceActivity" in each] == [
        "ACTIVITY_START",
        "ACTIVITY_END",
    ]


# Interruption


async def interrupted_answer(raw: Raw) -> list[dict[str, Any]]:
    """Ask for the long answer and speak into it; the messages from then on."""
    await raw.say("question")
    await raw.until("serverContent", "modelTurn")
    await raw.send({"realtimeInput": {"activityStart": {}}})
    return await raw.until("serverContent", "turnComplete")


async def test_activity_interrupts(live: LiveServer, dial: Dial) -> None:
    async with dial(setup()) as raw:
        messages = await interrupted_answer(raw)
        assert kinds(messages)[-2:] == ["interrupted", "turnComplete"]
        [record] = live.sessions
        leaving = [event.kind for event in record.events]
        assert Kind.AUDIO_OUT not in leaving[leaving.index(Kind.INTERRUPTED) :]
        # The turn that interrupted is answered.
        await raw.audio(to_pcm16(speech.load("interrupt", LIVE_IN_HZ)))
        await raw.send({"realtimeInput": {"activityEnd": {}}})
        await raw.until("serverContent", "turnComplete")
        assert record.of(Kind.ANSWER)[-1].detail == "answer_short"


async def test_only_what_was_said_is_remembered(dial: Dial) -> None:
    async with dial(setup()) as raw:
        messages = await interrupted_answer(raw)
    spoken = messages[-1]["usageMetadata"].get("responseTokenCount", 0)
    assert spoken <= 10 * 25


async def test_no_interruption_when_switched_off(dial: Dial) -> None:
    config = {"automaticActivityDetection": {"disabled": True}, "activityHandling": "NO_INTERRUPTION"}
    async with dial(setup(realtimeInputConfig=config)) as raw:
        await raw.send({"realtimeInput": {"text": "hi"}})
        await raw.until("serverContent", "modelTurn")
        await raw.send({"realtimeInput": {"activityStart": {}}})
        assert "interrupted" not in kinds(await raw.until("serverContent", "turnComplete"))


async def test_activity_without_an_answer_interrupts_nothing(dial: Dial) -> None:
    async with dial(setup()) as raw:
        await raw.say("hello")
        assert kinds(await raw.until("serverContent", "turnComplete"))[0] == "generationComplete"


# Text


async def test_text_waits_its_turn(dial: Dial) -> None:
    async with dial(setup()) as raw:
        await raw.send({"realtimeInput": {"text": "one"}})
        await raw.send({"realtimeInput": {"text": "two"}})
        first = await raw.until("serverContent", "turnComplete")
        second = await raw.until("serverContent", "turnComplete")
    assert kinds(first) == kinds(second) == ["generationComplete", "turnComplete"]


async def test_text_within_a_turn_belongs_to_it(live: LiveServer, dial: Dial) -> None:
    async with dial(setup()) as raw:
        await raw.send({"realtimeInput": {"activityStart": {}}})
        await raw.send({"realtimeInput": {"text": "Ana speaks."}})
        await raw.audio(to_pcm16(speech.load("hello", LIVE_IN_HZ)))
        await raw.send({"realtimeInput": {"activityEnd": {}}})
        await raw.until("serverContent", "turnComplete")
    assert len(live.sessions[0].of(Kind.ANSWER)) == 1


async def test_complete_client_content_interrupts_and_is_answered(live: LiveServer, dial: Dial) -> None:
    turn = {"role": "user", "parts": [{"text": "now"}]}
    async with dial(setup()) as raw:
        await raw.say("question")
        await raw.until("serverContent", "modelTurn")
        await raw.send({"clientContent": {"turns": [turn], "turnComplete": True}})
        assert kinds(await raw.until("serverContent", "turnComplete"))[-2:] == ["interrupted", "turnComplete"]
        await raw.until("serverContent", "turnComplete")
    assert [event.detail for event in live.sessions[0].of(Kind.ANSWER)] == ["answer_long", "answer_text"]


async def test_open_client_content_leaves_spoken_turns_unanswered(live: LiveServer, dial: Dial) -> None:
    turn = {"role": "user", "parts": [{"text": "Ana joined."}]}
    async with dial(setup()) as raw:
        await raw.send({"clientContent": {"turns": [turn]}})
        await raw.say("hello")
        await settled(live.sessions[0], Kind.IGNORED)
        await raw.send({"clientContent": {"turnComplete": True}})
        await raw.until("serverContent", "turnComplete")
        await raw.say("hello")
        await raw.until("serverContent", "turnComplete")


async def test_initial_history_is_not_answered(live: LiveServer, dial: Dial) -> None:
    turns = [
        {"role": "user", "parts": [{"text": "a" * 400}]},
        {"role": "model", "parts": [{"text": "b" * 400}]},
    ]
    model = "models/gemini-3.1-flash-live-preview"
    async with dial(setup(model=model, historyConfig={"initialHistoryInClientContent": True})) as raw:
        await raw.send({"clientContent": {"turns": turns, "turnComplete": True}})
        await raw.say("hello")
        messages = await raw.until("serverContent", "turnComplete")
        assert messages[-1]["usageMetadata"]["promptTokensDetails"][0] == {
            "modality": "TEXT",
            "tokenCount": 200,
        }
        assert len(live.sessions[0].of(Kind.ANSWER)) == 1
        await raw.send({"clientContent": {"turns": turns, "turnComplete": True}})
        assert await raw.closed() == (1007, "Request contains an invalid argument.")


# Tools


async def call_of(raw: Raw) -> dict[str, Any]:
    messages = await raw.until("toolCall")
    [call] = messages[-1]["toolCall"]["functionCalls"]
    assert isinstance(call, dict)
    return call


def answered(call: dict[str, Any], **fields: Any) -> dict[str, Any]:
    response = {"id": call["id"], "name": call["name"], "response": {"status": "ok"}, **fields}
    return {"tool_response": {"functionResponses": [response]}}


async def test_a_non_blocking_call(live: LiveServer, dial: Dial) -> None:
    async with dial(setup(tools=LEAVE)) as raw:
        await raw.say("goodbye")
        call = await call_of(raw)
        assert call["name"] == "leave_channel" and call["args"] == {}
        await raw.until("serverContent", "turnComplete")
        await raw.send(answered(call, will_continue=True))
        await raw.send(answered(call))
        messages = await raw.until("serverContent", "turnComplete")
        assert seconds_of_audio(messages) > 0
        await raw.send(answered(call))  # a second answer changes nothing
        await settled(live.sessions[0], Kind.IGNORED, 2)
    assert len(live.sessions[0].tool_responses) == 3
    assert len(live.sessions[0].of(Kind.ANSWER)) == 1


async def test_a_silent_response_is_not_spoken(live: LiveServer, dial: Dial) -> None:
    async with dial(setup(tools=LEAVE)) as raw:
        await raw.say("goodbye")
        call = await call_of(raw)
        await raw.send(answered(call, scheduling="SILENT"))
        await settled(live.sessions[0], Kind.TOOL_RESPONSE)
        await raw.say("hello")
        await raw.until("serverContent", "turnComplete")
        await raw.until("serverContent", "turnComplete")
    assert [event.detail for event in live.sessions[0].of(Kind.ANSWER)] == ["answer_hello"]


async def test_a_blocking_call_holds_the_turn(dial: Dial) -> None:
    async with dial(setup(model="models/gemini-3.1-flash-live-preview", tools=LEAVE)) as raw:
        await raw.say("goodbye")
        call = await call_of(raw)
        await raw.send(answered(call))
        messages = await raw.until("serverContent", "turnComplete")
    assert kinds(messages) == ["generationComplete", "turnComplete"]


async def test_new_input_cancels_a_blocking_call(dial: Dial) -> None:
    async with dial(setup(model="models/gemini-3.1-flash-live-preview", tools=LEAVE)) as raw:
        await raw.say("goodbye")
        call = await call_of(raw)
        await raw.send({"realtimeInput": {"activityStart": {}}})
        messages = await raw.until("serverContent", "turnComplete")
        assert kinds(messages) == ["toolCallCancellation", "interrupted", "turnComplete"]
        assert messages[0]["toolCallCancellation"]["ids"] == [call["id"]]
        await raw.send(answered(call))  # too late, and harmless
        await raw.send({"realtimeInput": {"activityEnd": {}}})
        await raw.until("serverContent", "turnComplete")


async def test_a_blocking_call_times_out(live: LiveServer, dial: Dial) -> None:
    live.service.tool_timeout_s = 0.01
    async with dial(setup(model="models/gemini-3.1-flash-live-preview", tools=LEAVE)) as raw:
        await raw.say("goodbye")
        await call_of(raw)
        messages = await raw.until("serverContent", "turnComplete")
    assert kinds(messages) == ["toolCallCancellation", "turnComplete"]


@pytest.mark.parametrize("model", ["gemini-3.8-live", "gemini-3.1-flash-live-preview"])
async def test_calls_in_a_row(live: LiveServer, dial: Dial, model: str) -> None:
    live.script.tools["goodbye"] = ToolUse("leave_channel", {}, "answer_goodbye", times=3)
    async with dial(setup(model=f"models/{model}", tools=LEAVE)) as raw:
        await raw.say("goodbye")
        for _ in range(3):
            await raw.send(answered(await call_of(raw)))
        await raw.until("serverContent", "generationComplete")
    assert len({event.detail for event in live.sessions[0].of(Kind.TOOL_CALL)}) == 3


async def test_a_response_may_interrupt(dial: Dial) -> None:
    async with dial(setup(tools=LEAVE)) as raw:
        await raw.say("goodbye")
        call = await call_of(raw)
        await raw.until("serverContent", "turnComplete")
        await raw.say("question")
        await raw.until("serverContent", "modelTurn")
        await raw.send(answered(call, scheduling="INTERRUPT"))
        assert "interrupted" in kinds(await raw.until("serverContent", "turnComplete"))
        assert seconds_of_audio(await raw.until("serverContent", "turnComplete")) == pytest.approx(0.12)


async def test_tools_may_change_in_mid_session(dial: Dial) -> None:
    update = {"systemInstruction": {"parts": [{"text": "a" * 40}]}, "tools": {"tools": LEAVE}}
    async with dial(setup()) as raw:
        await raw.send({"contextUpdate": update})
        await raw.say("goodbye")
        await call_of(raw)
        messages = await raw.until("serverContent", "turnComplete")
        assert messages[-1]["usageMetadata"]["promptTokensDetails"][0] == {
            "modality": "TEXT",
            "tokenCount": 10,
        }
    async with dial(setup(model="models/gemini-3.1-flash-live-preview")) as raw:
        await raw.send({"contextUpdate": update})
        assert (await raw.closed())[0] == 1007


async def test_media_chunks_on_the_old_model(live: LiveServer, dial: Dial) -> None:
    chunk = {"data": "AAAA_w==", "mimeType": "audio/pcm"}
    async with dial(setup(model="models/gemini-2.5-flash-native-audio-preview-12-2025")) as raw:
        await raw.send({"realtimeInput": {"mediaChunks": [chunk, chunk]}})
        await raw.send({"realtimeInput": {"text": "hi"}})
        await raw.until("serverContent", "turnComplete")
    assert live.sessions[0].samples == 4


async def test_extended_thinking_says_when_it_is_idle(dial: Dial) -> None:
    generation = {"responseModalities": ["AUDIO"], "thinkingConfig": {"thinkingLevel": "low"}}
    first = setup(model="models/gemini-3.8-live-extended-thinking", tools=LEAVE, generationConfig=generation)
    async with dial(first) as raw:
        await raw.say("goodbye")
        call = await call_of(raw)
        waiting = await raw.until("serverContent", "turnComplete")
        assert waiting[-1]["serverContent"]["interactionStatus"] == "IN_PROGRESS"
        await raw.send(answered(call))
        done = await raw.until("serverContent", "turnComplete")
        assert done[-1]["serverContent"]["interactionStatus"] == "IDLE"
        await raw.send(answered(call, scheduling="WHEN_IDLE"))
        assert await raw.closed() == (1007, "Function response scheduling is not supported for this model.")


# Resumption, compression, the end


async def handle_of(raw: Raw) -> str:
    handle = (await raw.until("sessionResumptionUpdate", "newHandle"))[-1]["sessionResumptionUpdate"][
        "newHandle"
    ]
    assert isinstance(handle, str)
    return handle


async def test_a_session_is_resumed_with_its_context(live: LiveServer, dial: Dial) -> None:
    async with dial(setup(sessionResumption={})) as raw:
        await handle_of(raw)
        await raw.say("hello")
        messages = await raw.until("serverContent", "turnComplete")
        assert {"sessionResumptionUpdate": {}} in messages
        handle = await handle_of(raw)
        spent = messages[-1]["usageMetadata"]["totalTokenCount"]
        async with dial() as second:
            await second.send(setup(sessionResumption={"handle": handle}))
            assert (await second.closed())[0] == 1011  # the old socket is still open
    await settled(live.sessions[0], Kind.CLOSED)
    async with dial(setup(sessionResumption={"handle": handle})) as raw:
        await raw.send({"realtimeInput": {"text": "."}})
        messages = await raw.until("serverContent", "turnComplete")
    assert messages[-1]["usageMetadata"]["promptTokenCount"] == spent + 1


async def test_go_away_then_1011(live: LiveServer, dial: Dial) -> None:
    live.service.lifetime_s, live.service.go_away_s = 0.0, 0.05
    async with dial(setup()) as raw:
        assert await raw.next() == {"goAway": {"timeLeft": "0.05s"}}
        assert await raw.closed() == (1011, "Deadline expired before operation could complete.")


async def test_a_full_context_ends_the_session_unless_it_is_compressed(live: LiveServer, dial: Dial) -> None:
    live.service.context_tokens = 100
    compression = {"triggerTokens": 80, "slidingWindow": {"targetTokens": 40}}
    text = {"realtimeInput": {"text": "a" * 320}}
    async with dial(setup(contextWindowCompression=compression)) as raw:
        for _ in range(3):
            await raw.send(text)
            usage = (await raw.until("serverContent", "turnComplete"))[-1]["usageMetadata"]
            assert usage["promptTokenCount"] <= 80
    async with dial(setup()) as raw:
        await raw.send(text)
        await raw.send(text)
        code, reason = await raw.closed()
    assert code == 1007
    assert "exceeds the maximum number of tokens" in (reason or "")


# Strictness


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"setup": {"model": "models/gemini-3.8-live"}}, "setup must be the first message"),
        (
            {"realtimeInput": {"mediaChunks": [{"data": "", "mimeType": "audio/pcm"}]}},
            "media_chunks is deprecated",
        ),
        ({"realtimeInput": {"noise": 1}}, "Unknown name \"noise\" at 'realtime_input'"),
        ({"toolResponse": {"functionResponses": [{"id": "x", "response": {}}]}}, "invalid argument"),
    ],
)
async def test_a_bad_message_ends_the_session(dial: Dial, message: dict[str, Any], reason: str) -> None:
    async with dial(setup()) as raw:
        await raw.send(message)
        code, said = await raw.closed()
    assert code == 1007
    assert reason in (said or "")


async def test_marks_in_automatic_mode(dial: Dial) -> None:
    async with dial(setup(realtimeInputConfig={})) as raw:
        await raw.send({"realtimeInput": {"activityStart": {}}})
        assert (await raw.closed())[0] == 1007


async def test_anything_before_the_setup(dial: Dial) -> None:
    async with dial() as raw:
        await raw.send({"realtimeInput": {"text": "hi"}})
        assert await raw.closed() == (1007, "setup must be the first message and only the first")


@pytest.mark.parametrize(
    ("key", "code", "reason"),
    [
        ("bad-key", 1007, "API key not valid. Please pass a valid API key."),
        ("quota-key", 1011, "You exceeded your current quota, please check your plan and billing details."),
        ("", 1008, "Method doesn't allow unregistered callers"),
    ],
)
async def test_keys(dial: Dial, key: str, code: int, reason: str) -> None:
    async with dial(key=key) as raw:
        await raw.send(setup())
        closed, said = await raw.closed()
    assert closed == code
    assert (said or "").startswith(reason)


async def test_the_key_may_be_in_the_url(dial: Dial) -> None:
    async with dial(setup(), key="", path=f"/gateway/{PATH}?key=test-key"):
        pass
    async with dial(key="", path=f"{PATH}?key=bad-key") as raw:
        await raw.send(setup())
        assert (await raw.closed())[0] == 1007


async def test_versions(dial: Dial) -> None:
    async with dial(path=PATH.replace("v1beta", "v1")) as raw:
        await raw.send(setup())
        code, reason = await raw.closed()
    assert code == 1008
    assert (reason or "").startswith("models/gemini-3.8-live is not found for API version v1")
    with pytest.raises(InvalidStatus, match="404"):
        async with dial(path="/ws/elsewhere"):
            pass


async def test_a_base_url_with_a_slash_at_its_end(dial: Dial) -> None:
    """The SDK then asks for //ws/…"""
    async with dial(path="/" + PATH) as raw:
        await raw.send(setup())
        assert "setupComplete" in await raw.next()


async def test_a_script_may_answer_everything_alike(live: LiveServer, dial: Dial) -> None:
    live.script.always = "answer_short"
    async with dial(setup()) as raw:
        await raw.say("goodbye")
        messages = await raw.until("serverContent", "turnComplete")
    assert transcript(messages, "inputTranscription") == ""
    assert live.sessions[0].of(Kind.RECOGNISED) == []


async def test_an_observer_sees_both_directions(live: LiveServer, dial: Dial) -> None:
    seen: list[Kind] = []
    live.observer = lambda event: seen.append(event.kind)
    async with dial(setup()) as raw:
        await raw.say("hello")
        await raw.until("serverContent", "turnComplete")
    [first_audio, recognised] = [seen.index(kind) for kind in (Kind.AUDIO_IN, Kind.RECOGNISED)]
    assert seen[0] is Kind.SETUP
    assert seen.index(Kind.ACTIVITY_START) < first_audio < seen.index(Kind.ACTIVITY_END) < recognised
    assert recognised < seen.index(Kind.AUDIO_OUT) < seen.index(Kind.GENERATION_COMPLETE)


async def test_what_is_kept_is_bounded(live: LiveServer, dial: Dial) -> None:
    live.service.keep_s = 0.5
    async with dial(setup()) as raw:
        await raw.say("hello")
        await raw.until("serverContent", "turnComplete")
    [record] = live.sessions
    assert len(record.pcm16) <= LIVE_IN_HZ
    assert record.samples > LIVE_IN_HZ
