"""All stand-ins together: Discord (REST, gateway, voice) and the Gemini Live API, in one `async with`."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.loopback.certificates import Certificates
from bot.loopback.discord.calls import GatewayFaults
from bot.loopback.discord.entities import ChannelKind, Guild
from bot.loopback.discord.permissions import INVITED
from bot.loopback.discord.server import DiscordServer
from bot.loopback.discord.voice_gateway import VoiceServer
from bot.loopback.live.server import LiveServer

BOT_TOKEN = "loopback-discord-token"  # noqa: S105 - any will do, see Accounts
API_KEY = "loopback-gemini-key"


@dataclass(frozen=True, slots=True)
class Place:
    """The ids of one guild and its channels."""

    guild_id: int
    text_channel_id: int
    voice_channel_id: int
    second_voice_channel_id: int
    stage_channel_id: int

    @classmethod
    def of(cls, guild: Guild) -> Place:
        by_kind = [
            [channel.id for channel in guild.channels.values() if channel.kind is kind]
            for kind in (ChannelKind.TEXT, ChannelKind.VOICE, ChannelKind.STAGE)
        ]
        (text,), (voice, second_voice), (stage,) = by_kind
        return cls(guild.id, text, voice, second_voice, stage)


class Loopback:
    """``async with Loopback() as loopback:`` serves until the block ends.

    Voice and Live are TLS always, as discord.py and google-genai insist; REST and gateway are with `tls`.
    Ports of 0 are chosen by the system; OSError at the start if a given one is taken. What goes wrong is a
    parameter of each part: `faults` here, ``discord.voice.faults``, ``live.faults``.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        api_port: int = 0,
        live_port: int = 0,
        guilds: int = 1,
        tls: bool = False,
        bot_permissions: int = INVITED,
        faults: GatewayFaults | None = None,
    ) -> None:
        self.certificates = Certificates.create(*(() if host == "127.0.0.1" else (host,)))
        self.discord = DiscordServer[VoiceServer](
            VoiceServer(), guilds=guilds, faults=faults, bot_permissions=bot_permissions
        )
        self.live = LiveServer()
        self.guilds = [Place.of(guild) for guild in self.discord.world.guilds.values()]
        self.ca_file = Path()
        self._host = host
        self._ports = api_port, live_port
        self._tls = tls
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Loopback:
        context = self.certificates.server_context()
        api_port, live_port = self._ports
        async with AsyncExitStack() as stack:
            directory = tempfile.mkdtemp(prefix="parley-loopback-")
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
            self.ca_file = self.certificates.write_ca(Path(directory) / "ca.pem")
            await self.voice.start(context, self._host)
            stack.push_async_callback(self.voice.close)
            await self.live.start(context, self._host, live_port)
            stack.push_async_callback(self.live.close)
            await self.discord.start(self._host, api_port, context if self._tls else None)
            stack.push_async_callback(self.discord.close)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def voice(self) -> VoiceServer:
        return self.discord.voice

    @property
    def guild_id(self) -> int:
        return self.guilds[0].guild_id

    @property
    def text_channel_id(self) -> int:
        return self.guilds[0].text_channel_id

    @property
    def voice_channel_id(self) -> int:
        return self.guilds[0].voice_channel_id

    @property
    def second_voice_channel_id(self) -> int:
        return self.guilds[0].second_voice_channel_id

    @property
    def stage_channel_id(self) -> int:
        return self.guilds[0].stage_channel_id

    def env(self) -> dict[str, str]:
        """The environment that points the unmodified bot here."""
        return {
            "DISCORD_TOKEN": BOT_TOKEN,
            "GEMINI_API_KEY": API_KEY,
            "DISCORD_API_BASE": self.discord.api_base,
            "DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "PARLEY_CA_FILE": str(self.ca_file),
            "GEMINI_API_BASE": self.live.base_url,
        }

    def describe(self) -> dict[str, Any]:
        """What the JSON line says: `env`, the four addresses in lower case, the ids of the first guild."""
        env = self.env()
        place = self.guilds[0]
        return {
            "env": env,
            "discord_api_base": env["DISCORD_API_BASE"],
            "discord_gateway_url": env["DISCORD_GATEWAY_URL"],
            "parley_ca_file": env["PARLEY_CA_FILE"],
            "gemini_api_base": env["GEMINI_API_BASE"],
            "ca_file": env["PARLEY_CA_FILE"],
            "guild_id": place.guild_id,
            "text_channel_id": place.text_channel_id,
            "voice_channel_id": place.voice_channel_id,
            "second_voice_channel_id": place.second_voice_channel_id,
            "stage_channel_id": place.stage_channel_id,
            "guild_ids": [each.guild_id for each in self.guilds],
        }
