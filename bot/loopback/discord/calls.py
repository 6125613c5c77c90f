"""Who is in which voice channel: op 4, moves, kicks, and the two dispatches that lead to the voice server."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.loopback.discord import errors
from bot.loopback.discord.entities import Channel, ChannelKind, Guild, VoiceState
from bot.loopback.discord.permissions import Permission
from bot.loopback.discord.sessions import Session, encode

if TYPE_CHECKING:
    from bot.loopback.discord.world import World

DISCONNECTED = 4014  # voice close code: kicked, moved, or the main gateway's session is gone


class Voice(Protocol):
    """What the main gateway needs of the voice server."""

    @property
    def endpoint(self) -> str: ...

    def allocate(
        self, *, guild_id: int, channel_id: int, user_id: int, session_id: str, dave: bool
    ) -> str: ...

    async def release(self, *, guild_id: int, user_id: int, code: int | None = 4014) -> None: ...

    def silence(self, *, guild_id: int, user_id: int, silenced: bool) -> None: ...


@dataclass(slots=True)
class GatewayFaults:
    """What may go wrong between a client and the main gateway or REST; mutable while serving."""

    server_update_first: bool = False  # VOICE_SERVER_UPDATE before VOICE_STATE_UPDATE: both orders occur
    null_endpoint_first: bool = False  # a VOICE_SERVER_UPDATE without endpoint, the real one after
    voice_reply_delay_s: float = 0.0  # from op 4 to the dispatches
    silent_voice: bool = False  # op 4 is not answered, as for a full channel
    heartbeat_interval_ms: int = 41_250
    rest_delay_s: float = 0.0  # before a REST call of a bot is looked at
    rest_status: int | None = None  # every REST call of a bot is refused with it, such as 503
    cdn_status: int | None = None  # no attachment can be fetched, such as 404 (its address has expired)
    privileged_intents: bool = True  # False: close code 4014 for a client that asks for them
    resume_window_s: float = 30.0  # how long a session without connection keeps its place in voice


class Calls:
    """The voice states of all guilds, in step with the voice server."""

    def __init__(self, world: World, voice: Voice, faults: GatewayFaults) -> None:
        self._world = world
        self._voice = voice
        self._faults = faults
        self._delayed: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for task in self._delayed:
            task.cancel()
        await asyncio.gather(*self._delayed, return_exceptions=True)

    async def request(
        self, session: Session, guild: Guild, channel: Channel | None, state: VoiceState
    ) -> None:
        """Op 4. What Discord does not allow it does not answer: a full or a forbidden channel is silence."""
        if channel is None:
            await self.leave(guild, session.user.id)
            return
        if self._faults.silent_voice or not self._admits(guild, channel, session.user.id):
            return
        old = guild.voice_states.get(session.user.id)
        if old is not None and (old.channel_id, old.session_id) == (channel.id, session.id):
            flags = (state.self_mute, state.self_deaf, state.self_video)
            if flags != (old.self_mute, old.self_deaf, old.self_video):
                old.self_mute, old.self_deaf, old.self_video = flags
                self.tell(guild, old)
                return
            state.suppress = old.suppress  # the same again: the client wants a new voice session
        else:
            state.suppress = channel.kind is ChannelKind.STAGE
        await self._connect(guild, channel, state)

    def _admits(self, guild: Guild, channel: Channel, user_id: int) -> bool:
        """A user limit does not hold for who may move members (Discord API docs, "Voice Connections")."""
        held = guild.permissions(user_id, channel)
        if not channel.vocal or not held & Permission.CONNECT:
            return False
        others = [user for user in guild.occupants(channel.id) if user != user_id]
        full = 0 < channel.user_limit <= len(others)
        return not full or bool(held & Permission.MOVE_MEMBERS)

    async def _connect(self, guild: Guild, channel: Channel, state: VoiceState) -> None:
        """Take the seat and announce it. Over to another channel closes the old voice session with 4014; for
        the same channel again that is left to the client."""
        state.channel_id = channel.id
        old = guild.voice_states.get(state.user_id)
        guild.voice_states[state.user_id] = state
        if old is not None:
            code = None if old.channel_id == channel.id else DISCONNECTED
            await self._voice.release(guild_id=guild.id, user_id=state.user_id, code=code)
        token = self._allocate(guild, channel, state)
        if self._faults.voice_reply_delay_s:
            self._later(self._announce_later(guild, state, token))
        else:
            self._announce(guild, state, token)

    def _allocate(self, guild: Guild, channel: Channel, state: VoiceState) -> str:
        """Stage channels are the one kind without DAVE (DAVE whitepaper, "Introduction")."""
        return self._voice.allocate(
            guild_id=guild.id,
            channel_id=channel.id,
            user_id=state.user_id,
            session_id=state.session_id,
            dave=channel.kind is not ChannelKind.STAGE,
        )

    async def reassign(self, user_id: int, channel: Channel) -> None:
        """One goes to another voice server, as at a change of region: a new token, but no new state."""
        guild = self._world.guild(channel.guild_id)
        state = guild.voice_states[user_id]
        await self._voice.release(guild_id=guild.id, user_id=user_id)
        self._server_update(guild, state, self._allocate(guild, channel, state), self._voice.endpoint)

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._delayed.add(task)
        task.add_done_callback(self._delayed.discard)

    async def _announce_later(self, guild: Guild, state: VoiceState, token: str) -> None:
        await asyncio.sleep(self._faults.voice_reply_delay_s)
        if guild.voice_states.get(state.user_id) is state:
            self._announce(guild, state, token)

    def _announce(self, guild: Guild, state: VoiceState, token: str) -> None:
        if not self._faults.server_update_first:
            self.tell(guild, state)
        if self._faults.null_endpoint_first:
            self._server_update(guild, state, token, None)
        self._server_update(guild, state, token, self._voice.endpoint)
        if self._faults.server_update_first:
            self.tell(guild, state)

    def _server_update(self, guild: Guild, state: VoiceState, token: str, endpoint: str | None) -> None:
        """Only the session that is in the channel learns the token."""
        if session := self._world.sessions.get(state.session_id):
            data = {"token": token, "guild_id": str(guild.id), "endpoint": endpoint}
            session.dispatch("VOICE_SERVER_UPDATE", encode(data))

    def tell(self, guild: Guild, state: VoiceState) -> None:
        """The state as it is now: to the voice server and to everybody."""
        member = guild.members[state.user_id]
        silenced = state.suppress or member.mute
        self._voice.silence(guild_id=guild.id, user_id=state.user_id, silenced=silenced)
        self._world.tell(guild, "VOICE_STATE_UPDATE", state.payload(member))

    async def leave(self, guild: Guild, user_id: int, code: int = DISCONNECTED) -> None:
        """Out of voice, by one's own wish or not. Nothing happens to somebody who is not in."""
        state = guild.voice_states.pop(user_id, None)
        if state is None:
            return
        state.channel_id = None
        self.tell(guild, state)
        await self._voice.release(guild_id=guild.id, user_id=user_id, code=code)

    async def move(self, user_id: int, channel: Channel) -> None:
        """A moderator moves somebody, into a full channel too; 40032 for who is not in voice."""
        guild = self._world.guild(channel.guild_id)
        old = guild.voice_states.get(user_id)
        if old is None:
            raise errors.ApiError(400, 40032, "Target user is not connected to voice.")
        state = VoiceState(user_id, guild.id, channel.id, old.session_id, old.self_mute, old.self_deaf)
        state.suppress = channel.kind is ChannelKind.STAGE
        await self._connect(guild, channel, state)

    async def session_ended(self, session: Session) -> None:
        """A gateway session is gone for good, and its places in voice with it (close code 4014)."""
        for guild in list(self._world.guilds.values()):
            state = guild.voice_states.get(session.user.id)
            if state is not None and state.session_id == session.id:
                await self.leave(guild, session.user.id)
