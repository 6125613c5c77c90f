"""The stand-in as google-genai sees it: the unmodified client connects, converses, and is refused."""

from __future__ import annotations

from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from google.genai.live import AsyncSession
from live_wire import settled

from audio.formats import LIVE_IN_HZ, to_pcm16
from bot.loopback import speech
from bot.loopback.live import LiveServer
from bot.loopback.live.record import Kind

MODEL = "gemini-3.8-live"
LEAVE = types.FunctionDeclaration(
    name="leave_channel",
    description="Leaves the channel.",
    parameters=types.Schema(type=types.Type.OBJECT, properties={"why": types.Schema(type=types.Type.STRING)}),
    behavior=types.Behavior.NON_BLOCKING,
)


def config(**fields: Any) -> types.LiveConnectConfig:
    settings: dict[str, Any] = {
        "response_modalities": [types.Modality.AUDIO],
        "system_instruction": "You are Parley.",
        "speech_config": {"voice_config": {"prebuilt_voice_config": {"voice_name": "Puck"}}},
        "tools": [types.Tool(function_declarations=[LEAVE])],
        "session_resumption": {},
        "input_audio_transcription": {},
        "output_audio_transcription": {},
        "context_window_compression": {"trigger_tokens": 25_000, "sliding_window": {"target_tokens": 8_000}},
        "realtime_input_config": {
            "automatic_activity_detection": {"disabled": True},
            "turn_coverage": types.TurnCoverage.TURN_INCLUDES_ONLY_ACTIVITY,
        },
    }
    return types.LiveConnectConfig(**(settings | fields))


async def say(session: AsyncSession, name: str) -> list[types.LiveServerMessage]:
    """One turn in manual mode, and all that answers it."""
    await session.send_realtime_input(activity_start=types.ActivityStart())
    pcm16 = to_pcm16(speech.load(name, LIVE_IN_HZ))
    for start in range(0, len(pcm16), 1280):
        blob = types.Blob(data=pcm16[start : start + 1280], mime_type="audio/pcm;rate=16000")
        await session.send_realtime_input(audio=blob)
    await session.send_realtime_input(activity_end=types.ActivityEnd())
    return [message async for message in session.receive()]


async def test_a_conversation(live: LiveServer, client: genai.Client) -> None:
    async with client.aio.live.connect(model=MODEL, config=config()) as session:
        assert session.setup_complete is not None and session.session_id == "live-1"
        answer = await say(session, "hello")
        assert sum(len(message.data or b"") for message in answer) == pytest.approx(48_000 * 0.12, abs=2)
        contents = [message.server_content for message in answer if message.server_content]
        heard = "".join(c.input_transcription.text or "" for c in contents if c.input_transcription)
        assert heard == speech.text("hello")
        assert contents[-1].turn_complete
        assert any(content.generation_complete for content in contents)
        assert answer[-1].usage_metadata is not None and answer[-1].usage_metadata.total_token_count
        handles = [m.session_resumption_update for m in answer if m.session_resumption_update]
        assert handles[0].resumable and handles[0].new_handle

        [call] = [m.tool_call for m in await say(session, "goodbye") if m.tool_call]
        [function] = call.function_calls or []
        assert function.name == "leave_channel"
        response = types.FunctionResponse(id=function.id, name=function.name, response={"status": "ok"})
        await session.send_tool_response(function_responses=response)
        spoken = [message async for message in session.receive()]
        assert any(message.data for message in spoken)
    await settled(live.sessions[0], Kind.CLOSED)
    setup = live.sessions[0].setup
    assert setup is not None
    assert (setup.voice, setup.compression, list(setup.tools)) == ("Puck", (25_000, 8_000), ["leave_channel"])


async def test_text(client: genai.Client) -> None:
    async with client.aio.live.connect(model=MODEL, config=config()) as session:
        await session.send_realtime_input(text="Say hello.")
        assert any([message.data async for message in session.receive()])
        turn = types.Content(role="user", parts=[types.Part(text="And again.")])
        await session.send_client_content(turns=turn, turn_complete=True)
        assert any([message.data async for message in session.receive()])


async def test_thinking_is_refused(client: genai.Client) -> None:
    thinking = types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW)
    with pytest.raises(errors.APIError, match="Thinking level is not supported for this model") as refused:
        async with client.aio.live.connect(model=MODEL, config=config(thinking_config=thinking)):
            pass
    assert refused.value.code == 1007


async def test_a_wrong_key_is_refused(client: genai.Client) -> None:
    assert client._api_client.api_key is not None
    client._api_client._http_options.headers = {"x-goog-api-key": "bad-key"}
    with pytest.raises(errors.APIError, match="API key not valid") as refused:
        async with client.aio.live.connect(model=MODEL, config=config()):
            pass
    assert refused.value.code == 1007


async def test_the_default_api_version_has_no_live_models(client: genai.Client) -> None:
    client._api_client._http_options.api_version = "v1"
    with pytest.raises(errors.APIError, match="is not found for API version v1") as refused:
        async with client.aio.live.connect(model=MODEL, config=config()):
            pass
    assert refused.value.code == 1008


async def test_a_cut_connection_is_1006(live: LiveServer, client: genai.Client) -> None:
    async with client.aio.live.connect(model=MODEL, config=config()) as session:
        await live.drop(1006)
        with pytest.raises(errors.APIError) as closed:
            async for _ in session.receive():
                pass
    assert closed.value.code == 1006


async def test_an_unknown_message_trips_the_sdk(live: LiveServer, client: genai.Client) -> None:
    """Why a client needs a guard around receive: 3.4.0 raises TypeError, and the socket lives on."""
    live.faults.unknown_messages = True
    async with client.aio.live.connect(model=MODEL, config=config(session_resumption=None)) as session:
        await session.send_realtime_input(text="hi")
        with pytest.raises(TypeError):
            async for _ in session.receive():
                pass
        assert any([message.data async for message in session.receive()])
