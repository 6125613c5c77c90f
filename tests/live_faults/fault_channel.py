"""A voice channel of the test's own: people speak recordings into it, and what the bot says is told apart.

The model's answers are tones here, one pitch each, so that it is known to the frame which of them was heard
and for how long.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import numpy as np

from audio.activity import Voice, VoiceActivity
from audio.formats import DISCORD_FRAME, DISCORD_HZ, FRAME_MS, LIVE_OUT_HZ, SILENCE_PACKET, Samples
from audio.inbound import Heard, Tick
from audio.opus import Decoder
from bot.clock import monotonic
from bot.loopback import speech
from bot.loopback.live.answer import Clip
from bot.voice import events as voice

PEOPLE = {5: "Ana", 6: "Ben", 7: "Cleo"}
ANA, BEN, CLEO = PEOPLE

LOWEST_HZ, STEP_HZ = 300, 150
STEP_S, NEGLIGIBLE_S = 0.05, 0.02
AUDIBLE = 10 ** (-40 / 20)
ANSWER_S, LONG_ANSWER_S = 1.2, 4.0
SPOKEN_S = 1.8
"""So much of a sentence is enough to tell it from the others, and sixty rooms have a lot to say."""


@cache
def answers() -> dict[str, Clip]:
    """A tone for every answer; Cleo's is long enough to be spoken into."""
    return {
        name: _tone(_pitch(index), LONG_ANSWER_S if name == "answer_planets" else ANSWER_S)
        for index, name in enumerate(speech.names("live"))
    }


def _pitch(index: int) -> int:
    return LOWEST_HZ + STEP_HZ * index


def _tone(hz: int, seconds: float) -> Clip:
    times = np.arange(int(LIVE_OUT_HZ * seconds)) / LIVE_OUT_HZ
    return Clip("one two three four", (np.sin(2 * math.pi * hz * times) / 4).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms of a person."""

    pcm: Samples
    voice: Voice
    level_db: float


def recording(name: str, hz: int = DISCORD_HZ) -> Samples:
    """The first SPOKEN_S of it."""
    return speech.load(name, hz)[: int(SPOKEN_S * hz)]


@cache
def spoken(name: str) -> tuple[Frame, ...]:
    """A recording, as the receive path would hand it over."""
    return tuple(_frames(recording(name), VoiceActivity()))


def _frames(samples: Samples, activity: VoiceActivity) -> Iterator[Frame]:
    for start in range(0, len(samples) - DISCORD_FRAME + 1, DISCORD_FRAME):
        pcm = samples[start : start + DISCORD_FRAME]
        yield Frame(pcm, activity.push(pcm), activity.level_db)


class Standstill:
    """For how long in all this machine has kept its tasks waiting: no delay of the bot's making."""

    def __init__(self) -> None:
        self.total_s = 0.0
        self._late_s = 0.0  # just now

    async def bearable(self) -> None:
        """Until it keeps up."""
        while self._late_s > NEGLIGIBLE_S:  # noqa: ASYNC110  it is measured anew every 50 ms
            await asyncio.sleep(STEP_S)

    async def watch(self) -> None:
        while True:
            began_at = monotonic()
            await asyncio.sleep(STEP_S)
            self._late_s = monotonic() - began_at - STEP_S
            self.total_s += self._late_s if self._late_s > NEGLIGIBLE_S else 0.0


class Channel:
    """A voice link, for the room; `say` and what was `heard`, for the test."""

    def __init__(self) -> None:
        self.inbound = SimpleNamespace(tick=self._tick, stats={})
        self.channel = SimpleNamespace(id=1, guild=SimpleNamespace(id=9))
        self.guild = SimpleNamespace(me=SimpleNamespace(voice=None, display_name="Parley"))
        self.people = dict(PEOPLE)
        self.health = SimpleNamespace(
            sent=0, unsent={}, resumes=0, rejoins=0, dave_version=1, latency_ms=math.inf
        )
        self.heard: list[tuple[float, str]] = []
        """Frames of the bot that somebody could hear: when, and which answer it was."""
        self._decoder = Decoder()
        self._names = list(answers())
        self._speech: deque[tuple[int, Frame]] = deque()
        self._silence = asyncio.Event()
        self._nothing: asyncio.Future[voice.VoiceEvent] = asyncio.get_running_loop().create_future()

    # for the room

    def _tick(self, now: float) -> Tick:
        if not self._speech:
            self._silence.set()
            return Tick(None, [])
        user_id, frame = self._speech.popleft()
        return Tick(frame.pcm.copy(), [Heard(user_id, frame.voice, frame.level_db, now)])

    def send_packet_opus(self, opus: bytes) -> bool:
        pcm = self._decoder.decode(opus)
        if opus != SILENCE_PACKET and float(np.max(np.abs(pcm))) >= AUDIBLE:
            self.heard.append((monotonic(), self._which(pcm)))
        return True

    def skip_frame(self) -> None:
        pass

    async def announce_speaking(self, speaking: bool) -> None:
        pass

    async def next_event(self) -> voice.VoiceEvent:
        return await asyncio.shield(self._nothing)

    def name_of(self, user_id: int) -> str:
        return self.people[user_id]

    # for the test

    async def say(self, user_id: int, recording: str) -> float:
        """Speak it to the end; the time when that was."""
        self._silence.clear()
        self._speech += ((user_id, frame) for frame in spoken(recording))
        await self._silence.wait()
        return monotonic()

    def first(self, answer: str, since: float) -> float | None:
        """When `answer` was first heard after `since`."""
        return next((at for at, name in self.heard if name == answer and at >= since), None)

    @property
    def heard_s(self) -> Counter[str]:
        """For how long each answer was heard."""
        frames = Counter(name for _, name in self.heard)
        return Counter({name: count * FRAME_MS / 1000 for name, count in frames.items()})

    def quiet_since(self, now: float) -> float:
        """Seconds since the bot was heard last."""
        return now - self.heard[-1][0] if self.heard else math.inf

    def _which(self, pcm: Samples) -> str:
        spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)), DISCORD_HZ // 10))
        index = round((int(np.argmax(spectrum)) * 10 - LOWEST_HZ) / STEP_HZ)
        return self._names[index] if 0 <= index < len(self._names) else "?"
