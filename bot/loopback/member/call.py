"""A member's stay in voice: one wish (a channel), and voice sessions until it is fulfilled or refused."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import aiohttp

from bot.loopback.member import rtp
from bot.loopback.member.allocation import Allocation, Step
from bot.loopback.member.changes import Changes
from bot.loopback.member.errors import MemberError, VoiceEnded
from bot.loopback.member.gateway import Gateway
from bot.loopback.member.http import Http
from bot.loopback.member.recording import Recording
from bot.loopback.member.voice import VoiceSession

_LEAVE_S = 5.0
_MOVED_OR_KICKED = 4014
_STAY_OUT = frozenset({4021, 4022})  # rate limited, call terminated: do not come back
_OUR_FAULT = frozenset({4001, 4002, 4004, 4005, 4011, 4012, 4016, 4017, 4020})


class Call:
    """`session` is the running voice session, `ended` why there is none any more."""

    def __init__(
        self,
        gateway: Gateway,
        http: Http,
        recording: Recording,
        modes: tuple[str, ...] = tuple(rtp.CIPHERS),
    ) -> None:
        self.session: VoiceSession | None = None
        self.ended: VoiceEnded | None = None
        self.changes = Changes()
        self._gateway = gateway
        self._http = http
        self._recording = recording
        self._modes = modes
        self._place = Allocation()
        self._runner: asyncio.Task[None] | None = None
        self._moves: set[asyncio.Task[None]] = set()
        gateway.listeners.append(self._on_dispatch)

    @property
    def channel_id(self) -> int | None:
        """Where the main gateway says this member is."""
        return self._place.channel_id

    @property
    def connected(self) -> bool:
        """In voice and in its group. Raises `VoiceEnded` when it cannot become true."""
        if self.ended is not None:
            raise self.ended
        session, channel_id = self.session, self.channel_id
        if session is None or not session.connected or session.channel_id != channel_id:
            return False
        return session.keys.ready or self._gateway.occupants(channel_id) == {self._gateway.user_id}

    async def join(self, guild_id: int, channel_id: int, timeout: float) -> None:
        self._place.guild_id, self.ended = guild_id, None
        await self._gateway.set_voice_state(guild_id, channel_id)
        await self.changes.until(lambda: self.connected and self.channel_id == channel_id, timeout)

    async def leave(self) -> None:
        if self.channel_id is not None:
            await self._gateway.set_voice_state(self._place.guild_id, None)
            await self.changes.until(lambda: self.channel_id is None, _LEAVE_S)
        await self.close()

    async def rejoin(self) -> None:
        """Out and in again: a new session, and with it a new SSRC and new keys."""
        guild_id, channel_id = self._place.guild_id, self.channel_id
        self._place.forget(coming_back=True)
        self._stop()
        await self._gateway.set_voice_state(guild_id, None)
        await self._gateway.set_voice_state(guild_id, channel_id)

    async def close(self) -> None:
        """End the running session; the main gateway is not told."""
        runner = self._runner
        self._stop()
        if runner is not None:
            await asyncio.gather(runner, return_exceptions=True)

    def _on_dispatch(self, event: str, data: dict[str, Any]) -> None:
        now = time.monotonic()
        step = Step.NOTHING
        if event == "VOICE_STATE_UPDATE" and int(data["guild_id"]) == self._place.guild_id:
            if int(data["user_id"]) == self._gateway.user_id:
                step = self._place.on_state(data, self.session is not None, now)
        elif event == "VOICE_SERVER_UPDATE" and int(data["guild_id"]) == self._place.guild_id:
            step = self._place.on_server(data, now)
        elif event == "READY" and self.channel_id is not None:
            step = self._place.lost()  # a new gateway session: the old one's place in voice went with it
        self._take(step)
        self.changes.notify()

    def _take(self, step: Step) -> None:
        match step:
            case Step.START:
                self._start()
            case Step.MOVE if self.session is not None and self.channel_id is not None:
                task = asyncio.get_running_loop().create_task(self.session.move(self.channel_id))
                self._moves.add(task)
                task.add_done_callback(self._moves.discard)
            case Step.STOP:
                self._stop()
            case Step.GONE:
                self._over(VoiceEnded(_MOVED_OR_KICKED, "disconnected"))

    def _start(self) -> None:
        credentials = self._place.credentials(self._gateway.user_id)
        if credentials is None:
            return
        self._stop()
        session = VoiceSession(self._http, credentials, self._recording, self._modes)
        session.changed = self.changes.notify
        self.session = session
        self._runner = asyncio.get_running_loop().create_task(self._run(session))

    def _stop(self) -> None:
        if self._runner is not None:
            self._runner.cancel()
            self._runner = None
        self.session = None

    def _over(self, reason: VoiceEnded) -> None:
        self.ended = reason
        self._place.forget()
        self._stop()

    async def _run(self, session: VoiceSession) -> None:
        try:
            await session.run()
        except VoiceEnded as end:
            await self._after(session, end)
        except (MemberError, aiohttp.ClientError, OSError, TimeoutError) as error:
            await self._after(session, VoiceEnded(1006, str(error)))
        self.changes.notify()

    async def _after(self, session: VoiceSession, end: VoiceEnded) -> None:
        """A session ended by itself: wait, give up or come back, by the close code (Discord API docs)."""
        if session is not self.session:
            return
        self.session = self._runner = None  # this task; it ends by itself
        if end.code == _MOVED_OR_KICKED:
            return  # which of the two, the main gateway says
        if end.code in _STAY_OUT | _OUR_FAULT:
            self._over(end)
            return
        with contextlib.suppress(MemberError, ConnectionError):
            await self.rejoin()
