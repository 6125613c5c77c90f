"""One voice connection: its parts, and what discord.py's classes want to know of it.

It stands in the place of discord.py's `VoiceConnectionState`, which resumes nothing, loses a move whose two
messages come in the less usual order, and can be "connected" with nobody reading. Its attributes are kept,
since `discord.VoiceClient` and `DiscordVoiceWebSocket` read them; its reader thread is never started.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import discord
from discord.errors import ConnectionClosed
from discord.utils import MISSING
from discord.voice_state import ConnectionFlowState, VoiceConnectionState

from audio.e2ee import E2ee
from audio.formats import SILENCE_PACKET
from audio.inbound import Inbound
from audio.transport import Transport, transport_for
from bot.errors import VoiceRefused, VoiceTimeout
from bot.voice.closing import Ending
from bot.voice.dave import DaveHandshake, Send
from bot.voice.events import Connected, Gone, Moved, VoiceEvent
from bot.voice.health import LinkCounters
from bot.voice.people import People
from bot.voice.signalling import Signalling
from bot.voice.socket import VoiceSocket
from bot.voice.supervisor import Supervisor
from bot.voice.websocket import VoiceWebSocket

if TYPE_CHECKING:
    from bot.voice.link import VoiceLink

_log = logging.getLogger(__name__)

CLOSE_S = 1.0  # for a websocket's farewell: a dead peer must not hold up the way back


class VoiceConnection(VoiceConnectionState):
    """Built by `VoiceLink`; `connect` starts the supervisor, `disconnect` ends it."""

    ws: VoiceWebSocket
    voice_client: VoiceLink

    def __init__(
        self, link: VoiceLink, e2ee: E2ee, inbound: Inbound, tell: Callable[[VoiceEvent], None]
    ) -> None:
        # Not super().__init__(): it starts a thread. tests/bot/voice/test_discord_internals.py compares the
        # attributes with those of the original.
        _inherit(self, link)
        self.user_id = link.user.id  # discord.py forgets its user while the main gateway identifies anew
        self.e2ee = e2ee
        self.inbound = inbound
        self.tell = tell
        self.counters = LinkCounters()
        self.transport: Transport | None = None
        self.channel_id: int | None = None  # of the session: set with op 4, as the end-to-end group's id is
        self.udp = VoiceSocket(inbound.receive)
        self.people = People(self.user_id, inbound, tell)
        self.handshake = DaveHandshake(self.user_id, e2ee, self.people.expected, self.counters)
        self.signalling = Signalling(self._moved)
        self._first: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # What discord.py calls

    async def voice_state_update(self, data: Any) -> None:
        self.signalling.state_update(data)

    async def voice_server_update(self, data: Any) -> None:
        self.signalling.server_update(data)

    async def connect(
        self,
        *,
        reconnect: bool,
        timeout: float,
        self_deaf: bool,
        self_mute: bool,
        resume: bool,
        wait: bool = True,
    ) -> None:
        """Returns when op 4 has come. Raises VoiceTimeout or VoiceRefused, and then nothing is left
        behind."""
        self.timeout, self.reconnect = timeout, reconnect
        self.self_deaf, self.self_mute = self_deaf, self_mute
        self._runner = asyncio.create_task(self._supervise(), name=f"voice of guild {self.server_id}")
        try:
            async with asyncio.timeout(timeout):
                await asyncio.shield(self._first)
        except BaseException as error:
            await self.disconnect()
            self._first.cancel()
            if isinstance(error, TimeoutError):
                raise VoiceTimeout(f"channel {self.signalling.channel_id}") from None
            raise

    async def disconnect(self, *, force: bool = True, cleanup: bool = True, wait: bool = False) -> None:
        """Ends the supervisor and leaves the channel. May be called any number of times."""
        runner, self._runner = self._runner, None
        if runner is not None and not runner.done():
            runner.cancel()
            await asyncio.wait([runner])
        await self._hang_up()

    async def move_to(self, channel: discord.abc.Snowflake | None, timeout: float | None = 30.0) -> None:
        """Ask for another channel and wait until we hear there. Raises TimeoutError."""
        if channel is None:
            await self.disconnect()
            return
        await self.ask_for(channel)
        async with asyncio.timeout(timeout):
            while not (self.is_connected() and self.channel_id == channel.id):
                await self._state_event.wait()

    # What the supervisor and the websocket call

    async def ask_for(self, channel: discord.abc.Snowflake | None) -> None:
        """Op 4 of the main gateway. Raises ConnectionError or ConnectionClosed while that is away."""
        guild = self.voice_client.current_guild()
        await guild.change_voice_state(channel=channel, self_mute=self.self_mute, self_deaf=self.self_deaf)

    async def open_websocket(self, *, resume: bool) -> VoiceWebSocket:
        """A new connection to the voice gateway; `resume` goes on with the session, else it starts a new
        one."""
        seq_ack = self.ws.seq_ack if resume else -1
        if not resume:
            self._new_session()
        self.ws = await VoiceWebSocket.from_connection_state(self, resume=resume, seq_ack=seq_ack)
        self.state = ConnectionFlowState.websocket_connected
        return self.ws

    def described(self, data: dict[str, Any], now: float) -> list[Send]:
        """Op 4: the transport's key and the version of DAVE (absent: none). Returns what the handshake has to
        send."""
        self.channel_id = self.signalling.channel_id
        self.mode = data["mode"]
        messages = self.handshake.begin(data.get("dave_protocol_version") or 0, self.channel_id or 0, now)
        self.transport = self.inbound.transport = transport_for(data["mode"], bytes(data["secret_key"]))
        return messages

    async def established(self, *, resumed: bool) -> None:
        """Media may flow."""
        if not resumed:
            self.people.settled()
            for _ in range(5):  # cheap insurance: reports of 2018 to 2020 had receiving begin with sending
                self.voice_client.send_packet_opus(SILENCE_PACKET)
            await self.voice_client.announce_again()
        self.state = ConnectionFlowState.connected
        if not self._first.done():
            self._first.set_result(None)
        self.tell(Connected(self.channel_id or 0, resumed))

    def _new_session(self) -> None:
        self.session_id = self.signalling.session_id
        self.token = self.signalling.token
        self.endpoint = self.signalling.endpoint
        self.transport = self.inbound.transport = None
        self.udp.close()
        self.handshake.forget()
        self.people.forget()

    def _moved(self, channel_id: int) -> None:
        channel = self.voice_client.current_guild().get_channel(channel_id)
        if isinstance(channel, discord.VoiceChannel | discord.StageChannel):
            self.voice_client.channel = channel
        self.tell(Moved(channel_id))

    async def _supervise(self) -> None:
        ended: Ending = await Supervisor(self).run()
        _log.info("voice of guild %d ended: %d %s", self.server_id or 0, ended.code, ended.reason)
        await self._hang_up()
        if self._first.done():
            self.tell(Gone(ended.code, ended.sentence))
        else:
            self._first.set_exception(
                VoiceRefused(f"{ended.code} {ended.reason}", sentence=ended.sentence or None)
            )

    async def _hang_up(self) -> None:
        self.state = ConnectionFlowState.disconnected
        self.transport = self.inbound.transport = None
        self.udp.close()
        await self.close_websocket(1000)
        if not self.signalling.is_out or not self._first.done():
            # Once only: this may run again when the guild has a new link, which must not be thrown out.
            self.signalling.left()
            with contextlib.suppress(ConnectionError, ConnectionClosed):
                await self.ask_for(None)
        self.voice_client.cleanup()

    async def close_websocket(self, code: int) -> None:
        """`code` 1000 ends the session on the server's side, too; others leave it open to a resume."""
        if self.ws is not MISSING:
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(CLOSE_S):
                    await self.ws.close(code)


def _inherit(state: VoiceConnection, link: VoiceLink) -> None:
    """The attributes of the base class that its readers need."""
    state.voice_client = link
    state.hook = None
    state.timeout = 30.0
    state.reconnect = True
    state.self_deaf = state.self_mute = False
    state.token = state.session_id = state.endpoint = state.endpoint_ip = None
    state.server_id = link.channel.guild.id
    state.ip = state.port = state.voice_port = None
    state.secret_key = MISSING  # lives in `transport` only
    state.ssrc = MISSING
    state.mode = MISSING
    state.ws = MISSING
    state._state = ConnectionFlowState.disconnected
    state._connected = threading.Event()
    state._state_event = asyncio.Event()
    state._runner = None
