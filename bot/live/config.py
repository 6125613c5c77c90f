"""What one session is asked to be: `LiveSettings`, and its translation for the SDK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from google.genai import types

from bot.errors import LiveRefused
from bot.live.models import DEFAULT_MODEL, Model, model

TurnDetection = Literal["local", "server"]

PREFIX_PADDING_MS = 200
"""Server mode: how far before the detected onset the server looks; its default, about 20 ms, clips onsets."""

COMPRESSION_TRIGGER_TOKENS = 12_000
"""Every turn bills the whole context again, so this bounds the price of a turn: 12,000 audio tokens are eight
minutes of speech (25 tokens/s) and about $5.7 for an hour of conversation, against $11 with the 25,000 of
Google's example. Without compression a session would also end after 15 minutes."""

COMPRESSION_TARGET_TOKENS = 6_000
"""What is left after compression; the service's own default is half of the trigger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """One session.

    `tools` are function declarations as plain JSON: ``{"name", "description", "parameters"}``, `parameters`
    being a JSON schema of type object (absent or without properties: the function takes none).
    `turn_detection` ``"local"``: the caller marks every turn with `activity_start` and `activity_end`;
    ``"server"``: the service listens itself, needs uninterrupted audio (silence included), and ends a turn
    after `silence_ms`. `temperature`: 0 (always the likeliest word) to 2; None: the service's own. `search`:
    the model may look things up with Google Search, and then says where (`Sources`). There is no language
    here: native-audio models refuse one, and are told in their instruction. `resumption_handle`: take up the
    session of which this is the newest handle; its old connection must be closed by then (the service refuses
    two on one handle with 1011).
    """

    model: str = DEFAULT_MODEL
    voice: str = "Puck"
    instruction: str = ""
    tools: Sequence[Mapping[str, Any]] = ()
    turn_detection: TurnDetection = "local"
    silence_ms: int = 500
    thinking_level: str | None = None
    temperature: float | None = None
    search: bool = False
    resumption_handle: str | None = None
    compression_trigger_tokens: int = COMPRESSION_TRIGGER_TOKENS
    compression_target_tokens: int = COMPRESSION_TARGET_TOKENS


def connect_config(settings: LiveSettings) -> types.LiveConnectConfig:
    """The SDK's configuration for `settings`. LiveRefused if the model does not accept what is asked."""
    entry = model(settings.model)
    return types.LiveConnectConfig(
        response_modalities=[types.Modality.AUDIO],  # the only one; text comes as transcript
        temperature=settings.temperature,
        speech_config=types.SpeechConfig(
            voice_config=types.VoiceConfig(
                prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name=settings.voice)
            )
        ),
        thinking_config=_thinking(entry, settings.thinking_level),
        system_instruction=settings.instruction or None,
        tools=_tools(entry, settings.tools, search=settings.search),
        # Without a handle this asks for handles; None stays out of the message ({"handle": null} is 1007).
        session_resumption=types.SessionResumptionConfig(handle=settings.resumption_handle),
        input_audio_transcription=types.AudioTranscriptionConfig(),
        output_audio_transcription=types.AudioTranscriptionConfig(),
        realtime_input_config=_realtime_input(entry, settings),
        context_window_compression=types.ContextWindowCompressionConfig(
            trigger_tokens=settings.compression_trigger_tokens,
            sliding_window=types.SlidingWindow(target_tokens=settings.compression_target_tokens),
        ),
    )


def _realtime_input(entry: Model, settings: LiveSettings) -> types.RealtimeInputConfig:
    if settings.turn_detection == "local":
        detection = types.AutomaticActivityDetection(disabled=True)
    else:
        detection = types.AutomaticActivityDetection(
            disabled=False,
            # HIGH is the service's default and lets the bot interrupt itself on other people's noise.
            start_of_speech_sensitivity=types.StartSensitivity.START_SENSITIVITY_LOW,
            end_of_speech_sensitivity=types.EndSensitivity.END_SENSITIVITY_HIGH,
            prefix_padding_ms=PREFIX_PADDING_MS,
            silence_duration_ms=settings.silence_ms,
        )
    return types.RealtimeInputConfig(
        automatic_activity_detection=detection,
        activity_handling=types.ActivityHandling.START_OF_ACTIVITY_INTERRUPTS,
        turn_coverage=types.TurnCoverage(entry.turn_coverage),  # said outright: the default differs
    )


def _thinking(entry: Model, level: str | None) -> types.ThinkingConfig | None:
    chosen = level or entry.default_thinking
    if chosen is None:
        return None
    if chosen not in entry.thinking_levels:
        accepts = ", ".join(entry.thinking_levels) or "none: it must not be set"
        detail = f"{entry.id} does not accept the thinking level {chosen!r} (it accepts {accepts})."
        raise LiveRefused(detail, sentence=detail)
    return types.ThinkingConfig(thinking_level=types.ThinkingLevel(chosen.upper()))


def _tools(
    entry: Model, declarations: Sequence[Mapping[str, Any]], *, search: bool
) -> types.ToolListUnion | None:
    tools: types.ToolListUnion = []
    if search and entry.search:
        tools.append(types.Tool(google_search=types.GoogleSearch()))
    if declarations:
        tools.append(types.Tool(function_declarations=_functions(entry, declarations)))
    return tools or None


def _functions(entry: Model, declarations: Sequence[Mapping[str, Any]]) -> list[types.FunctionDeclaration]:
    behavior = types.Behavior.NON_BLOCKING if entry.non_blocking_tools else None
    return [
        types.FunctionDeclaration(
            name=declaration["name"],
            description=declaration["description"],
            parameters=_schema(declaration.get("parameters")),
            behavior=behavior,
        )
        for declaration in declarations
    ]


def _schema(parameters: Mapping[str, Any] | None) -> types.Schema | None:
    """None for a function without parameters: an OBJECT without properties is an invalid argument."""
    if not parameters or not parameters.get("properties"):
        return None
    return types.Schema.model_validate(dict(parameters))
