"""What happened in a demonstration: what the picture, the recordings and the figures are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import soxr

from audio.formats import DISCORD_HZ, LIVE_IN_HZ, Samples, from_pcm16
from bot.loopback import speech
from bot.loopback.live.record import Kind, LiveEvent, LiveSessionRecord
from bot.loopback.member.recording import Track
from bot.loopback.member.talk import SpokenRecord

PAUSE_S = 0.2
"""Messages of one turn follow each other faster than this."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A member made this sound: `sound` is 48 kHz, `text` what is written beside it in the picture."""

    member: str
    text: str
    sound: Samples
    record: SpokenRecord

    @classmethod
    def of_clip(cls, member: str, clip: str, record: SpokenRecord) -> Utterance:
        return cls(member, f"“{speech.text(clip)}”", speech.load(clip), record)

    def samples(self, hz: int) -> Samples:
        if hz == DISCORD_HZ:
            return self.sound
        resampled: Samples = soxr.resample(self.sound, DISCORD_HZ, hz)
        return resampled


@dataclass(frozen=True, slots=True)
class Written:
    """Somebody wrote this in the channel's chat."""

    author: str
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said, whether or not anybody heard it."""

    clip: str
    at: float
    seconds: float
    """So much of it was generated."""
    heard_at: float | None
    """Its first packet at a member; None: it was not played."""


@dataclass(slots=True)
class Story:
    """All times are monotonic seconds of one process."""

    hangover_ms: float
    utterances: list[Utterance] = field(default_factory=list)
    noises: list[Utterance] = field(default_factory=list)
    """What members let be heard that was meant for nobody."""
    softest_at: float | None = None
    """When the bot had turned its voice down most."""
    written: list[Written] = field(default_factory=list)
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
        first = [utterance.record.started_at for utterance in self.utterances]
        return min([*first, *self.bot_heard_at[:1]]) - 0.5

    def of(self, kind: Kind, since: float = 0.0) -> list[LiveEvent]:
        return [event for event in self.events if event.kind is kind and event.at > since]

    @property
    def rollovers(self) -> list[float]:
        """When a connection took over from another."""
        return [session.opened_at for session in self.sessions[1:]]

    def turns(self) -> list[tuple[float, float]]:
        """Begin and end of every turn; one during which the connection changed is one all the same."""
        found: list[tuple[float, float]] = []
        began: float | None = None
        for event in self.events:
            if event.kind is Kind.ACTIVITY_START and began is None:
                began = event.at
            elif event.kind is Kind.ACTIVITY_END and began is not None:
                found.append((began, event.at))
                began = None
        return found

    def answers(self) -> list[Answer]:
        """Everything the model said, in order."""
        chosen = self.of(Kind.ANSWER)
        chunks = [event.at for event in self.of(Kind.AUDIO_OUT)]
        limits = [*(event.at for event in chosen), float("inf")]
        found = []
        for event, (at, until) in zip(chosen, pairwise(limits), strict=True):
            own = [chunk for chunk in chunks if at <= chunk < until]
            if own:
                ears = [ear for ear in self.bot_heard_at if own[0] <= ear < until]
                found.append(Answer(event.detail, own[0], len(own) * 0.04, ears[0] if ears else None))
        return found

    def live_in(self) -> Track:
        """What the model heard, 16 kHz, laid where it was said: a burst at the start of a turn or of a
        connection is sound from before it. A turn that its connection did not survive is left out: it is said
        again on the next one, and the model remembers only that.
        """
        turns = sorted((turn for session in self.sessions for turn in _heard_turns(session)), key=_start)
        if not turns:
            return Track(self.t0, np.zeros(0, np.float32))
        t0 = turns[0][0]
        laid: list[Samples] = []
        end = 0
        for start, samples in turns:
            at = max(end, round((start - t0) * LIVE_IN_HZ))
            laid += [np.zeros(at - end, np.float32), samples]
            end = at + len(samples)
        return Track(t0, np.concatenate(laid))


def _heard_turns(session: LiveSessionRecord) -> Iterator[tuple[float, Samples]]:
    """Begin and sound of each turn. Its last message fixes its place, for that came as it was said."""
    pcm, done = from_pcm16(bytes(session.pcm16)), 0
    starts, ends = session.of(Kind.ACTIVITY_START), session.of(Kind.ACTIVITY_END)
    until = starts[-1].at if len(starts) > len(ends) and session.close is not None else float("inf")
    arrivals = [(at, received) for at, received in session.arrivals if at < until]
    for (at, received), (following, _) in pairwise([*arrivals, (float("inf"), 0)]):
        if following - at > PAUSE_S:
            yield at - (received - done) / LIVE_IN_HZ, pcm[done:received]
            done = received


def _start(turn: tuple[float, Samples]) -> float:
    return turn[0]
