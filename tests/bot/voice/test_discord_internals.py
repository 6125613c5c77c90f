"""What `bot.voice` relies on inside discord.py. A failure here means: read the diff of the new version."""

import asyncio
import inspect
import threading
from collections.abc import Iterator
from typing import Any

import discord
import pytest
from discord.enums import SpeakingState
from discord.errors import ConnectionClosed
from discord.gateway import DiscordVoiceWebSocket
from discord.utils import MISSING
from discord.voice_state import ConnectionFlowState, SocketReader, VoiceConnectionState

from bot.voice.connection import VoiceConnection
from bot.voice.link import VoiceLink
from bot.voice.websocket import VoiceWebSocket

# Of the base class, and of no use here: its reader thread, and what our supervisor replaces.
NOT_INHERITED = {
    "_socket_reader",
    "socket",
    "_connector",
    "_disconnected",
    "_expecting_disconnect",
    "dave_session",
    "dave_protocol_version",
    "dave_pending_transitions",
    "dave_downgraded",
}


class FakeGuild:
    id = 1


class FakeChannel:
    guild = FakeGuild()

    def _get_voice_client_key(self) -> tuple[int, str]:
        return 1, "guild_id"


class FakeState:
    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self.user = FakeGuild()


class FakeClient:
    def __init__(self, loop: Any) -> None:
        self._connection = FakeState(loop)
        self.user = self._connection.user


@pytest.fixture
async def link() -> VoiceLink:
    client: Any = FakeClient(asyncio.get_running_loop())
    channel: Any = FakeChannel()
    return VoiceLink(client, channel)


@pytest.fixture
def original(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The attributes discord.py gives its own connection state."""
    monkeypatch.setattr("discord.voice_state.SocketReader.start", lambda self: None)
    client: Any = object()
    yield vars(VoiceConnectionState(client))


async def test_our_connection_has_the_attributes_of_the_original(
    link: VoiceLink, original: dict[str, Any]
) -> None:
    ours = vars(link._connection)
    assert original.keys() - ours.keys() == NOT_INHERITED


async def test_no_thread_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked of the link alone: a plain client of another test may still have its reader."""
    started: list[threading.Thread] = []
    monkeypatch.setattr(threading.Thread, "start", lambda self: started.append(self))
    client: Any = FakeClient(asyncio.get_running_loop())
    channel: Any = FakeChannel()
    link = VoiceLink(client, channel)
    assert isinstance(link._connection, VoiceConnection)
    assert not started
    VoiceConnectionState(link)
    assert [type(thread) for thread in started] == [SocketReader], "what we replace does start one"


def test_the_version_is_the_one_that_was_read() -> None:
    assert discord.version_info[:2] == (2, 7)


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (DiscordVoiceWebSocket.__init__, ["self", "socket", "loop", "hook"]),
        (DiscordVoiceWebSocket.from_connection_state, ["state", "resume", "hook", "seq_ack"]),
        (DiscordVoiceWebSocket.received_message, ["self", "msg"]),
        (DiscordVoiceWebSocket.received_binary_message, ["self", "msg"]),
        (DiscordVoiceWebSocket.initial_connection, ["self", "data"]),
        (DiscordVoiceWebSocket.select_protocol, ["self", "ip", "port", "mode"]),
        (DiscordVoiceWebSocket.speak, ["self", "state"]),
        (DiscordVoiceWebSocket.send_as_json, ["self", "data"]),
        (DiscordVoiceWebSocket.send_binary, ["self", "opcode", "data"]),
        (DiscordVoiceWebSocket.poll_event, ["self"]),
        (DiscordVoiceWebSocket.close, ["self", "code"]),
        (
            VoiceConnectionState.connect,
            ["self", "reconnect", "timeout", "self_deaf", "self_mute", "resume", "wait"],
        ),
        (VoiceConnectionState.disconnect, ["self", "force", "cleanup", "wait"]),
        (VoiceConnectionState.move_to, ["self", "channel", "timeout"]),
        (VoiceConnectionState.voice_state_update, ["self", "data"]),
        (VoiceConnectionState.voice_server_update, ["self", "data"]),
        (discord.VoiceClient.create_connection_state, ["self"]),
        (discord.VoiceClient.send_audio_packet, ["self", "data", "encode"]),
        (discord.Guild.change_voice_state, ["self", "channel", "self_mute", "self_deaf"]),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_signatures(method: Any, parameters: list[str]) -> None:
    assert list(inspect.signature(method).parameters) == parameters


@pytest.mark.parametrize("ours", [VoiceConnection, VoiceWebSocket, VoiceLink])
def test_what_we_override_exists(ours: type[Any]) -> None:
    """A method renamed in discord.py would leave ours uncalled."""
    base = ours.__mro__[1]
    overridden = {
        VoiceConnection: {"connect", "disconnect", "move_to", "voice_state_update", "voice_server_update"},
        VoiceWebSocket: {"received_message", "received_binary_message", "initial_connection", "latency"},
        VoiceLink: {"create_connection_state", "send_audio_packet", "cleanup", "voice_privacy_code"},
    }[ours]
    assert overridden <= vars(base).keys() | vars(base.__mro__[1]).keys()


def test_ops_are_numbered_as_we_match_them() -> None:
    ws = DiscordVoiceWebSocket
    assert (ws.READY, ws.HEARTBEAT, ws.SESSION_DESCRIPTION, ws.SPEAKING) == (2, 3, 4, 5)
    assert (ws.HEARTBEAT_ACK, ws.RESUME, ws.HELLO, ws.RESUMED) == (6, 7, 8, 9)


def test_small_things() -> None:
    assert not MISSING
    assert SpeakingState.voice.value == 1
    assert SpeakingState.none.value == 0
    assert ConnectionFlowState.connected is not ConnectionFlowState.websocket_connected
    assert "code" in inspect.signature(ConnectionClosed.__init__).parameters


async def test_the_state_setter_wakes_who_waits(link: VoiceLink) -> None:
    """`is_connected`, `wait` and `move_to` live on it."""
    connection = link._connection
    assert not link.is_connected()
    connection.state = ConnectionFlowState.connected
    assert link.is_connected()
    assert connection._connected.is_set()


def test_the_main_gateway_keeps_voice_clients_where_we_put_ourselves_back() -> None:
    from discord.state import ConnectionState

    for name in ("_get_voice_client", "_add_voice_client", "_remove_voice_client"):
        assert callable(getattr(ConnectionState, name))
