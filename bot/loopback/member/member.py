"""A person in a voice channel: logs in, joins, types, speaks recorded speech, and remembers what it heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from audio.formats import Samples
from bot.loopback.member import rtp
from bot.loopback.member.call import Call
from bot.loopback.member.chat import Chat, Message
from bot.loopback.member.errors import MemberError
from bot.loopback.member.gateway import Gateway
from bot.loopback.member.http import File, Http
from bot.loopback.member.impairments import CLEAN, Impairments
from bot.loopback.member.mouth import Mouth, Speech
from bot.loopback.member.recording import Recording
from bot.loopback.member.talk import SpokenRecord


class Member:
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
    def _own_chat(self) -> int:
        if self.call.channel_id is None:
            raise MemberError("not in a channel: say where to type")
        return self.call.channel_id

    @property
    def messages(self) -> list[Message]:
        """The chat messages seen, oldest first, with their edits."""
        return list(self.chat.messages)

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

    async def type(
        self,
        command: str,
        options: dict[str, Any] | None = None,
        *,
        channel_id: int | None = None,
        timeout: float = 15.0,
    ) -> Message:
        """Type ``/command`` in a channel (default: the chat of one's voice channel); the bot's answer.

        A deferred answer is waited for. MemberError if there is no such command or no answer."""
        where = channel_id or self._own_chat
        guild_id = self._guild_id or next(iter(self.gateway.guilds))
        return await self.chat.type(guild_id, where, command.lstrip("/"), options, timeout)

    async def press(self, message: Message, label: str, timeout: float = 15.0) -> Message:
        """Press a button under a message; the bot's answer, which may be that message, edited.

        MemberError if there is no such button or no answer."""
        guild_id = self._guild_id or next(iter(self.gateway.guilds))
        return await self.chat.press(guild_id, message, label, timeout)

    async def mention(
        self,
        text: str,
        attachments: Sequence[File] = (),
        *,
        channel_id: int | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        """Write to the bot in a channel (default: the chat of one's voice channel), by name or as a reply.

        `attachments` are (name, content, content type). The bot's answer has the id of what is returned as
        its `reply_to`."""
        return await self.chat.write(channel_id or self._own_chat, text, attachments, reply_to)

    async def wait_message(self, predicate: Callable[[Message], bool], timeout: float = 10.0) -> Message:
        """The first message of all seen that the predicate likes, now or when it comes."""
        return await self.chat.wait_message(predicate, timeout)

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
