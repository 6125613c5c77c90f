"""The supervisor: one task that joins, listens, and after every ending knows what comes next."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Coroutine
from typing import TYPE_CHECKING

import aiohttp
from discord.errors import ConnectionClosed
from discord.voice_state import ConnectionFlowState

from bot.clock import monotonic
from bot.voice.closing import CHANNEL_GONE, KICKED, LOST, OUR_FAULT, Ending, Step, ending
from bot.voice.events import Interrupted
from bot.voice.watch import Watch
from bot.voice.websocket import VoiceWebSocket

if TYPE_CHECKING:
    from bot.voice.connection import VoiceConnection
    from bot.voice.link import VocalChannel

_log = logging.getLogger(__name__)

REPLY_S = 10.0  # the main gateway's two answers to op 4
HANDSHAKE_S = 10.0  # from identify to op 4, with up to 5 s of IP discovery
LEAVE_S = 1.0  # the answer to our own leaving; joining works without it
VERDICT_S = 3.0  # 4014 without a word of the main gateway: that session was lost, nobody sent us away
STABLE_S = 5.0  # after that long, an ending is a new trouble and not the old one
RESUMES = 2
MAIN_GATEWAY_S = 120.0  # a home router has restarted by then
MAIN_GATEWAY_RETRY_S = 0.25
PAUSES_S = (0.0, 0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # before the n-th try; then the link gives up

_NETWORK = (aiohttp.ClientError, OSError, TimeoutError)  # OSError includes ConnectionError


class Supervisor:
    """`run` is the whole life of a connection, from the first op 4 to the ending nobody can mend."""

    def __init__(self, connection: VoiceConnection) -> None:
        self._connection = connection
        self._signalling = connection.signalling
        self._watch = Watch(connection.inbound, connection.people, connection.handshake)
        self._tries = 0
        self._failed_resumes = 0
        self._up_since: float | None = None

    async def run(self) -> Ending:
        """Returns an ending whose step is END. Errors of our own are one, too: loudly, but said to the
        room."""
        ended = Ending(Step.REJOIN, reason="first")
        try:
            while ended.step is not Step.END:
                if self._tries == len(PAUSES_S):
                    return Ending(Step.END, ended.code, f"gave up: {ended.reason}", LOST)
                await self._pause(ended)
                ended = await self._credentials(ended) or await self._session(ended.step is Step.RESUME)
                _log.info("voice connection: %s (%d): %s", ended.reason, ended.code, ended.step.name.lower())
        except Exception:
            _log.exception("the voice supervisor failed")
            return Ending(Step.END, 0, "internal error", OUR_FAULT)
        return ended

    async def _pause(self, ended: Ending) -> None:
        if self._up_since is not None and monotonic() - self._up_since > STABLE_S:
            self._tries = self._failed_resumes = 0
        self._up_since = None
        if ended.step in (Step.RESUME, Step.REJOIN):
            await asyncio.sleep(PAUSES_S[self._tries] * random.uniform(0.75, 1.25))
            self._tries += 1

    async def _credentials(self, ended: Ending) -> Ending | None:
        """Gets what the next session identifies with; an Ending if there is none to be had."""
        match ended.step:
            case Step.REJOIN:
                return await self._rejoin(ended)
            case Step.AWAIT:
                return await self._await_verdict(ended)
            case Step.FOLLOW:
                self._connection.counters.moves += 1
                self._signalling.used()
        return None

    async def _rejoin(self, ended: Ending) -> Ending | None:
        channel = self._connection.voice_client.current_channel()
        if channel is None:
            return Ending(Step.END, ended.code, "the channel is gone", CHANNEL_GONE)
        if not self._signalling.is_out:
            # A session the voice server has dropped is only replaced after leaving the channel.
            self._connection.counters.rejoins += 1
            self._signalling.leaving()
            await self._ask_for(None)
            await _within(LEAVE_S, self._signalling.out())
        self._signalling.calling(channel.id)
        if not await self._ask_for(channel):
            return Ending(Step.REJOIN, reason="the main gateway is not connected")
        if not await _within(REPLY_S, self._signalling.complete()):
            return Ending(Step.REJOIN, reason="no answer to the wish to join")
        self._signalling.used()
        return None

    async def _ask_for(self, channel: VocalChannel | None) -> bool:
        """Op 4, as soon as the main gateway can take it. discord.py brings that back by itself."""
        deadline = monotonic() + MAIN_GATEWAY_S
        while monotonic() < deadline:
            try:
                await self._connection.ask_for(channel)
            except (ConnectionError, ConnectionClosed):
                await asyncio.sleep(MAIN_GATEWAY_RETRY_S)
            else:
                return True
        return False

    async def _await_verdict(self, ended: Ending) -> Ending | None:
        """4014 and 4022 tell neither a move from a kick nor a deleted channel from a change of server."""
        try:
            async with asyncio.timeout(VERDICT_S):
                stays = await self._signalling.verdict()
        except TimeoutError:
            if ended.code == 4014:
                return Ending(Step.REJOIN, ended.code, "the main gateway's session was lost")
            return Ending(Step.END, ended.code, ended.reason, ended.sentence)
        if not stays:
            return Ending(Step.END, ended.code, ended.reason, ended.sentence or KICKED)
        self._connection.counters.moves += 1
        self._signalling.used()
        return None

    async def _session(self, resume: bool) -> Ending:
        try:
            ws = await self._connection.open_websocket(resume=resume)
        except _NETWORK as error:
            ended = Ending(Step.RESUME, reason=f"no voice gateway: {type(error).__name__}")
        else:
            ended = await first_of(
                self._listen(ws, resume),
                self._beat(ws),
                self._signalling.changed(),
                self._watch.look(self._recover, self._connection.tell),
            )
            self._connection.state = ConnectionFlowState.disconnected
            await self._connection.close_websocket(4000 if ended.step is Step.RESUME else 1000)
        if self._up_since is not None:
            if ended.step is not Step.END:
                self._connection.tell(Interrupted(f"{ended.code} {ended.reason}"))
        elif ended.step is Step.RESUME:  # not even got there
            self._failed_resumes += 1
            if not resume or self._failed_resumes >= RESUMES:
                return Ending(Step.REJOIN, ended.code, ended.reason)
        return ended

    async def _listen(self, ws: VoiceWebSocket, resume: bool) -> Ending:
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                while not (ws.resumed if resume else ws.described):
                    await ws.poll_event()
            self._up_since = monotonic()
            self._connection.counters.resumes += resume
            await self._connection.established(resumed=resume)
            while True:
                await ws.poll_event()
        except ConnectionClosed as closed:
            return ending(closed.code)
        except _NETWORK as error:
            return Ending(Step.RESUME, reason=f"{type(error).__name__}: {error}")

    async def _beat(self, ws: VoiceWebSocket) -> Ending:
        await ws.heartbeat()
        return Ending(Step.RESUME, reason="heartbeats are not answered")

    async def _recover(self) -> None:
        await self._connection.ws.send_all(self._connection.handshake.recover(monotonic()))


async def first_of(*watchers: Coroutine[None, None, Ending]) -> Ending:
    """The result of whoever is done first, in their order if several are; the others are cancelled."""
    tasks = [asyncio.ensure_future(watcher) for watcher in watchers]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task.done()).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _within(seconds: float, wait: Coroutine[None, None, None]) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await wait
    except TimeoutError:
        return False
    return True
