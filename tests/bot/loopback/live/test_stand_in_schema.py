"""The strict reader: protobuf JSON as the real service takes it."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.loopback.live.fields import CLIENT_MESSAGE
from bot.loopback.live.refusal import CLOSE_REASON_BYTES, Refused
from bot.loopback.live.schema import Message, read, snake
from bot.loopback.live.wire import decode

V1BETA = CLIENT_MESSAGE["v1beta"]


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def recased(value: Any, spec: Any) -> Any:
    """`value` with the names of messages in camelCase, free JSON untouched."""
    if isinstance(spec, Message) and isinstance(value, dict):
        return {camel(key): recased(item, spec.fields[key]) for key, item in value.items()}
    return value


@given(st.from_regex(r"[a-z]+(_[a-z]+)*", fullmatch=True))
def test_both_casings_name_the_same_field(name: str) -> None:
    assert snake(camel(name)) == snake(name) == name


def test_a_message_reads_the_same_in_both_casings() -> None:
    message = {
        "setup": {
            "model": "models/gemini-3.8-live",
            "generation_config": {"speech_config": {"voice_config": {"voice": "Puck"}}},
            "context_window_compression": {"trigger_tokens": "25000"},
            "realtime_input_config": {"turn_coverage": "TURN_INCLUDES_ONLY_ACTIVITY"},
        }
    }
    assert read(recased(message, V1BETA), V1BETA, "") == read(message, V1BETA, "")
    assert read(message, V1BETA, "")["setup"]["context_window_compression"]["trigger_tokens"] == 25_000


def test_free_json_keeps_its_names() -> None:
    [response] = decode(
        '{"toolResponse":{"functionResponses":[{"id":"a","name":"f","response":{"someKey":1}}]}}', "v1beta"
    )[0].responses  # type: ignore[union-attr]
    assert response.response == {"someKey": 1}


@pytest.mark.parametrize("data", [b"\xfb\xef\xbe" * 5, b"a", b"ab", b""])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("padded", [True, False])
def test_base64_in_both_alphabets(data: bytes, encode: Any, padded: bool) -> None:
    text = encode(data).decode()
    frame = {
        "realtimeInput": {"audio": {"data": text if padded else text.rstrip("="), "mimeType": "audio/pcm"}}
    }
    [audio] = decode(json.dumps(frame), "v1beta")
    assert audio.pcm16 == data  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            {"setup": {"generationConfig": {"inputAudioTranscription": {}}}},
            "Unknown name \"inputAudioTranscription\" at 'setup.generation_config': Cannot find field.",
        ),
        ({"setup": {"thinkingConfig": {}}}, "Unknown name \"thinkingConfig\" at 'setup': Cannot find field."),
        ({"setup": {"proactivity": {}}}, "Unknown name \"proactivity\" at 'setup': Cannot find field."),
        ({"setUp": {}}, 'Unknown name "setUp"'),
        ({"setup": {"sessionResumption": {"handle": None}}}, "Request contains an invalid argument."),
        ({"setup": {"sessionResumption": {"transparent": True}}}, 'Unknown name "transparent"'),
        ({"setup": {"generationConfig": {"temperature": "hot"}}}, "(TYPE_FLOAT)"),
        ({"setup": {"generationConfig": {"responseModalities": ["SMELL"]}}}, "Invalid value at"),
        ({"realtimeInput": {"audio": {"data": "!!!", "mimeType": "audio/pcm"}}}, "Base64 decoding failed"),
        ({"realtimeInput": {"audio": {"data": "", "mimeType": "audio/mp3"}}}, "Unsupported audio mime type"),
        ({"realtimeInput": []}, "Invalid value at 'realtime_input'"),
        ({"clientContent": {"turns": [{"parts": [{"text": "no role"}]}]}}, "invalid argument"),
        ({"setup": {"tools": [{"functionDeclarations": [{"name": "7 up"}]}]}}, "Invalid function name"),
        (
            {"setup": {"tools": [{"functionDeclarations": [{"name": "f"}, {"name": "f"}]}]}},
            "Duplicate function declaration",
        ),
        (
            {"setup": {"tools": [{"functionDeclarations": [{"name": "f", "parameters": {"$ref": "x"}}]}]}},
            'Unknown name "$ref" at',
        ),
        ({}, "Expected one of the message types"),
        ({"setup": {}, "clientContent": {}}, "Expected one of the message types"),
    ],
)
def test_what_is_refused_and_how(message: Any, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        decode(json.dumps(message), "v1beta")
    assert refused.value.code == 1007
    assert reason in refused.value.reason


def test_v1alpha_knows_proactivity() -> None:
    [setup] = decode('{"setup":{"proactivity":{"proactiveAudio":true}}}', "v1alpha")
    assert setup.proactive_audio is True  # type: ignore[union-attr]


def test_a_schema_contains_itself() -> None:
    parameters = {"type": "object", "properties": {"a": {"type": "ARRAY", "items": {"type": "STRING"}}}}
    tools = [{"functionDeclarations": [{"name": "f", "parameters": parameters}]}]
    [setup] = decode(json.dumps({"setup": {"tools": tools}}), "v1beta")
    read_parameters = setup.raw["tools"][0]["function_declarations"][0]["parameters"]  # type: ignore[union-attr]
    assert read_parameters["properties"]["a"]["items"] == {"type": "STRING"}


_NAMES = """
setup realtimeInput realtime_input audio data mimeType text clientContent turns parts role tools toolResponse
functionResponses id name generationConfig sessionResumption handle activityStart contextUpdate
"""
_names = st.sampled_from(_NAMES.split())
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=12,
)


@given(st.one_of(_json, st.dictionaries(_names, _json, max_size=2)).map(json.dumps) | st.text() | st.binary())
def test_nothing_but_refused_is_raised(frame: str | bytes) -> None:
    try:
        decode(frame, "v1beta")
    except Refused as refused:
        assert len(refused.reason.encode()) <= CLOSE_REASON_BYTES
