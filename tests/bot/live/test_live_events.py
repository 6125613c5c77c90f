import base64
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.live.events import (
    Audio,
    GenerationComplete,
    GoAway,
    InputTranscript,
    Interrupted,
    ModelText,
    OutputTranscript,
    Ready,
    Resumable,
    Source,
    Sources,
    ToolCall,
    ToolCallsCancelled,
    TurnComplete,
    Usage,
    parse,
)


def audio_part(pcm16: bytes = b"\x01\x02", mime: str = "audio/pcm;rate=24000", **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(pcm16).decode()}, **more}


def content(**fields: Any) -> dict[str, Any]:
    return {"serverContent": fields}


def test_one_message_may_carry_everything_and_the_order_is_fixed() -> None:
    message = {
        **content(
            turnComplete=True,
            generationComplete=True,
            outputTranscription={"text": "Hi "},
            inputTranscription={"text": "hello", "finished": True},
            modelTurn={"role": "model", "parts": [audio_part(b"ab"), audio_part(b"cd")]},
        ),
        "usageMetadata": {
            "promptTokenCount": 1,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1}],
        },
        "toolCall": {"functionCalls": [{"id": "1", "name": "f", "args": {"x": 1}}]},
        "sessionResumptionUpdate": {"newHandle": "h", "resumable": True},
        "goAway": {"timeLeft": "50s"},
        "setupComplete": {"sessionId": "s"},
    }
    assert parse(message) == [
        Ready("s"),
        InputTranscript("hello", True),
        Audio(b"ab", 24000),
        Audio(b"cd", 24000),
        OutputTranscript("Hi "),
        GenerationComplete(),
        TurnComplete(None),
        ToolCall("1", "f", {"x": 1}),
        Usage({"TEXT": 1}, {}),
        Resumable("h"),
        GoAway(50.0),
    ]


def test_audio_in_the_message_of_an_interruption_comes_before_it() -> None:
    message = content(interrupted=True, modelTurn={"parts": [audio_part()]})
    assert parse(message) == [Audio(b"\x01\x02", 24000), Interrupted()]


def test_thoughts_are_not_spoken() -> None:
    message = content(modelTurn={"parts": [{"text": "hm", "thought": True}, audio_part(thought=True)]})
    assert parse(message) == []


def test_text_is_a_sign_of_its_own_and_other_media_are_nothing() -> None:
    message = content(modelTurn={"parts": [{"text": "hi"}, audio_part(mime="image/png"), {"text": ""}]})
    assert parse(message) == [ModelText()]


def test_text_and_sound_in_one_part_are_both_heard() -> None:
    assert parse(content(modelTurn={"parts": [audio_part(text="hi")]})) == [
        ModelText(),
        Audio(b"\x01\x02", 24000),
    ]


@pytest.mark.parametrize(
    "message",
    [
        content(turnComplete=True, interactionStatus="IN_PROGRESS"),
        {**content(turnComplete=True), "interactionStatus": "IN_PROGRESS"},
    ],
)
def test_a_turn_may_be_complete_and_the_answer_not(message: dict[str, Any]) -> None:
    assert parse(message) == [TurnComplete(None, in_progress=True)]


@pytest.mark.parametrize("status", ["IDLE", "REQUIRES_ACTION", 1, None])
def test_any_other_status_is_the_end(status: Any) -> None:
    assert parse(content(turnComplete=True, interactionStatus=status)) == [TurnComplete(None)]


@pytest.mark.parametrize(
    ("mime", "hz"),
    [
        ("audio/pcm;rate=16000", 16000),
        ("audio/pcm; rate=48000; channels=1", 48000),
        ("audio/pcm", 24000),
        ("audio/pcm;rate=", 24000),
        ("audio/pcm;rate=0", 24000),
        ("audio/pcm;rate=999999999999", 24000),
    ],
)
def test_the_rate_is_in_the_mime_type(mime: str, hz: int) -> None:
    assert parse(content(modelTurn={"parts": [audio_part(mime=mime)]})) == [Audio(b"\x01\x02", hz)]


@given(st.binary(min_size=1, max_size=64))
def test_both_base64_alphabets_padded_or_not(pcm16: bytes) -> None:
    for encoded in (base64.b64encode(pcm16), base64.urlsafe_b64encode(pcm16)):
        for data in (encoded.decode(), encoded.decode().rstrip("=")):
            message = content(modelTurn={"parts": [{"inlineData": {"mimeType": "audio/pcm", "data": data}}]})
            assert parse(message) == [Audio(pcm16, 24000)]


def test_a_turn_that_ends_badly_says_why() -> None:
    message = content(turnComplete=True, turnCompleteReason="RESPONSE_REJECTED")
    assert parse(message) == [TurnComplete("RESPONSE_REJECTED")]


def test_only_resumable_handles_count() -> None:
    assert parse({"sessionResumptionUpdate": {"newHandle": "h", "resumable": False}}) == []
    assert parse({"sessionResumptionUpdate": {"newHandle": "", "resumable": True}}) == []
    assert parse({"sessionResumptionUpdate": {"resumable": True}}) == []


@pytest.mark.parametrize(("left", "seconds"), [("9.5s", 9.5), ("0s", 0.0), ("soon", None), (None, None)])
def test_go_away_may_come_without_a_time(left: str | None, seconds: float | None) -> None:
    assert parse({"goAway": {"timeLeft": left}}) == [GoAway(seconds)]


def test_calls_without_an_id_cannot_be_answered_and_are_no_calls() -> None:
    calls = [{"name": "f"}, {"id": "2"}, {"id": "3", "name": "g", "args": None}, "f"]
    assert parse({"toolCall": {"functionCalls": calls}}) == [ToolCall("3", "g", {})]


def test_cancellations() -> None:
    assert parse({"toolCallCancellation": {"ids": ["1", "2"]}}) == [ToolCallsCancelled(("1", "2"))]
    assert parse({"toolCallCancellation": {}}) == []


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"interactionStatus": "IN_PROGRESS"},
        {"voiceActivity": {"type": "ACTIVITY_START"}},
        {"serverContent": {}},
        {"serverContent": {"groundingMetadata": {"groundingSupports": []}}},
        {"serverContent": None},
        {"serverContent": [1]},
        {"serverContent": {"modelTurn": {"parts": "none"}}},
        content(modelTurn={"parts": [{"inlineData": {"mimeType": "audio/pcm", "data": "!"}}]}),
        content(modelTurn={"parts": [{"inlineData": {"mimeType": "audio/pcm", "data": "ä"}}]}),
    ],
)
def test_what_is_unknown_or_malformed_is_passed_over(message: dict[str, Any]) -> None:
    assert parse(message) == []


WHOLE = {
    "setupComplete": {"sessionId": "s"},
    "serverContent": {
        "modelTurn": {"role": "model", "parts": [audio_part(), {"text": "hm", "thought": True}]},
        "inputTranscription": {"text": "hello", "finished": True},
        "outputTranscription": {"text": "Hi"},
        "turnComplete": True,
        "turnCompleteReason": "NEED_MORE_INPUT",
        "interrupted": True,
    },
    "toolCall": {"functionCalls": [{"id": "1", "name": "f", "args": {"x": 1}}]},
    "toolCallCancellation": {"ids": ["1"]},
    "usageMetadata": {
        "promptTokenCount": 3,
        "totalTokenCount": 3,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}],
    },
    "sessionResumptionUpdate": {"newHandle": "h", "resumable": True},
    "goAway": {"timeLeft": "50s"},
}
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


def paths(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [path for key, item in items for path in paths(item, (*prefix, key))]
    return [prefix, *below] if prefix else below


@given(st.sampled_from(paths(WHOLE)), ANYTHING)
def test_no_message_raises_whatever_a_field_holds(path: tuple[Any, ...], value: Any) -> None:
    message = copy.deepcopy(WHOLE)
    node: Any = message
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    parse(message)


def test_usage_by_modality() -> None:
    message = json.loads(
        """{"usageMetadata":{"promptTokenCount":900,"responseTokenCount":250,"thoughtsTokenCount":0,
        "totalTokenCount":1150,
        "promptTokensDetails":[{"modality":"TEXT","tokenCount":300},{"modality":"AUDIO","tokenCount":600}],
        "responseTokensDetails":[{"modality":"AUDIO","tokenCount":250}]}}"""
    )
    assert parse(message) == [Usage({"TEXT": 300, "AUDIO": 600}, {"AUDIO": 250})]


def test_tokens_that_the_details_do_not_explain_are_taken_as_audio() -> None:
    usage = {
        "promptTokenCount": 100,
        "responseTokenCount": 10,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 30}],
    }
    assert parse({"usageMetadata": usage}) == [
        Usage({"TEXT": 30, "AUDIO": 70}, {"AUDIO": 10}, estimated=True)
    ]


def test_tool_prompts_are_input() -> None:
    usage = {
        "promptTokenCount": 10,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}],
        "toolUsePromptTokenCount": 5,
        "toolUsePromptTokensDetails": [{"modality": "TEXT", "tokenCount": 5}],
    }
    assert parse({"usageMetadata": usage}) == [Usage({"TEXT": 15}, {})]


@pytest.mark.parametrize(("total", "thinking"), [(1150, 0), (1200, 50), (None, 50)])
def test_thinking_is_counted_once(total: int | None, thinking: int) -> None:
    usage = {
        "promptTokenCount": 900,
        "responseTokenCount": 250,
        "thoughtsTokenCount": 50,
        "totalTokenCount": total,
    }
    [event] = parse({"usageMetadata": usage})
    assert isinstance(event, Usage)
    assert event.thinking == thinking


def test_what_was_looked_up_comes_with_its_pages() -> None:
    grounding = {
        "webSearchQueries": ["moon distance"],
        "groundingChunks": [
            {"web": {"uri": "https://example.org/moon", "title": "example.org"}},
            {"web": {"uri": "https://example.org/moon", "title": "example.org"}},
            {"retrievedContext": {"uri": "https://example.org/other"}},
            {"web": {"title": "no address"}},
            {"web": {"uri": "javascript:alert(1)"}},
            "nonsense",
        ],
        "searchEntryPoint": {"renderedContent": "<div></div>"},
    }
    page = Source("example.org", "https://example.org/moon")
    assert parse(content(groundingMetadata=grounding, turnComplete=True)) == [
        Sources(("moon distance",), (page,)),
        TurnComplete(None),
    ]
    assert parse(content(groundingMetadata={"webSearchQueries": [7, ""], "groundingChunks": {}})) == []
