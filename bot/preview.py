"""One sentence in a persona's voice, from a short session of its own: a conversation under way hears nothing
of it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from audio.formats import DISCORD_HZ, LIVE_OUT_HZ, from_pcm16, to_pcm16
from audio.resample import Resampler
from bot.answering import is_loud
from bot.errors import ParleyError
from bot.live.config import LiveSettings
from bot.live.events import Audio, OutputTranscript, TurnComplete, Usage
from bot.live.session import LiveClient, LiveSession
from bot.persona_rules import voiced
from bot.store.rows import Persona

ANSWER_S = 15.0
"""Connecting not counted; a sentence is there within three."""

USAGE_S = 0.3
"""The count of what it cost comes with the end of the answer, or soon after it, or not at all."""

SAMPLE_MAX_S = 20.0
"""A model that does not stop is stopped."""

AT_ONCE = 2
"""Previews at a time, in all servers: each is a session, which the key has a limited number of."""

_BITRATE = 48_000

ASK = "[Note: say in one sentence who you are and what you can do for the people here. Say nothing else.]"


class NoSample(ParleyError):
    sentence = "Google Gemini said nothing in that voice. Try again in a moment."


@dataclass(frozen=True, slots=True)
class Sample:
    """What was said: mono PCM16 at `hz`, and its words as far as the service gave them."""

    pcm16: bytes
    hz: int
    words: str

    @property
    def seconds(self) -> float:
        return len(self.pcm16) / 2 / self.hz


class Preview:
    """`model` is that of `.env`; `used` is told what each costs: server, model, and the service's count."""

    def __init__(self, client: LiveClient, model: str, used: Callable[[int, str, Usage], None]) -> None:
        self._client = client
        self._model = model
        self._used = used
        self._places = asyncio.Semaphore(AT_ONCE)

    async def sample(
        self, guild_id: int, persona: Persona, instruction: str, model: str | None = None
    ) -> Sample:
        """`persona` introduces itself; `model` is the server's, for a persona that has none.

        Raises LiveError or NoSample."""
        settings = voiced(persona, LiveSettings(model=model or self._model, instruction=instruction))
        async with self._places, self._client.connect(settings) as session:
            return await self._say(session, guild_id)

    async def _say(self, session: LiveSession, guild_id: int) -> Sample:
        pcm16, hz, words, complete = bytearray(), LIVE_OUT_HZ, "", False
        await session.send_text(ASK)
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S) as bound, aclosing(session.events()) as events:
                async for event in events:
                    match event:
                        case Audio(pcm16=piece, hz=hz):
                            pcm16 += piece
                        case OutputTranscript(text=text):
                            words += text
                        case Usage():
                            self._used(guild_id, session.settings.model, event)
                        case TurnComplete():
                            complete = True
                            bound.reschedule(asyncio.get_running_loop().time() + USAGE_S)
                        case _:
                            pass
                    too_long = len(pcm16) / 2 / hz >= SAMPLE_MAX_S
                    if too_long or (complete and isinstance(event, Usage)):
                        break
        if not is_loud(bytes(pcm16)):
            raise NoSample("nothing audible in time")
        return Sample(bytes(pcm16), hz, words.strip())


def ogg(sample: Sample) -> bytes:
    """An Ogg Opus file of it. Takes some 30 ms: call it in a thread."""
    resampler = Resampler(sample.hz, DISCORD_HZ)
    pieces = (resampler.push(from_pcm16(sample.pcm16)), resampler.flush())
    pcm16 = np.frombuffer(to_pcm16(np.concatenate(pieces)), np.int16)
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=DISCORD_HZ, layout="mono")
        stream.bit_rate = _BITRATE
        frame = av.AudioFrame.from_ndarray(pcm16[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = DISCORD_HZ, Fraction(1, DISCORD_HZ), 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
