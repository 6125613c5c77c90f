"""A person in a voice channel: logs in, joins, types, speaks recorded speech, and remembers what it heard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio.formats import Samples
from bot.loopback.member import rtp
from bot.loopback.member.call import Call
from bot.loopback.member.chat import Chat
from bot.loopback.member.errors import MemberError
from bot.loopback.member.gateway import Gateway
from bot.loopback.member.http import Http
from bot.loopback.member.impairments import CLEAN, Impairments
from bot.loopback.member.mouth import Mouth, Speech
from bot.loopback.member.recording import Recording
from bot.loopback.member.screen import Screen
from bot.loopback.member.talk import SpokenRecord

if TYPE_CHECKING:
    from bot.loopback.loopback import Loopback


class Member(Screen):
    """``async with Member(...) as ana:`` logs in, and leaves and logs out at the end.

    `modes` are the transport modes spoken, in order of preference; a single one forces it."""

    def __init__(
        self,
        name: str,
        *,
        api_base: str,
        gateway_url: str,
        ca_file: str | Path,
        token: str | None = None,
        modes: tuple[str, ...] = tuple(rtp.CIPHERS),
    ) -> None:
        token = token or f"user-{name}"
        self.name = name
        self.heard = Recording()
        self.http = Http(api_base, ca_file, token)
        self.gateway = Gateway(self.http, gateway_url, token)
        self.chat = Chat(self.gateway, self.http)
        self.call = Call(self.gateway, self.http, self.heard, modes)
        """The stay in voice: the session, its keys and counters, why it ended."""
        self.mouth = Mouth(self.call)
        self._guild_id = 0

    @classmethod
    def of(cls, loopback: Loopback, name: str, **options: Any) -> Member:
        """One on this Discord; `options` as above."""
        discord = loopback.discord
        return cls(
            name,
            api_base=discord.api_base,
            gateway_url=discord.gateway_url,
            ca_file=loopback.ca_file,
            **options,
        )

    async def __aenter__(self) -> Member:
        self.http.open()
        try:
            await self.gateway.start()
        except BaseException:
            await self.http.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.mouth.stop()
        await self.call.close()
        await self.gateway.close()
        await self.http.close()

    @property
    def user_id(self) -> int:
        return self.gateway.user_id

    @property
    def here(self) -> int:
        """The chat of one's voice channel."""
        if self.call.channel_id is None:
            raise MemberError("not in a channel: say where to type")
        return self.call.channel_id

    async def join(self, guild_id: int, channel_id: int, timeout: float = 10.0) -> None:
        """Into a voice channel, or over to another; returns when connected and in the group.

        TimeoutError if Discord does not answer (a full channel), VoiceEnded if it refuses."""
        self._guild_id = guild_id
        await self.call.join(guild_id, channel_id, timeout)

    async def connected(self, timeout: float = 10.0) -> None:
        """Until connected and in the group: after a re-key, a reconnect, or being moved.

        VoiceEnded when this member was thrown out or refused."""
        await self.call.changes.until(lambda: self.call.connected, timeout)

    async def rejoin(self, timeout: float = 10.0) -> None:
        """Out of the channel and in again, mid-sentence if need be: another voice session, another SSRC."""
        await self.call.rejoin()
        await self.connected(timeout)

    async def leave(self) -> None:
        await self.call.leave()

    async def request_to_speak(self) -> None:
        """On a stage: stop being suppressed, if allowed (Discord API docs, "Modify Current User
        Voice State")."""
        body = {"channel_id": str(self.call.channel_id), "suppress": False}
        await self.http.call("PATCH", f"/guilds/{self._guild_id}/voice-states/@me", body)

    async def say(self, what: Speech, impairments: Impairments = CLEAN) -> SpokenRecord:
        """Say recorded speech (its name), 48 kHz samples, or Opus packets; returns when all has left.

        What falls into a time without a voice session or a key is lost, as it is for a real client."""
        return await self.mouth.say(what, impairments)

    def heard_from(self, user_id: int, since: float | None = None) -> Samples:
        """What one sender said, 48 kHz, from its first packet on; gaps are silent."""
        return self.heard.track(user_id, since).samples

    def mixed(self, since: float | None = None) -> Samples:
        """All that was heard, from ``heard.t0`` on."""
        return self.heard.mixed(since).samples
