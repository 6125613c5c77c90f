"""What the stand-in says: recordings, cut into server messages once, and the pace at which they leave.

Sixty sessions answer from one process, so nothing is encoded per session: a recording becomes its JSON frames
the first time it is needed and is then only sent.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from audio.formats import LIVE_OUT_HZ, Samples, to_pcm16
from bot.loopback import speech
from bot.loopback.live.wire import encode

TRANSCRIPT_EVERY_MS = 400
"""Output transcription comes a few words at a time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How an answer leaves: after `delay_ms`, a burst, then `speed` times real time.

    Defaults: the real service answers faster than real time in chunks of 40 ms; 250 ms stands for its
    thinking.
    """

    chunk_ms: int = 40
    delay_ms: float = 250.0
    burst_ms: float = 200.0
    speed: float = 2.0

    def due_s(self, index: int) -> float:
        """When chunk `index` leaves, in seconds after the first."""
        return max(0.0, index * self.chunk_ms - self.burst_ms) / self.speed / 1000.0


@dataclass(frozen=True, eq=False, slots=True)
class Clip:
    """A recording: `samples` at 24 kHz."""

    text: str
    samples: Samples

    @property
    def duration_s(self) -> float:
        return len(self.samples) / LIVE_OUT_HZ

    def faint(self, factor: float) -> Clip:
        """The same words, `factor` times as loud; made once per factor."""
        return _faint(self, factor)


@cache
def _faint(clip: Clip, factor: float) -> Clip:
    return Clip(clip.text, clip.samples * np.float32(factor))


def recorded(name: str) -> Clip:
    """A recording of `bot.loopback.speech`; KeyError for an unknown name."""
    return Clip(speech.text(name), speech.load(name, LIVE_OUT_HZ))


class AnswerBook:
    """Clips by name, and their frames."""

    def __init__(
        self, clips: Mapping[str, Clip] | None = None, load: Callable[[str], Clip] = recorded
    ) -> None:
        self._clips = dict(clips or {})
        self._load = load
        self._frames: dict[tuple[int, int, bool], tuple[Clip, tuple[bytes, ...]]] = {}

    def clip(self, name: str) -> Clip:
        if name not in self._clips:
            self._clips[name] = self._load(name)
        return self._clips[name]

    def frames(self, clip: Clip, chunk_ms: int, *, transcribed: bool) -> tuple[bytes, ...]:
        """`clip` as server messages of `chunk_ms` of audio each."""
        key = (id(clip), chunk_ms, transcribed)
        if key not in self._frames:
            self._frames[key] = (clip, tuple(_frames(clip, chunk_ms, transcribed)))
        return self._frames[key][1]


def _frames(clip: Clip, chunk_ms: int, transcribed: bool) -> list[bytes]:
    size = LIVE_OUT_HZ * chunk_ms // 1000
    count = math.ceil(len(clip.samples) / size)
    texts = _spread(clip.text, count, chunk_ms) if transcribed else {}
    return [
        audio_message(to_pcm16(clip.samples[index * size : (index + 1) * size]), texts.get(index))
        for index in range(count)
    ]


def audio_message(pcm16: bytes, transcript: str | None = None) -> bytes:
    """One piece of the model's speech; audio and transcription may share a message, as they do on the real
    wire.
    """
    data = {"mimeType": f"audio/pcm;rate={LIVE_OUT_HZ}", "data": base64.b64encode(pcm16).decode("ascii")}
    content: dict[str, object] = {"modelTurn": {"role": "model", "parts": [{"inlineData": data}]}}
    if transcript is not None:
        content["outputTranscription"] = {"text": transcript}
    return encode({"serverContent": content})


def _spread(text: str, chunks: int, chunk_ms: int) -> dict[int, str]:
    """The words of `text` by the chunk they go with, evenly over all chunks."""
    words = text.split()
    every = max(1, TRANSCRIPT_EVERY_MS // chunk_ms)
    spread: dict[int, str] = {}
    done = 0
    for index in range(0, chunks, every):
        until = min(len(words), math.ceil(len(words) * (index + every) / chunks))
        if until > done:
            spread[index] = " ".join(words[done:until]) + ("" if until == len(words) else " ")
            done = until
    return spread
