"""What each model takes, as the real service enforces it. Deliberately not `bot.live.models`: a stand-in that
read the client's own table would agree with its mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.loopback.live.messages import Setup, Tool
from bot.loopback.live.refusal import THINKING_LEVEL, invalid, not_found

CONTEXT_TOKENS = 131_072
TEMPERATURE_MAX = 2.0

_VOICE_NAMES = """
zephyr puck charon kore fenrir leda orus aoede callirrhoe autonoe enceladus iapetus umbriel algieba despina
erinome algenib rasalgethi laomedeia achernar alnilam schedar gacrux pulcherrima achird zubenelgenubi
vindemiatrix sadachbia sadaltager sulafat
"""
VOICES = frozenset(_VOICE_NAMES.split())
"""The prebuilt voices, lower case; 3.8 also takes ids of the voice library such as `en-us-tavi`."""


@dataclass(frozen=True, slots=True)
class LiveModel:
    """One Live model of the Developer API (models pages and thinking page, 2026-09)."""

    id: str
    thinking_levels: frozenset[str] = frozenset()
    thinking_required: bool = False
    thinking_budget: bool = False
    blocking_tools: bool = True
    non_blocking_tools: bool = True
    blocking_by_default: bool = False
    scheduling: bool = True
    """FunctionResponse.scheduling is accepted."""
    always_proactive: bool = True
    voice_library: bool = True
    history_any_time: bool = True
    """clientContent is accepted after the conversation began; older 3.1 answers 1007 (strands #1999)."""
    media_chunks: bool = False
    ends_turn_on_stream_end: bool = False
    """audioStreamEnd ends the turn; 3.8 ignores it (openclaw #152830)."""
    voice_activity_events: bool = False
    """python-genai #2981: 3.8 sends none."""
    interaction_status: bool = False
    context_update: bool = True
    all_video: bool = True
    """Turns hold every frame by default; else only those that come within an activity."""


_LEVELS = frozenset({"LOW", "MEDIUM", "HIGH"})

MODELS = {
    model.id: model
    for model in (
        LiveModel("gemini-3.8-live"),
        LiveModel(
            "gemini-3.8-live-extended-thinking",
            thinking_levels=_LEVELS,
            thinking_required=True,
            thinking_budget=True,
            blocking_tools=False,
            scheduling=False,
            interaction_status=True,
        ),
        LiveModel(
            "gemini-3.1-flash-live-preview",
            thinking_levels=_LEVELS | {"MINIMAL"},
            non_blocking_tools=False,
            blocking_by_default=True,
            scheduling=False,
            always_proactive=False,
            voice_library=False,
            history_any_time=False,
            ends_turn_on_stream_end=True,
            voice_activity_events=True,
            context_update=False,
        ),
        LiveModel(
            "gemini-2.5-flash-native-audio-preview-12-2025",
            thinking_budget=True,
            blocking_by_default=True,
            always_proactive=False,
            voice_library=False,
            media_chunks=True,
            ends_turn_on_stream_end=True,
            context_update=False,
            all_video=False,
        ),
    )
}


def accept(setup: Setup, version: str) -> LiveModel:
    """The model of `setup`, which it takes as it is; raises Refused as the real service does."""
    if not setup.model.startswith("models/"):
        raise invalid()
    model = MODELS.get(setup.model.removeprefix("models/"))
    if model is None:
        raise not_found(setup.model, version)
    _check_output(setup, model)
    _check_thinking(setup, model)
    check_tools(setup.tools, setup.built_in_tools, model)
    if setup.proactive_audio is not None and model.always_proactive != setup.proactive_audio:
        raise invalid("Proactive audio is not configurable for this model.")
    # That 2.5 does not know the coverage that came with 3.1 is an assumption, and the stricter one.
    if setup.activity.coverage == "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO" and not model.all_video:
        raise invalid()
    if setup.compression and not 0 <= setup.compression[1] < setup.compression[0] <= CONTEXT_TOKENS:
        raise invalid()
    return model


def sees_all_video(setup: Setup, model: LiveModel) -> bool:
    """Whether frames that come outside of a turn are shown to the model."""
    if setup.activity.coverage is None:
        return model.all_video
    return setup.activity.coverage != "TURN_INCLUDES_ONLY_ACTIVITY"


def _check_output(setup: Setup, model: LiveModel) -> None:
    if setup.modalities != ("AUDIO",):
        raise invalid(
            f"The requested combination of response modalities ({', '.join(setup.modalities)}) is not "
            f"supported by the model. models/{model.id} accepts the following combination of response "
            "modalities:\n* AUDIO\n"
        )
    if setup.language is not None:
        # Native-audio models find the language by themselves (Live API capabilities); all that are here do.
        raise invalid(f"Unsupported language code '{setup.language}' for model models/{model.id}")
    if setup.temperature is not None and not 0 <= setup.temperature <= TEMPERATURE_MAX:
        raise invalid()
    library = model.voice_library and "-" in (setup.voice or "")
    if setup.voice is not None and setup.voice.lower() not in VOICES and not library:
        raise invalid(
            f"Requested voice api_name '{setup.voice}' is not available for model models/{model.id}"
        )


def _check_thinking(setup: Setup, model: LiveModel) -> None:
    thinking = setup.thinking
    if thinking is None:
        if model.thinking_required:
            raise invalid("Thinking level is required for this model.")
        return
    if "thinking_budget" in thinking and not model.thinking_budget:
        raise invalid("Thinking budget is not supported for this model.")
    level = thinking.get("thinking_level", "").upper()
    if level and "thinking_budget" in thinking:
        raise invalid("Thinking level and thinking budget cannot both be set.")
    if not model.thinking_levels and (level or not model.thinking_budget):
        raise invalid(THINKING_LEVEL)
    if level and level not in model.thinking_levels:
        allowed = ", ".join(sorted(each.lower() for each in model.thinking_levels))
        raise invalid(
            f"'{level.lower()}' is not a supported thinking level for this model. "
            f"Allowed values are: {allowed}."
        )
    if model.thinking_required and not level and "thinking_budget" not in thinking:
        raise invalid("Thinking level is required for this model.")


def check_tools(tools: dict[str, Tool], built_in: tuple[str, ...], model: LiveModel) -> None:
    """Raises Refused where `model` cannot run them."""
    for name in built_in:
        if name != "google_search":
            raise invalid(f"{name} is not supported for this model.")
    for tool in tools.values():
        if tool.blocking is True and not model.blocking_tools:
            raise invalid("Blocking function calls are not supported for this model.")
        if tool.blocking is False and not model.non_blocking_tools:
            raise invalid("Non-blocking function calls are not supported for this model.")


def is_blocking(tool: Tool, model: LiveModel) -> bool:
    return model.blocking_by_default if tool.blocking is None else tool.blocking
