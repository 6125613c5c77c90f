import pytest
from google.genai import types

from bot.errors import LiveRefused
from bot.live.config import LiveSettings, connect_config
from bot.live.models import MODELS

LEAVE = {"name": "leave_channel", "description": "Leave.", "parameters": {}}
PLAY = {
    "name": "play",
    "description": "Play.",
    "parameters": {
        "type": "object",
        "properties": {"title": {"type": "string", "description": "Of the song"}},
        "required": ["title"],
    },
}


def wire(settings: LiveSettings) -> dict[str, object]:
    return connect_config(settings).model_dump(mode="json", exclude_none=True)


@pytest.mark.parametrize("model_id", MODELS)
def test_every_model_has_a_default_configuration(model_id: str) -> None:
    config = wire(LiveSettings(model=model_id))
    assert config["response_modalities"] == ["AUDIO"]
    assert config["input_audio_transcription"] == config["output_audio_transcription"] == {}


def test_the_default_model_is_sent_no_thinking_config() -> None:
    assert "thinking_config" not in wire(LiveSettings())


def test_extended_thinking_is_always_sent_a_level() -> None:
    settings = LiveSettings(model="gemini-3.8-live-extended-thinking")
    assert wire(settings)["thinking_config"] == {"thinking_level": "LOW"}


def test_a_level_that_the_model_does_not_accept_is_refused_before_connecting() -> None:
    with pytest.raises(LiveRefused, match="must not be set"):
        connect_config(LiveSettings(thinking_level="high"))
    with pytest.raises(LiveRefused, match="low, medium, high"):
        connect_config(LiveSettings(model="gemini-3.8-live-extended-thinking", thinking_level="minimal"))


def test_local_turns_disable_the_service_s_own_detection() -> None:
    realtime = connect_config(LiveSettings()).realtime_input_config
    assert realtime is not None
    assert realtime.automatic_activity_detection == types.AutomaticActivityDetection(disabled=True)


@pytest.mark.parametrize("model_id", MODELS)
def test_the_turn_coverage_is_said_and_is_the_model_s(model_id: str) -> None:
    realtime = connect_config(LiveSettings(model=model_id)).realtime_input_config
    assert realtime is not None
    only_activity = types.TurnCoverage.TURN_INCLUDES_ONLY_ACTIVITY
    with_images = types.TurnCoverage.TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO
    assert realtime.turn_coverage is (only_activity if "2.5" in model_id else with_images)


def test_server_turns_start_reluctantly_and_end_after_the_given_silence() -> None:
    realtime = connect_config(LiveSettings(turn_detection="server", silence_ms=700)).realtime_input_config
    assert realtime is not None
    detection = realtime.automatic_activity_detection
    assert detection is not None
    assert detection.disabled is False
    assert detection.silence_duration_ms == 700
    assert detection.start_of_speech_sensitivity is types.StartSensitivity.START_SENSITIVITY_LOW


def test_a_missing_handle_is_not_sent_as_null() -> None:
    assert wire(LiveSettings())["session_resumption"] == {}
    assert wire(LiveSettings(resumption_handle="h"))["session_resumption"] == {"handle": "h"}


def test_tools_are_declared_non_blocking_where_the_model_knows_that() -> None:
    tools = connect_config(LiveSettings(tools=[LEAVE, PLAY])).tools
    assert isinstance(tools, list)
    assert isinstance(tools[0], types.Tool)
    leave, play = tools[0].function_declarations or ()
    assert leave.behavior is play.behavior is types.Behavior.NON_BLOCKING
    assert leave.parameters is None, "an object without properties is an invalid argument"
    assert play.parameters is not None
    assert play.parameters.required == ["title"]


def test_sequential_models_are_sent_no_behaviour() -> None:
    tools = connect_config(LiveSettings(model="gemini-3.1-flash-live-preview", tools=[LEAVE])).tools
    assert isinstance(tools, list)
    assert isinstance(tools[0], types.Tool)
    assert (tools[0].function_declarations or ())[0].behavior is None


def test_no_tools_means_no_tools_field() -> None:
    assert "tools" not in wire(LiveSettings())


def test_the_temperature_is_sent_only_if_chosen() -> None:
    assert "temperature" not in wire(LiveSettings())
    assert wire(LiveSettings(temperature=0.0))["temperature"] == 0.0


@pytest.mark.parametrize("model_id", MODELS)
def test_search_is_a_tool_beside_the_functions(model_id: str) -> None:
    alone = connect_config(LiveSettings(model=model_id, search=True)).tools
    assert alone == [types.Tool(google_search=types.GoogleSearch())]
    both = connect_config(LiveSettings(model=model_id, search=True, tools=[LEAVE])).tools
    assert isinstance(both, list)
    assert len(both) == 2


def test_no_language_is_ever_sent() -> None:
    speech = connect_config(LiveSettings()).speech_config
    assert isinstance(speech, types.SpeechConfig)
    assert speech.language_code is None, "native-audio models refuse it"
