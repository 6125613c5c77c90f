"""The session against the Live stand-in, and against servers that misbehave in ways no service should."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import websockets
from google.genai import types
from websockets.asyncio.server import ServerConnection, serve

from audio.formats import LIVE_IN_HZ, to_pcm16
from bot.errors import LiveClosed, LiveQuota, LiveRefused, LiveUnavailable
from bot.live import session as session_module
from bot.live.config import LiveSettings
from bot.live.events import (
    Audio,
    GenerationComplete,
    GoAway,
    InputTranscript,
    Interrupted,
    LiveEvent,
    OutputTranscript,
    Ready,
    Resumable,
    ToolCall,
    TurnComplete,
    Usage,
)
from bot.live.failures import handle_survives
from bot.live.models import MODELS
from bot.live.session import LiveClient, LiveSession
from bot.loopback import speech
from bot.loopback.certificates import Certificates
from bot.loopback.live import Close, Kind, LiveServer, Moment
from bot.loopback.live.answer import AnswerBook, Clip, Pace, recorded

KEY = "test-key-of-nobody"
LEAVE = {"name": "leave_channel", "description": "Leave.", "parameters": {}}
FRAME = bytes(640)
BLIP = Clip("Yes.", np.full(2400, 0.1, np.float32))


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    return Certificates.create()


@pytest.fixture(scope="module")
def ca_file(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates.write_ca(tmp_path_factory.mktemp("ca") / "ca.pem")


@pytest.fixture
async def server(certificates: Certificates) -> AsyncIterator[LiveServer]:
    live = LiveServer()
    live.service.pace = Pace(delay_ms=0, burst_ms=0, speed=200.0)
    live.service.answers = AnswerBook({"blip": BLIP}, recorded)
    live.script.always = "blip"
    await live.start(certificates.server_context())
    yield live
    await live.close()


@pytest.fixture
async def client(server: LiveServer, ca_file: Path) -> AsyncIterator[LiveClient]:
    live_client = LiveClient(KEY, server.base_url, ca_file)
    yield live_client
    await live_client.close()


async def until(events: AsyncIterator[LiveEvent], kind: type[LiveEvent]) -> list[LiveEvent]:
    """The events up to and with the first of `kind`."""
    seen: list[LiveEvent] = []
    async with asyncio.timeout(10):
        async for event in events:
            seen.append(event)
            if isinstance(event, kind):
                return seen
    raise AssertionError("the stream ended")


async def say(session: LiveSession, pcm16: bytes = FRAME * 10) -> None:
    await session.activity_start()
    for start in range(0, len(pcm16), len(FRAME)):
        await session.send_audio(pcm16[start : start + len(FRAME)])
    await session.activity_end()


# --- conversation ---


async def test_a_turn_goes_in_and_an_answer_comes_out(server: LiveServer, client: LiveClient) -> None:
    server.script.always = None
    spoken = to_pcm16(speech.load("hello", LIVE_IN_HZ))
    async with client.connect(LiveSettings()) as session:
        events = session.events()
        await say(session, spoken)
        seen = await until(events, GenerationComplete)
    assert isinstance(seen[0], Ready)
    assert seen[0].session_id == session.session_id == server.sessions[0].id
    heard = "".join(event.text for event in seen if isinstance(event, InputTranscript))
    said = "".join(event.text for event in seen if isinstance(event, OutputTranscript))
    assert heard.strip() == speech.text("hello")
    assert said.split() == speech.text("answer_hello").split()
    answer = [event for event in seen if isinstance(event, Audio)]
    assert {event.hz for event in answer} == {24_000}
    assert b"".join(event.pcm16 for event in answer) == to_pcm16(speech.load("answer_hello", 24_000))
    assert bytes(server.sessions[0].pcm16) == spoken


async def test_the_stream_survives_the_end_of_a_turn_and_unknown_messages(
    server: LiveServer, client: LiveClient
) -> None:
    server.faults.unknown_messages = True
    async with client.connect(LiveSettings()) as session:
        events = session.events()
        for _ in range(3):
            await say(session)
            seen = await until(events, TurnComplete)
            assert any(isinstance(event, Audio) for event in seen)
            await until(events, Usage)


async def test_text_is_answered(client: LiveClient) -> None:
    async with client.connect(LiveSettings()) as session:
        events = session.events()
        await session.send_text("Say hello.")
        assert any(isinstance(event, Audio) for event in await until(events, TurnComplete))


async def test_an_image_is_shown_before_the_text_about_it(certificates: Certificates, ca_file: Path) -> None:
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def handler(connection: ServerConnection) -> None:
        await accept(connection)
        async for message in connection:
            received.put_nowait(json.loads(message)["realtime_input"])

    async with serving(certificates, ca_file, handler) as client, client.connect(LiveSettings()) as session:
        await session.send_image(b"\xff\xd8\xff\xfb")
        await session.send_text("what is this?")
        image, text = await received.get(), await received.get()
    assert image == {"video": {"data": "_9j_-w==", "mime_type": "image/jpeg"}}
    assert text == {"text": "what is this?"}


async def test_speaking_into_an_answer_interrupts_it(server: LiveServer, client: LiveClient) -> None:
    server.script.always = "answer_long"
    server.service.pace = Pace(delay_ms=0)
    async with client.connect(LiveSettings()) as session:
        events = session.events()
        await say(session)
        await until(events, Audio)
        await session.activity_start()
        seen = await until(events, Interrupted)
    assert not any(isinstance(event, GenerationComplete) for event in seen)


async def test_a_tool_call_is_answered_once_and_the_model_goes_on(
    server: LiveServer, client: LiveClient
) -> None:
    server.script.always = None
    async with client.connect(LiveSettings(tools=[LEAVE])) as session:
        events = session.events()
        await say(session, to_pcm16(speech.load("goodbye", LIVE_IN_HZ)))
        call = (await until(events, ToolCall))[-1]
        assert isinstance(call, ToolCall)
        assert (call.name, call.args) == ("leave_channel", {})
        await session.respond(call.id, call.name, {"status": "ok"}, scheduling="WHEN_IDLE")
        assert any(isinstance(event, Audio) for event in await until(events, GenerationComplete))
    [response] = server.sessions[0].tool_responses
    assert response.id == call.id


async def test_scheduling_is_left_out_where_the_model_refuses_it(
    server: LiveServer, client: LiveClient
) -> None:
    server.script.always = None
    settings = LiveSettings(model="gemini-3.8-live-extended-thinking", tools=[LEAVE])
    async with client.connect(settings) as session:
        events = session.events()
        await say(session, to_pcm16(speech.load("goodbye", LIVE_IN_HZ)))
        call = (await until(events, ToolCall))[-1]
        assert isinstance(call, ToolCall)
        await session.respond(call.id, call.name, {"status": "ok"}, scheduling="SILENT")
        await until(events, GenerationComplete)


@pytest.mark.parametrize("detection", ["local", "server"])
@pytest.mark.parametrize("model_id", MODELS)
async def test_the_service_accepts_our_setup_for_every_model(
    model_id: str, detection: Any, client: LiveClient
) -> None:
    settings = LiveSettings(
        model=model_id, turn_detection=detection, tools=[LEAVE], instruction="You are Parley."
    )
    async with client.connect(settings) as session:
        assert session.session_id


async def test_a_session_is_resumed_by_its_newest_handle(server: LiveServer, client: LiveClient) -> None:
    async with client.connect(LiveSettings()) as session:
        events = session.events()
        await say(session)
        seen = await until(events, TurnComplete)
        handle = [event for event in seen if isinstance(event, Resumable)][-1].handle
        with pytest.raises(LiveUnavailable) as refused:  # never two sockets on one handle
            async with client.connect(LiveSettings(resumption_handle=handle)):
                pass
        assert refused.value.retry
    async with client.connect(LiveSettings(resumption_handle=handle)) as session:
        await say(session)
        await until(session.events(), TurnComplete)
    assert server.sessions[-1].setup is not None
    assert server.sessions[-1].setup.handle == handle


async def test_a_forgotten_handle_asks_for_a_fresh_start(server: LiveServer, client: LiveClient) -> None:
    async with client.connect(LiveSettings()) as session:
        handle = (await until(session.events(), Resumable))[-1]
    assert isinstance(handle, Resumable)
    server.faults.resume_refused = True
    for stale in (handle.handle, "never issued"):
        with pytest.raises(LiveClosed) as closed:
            async with client.connect(LiveSettings(resumption_handle=stale)):
                pass
        assert closed.value.retry
        assert not handle_survives(closed.value)


async def test_go_away_is_announced(server: LiveServer, client: LiveClient) -> None:
    async with client.connect(LiveSettings()) as session:
        events = session.events()
        await until(events, Resumable)
        leaving = asyncio.create_task(server.go_away(0.05))
        assert (await until(events, GoAway))[-1] == GoAway(0.05)
        with pytest.raises(LiveClosed, match="1011 Deadline expired") as closed:
            await until(events, TurnComplete)
        assert handle_survives(closed.value)
        await leaving


# --- failure to connect ---


@pytest.mark.parametrize(
    ("key", "kind"), [("bad-key", LiveRefused), ("quota-key", LiveQuota)], ids=["key", "quota"]
)
async def test_a_wrong_key_and_an_empty_account(
    key: str, kind: type[Exception], server: LiveServer, ca_file: Path
) -> None:
    client = LiveClient(key, server.base_url, ca_file)
    with pytest.raises(kind) as refused:
        async with client.connect(LiveSettings()):
            pass
    assert key not in repr(refused.value)
    await client.close()


def test_no_key_is_refused_at_once() -> None:
    with pytest.raises(LiveRefused) as refused:
        LiveClient("")
    assert "GEMINI_API_KEY" in refused.value.sentence


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, LiveRefused), (403, LiveRefused), (404, LiveRefused), (429, LiveQuota), (503, LiveUnavailable)],
)
async def test_http_refuses_the_upgrade(
    status: int, kind: type[Exception], server: LiveServer, client: LiveClient
) -> None:
    server.faults.refuse_upgrade = status
    with pytest.raises(kind, match=str(status)):
        async with client.connect(LiveSettings()):
            pass


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (1007, "Request contains an invalid argument.", LiveRefused),
        (1008, "Policy.", LiveRefused),
        (1011, "Internal error encountered.", LiveUnavailable),
        (1006, "1006", LiveUnavailable),
    ],
)
async def test_the_setup_is_refused(
    code: int, reason: str, kind: type[Exception], server: LiveServer, client: LiveClient
) -> None:
    server.faults.close = Close(Moment.SETUP, code, reason)
    with pytest.raises(kind, match=reason):
        async with client.connect(LiveSettings()):
            pass
    async with client.connect(LiveSettings()) as session:
        assert session.session_id, "the client itself is as good as before"


async def test_a_setup_that_is_never_answered(
    server: LiveServer, client: LiveClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "CONNECT_TIMEOUT_S", 0.3)
    server.faults.setup_silence = True
    with pytest.raises(LiveUnavailable, match="no answer"):
        async with client.connect(LiveSettings()):
            pass


async def test_a_port_that_accepts_and_says_nothing(ca_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "CONNECT_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:  # the kernel accepts, nobody reads
        client = LiveClient(KEY, f"https://127.0.0.1:{listener.getsockname()[1]}", ca_file)
        with pytest.raises(LiveUnavailable, match="no answer"):
            async with client.connect(LiveSettings()):
                pass
        await client.close()


async def test_nobody_is_there(ca_file: Path, unused_tcp_port: int) -> None:
    client = LiveClient(KEY, f"https://127.0.0.1:{unused_tcp_port}", ca_file)
    with pytest.raises(LiveUnavailable):
        async with client.connect(LiveSettings()):
            pass
    await client.close()


async def test_a_certificate_of_somebody_else(server: LiveServer, tmp_path: Path) -> None:
    other = Certificates.create().write_ca(tmp_path / "other.pem")
    client = LiveClient(KEY, server.base_url, other)
    with pytest.raises(LiveUnavailable, match="certificate"):
        async with client.connect(LiveSettings()):
            pass
    await client.close()


async def test_an_unknown_model_never_reaches_the_network(server: LiveServer, client: LiveClient) -> None:
    with pytest.raises(LiveRefused, match="Known:"):
        async with client.connect(LiveSettings(model="gemini-9-live")):
            pass
    assert server.sessions == []


async def test_a_proxy_in_the_environment_does_not_hide_the_stand_in(
    server: LiveServer, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for base_url in (server.base_url + "/", server.base_url.replace("127.0.0.1", "localhost")):
        client = LiveClient(KEY, base_url, ca_file)
        async with client.connect(LiveSettings()) as session:
            assert session.session_id
        await client.close()


# --- failure afterwards ---


@pytest.mark.parametrize(
    ("code", "reason", "survives"),
    [
        (1011, "Internal error encountered.", True),
        (1006, "", True),
        (1000, "", True),
        (1007, "Request contains an invalid argument.", False),
    ],
)
async def test_the_server_ends_the_session(
    code: int, reason: str, survives: bool, server: LiveServer, client: LiveClient
) -> None:
    async with client.connect(LiveSettings()) as session:
        events = session.events()
        await until(events, Resumable)
        await server.drop(code, reason)
        with pytest.raises(LiveClosed) as closed:
            await until(events, TurnComplete)
        assert (closed.value.code, closed.value.reason) == (code, reason)
        assert handle_survives(closed.value) is survives
        for send in (
            session.activity_start(),
            session.send_audio(FRAME),
            session.respond("1", "f", {"a": 1}),
        ):
            with pytest.raises(LiveClosed) as refused:
                await send
            assert refused.value.code == code


async def test_the_quota_may_run_out_in_the_middle(server: LiveServer, client: LiveClient) -> None:
    async with client.connect(LiveSettings()) as session:
        server.faults.close = Close(Moment.TURN_END, 1011, "You exceeded your current quota")
        await say(session)
        with pytest.raises(LiveQuota):
            await until(session.events(), TurnComplete)


async def test_our_own_mistakes_are_not_disguised_as_failures_of_the_service(client: LiveClient) -> None:
    async with client.connect(LiveSettings()) as session:
        with pytest.raises(TypeError):
            await session.send_audio("text")  # type: ignore[arg-type]


# --- servers that are not the service ---


@asynccontextmanager
async def serving(
    certificates: Certificates, ca_file: Path, handler: Callable[[ServerConnection], Awaitable[None]]
) -> AsyncIterator[LiveClient]:
    """A client of a server that answers the setup and then does what `handler` does."""

    async def handle(connection: ServerConnection) -> None:
        await connection.recv()
        await handler(connection)

    context = certificates.server_context()
    async with serve(handle, "127.0.0.1", 0, ssl=context, max_size=None, close_timeout=0.1) as server:
        port = server.sockets[0].getsockname()[1]
        client = LiveClient(KEY, f"https://127.0.0.1:{port}", ca_file)
        yield client
        await client.close()


async def accept(connection: ServerConnection) -> None:
    await connection.send(json.dumps({"setupComplete": {}}))


async def test_a_first_message_that_is_no_setup_reply(certificates: Certificates, ca_file: Path) -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send(json.dumps({"goAway": {"timeLeft": "1s"}}))
        await connection.wait_closed()

    async with serving(certificates, ca_file, handler) as client:
        with pytest.raises(LiveRefused, match="setupComplete"):
            async with client.connect(LiveSettings()):
                pass


async def test_what_is_not_json_is_counted_and_passed_over(certificates: Certificates, ca_file: Path) -> None:
    async def handler(connection: ServerConnection) -> None:
        await accept(connection)
        for message in ("garbage", b"\xff\xfe", "[1, 2]", "null", ""):
            await connection.send(message)
        await connection.send(json.dumps({"goAway": {}}))
        await connection.wait_closed()

    async with serving(certificates, ca_file, handler) as client, client.connect(LiveSettings()) as session:
        assert await until(session.events(), GoAway) == [Ready(None), GoAway(None)]
        assert session.unreadable == 5


async def test_an_error_instead_of_a_message_ends_the_session(
    certificates: Certificates, ca_file: Path
) -> None:
    async def handler(connection: ServerConnection) -> None:
        await accept(connection)
        await connection.send(json.dumps({"error": {"code": 429, "message": "slow down"}}))
        await connection.wait_closed()

    async with serving(certificates, ca_file, handler) as client, client.connect(LiveSettings()) as session:
        with pytest.raises(LiveQuota, match="slow down"):
            await until(session.events(), GoAway)


async def send_until_blocked(session: LiveSession) -> int:
    """Send into a connection that nobody reads until a send has to wait, and cancel that one."""
    sent = 0
    while True:
        try:
            async with asyncio.timeout(0.05):
                await session.send_audio(bytes(256 * 1024))
        except TimeoutError:
            return sent + 1
        sent += 1


async def test_a_cancelled_send_leaves_a_whole_message(certificates: Certificates, ca_file: Path) -> None:
    read_on = asyncio.Event()
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def handler(connection: ServerConnection) -> None:
        await accept(connection)
        await read_on.wait()
        async for message in connection:
            received.put_nowait(json.loads(message)["realtime_input"])

    async with serving(certificates, ca_file, handler) as client, client.connect(LiveSettings()) as session:
        sent = await send_until_blocked(session)
        read_on.set()
        await session.send_text("still here")
        async with asyncio.timeout(10):
            messages = [await received.get() for _ in range(sent + 1)]
    assert messages[-1] == {"text": "still here"}
    assert all("audio" in message for message in messages[:-1])


async def test_closing_is_bounded_even_if_nobody_reads(
    certificates: Certificates, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "CLOSE_TIMEOUT_S", 0.2)
    done = asyncio.Event()

    async def handler(connection: ServerConnection) -> None:
        await accept(connection)
        await done.wait()
        connection.transport.abort()

    async with serving(certificates, ca_file, handler) as client:
        async with asyncio.timeout(10), client.connect(LiveSettings()) as session:
            await send_until_blocked(session)
            connection = session._connection._ws
        assert connection.state is websockets.State.CLOSED
        done.set()


async def test_cancelling_the_reader_closes_the_connection(server: LiveServer, client: LiveClient) -> None:
    reading, closed = asyncio.Event(), asyncio.Event()
    server.observer = lambda event: closed.set() if event.kind is Kind.CLOSED else None

    async def converse() -> None:
        async with client.connect(LiveSettings()) as session:
            async for _ in session.events():
                reading.set()

    task = asyncio.create_task(converse())
    await reading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        await closed.wait()
    assert server.sessions[0].close != (1006, "")


# --- what the shortcut past the SDK relies on ---


async def test_the_sdk_would_send_the_same_bytes(certificates: Certificates, ca_file: Path) -> None:
    received: asyncio.Queue[str | bytes] = asyncio.Queue()

    async def handler(connection: ServerConnection) -> None:
        await accept(connection)
        async for message in connection:
            received.put_nowait(message)

    pcm16 = bytes(range(256)) * 5
    async with serving(certificates, ca_file, handler) as client, client.connect(LiveSettings()) as session:
        await session.send_audio(pcm16)
        await session._connection.send_realtime_input(
            audio=types.Blob(data=pcm16, mime_type="audio/pcm;rate=16000")
        )
        await session.send_audio(b"")
        await session.send_text("end")
        ours, theirs, end = [await received.get() for _ in range(3)]
    assert isinstance(ours, str), "a text frame"
    assert ours == theirs
    assert "end" in str(end), "nothing is sent for no sound"


async def test_the_sdk_keeps_its_socket_where_we_look_for_it(client: LiveClient) -> None:
    async with client.connect(LiveSettings()) as session:
        assert isinstance(session._connection._ws, websockets.ClientConnection)
