"""The listening half of a session: which audio belongs to which turn of the user. Pure; `now` in monotonic
seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from audio.formats import LIVE_IN_HZ, Samples, from_pcm16
from audio.resample import Resampler
from bot.loopback.live.activity import ActivityDetector, Mark
from bot.loopback.live.messages import ActivityConfig, Audio
from bot.loopback.live.refusal import invalid

TURN_LIMIT_S = 120.0
"""Of a longer turn the last two minutes are kept."""
LOOK_BACK_S = 0.3
"""Automatic mode starts a turn with this much before the onset: detection takes 40 to 100 ms."""


@dataclass(slots=True)
class Spoken:
    """One turn of the user."""

    started_at: float
    ended_at: float = 0.0
    pieces: deque[Samples] = field(default_factory=deque)
    notes: list[str] = field(default_factory=list)
    """Text that came within the turn."""
    samples: int = 0

    def add(self, piece: Samples) -> None:
        self.pieces.append(piece)
        self.samples += len(piece)
        while self.samples > TURN_LIMIT_S * LIVE_IN_HZ:
            self.samples -= len(self.pieces.popleft())

    @property
    def audio(self) -> Samples:
        """All of it, 16 kHz."""
        return np.concatenate(self.pieces) if self.pieces else np.zeros(0, np.float32)


class Ear:
    """Turns in, by the client's marks (manual) or by detection (automatic).

    Every method returns what happened: ``Mark.START`` once a turn began, a finished ``Spoken`` once it ended.
    """

    def __init__(self, config: ActivityConfig, *, ends_on_stream_end: bool) -> None:
        self.manual = config.manual
        self._detector = None if config.manual else ActivityDetector(config)
        self._ends_on_stream_end = ends_on_stream_end
        self._before: deque[Samples] = deque()
        self._resampler: tuple[int, Resampler] | None = None
        self.turn: Spoken | None = None

    def hear(self, audio: Audio, now: float) -> list[Mark | Spoken]:
        """Audio of any rate; raises Refused on half a sample."""
        if len(audio.pcm16) % 2:
            raise invalid()
        samples = self._at_16_khz(audio)
        if self.turn is not None:
            self.turn.add(samples)
        if self._detector is None:
            return []
        happened: list[Mark | Spoken] = []
        for mark in self._detector.push(samples):
            if mark is Mark.START:
                self.turn = Spoken(now)
                for piece in (*self._before, samples):
                    self.turn.add(piece)
                happened.append(mark)
            elif (spoken := self._finish(now)) is not None:
                happened.append(spoken)
        self._remember(samples)
        return happened

    def start(self, now: float) -> list[Mark | Spoken]:
        """activityStart. A second one within a turn changes nothing."""
        self._require_manual()
        if self.turn is not None:
            return []
        self.turn = Spoken(now)
        return [Mark.START]

    def end(self, now: float) -> list[Mark | Spoken]:
        """activityEnd. Without a start it means nothing."""
        self._require_manual()
        spoken = self._finish(now)
        return [] if spoken is None else [spoken]

    def stream_end(self, now: float) -> list[Mark | Spoken]:
        """audioStreamEnd: some models end the turn at once, 3.8 takes no notice."""
        if self._detector is None or not self._detector.active or not self._ends_on_stream_end:
            return []
        self._detector.stop()
        spoken = self._finish(now)
        return [] if spoken is None else [spoken]

    def _finish(self, now: float) -> Spoken | None:
        spoken, self.turn = self.turn, None
        if spoken is not None:
            spoken.ended_at = now
        return spoken

    def _require_manual(self) -> None:
        if not self.manual:
            raise invalid(
                "Explicit activity control is not supported when automatic activity detection is enabled."
            )

    def _remember(self, samples: Samples) -> None:
        self._before.append(samples)
        while sum(map(len, self._before)) - len(self._before[0]) > LOOK_BACK_S * LIVE_IN_HZ:
            self._before.popleft()

    def _at_16_khz(self, audio: Audio) -> Samples:
        samples = from_pcm16(audio.pcm16)
        if audio.hz == LIVE_IN_HZ:
            return samples
        if self._resampler is None or self._resampler[0] != audio.hz:
            self._resampler = (audio.hz, Resampler(audio.hz, LIVE_IN_HZ))
        return self._resampler[1].push(samples)
