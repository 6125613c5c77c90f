"""The small pure parts: answers and their pace, usage, resumption, calls."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from audio.formats import LIVE_OUT_HZ, to_pcm16
from bot.loopback import speech
from bot.loopback.live.answer import AnswerBook, Clip, Pace
from bot.loopback.live.calls import Calls
from bot.loopback.live.messages import FunctionResponse
from bot.loopback.live.models import MODELS
from bot.loopback.live.refusal import Refused
from bot.loopback.live.resumption import HANDLE_LIFETIME_S, Kept, Resumptions
from bot.loopback.live.script import Script, ToolUse
from bot.loopback.live.usage import Context


@pytest.mark.parametrize("chunk_ms", [20, 40, 100, 1000])
def test_frames_carry_the_whole_clip_and_all_its_words(chunk_ms: int) -> None:
    clip = AnswerBook().clip("answer_hello")
    pcm16, words = b"", ""
    for frame in AnswerBook().frames(clip, chunk_ms, transcribed=True):
        content = json.loads(frame)["serverContent"]
        [part] = content["modelTurn"]["parts"]
        assert part["inlineData"]["mimeType"] == "audio/pcm;rate=24000"
        pcm16 += base64.b64decode(part["inlineData"]["data"])
        words += content.get("outputTranscription", {}).get("text", "")
    assert pcm16 == to_pcm16(clip.samples)
    assert words == speech.text("answer_hello")


def test_frames_are_made_once() -> None:
    book = AnswerBook({"a": Clip("a", np.zeros(LIVE_OUT_HZ, np.float32))})
    assert book.frames(book.clip("a"), 40, transcribed=True) is book.frames(
        book.clip("a"), 40, transcribed=True
    )
    assert "outputTranscription" not in book.frames(book.clip("a"), 40, transcribed=False)[0].decode()


def test_pace_is_a_burst_then_twice_real_time() -> None:
    pace = Pace(chunk_ms=40, burst_ms=200, speed=2.0)
    assert [pace.due_s(index) for index in (0, 5, 6, 30)] == pytest.approx([0, 0, 0.02, 0.5])


def test_every_turn_bills_the_whole_window() -> None:
    context = Context(system=300).with_audio(24.0).with_text(100)
    bill = context.bill(10.0)
    assert bill["promptTokenCount"] == 1000
    assert bill["responseTokenCount"] == 250
    assert bill["totalTokenCount"] == 1250
    assert bill["promptTokensDetails"] == [
        {"modality": "TEXT", "tokenCount": 400},
        {"modality": "AUDIO", "tokenCount": 600},
    ]


def test_compression_cuts_to_the_target_and_keeps_the_instruction() -> None:
    context = Context(system=1000, text=2000, audio=6000)
    assert context.compressed(10_000, 5_000) is context
    smaller = context.compressed(8_000, 5_000)
    assert smaller.system == 1000
    assert smaller.total == 5_000


def test_a_handle_resumes_once_its_session_has_ended() -> None:
    resumptions, kept = Resumptions(), Kept("gemini-3.8-live", Context())
    handle = resumptions.issue(kept)
    with pytest.raises(Refused, match="1011"):
        resumptions.resume(handle, kept.model, 1.0)
    resumptions.leave(kept, 2.0)
    assert resumptions.resume(handle, kept.model, 3.0) is kept
    with pytest.raises(Refused, match="1011"):
        resumptions.resume(handle, kept.model, 4.0)


@pytest.mark.parametrize(
    ("handle", "model", "after_s", "refusal"),
    [
        ("never-issued", "gemini-3.8-live", 1.0, "1007 Invalid session handle"),
        (None, "gemini-3.1-flash-live-preview", 1.0, "1007 Request contains an invalid argument."),
        (None, "gemini-3.8-live", HANDLE_LIFETIME_S + 1, "1008 BidiGenerateContent session not found"),
    ],
)
def test_handles_that_are_refused(handle: str | None, model: str, after_s: float, refusal: str) -> None:
    resumptions, kept = Resumptions(), Kept("gemini-3.8-live", Context())
    issued = resumptions.issue(kept)
    resumptions.leave(kept, 0.0)
    with pytest.raises(Refused, match=refusal):
        resumptions.resume(handle or issued, model, after_s)


def test_the_script_prefers_a_declared_tool() -> None:
    script = Script()
    assert script.reply("goodbye", ["leave_channel"]) == ToolUse("leave_channel", {}, "answer_goodbye")
    assert script.reply("goodbye", []) == "answer_goodbye"
    assert script.reply("hello", ["leave_channel"]) == "answer_hello"
    assert script.reply(None, []) == "answer_unknown"
    assert set(speech.names("live")) == script.clips()


def test_a_call_is_answered_once() -> None:
    calls = Calls(MODELS["gemini-3.8-live"])
    call = calls.new(ToolUse("f", {}, "a"), 0, blocking=False)
    assert calls.answer(FunctionResponse(call.id, "f", {}, None, will_continue=True)) is None
    assert calls.pending
    assert calls.answer(FunctionResponse(call.id, "f", {}, "WHEN_IDLE", will_continue=False)) is call
    assert not calls.pending
    assert calls.answer(FunctionResponse(call.id, "f", {}, None, will_continue=False)) is None


def test_cancelling_spares_non_blocking_calls_unless_asked() -> None:
    calls = Calls(MODELS["gemini-3.8-live"])
    blocking = calls.new(ToolUse("f", {}, "a"), 0, blocking=True)
    other = calls.new(ToolUse("f", {}, "a"), 0, blocking=False)
    assert calls.cancel(blocking_only=True) == [blocking.id]
    assert calls.cancel(blocking_only=False) == [other.id]
    assert calls.answer(FunctionResponse(other.id, "f", {}, None, will_continue=False)) is None


@pytest.mark.parametrize(
    ("model", "response", "reason"),
    [
        ("gemini-3.8-live", FunctionResponse("nobody", "f", {}, None, False), "invalid argument"),
        ("gemini-3.8-live", FunctionResponse("function-call-1", "g", {}, None, False), "invalid argument"),
        (
            "gemini-3.8-live-extended-thinking",
            FunctionResponse("function-call-1", "f", {}, "SILENT", False),
            "Function response scheduling is not supported for this model.",
        ),
    ],
)
def test_responses_that_are_refused(model: str, response: FunctionResponse, reason: str) -> None:
    calls = Calls(MODELS[model])
    calls.new(ToolUse("f", {}, "a"), 0, blocking=False)
    with pytest.raises(Refused, match=reason):
        calls.answer(response)
