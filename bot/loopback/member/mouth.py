"""How a member speaks: one utterance at a time, paced by the clock all members share."""

from __future__ import annotations

import asyncio
import contextlib

import numpy as np

from audio.formats import Samples
from bot.loopback.member import opus, pacer
from bot.loopback.member.call import Call
from bot.loopback.member.impairments import Fate, Impairments
from bot.loopback.member.media import Sent
from bot.loopback.member.talk import SpokenRecord, Talk
from bot.loopback.member.voice import VoiceSession

_ENTER_S = 2.5
Speech = str | Samples | tuple[bytes, ...]
"""The name of recorded speech, 48 kHz samples, or ready Opus packets of 20 ms."""


class Mouth:
    """Speaks into whatever voice session the call has at the moment of each packet."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._turn = asyncio.Lock()
        self._talk: Talk | None = None
        self._announces = True
        self._announcing: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Fall silent within a packet."""
        if self._talk is not None:
            self._talk.stop()

    async def say(self, what: Speech, impairments: Impairments) -> SpokenRecord:
        packets = await _packets(what)
        async with self._turn:
            talk = self._talk = Talk(packets, impairments, self._make, self._emit)
            session = await self._session()
            if session is not None:
                self._lend(session, talk)
                session.keys.old_epoch_frames = impairments.old_epoch
                if impairments.announce:
                    await session.announce()
            self._announces = impairments.announce
            pacer.shared().start(talk.beat)
            try:
                return await asyncio.shield(talk.done)
            finally:
                talk.stop()
                self._talk = None

    async def _session(self) -> VoiceSession | None:
        """Who has just come in waits for op 22, as for the sign of being connected; it comes within 2 s."""
        session = self._call.session
        if session is not None and session.keys.entering:
            with contextlib.suppress(TimeoutError):
                await self._call.changes.until(lambda: not session.keys.entering, _ENTER_S)
        return session

    def _lend(self, session: VoiceSession, talk: Talk) -> None:
        """A re-key may need to know what is about to be said."""
        session.keys.upcoming = talk.upcoming

    def _make(self, packet: bytes, fate: Fate, beat: float) -> Sent | None:
        session = self._call.session
        if session is None or session.sender is None:
            return None
        if self._announces and not session.announced:  # a new session, in mid-sentence
            if self._talk is not None:
                self._lend(session, self._talk)
            self._announcing = asyncio.get_running_loop().create_task(session.announce())
            return None
        return session.sender.make(packet, fate, beat)

    def _emit(self, datagram: bytes) -> None:
        if self._call.session is not None:
            self._call.session.udp.send(datagram)


async def _packets(what: Speech) -> tuple[bytes, ...]:
    """Encoding is 0.2 ms a packet: off the loop, so that others' packets keep their time."""
    if isinstance(what, tuple):
        return what
    if isinstance(what, np.ndarray):
        return await asyncio.to_thread(opus.encode, what)
    return await asyncio.to_thread(opus.packets_of, what)
