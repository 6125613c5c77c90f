"""What happened in a demonstration: what the picture, the recordings and the figures are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from audio.formats import LIVE_IN_HZ, Samples, from_pcm16
from bot.loopback import speech
from bot.loopback.live.record import Kind, LiveEvent, LiveSessionRecord
from bot.loopback.member.recording import Track
from bot.loopback.member.talk import SpokenRecord


@dataclass(frozen=True, slots=True)
class Utterance:
    """A member said the recording `clip`."""

    member: str
    clip: str
    record: SpokenRecord

    def samples(self, hz: int) -> Samples:
        return speech.load(self.clip, hz)

    @property
    def text(self) -> str:
        return speech.text(self.clip)


@dataclass(slots=True)
class Story:
    """All times are monotonic seconds of one process."""

    hangover_ms: float
    utterances: list[Utterance] = field(default_factory=list)
    events: list[LiveEvent] = field(default_factory=list)
    sessions: list[LiveSessionRecord] = field(default_factory=list)
    heard: Track | None = None
    """Everything a silent listener in the channel heard, 48 kHz."""
    bot: Track | None = None
    """The bot's part of that."""
    bot_heard_at: list[float] = field(default_factory=list)
    """Arrival of each of the bot's voiced packets at the listener."""

    @property
    def t0(self) -> float:
        return min(utterance.record.started_at for utterance in self.utterances) - 0.5

    def of(self, kind: Kind) -> list[LiveEvent]:
        return [event for event in self.events if event.kind is kind]

    def live_in(self) -> Track:
        """What the model heard, 16 kHz, each message laid where it arrived; what overlaps follows on."""
        pieces: list[tuple[float, Samples]] = []
        for session in self.sessions:
            pcm, done = from_pcm16(bytes(session.pcm16)), 0
            for at, received in session.arrivals:
                pieces.append((at, pcm[done:received]))
                done = received
        if not pieces:
            return Track(self.t0, np.zeros(0, np.float32))
        t0 = pieces[0][0]
        laid: list[Samples] = []
        end = 0
        for at, samples in pieces:
            start = max(end, round((at - t0) * LIVE_IN_HZ))
            if start - end < LIVE_IN_HZ // 10:  # within a turn messages follow each other without a gap
                start = end
            laid += [np.zeros(start - end, np.float32), samples]
            end = start + len(samples)
        return Track(t0, np.concatenate(laid))
