"""A client that is not ours: plain discord.py with its own voice client."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import davey
import discord
import nacl.exceptions
import nacl.secret
import yarl

from bot.loopback.loopback import Loopback


class Packets(discord.AudioSource):
    """Opus packets for discord.py's own player."""

    def __init__(self, packets: Sequence[bytes]) -> None:
        self._left = iter(packets)

    def read(self) -> bytes:
        return next(self._left, b"")

    def is_opus(self) -> bool:
        return True


class Stranger:
    """A `discord.Client` with the stock `discord.VoiceClient`. That cannot receive by itself: what its socket
    gets is opened here with PyNaCl and davey alone, so nothing of ours is between wire and witness."""

    def __init__(self, client: discord.Client, voice: discord.VoiceClient) -> None:
        assert type(voice) is discord.VoiceClient
        self.voice = voice
        self.user_id = client.user.id if client.user else 0
        self.heard: dict[int, list[bytes]] = defaultdict(list)
        """Opus packets by user id, as they were before they were encrypted."""
        self._lock = threading.Lock()
        voice._connection.add_socket_listener(self._receive)

    @property
    def ready(self) -> bool:
        session = self.voice._connection.dave_session
        return session is not None and bool(session.ready)

    async def play(self, packets: Sequence[bytes]) -> None:
        """Returns when discord.py's player has finished."""
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        self.voice.play(Packets(packets), after=lambda _: loop.call_soon_threadsafe(done.set))
        async with asyncio.timeout(20):
            await done.wait()

    def _receive(self, datagram: bytes) -> None:
        """On the thread of discord.py's socket reader."""
        if datagram[1] & 0x7F != 0x78:
            return
        header_size = 12 + 4 * (datagram[0] & 0x0F) + (4 if datagram[0] & 0x10 else 0)
        header = datagram[:header_size]
        box = nacl.secret.Aead(bytes(self.voice._connection.secret_key))
        try:
            plain = box.decrypt(datagram[header_size:-4], header, datagram[-4:] + bytes(20))
        except nacl.exceptions.CryptoError:
            return
        if header[0] & 0x10:
            plain = plain[4 * int.from_bytes(header[-2:], "big") :]
        session = self.voice._connection.dave_session
        for user_id in map(int, session.get_user_ids()) if session is not None else ():
            try:
                opus = bytes(session.decrypt(user_id, davey.MediaType.audio, plain))
            except Exception:  # noqa: S112  somebody else's
                continue
            with self._lock:
                self.heard[user_id].append(opus)
            return


@asynccontextmanager
async def stranger(world: Loopback, token: str) -> AsyncIterator[Stranger]:
    """Logged in with `token`, and in the loopback's voice channel."""
    discord.http.Route.BASE = world.discord.api_base
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(world.discord.gateway_url)
    trusting = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(world.ca_file)))
    client = discord.Client(
        intents=discord.Intents(guilds=True, voice_states=True), connector=trusting, guild_ready_timeout=0.1
    )
    async with client:
        running = asyncio.create_task(client.start(token))
        await client.wait_until_ready()
        channel = client.get_channel(world.voice_channel_id)
        assert isinstance(channel, discord.VoiceChannel)
        voice = await channel.connect()
        try:
            yield Stranger(client, voice)
        finally:
            await voice.disconnect(force=True)
    await asyncio.gather(running, return_exceptions=True)
