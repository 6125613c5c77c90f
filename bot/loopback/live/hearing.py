"""What the model makes of a spoken turn, and what it tells of that.

Apart from its answers, since a turn whose answer is cut off has been heard all the same.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import numpy as np
from websockets.exceptions import ConnectionClosed

from audio.formats import LIVE_IN_FRAME, Samples
from bot.loopback.live.channel import Channel
from bot.loopback.live.listening import Spoken
from bot.loopback.live.record import HeardTurn, Kind
from bot.loopback.live.service import Service

SILENCE_DB = -50.0
"""A turn without a louder 20 ms frame has nobody speaking in it."""
UNINTELLIGIBLE = "<noise>"
"""What the service transcribes speech as that it cannot make out."""
PIECE_CHARACTERS = 3


class Hearing:
    """Of one session. `close` it at the end."""

    def __init__(self, service: Service, channel: Channel, *, transcribed: bool) -> None:
        self._service = service
        self._channel = channel
        self._transcribed = transcribed
        self._tasks: set[asyncio.Task[list[str] | None]] = set()

    def hear(self, spoken: Spoken, *, tell: bool) -> asyncio.Task[list[str] | None]:
        """The names of the utterances in `spoken`, None if nobody speaks in it. `tell`: transcribe it."""
        turn = HeardTurn(spoken.started_at, spoken.ended_at, spoken.audio, tuple(spoken.notes))
        self._channel.record.turn(turn)
        task = asyncio.create_task(self._hear(turn, spoken.audio, tell))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _hear(self, turn: HeardTurn, audio: Samples, tell: bool) -> list[str] | None:
        service = self._service
        if service.script.always is not None:
            return []
        if not _anybody_in(audio):
            return None
        heard = await service.recognise(audio)
        turn.names = tuple(each.name for each in heard)
        self._channel.note(Kind.RECOGNISED, heard)
        if tell and self._transcribed and not service.faults.no_transcript:
            text = " ".join(service.answers.clip(name).text for name in turn.names) or UNINTELLIGIBLE
            if service.faults.late_transcript_s > 0:
                late = asyncio.create_task(self._transcribe_late(text, service.faults.late_transcript_s))
                self._tasks.add(late)
                late.add_done_callback(self._tasks.discard)
            else:
                with suppress(ConnectionClosed):
                    await self._transcribe(text)
        return list(turn.names)

    async def _transcribe_late(self, text: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        with suppress(ConnectionClosed):
            await self._transcribe(text)

    async def _transcribe(self, text: str) -> None:
        if self._service.faults.transcript_in_pieces:
            for at in range(0, len(text), PIECE_CHARACTERS):
                await self._say({"text": text[at : at + PIECE_CHARACTERS]})
            return
        head, _, tail = text.partition(" ")
        for piece in filter(None, (head + " " if tail else head, tail)):
            await self._say({"text": piece})
        await self._say({"finished": True})

    async def _say(self, transcription: dict[str, object]) -> None:
        await self._channel.send({"serverContent": {"inputTranscription": transcription}})


def _anybody_in(audio: Samples) -> bool:
    frames = audio[: len(audio) // LIVE_IN_FRAME * LIVE_IN_FRAME].reshape(-1, LIVE_IN_FRAME)
    return bool(len(frames)) and float(np.max(np.mean(frames**2, axis=1))) >= 10.0 ** (SILENCE_DB / 10.0)
