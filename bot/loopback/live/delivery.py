"""One answer of the model on its way out, at its pace, with what may go wrong with it."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass

from bot.loopback.live.answer import AnswerBook, Clip, Pace
from bot.loopback.live.channel import Channel
from bot.loopback.live.faults import LiveFaults, Moment, TurnFault
from bot.loopback.live.record import Kind
from bot.loopback.live.schema import Json
from bot.loopback.live.script import Lookup
from bot.loopback.live.wire import encode

FAINTNESS: dict[TurnFault | None, float] = {TurnFault.ZEROS: 0.0, TurnFault.FAINT: 0.001}
"""What an answer that nobody can hear is multiplied by."""
_GENERATION_COMPLETE: Json = {"serverContent": {"generationComplete": True}}


@dataclass(slots=True)
class Delivery:
    """`spoken_s` grows with what has been sent: after an interruption that is what the model remembers
    saying.
    """

    clip: Clip
    pace: Pace
    transcribed: bool
    fault: TurnFault | None = None
    lookup: Lookup | None = None
    spoken_s: float = 0.0
    completion_due: bool = False
    """generationComplete is still to come, after turnComplete."""

    @property
    def audible(self) -> bool:
        """Some of it has been heard."""
        return self.spoken_s > 0 and self.fault not in FAINTNESS

    async def run(self, channel: Channel, book: AnswerBook, faults: LiveFaults) -> None:
        """Send it all, then generationComplete, and return when it has been played."""
        await self._prelude(channel, faults)
        if self.fault is TurnFault.TEXT_ONLY:
            await _send_part(channel, {"text": self.clip.text})
            return
        clip = self.clip.faint(FAINTNESS[self.fault]) if self.fault in FAINTNESS else self.clip
        frames = book.frames(clip, self.pace.chunk_ms, transcribed=self.transcribed)
        if faults.generation_complete_with_audio:
            frames = (*frames[:-1], _completing(frames[-1]))
        half = len(frames) // 2
        started = time.monotonic()
        for index, frame in enumerate(frames):
            if index == half:
                await channel.strike(Moment.MID_ANSWER)
                if self.fault in (TurnFault.CUT, TurnFault.INTERRUPTED):
                    return
                if self.fault is TurnFault.STALL:
                    await asyncio.sleep(faults.stall_s)
                    started += faults.stall_s
            await until(started + self.pace.due_s(index))
            channel.note(Kind.AUDIO_OUT, index)
            await channel.send_frame(frame)
            self.spoken_s = min((index + 1) * self.pace.chunk_ms / 1000.0, clip.duration_s)
            if index == 0:
                await channel.strike(Moment.FIRST_AUDIO)
        await self._complete(channel, faults)
        # turnComplete comes when a client that plays in real time would be done (google-genai docstrings).
        await until(started + self.spoken_s)

    async def _complete(self, channel: Channel, faults: LiveFaults) -> None:
        if self.lookup is not None:
            await channel.send({"serverContent": {"groundingMetadata": _grounding(self.lookup)}})
        channel.note(Kind.GENERATION_COMPLETE)
        if faults.generation_complete_late:
            self.completion_due = True
        elif not faults.generation_complete_with_audio:
            await channel.send_mark(_GENERATION_COMPLETE)

    async def afterword(self, channel: Channel) -> None:
        """What comes after turnComplete."""
        if self.completion_due:
            await channel.send_mark(_GENERATION_COMPLETE)

    async def _prelude(self, channel: Channel, faults: LiveFaults) -> None:
        if faults.unknown_messages:
            await channel.send({"interactionStatus": "IN_PROGRESS"})
        if self.fault is TurnFault.THOUGHT_FIRST:
            await _send_part(channel, {"text": "**Considering the answer**", "thought": True})


def _grounding(lookup: Lookup) -> Json:
    """As ai.google.dev/api has it; `renderedContent` shows the search suggestions on a web page."""
    return {
        "webSearchQueries": list(lookup.queries),
        "groundingChunks": [{"web": {"title": title, "uri": uri}} for title, uri in lookup.pages],
        "groundingSupports": [],
        "searchEntryPoint": {"renderedContent": "<div></div>"},
    }


def _completing(frame: bytes) -> bytes:
    message = json.loads(frame)
    message["serverContent"]["generationComplete"] = True
    return encode(message)


async def _send_part(channel: Channel, part: dict[str, object]) -> None:
    await channel.send({"serverContent": {"modelTurn": {"role": "model", "parts": [part]}}})


async def until(moment: float) -> None:
    """Sleep until `moment` (monotonic)."""
    delay = moment - time.monotonic()
    if delay > 0:
        await asyncio.sleep(delay)
