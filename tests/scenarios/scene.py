"""A real discord.py client with a `VoiceLink`, a real member, and the loopback between them.

Everything runs in one process and one event loop, which the scenarios of a module share; each has the bot
enter the channel anew. `Scene.understands` is what every scenario ends with: within so many seconds after the
fault the bot hears what a member says, the member hears what the bot says, and nothing has left unencrypted.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import numpy as np
import yarl

from audio.formats import DISCORD_HZ, Samples
from bot.clock import Beat, monotonic
from bot.loopback import speech
from bot.loopback.discord.moderation import suppress
from bot.loopback.discord.sfu import PayloadKind, UdpEvent
from bot.loopback.loopback import Loopback
from bot.loopback.member.impairments import CLEAN, Impairments
from bot.loopback.member.member import Member
from bot.loopback.member.opus import encode
from bot.voice.events import VoiceEvent
from bot.voice.link import VoiceLink

SAID_S = 0.4
RESUMED_S = 2.0
REJOINED_S = 10.0
MARGIN_TICKS = 15  # the jitter buffer at its deepest


def _clip(name: str, start_s: float) -> Samples:
    """A piece of recorded speech."""
    start = round(start_s * DISCORD_HZ)
    return speech.load(name)[start : start + round(SAID_S * DISCORD_HZ)]


ANA_SAYS = _clip("hello", 0.1)
BEN_SAYS = _clip("second", 0.3)
BOT_SAYS = _clip("answer_hello", 0.1)
BOT_PACKETS = encode(BOT_SAYS)


def likeness(heard: Samples, said: Samples) -> float:
    """The greatest normalised cross-correlation of `said` with any place in `heard`: 1 is the same."""
    if len(heard) < len(said) // 2:
        return 0.0
    size = 1 << (len(heard) + len(said)).bit_length()
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)), size)
    at = int(np.argmax(product))
    at -= size if at > size // 2 else 0
    part = np.zeros(len(said), np.float32)
    found = heard[max(at, 0) : max(at + len(said), 0)]
    part[max(-at, 0) : max(-at, 0) + len(found)] = found
    energy = float(np.sqrt(np.dot(part, part) * np.dot(said, said)))
    return float(np.dot(part, said)) / energy if energy > 0 else 0.0


class MiniRoom:
    """The beat of a room, and nothing else: pulls what is heard, pushes what is to be said."""

    def __init__(self, link: VoiceLink) -> None:
        self.link = link
        self.to_say: deque[bytes] = deque()
        self.heard: list[Samples] = []
        self.speakers: set[int] = set()
        self.events: list[VoiceEvent] = []
        self._has_news = asyncio.Event()
        self._tasks = [
            asyncio.create_task(Beat(0.02, monotonic()).run(self._tick)),
            asyncio.create_task(self._follow()),
        ]

    def _tick(self, now: float) -> None:
        tick = self.link.inbound.tick(now)
        self.heard.append(tick.pcm if tick.pcm is not None else np.zeros(960, np.float32))
        self.speakers |= {heard.user_id for heard in tick.heard}
        if self.to_say:
            self.link.send_packet_opus(self.to_say.popleft())
        else:
            self.link.skip_frame()
        self._has_news.set()

    async def _follow(self) -> None:
        while True:
            self.events.append(await self.link.next_event())
            self._has_news.set()

    def since(self, tick: int) -> Samples:
        """What was heard from that tick on."""
        return np.concatenate([np.zeros(0, np.float32), *self.heard[tick:]])

    async def until(self, condition: Callable[[], bool], within_s: float = 5.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                self._has_news.clear()
                await self._has_news.wait()

    async def event(self, kind: type[Any], within_s: float = 5.0) -> Any:
        """The newest event of that kind, as soon as there is one."""
        await self.until(lambda: any(isinstance(event, kind) for event in self.events), within_s)
        return next(event for event in reversed(self.events) if isinstance(event, kind))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.link.disconnect(force=True)


class Scene:
    """One channel with the bot in it; Ana is in from the beginning."""

    def __init__(self, loopback: Loopback, client: discord.Client, ana: Member, ben: Member) -> None:
        self.loopback = loopback
        self.client = client
        self.ana = ana
        self.ben = ben
        self.room: MiniRoom
        self.leaks: list[UdpEvent] = []
        loopback.voice.observer = self._observe

    def _observe(self, event: UdpEvent) -> None:
        leak = event.incoming and event.dave and event.kind is PayloadKind.PLAINTEXT
        if leak and event.user_id == self.bot_id:
            self.leaks.append(event)

    @property
    def bot_id(self) -> int:
        assert self.client.user is not None
        return self.client.user.id

    @property
    def link(self) -> VoiceLink:
        return self.room.link

    @property
    def guild_id(self) -> int:
        return self.loopback.guild_id

    @property
    def voice(self) -> Any:
        return self.loopback.voice

    async def enter(self, channel_id: int | None = None, timeout: float = 10.0) -> VoiceLink:
        guild = self.client.get_guild(self.guild_id)
        assert guild is not None
        channel = guild.get_channel(channel_id or self.loopback.voice_channel_id)
        assert isinstance(channel, discord.VoiceChannel | discord.StageChannel)
        link = await channel.connect(cls=VoiceLink, timeout=timeout)
        self.room = MiniRoom(link)
        return link

    async def ben_joins(self) -> None:
        await self.ben.join(self.guild_id, self.loopback.voice_channel_id)

    def all_may_speak(self) -> None:
        """Everybody on a stage is brought up from the audience."""
        for user_id in (self.ana.user_id, self.bot_id):
            suppress(self.loopback.discord.world, user_id, False)

    async def close_bot(self, code: int) -> None:
        await self.voice.close_session(self.guild_id, self.bot_id, code)

    async def understands(
        self,
        within_s: float = RESUMED_S,
        *,
        said: Samples = ANA_SAYS,
        member: Member | None = None,
        impairments: Impairments = CLEAN,
        alike: float = 0.8,
    ) -> None:
        """Asserts that both directions work for something said at most `within_s` from now."""
        member = member or self.ana
        deadline = monotonic() + within_s
        heard = spoken = 0.0
        while heard < alike or spoken < 0.8:
            assert monotonic() < deadline, f"bot hears {heard:.2f}, member hears {spoken:.2f}"
            heard, spoken = await self._exchange(member, said, impairments, alike)
        assert not self.leaks

    async def _exchange(
        self, member: Member, said: Samples, impairments: Impairments, alike: float
    ) -> tuple[float, float]:
        room, since, start = self.room, monotonic(), len(self.room.heard)
        await room.link.announce_speaking(True)
        room.to_say.extend(BOT_PACKETS)
        await member.say(encode_once(said), impairments)
        await room.until(lambda: not room.to_say)
        heard = likeness(room.since(start), said)
        for _ in range(MARGIN_TICKS):  # what the jitter buffer and the decoder still hold
            if heard >= alike:
                break
            ticks = len(room.heard) + 1
            await room.until(lambda wanted=ticks: len(room.heard) >= wanted)
            heard = likeness(room.since(start), said)
        return heard, likeness(member.heard_from(self.bot_id, since), BOT_SAYS)


_ENCODED: dict[int, tuple[bytes, ...]] = {}


def encode_once(said: Samples) -> tuple[bytes, ...]:
    return _ENCODED.setdefault(id(said), encode(said))


@asynccontextmanager
async def logged_in(loopback: Loopback) -> AsyncIterator[discord.Client]:
    """A discord.py client with the intents the bot has."""
    discord.http.Route.BASE = loopback.discord.api_base
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(loopback.discord.gateway_url)
    context = ssl.create_default_context(cafile=str(loopback.ca_file))
    client = discord.Client(
        intents=discord.Intents(guilds=True, voice_states=True),
        connector=aiohttp.TCPConnector(ssl=context),
        guild_ready_timeout=0.1,
    )
    async with client:
        running = asyncio.create_task(client.start("bot-token"))
        await client.wait_until_ready()
        yield client
    await asyncio.gather(running, return_exceptions=True)
