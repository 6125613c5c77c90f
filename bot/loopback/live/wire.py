"""Client frames in, typed messages out; server messages as JSON text. No state, no sockets.

Strictness lives here as far as it needs no knowledge of the model: see ``models`` for the rest.
"""

from __future__ import annotations

import json
import re

from bot.loopback.live.fields import CLIENT_MESSAGE
from bot.loopback.live.messages import (
    ActivityConfig,
    ActivityEnd,
    ActivityStart,
    Audio,
    ClientContent,
    ClientMessage,
    ContextUpdate,
    FunctionResponse,
    MediaChunks,
    Setup,
    StreamEnd,
    Text,
    Tool,
    ToolResponse,
    Video,
)
from bot.loopback.live.refusal import invalid
from bot.loopback.live.schema import Json, read

DEFAULT_IN_HZ = 16_000
"""`audio/pcm` without a rate is 16 kHz."""

_FUNCTION_NAME = re.compile(r"[a-zA-Z_][\w.:-]{0,127}\Z")


def decode(frame: str | bytes, version: str) -> list[ClientMessage]:
    """The messages of one frame (a realtime_input may carry several fields); raises Refused (1007)."""
    try:
        payload = json.loads(frame)
    except ValueError:
        raise invalid("Invalid JSON payload received. Unable to parse.") from None
    message = read(payload, CLIENT_MESSAGE[version], "")
    if len(message) != 1:
        names = ", ".join(message)
        raise invalid(f"Invalid JSON payload received. Expected one of the message types, got [{names}].")
    [(kind, body)] = message.items()
    match kind:
        case "setup":
            return [_setup(body)]
        case "realtime_input":
            return _realtime_input(body)
        case "client_content":
            return [_client_content(body)]
        case "tool_response":
            return [_tool_response(body)]
        case _:
            system = body.get("system_instruction")
            tools = body.get("tools")
            return [
                ContextUpdate(
                    _tools(tools.get("tools", [])) if tools is not None else None,
                    _tokens(system) if system is not None else None,
                )
            ]


def encode(message: Json) -> bytes:
    """A server message as the service sends it: JSON in a binary frame."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


def _setup(body: Json) -> Setup:
    generation = body.get("generation_config", {})
    speech = generation.get("speech_config", {})
    resumption = body.get("session_resumption")
    window = body.get("context_window_compression")
    tools = body.get("tools", [])
    return Setup(
        model=body.get("model", ""),
        modalities=tuple(generation.get("response_modalities", ("AUDIO",))),
        voice=speech.get("voice_config", {}).get("prebuilt_voice_config", {}).get("voice_name"),
        language=speech.get("language_code"),
        temperature=generation.get("temperature"),
        thinking=generation.get("thinking_config"),
        system_tokens=_tokens(body.get("system_instruction", {})),
        tools=_tools(tools),
        built_in_tools=tuple(name for tool in tools for name in tool if name != "function_declarations"),
        resumable=resumption is not None,
        handle=(resumption or {}).get("handle"),
        transcribe_input="input_audio_transcription" in body,
        transcribe_output="output_audio_transcription" in body,
        activity=_activity(body.get("realtime_input_config", {})),
        compression=None if window is None else _compression(window),
        initial_history=body.get("history_config", {}).get("initial_history_in_client_content", False),
        proactive_audio=body.get("proactivity", {}).get("proactive_audio"),
        raw=body,
    )


def _activity(config: Json) -> ActivityConfig:
    detection = config.get("automatic_activity_detection", {})
    return ActivityConfig(
        manual=detection.get("disabled", False),
        start_low=detection.get("start_of_speech_sensitivity") == "START_SENSITIVITY_LOW",
        prefix_padding_ms=detection.get("prefix_padding_ms", 20),
        silence_duration_ms=detection.get("silence_duration_ms", 800),
        interrupts=config.get("activity_handling") != "NO_INTERRUPTION",
        coverage=config.get("turn_coverage"),
    )


def _compression(window: Json) -> tuple[int, int]:
    # Default trigger 80 % of the 131,072-token window, target half the trigger (google-genai docstrings).
    trigger = window.get("trigger_tokens", 104_857)
    return trigger, window.get("sliding_window", {}).get("target_tokens", trigger // 2)


def _tools(tools: list[Json]) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    for declaration in (each for tool in tools for each in tool.get("function_declarations", [])):
        name = declaration.get("name", "")
        if not _FUNCTION_NAME.match(name):
            raise invalid("Invalid function name. Must start with a letter or an underscore.")
        if name in found:
            raise invalid(f"Duplicate function declaration found: {name}")
        behavior = declaration.get("behavior")
        found[name] = Tool(name, None if behavior is None else behavior == "BLOCKING")
    return found


def _realtime_input(body: Json) -> list[ClientMessage]:
    messages: list[ClientMessage] = []
    for name, value in body.items():
        match name:
            case "audio":
                messages.append(_audio(value))
            case "media_chunks":
                messages.append(MediaChunks(tuple(_audio(each) for each in value)))
            case "video":
                messages.append(Video(value.get("data", b""), value.get("mime_type", "")))
            case "text":
                messages.append(Text(value))
            case "activity_start":
                messages.append(ActivityStart())
            case "activity_end":
                messages.append(ActivityEnd())
            case "audio_stream_end" if value:
                messages.append(StreamEnd())
    return messages


def _audio(blob: Json) -> Audio:
    kind, _, parameters = blob.get("mime_type", "").partition(";")
    if kind.strip() not in ("audio/pcm", "audio/l16"):
        raise invalid(f"Unsupported audio mime type: {blob.get('mime_type', '')}")
    rate = re.search(r"rate=(\d+)", parameters)
    return Audio(blob.get("data", b""), int(rate[1]) if rate else DEFAULT_IN_HZ)


def _client_content(body: Json) -> ClientContent:
    turns = body.get("turns", [])
    if any(turn.get("role") not in ("user", "model") for turn in turns):
        raise invalid()
    return ClientContent(
        tuple((turn["role"], _text(turn)) for turn in turns), bool(body.get("turn_complete", False))
    )


def _tool_response(body: Json) -> ToolResponse:
    return ToolResponse(
        tuple(
            FunctionResponse(
                each.get("id", ""),
                each.get("name", ""),
                each.get("response"),
                each.get("scheduling"),
                each.get("will_continue", False),
            )
            for each in body.get("function_responses", [])
        )
    )


def _text(content: Json) -> str:
    return "".join(part.get("text", "") for part in content.get("parts", []))


def _tokens(content: Json) -> int:
    return text_tokens(_text(content))


def text_tokens(text: str) -> int:
    """About four characters a token, as Google's own rule of thumb has it."""
    return -(-len(text) // 4)
