"""What each model takes: refused with the close code and the words of the real service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.loopback.live.messages import Setup
from bot.loopback.live.models import MODELS, LiveModel, accept
from bot.loopback.live.refusal import Refused
from bot.loopback.live.wire import decode

LIVE = "gemini-3.8-live"
THINKING = "gemini-3.8-live-extended-thinking"
FLASH = "gemini-3.1-flash-live-preview"
NATIVE = "gemini-2.5-flash-native-audio-preview-12-2025"


def asked(model: str, version: str = "v1beta", **fields: Any) -> LiveModel:
    """What `accept` makes of a setup for `model`."""
    [setup] = decode(json.dumps({"setup": {"model": f"models/{model}", **fields}}), version)
    assert isinstance(setup, Setup)
    return accept(setup, version)


def generation(**fields: Any) -> dict[str, Any]:
    return {"generationConfig": fields}


def thinking(level: str) -> dict[str, Any]:
    return generation(thinkingConfig={"thinkingLevel": level})


def tool(behavior: str) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{"name": "f", "behavior": behavior}]}]}


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (LIVE, {}),
        (LIVE, generation(responseModalities=["AUDIO"])),
        (LIVE, generation(speechConfig={"voice_config": {"prebuilt_voice_config": {"voice_name": "Puck"}}})),
        (
            LIVE,
            generation(speechConfig={"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "en-us-tavi"}}}),
        ),
        (LIVE, tool("NON_BLOCKING") | {"contextWindowCompression": {"triggerTokens": 10_000}}),
        (LIVE, tool("BLOCKING")),
        (LIVE, {"tools": [{"googleSearch": {}}]}),
        (LIVE, generation(temperature=0)),
        (LIVE, generation(temperature=2.0)),
        (THINKING, thinking("low")),
        (THINKING, generation(thinkingConfig={"thinkingBudget": 512})),
        (FLASH, thinking("MINIMAL")),
        (FLASH, tool("BLOCKING")),
        (NATIVE, generation(thinkingConfig={"thinkingBudget": 0})),
    ],
)
def test_accepted(model: str, fields: dict[str, Any]) -> None:
    assert asked(model, **fields) is MODELS[model]


@pytest.mark.parametrize(
    ("model", "fields", "reason"),
    [
        (LIVE, thinking("low"), "Thinking level is not supported for this model."),
        (LIVE, generation(thinkingConfig={}), "Thinking level is not supported for this model."),
        (LIVE, generation(responseModalities=["TEXT"]), "combination of response modalities (TEXT)"),
        (
            LIVE,
            generation(speechConfig={"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "alloy"}}}),
            "Requested voice api_name 'alloy' is not available for model models/gemini-3.8-live",
        ),
        (
            LIVE,
            generation(speechConfig={"languageCode": "de-DE"}),
            "Unsupported language code 'de-DE' for model models/gemini-3.8-live",
        ),
        (LIVE, generation(temperature=2.1), "invalid argument"),
        (LIVE, generation(temperature=-0.1), "invalid argument"),
        (LIVE, {"tools": [{"codeExecution": {}}]}, "code_execution is not supported"),
        (LIVE, {"contextWindowCompression": {"triggerTokens": 500_000}}, "invalid argument"),
        (THINKING, {}, "Thinking level is required"),
        (THINKING, thinking("minimal"), "'minimal' is not a supported thinking level for this model."),
        (THINKING, thinking("low") | tool("BLOCKING"), "Blocking function calls are not supported"),
        (FLASH, tool("NON_BLOCKING"), "Non-blocking function calls are not supported"),
        (FLASH, generation(thinkingConfig={"thinkingBudget": 5}), "Thinking budget is not supported"),
        (NATIVE, thinking("low"), "Thinking level is not supported for this model."),
    ],
)
def test_refused(model: str, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused) as refused:
        asked(model, **fields)
    assert refused.value.code == 1007
    assert reason in refused.value.reason


def test_proactive_audio_cannot_be_switched_off() -> None:
    assert asked(LIVE, "v1alpha", proactivity={"proactiveAudio": True})
    with pytest.raises(Refused):
        asked(LIVE, "v1alpha", proactivity={"proactiveAudio": False})


def test_an_unknown_model_is_1008() -> None:
    with pytest.raises(Refused) as refused:
        asked("gemini-9-live")
    assert refused.value.code == 1008
    assert refused.value.reason.startswith("models/gemini-9-live is not found for API version v1beta")
