"""The voice link of a room: `await channel.connect(cls=VoiceLink)`.

A `discord.VoiceClient` whose connection is ours (`bot.voice.connection`): it hears through `inbound`,
speaks through `send_packet_opus`, and tells what happens through `next_event`.
"""

from __future__ import annotations

import asyncio
from collections import deque

import discord
from discord.enums import SpeakingState
from discord.utils import MISSING

from audio.e2ee import E2ee
from audio.formats import DISCORD_FRAME
from audio.inbound import Inbound
from audio.rtp import pack_header
from audio.transport import MODES
from bot.voice.connection import VoiceConnection
from bot.voice.events import VoiceEvent
from bot.voice.health import VoiceHealth

VocalChannel = discord.VoiceChannel | discord.StageChannel

MAX_EVENTS = 512  # more than a full channel coming and going; a room fetches within a tick


class VoiceLink(discord.VoiceClient):
    """One room's voice. Every method belongs to the event loop's thread."""

    # AES-GCM first; discord.py's own list does not have it, nor does the type of that list.
    supported_modes = tuple(MODES)  # type: ignore[arg-type]

    def __init__(self, client: discord.Client, channel: discord.abc.Connectable) -> None:
        self.e2ee = E2ee()
        user = client.user
        if user is None:
            raise discord.ClientException("not logged in")
        self.inbound = Inbound(user.id, self.e2ee)
        self.inbound.listens_to = self._is_person
        self._events: deque[VoiceEvent] = deque()
        self._has_events = asyncio.Event()
        self._speaking = False
        super().__init__(client, channel)

    def create_connection_state(self) -> VoiceConnection:
        self._link = VoiceConnection(self, self.e2ee, self.inbound, self._tell)
        return self._link

    async def next_event(self) -> VoiceEvent:
        """Waits for what happens next. After `Gone` nothing does."""
        while not self._events:
            self._has_events.clear()
            await self._has_events.wait()
        return self._events.popleft()

    def send_packet_opus(self, opus: bytes) -> bool:
        """Sends one 20 ms frame now. False, and counted by cause, when it could not or must not be sent."""
        self.skip_frame()
        transport = self._link.transport
        unsent = self._link.counters.unsent
        if transport is None or not self._link.udp.is_open:
            unsent["not connected"] += 1
            return False
        payload = self.e2ee.encrypt(opus)
        if payload is None:
            unsent["end-to-end group not ready" if self._link.people else "alone in the call"] += 1
            return False
        self.sequence = (self.sequence + 1) & 0xFFFF
        header = pack_header(self.sequence, self.timestamp, self._link.ssrc)
        if not self._link.udp.send(transport.seal(header, payload)):
            unsent["refused by the kernel"] += 1
            return False
        self._link.counters.sent += 1
        return True

    def skip_frame(self) -> None:
        """A tick without a packet: the RTP timestamp runs on through silence, the sequence does not."""
        self.timestamp = (self.timestamp + DISCORD_FRAME) & 0xFFFFFFFF

    def send_audio_packet(self, data: bytes, *, encode: bool = True) -> None:
        """discord.py's own players end here: the same one way out, so nothing leaves unencrypted."""
        opus = self.encoder.encode(data, DISCORD_FRAME) if encode else data
        self.loop.call_soon_threadsafe(self.send_packet_opus, opus)

    async def announce_speaking(self, speaking: bool) -> None:
        """Op 5, before the first packet of an utterance and after its last."""
        self._speaking = speaking
        await self.announce_again()

    async def announce_again(self) -> None:
        """A new session knows nothing of what the old one was told."""
        ws = self._link.ws
        if ws is MISSING or not ws.is_established:
            return
        await ws.speak(SpeakingState.voice if self._speaking else SpeakingState.none)

    @property
    def health(self) -> VoiceHealth:
        link, counters = self._link, self._link.counters
        session = self.e2ee.session
        return VoiceHealth(
            connected=link.is_connected(),
            latency_ms=self.latency * 1000,
            mode=link.transport.mode if link.transport else "",
            dave_version=self.e2ee.version,
            dave_ready=self.e2ee.version > 0 and session is not None and session.ready,
            privacy_code=self.voice_privacy_code,
            resumes=counters.resumes,
            rejoins=counters.rejoins,
            moves=counters.moves,
            recoveries=counters.recoveries,
            sent=counters.sent,
            unsent=dict(counters.unsent),
            ignored_ops=dict(counters.ignored_ops),
            events_dropped=counters.events_dropped,
        )

    @property
    def voice_privacy_code(self) -> str | None:
        """What members can compare with their own clients to see that nobody listens in between."""
        session = self.e2ee.session
        return session.voice_privacy_code if session is not None and self.e2ee.version > 0 else None

    def current_guild(self) -> discord.Guild:
        """When the main gateway identifies anew, discord.py rebuilds its guilds and forgets its voice
        clients, and Discord has taken us out of the channel: a link that lives on puts itself back."""
        key, _ = self.channel._get_voice_client_key()
        if self._state._get_voice_client(key) is None:
            self._state._add_voice_client(key, self)
            self._link.signalling.is_out = True
        guild = self.client.get_guild(self.channel.guild.id)
        return self.channel.guild if guild is None or guild.unavailable else guild

    def current_channel(self) -> VocalChannel | None:
        """Our channel as it is known now; None when it, or our place in the guild, is no more."""
        if self.client.is_ready() and self.client.get_guild(self.channel.guild.id) is None:
            return None
        channel = self.current_guild().get_channel(self.channel.id)
        if isinstance(channel, VocalChannel):
            self.channel = channel
            return channel
        return None

    @property
    def people(self) -> dict[int, str]:
        """Who is in our channel besides us, without bots: user id → the name Discord shows."""
        channel = self.current_channel()
        states = channel.voice_states if channel is not None else {}
        return {
            user_id: self.name_of(user_id)
            for user_id in states
            if user_id != self.user.id and self._is_person(user_id)
        }

    def name_of(self, user_id: int) -> str:
        """What Discord shows for them in this server."""
        member = self.channel.guild.get_member(user_id)
        return member.display_name if member is not None else f"user {user_id}"

    def cleanup(self) -> None:
        """Forgets this link, but never its successor in the same guild."""
        key, _ = self.channel._get_voice_client_key()
        if self._state._get_voice_client(key) is self:
            super().cleanup()

    def _is_person(self, user_id: int) -> bool:
        member = self.channel.guild.get_member(user_id)
        return member is None or not member.bot

    def _tell(self, event: VoiceEvent) -> None:
        if len(self._events) == MAX_EVENTS:
            self._events.popleft()  # the newest matter, `Gone` above all
            self._link.counters.events_dropped += 1
        self._events.append(event)
        self._has_events.set()
