"""One person: from decrypted packets to one frame of samples per tick.

What a person's connection changes stays outside of it: a new SSRC gets a new buffer and a new decoder, while
the statistics and the noise floor belong to the person. Nothing here raises; a packet that Opus refuses is
concealed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from audio.activity import Voice, VoiceActivity
from audio.delay import MAX_DELAY_S
from audio.e2ee import DaveRefusal
from audio.formats import DISCORD_FRAME, DISCORD_HZ, Samples
from audio.jitter import FRAME_S, LOST, WAIT, JitterBuffer, PlayoutCounts
from audio.opus import Decoder, OpusError, has_fec

_BACKLOG_S = MAX_DELAY_S + 0.1
"""Delay that is worth a slightly hurried voice: only after the network, or a missing key, held packets up."""
_HURRY_TICKS = 3  # every third tick plays two frames: a third faster

_FADE_IN = np.linspace(0.0, 1.0, DISCORD_FRAME, dtype=np.float32)
_FADE_OUT = np.float32(1.0) - _FADE_IN

_LEVEL_WEIGHT = 0.05
"""Of a frame in the level of a voice: it follows within half a second."""
_NOTHING_DB = -100.0
"""Below, it is the silence that a client makes, not that of a room."""


@dataclass(slots=True)
class SpeakerStats(PlayoutCounts):
    """What is known about hearing one person, since they were first seen."""

    concealed: int = 0
    """Frames made up because their packet was not there in time."""
    recovered: int = 0
    """Frames taken from the copy in the packet after them (in-band FEC)."""
    opus_errors: int = 0
    undecryptable: Counter[DaveRefusal] = field(default_factory=Counter)
    failure_streak: int = 0
    """Undecryptable packets in a row. discord.js takes 36 of them for wrong keys."""
    last_heard: float | None = None
    """Arrival of the last packet that carried a voice, monotonic seconds."""
    level_db: float = -120.0
    """How loud they speak, or, while nothing was taken for a voice yet, what came instead: a microphone that
    is turned down. What comes between words says nothing about it, and clients end them with silence."""

    def count_failure(self, refusal: DaveRefusal, packets: int = 1) -> None:
        self.undecryptable[refusal] += packets
        self.failure_streak += packets


class Speaker:
    """Hears one person. `push` what arrives, ask for a `frame` every 20 ms."""

    def __init__(self, user_id: int, stats: SpeakerStats | None = None) -> None:
        self.user_id = user_id
        self.stats = stats if stats is not None else SpeakerStats()
        self.ssrc: int | None = None
        self.voice = Voice.SILENT
        self.level_db = -120.0
        self.arrived_at = 0.0
        """When the packet of the last frame arrived."""
        self.last_push = float("-inf")
        self._activity = VoiceActivity()
        self._buffer = JitterBuffer(self.stats)
        self._decoder = Decoder()
        self._packet_samples = DISCORD_FRAME
        self._rest: Samples | None = None  # of packets that are not 20 ms long
        self._ticks_since_hurry = 0

    @property
    def active(self) -> bool:
        """Whether `frame` may return something before the next `push`."""
        return self._buffer.active or self._rest is not None

    @property
    def delay_s(self) -> float:
        return self._buffer.delay_s

    def seen(self, ssrc: int, sequence: int, now: float) -> bool:
        """Whether this packet has been pushed already; decrypting it again would look like an attack to
        DAVE."""
        return ssrc == self.ssrc and self._buffer.seen(sequence, now)

    def push(self, ssrc: int, sequence: int, timestamp: int, opus: bytes, arrived_at: float) -> None:
        """One decrypted packet."""
        if ssrc != self.ssrc:
            self.ssrc = ssrc
            self._buffer = JitterBuffer(self.stats)
            self._restart_decoder()
        self.last_push = arrived_at
        self._buffer.push(sequence, timestamp, opus, arrived_at)

    def skip(self, ssrc: int, sequence: int) -> None:
        """A packet that was nothing but padding. Its number is used up, its 20 ms were never spoken."""
        if ssrc == self.ssrc:
            self._buffer.skip(sequence)

    def frame(self, now: float) -> Samples | None:
        """960 samples, or None while this person says nothing. Sets `voice`, `level_db` and `arrived_at`."""
        pcm = self._take(now)
        if pcm is None:
            self._activity.pause()
            self.voice = Voice.SILENT
            return None
        if self._buffer.surplus_s >= FRAME_S:
            pcm = self._catch_up(pcm, now)
        self.voice = self._activity.push(pcm)
        self.level_db = self._activity.level_db
        self._note(self.level_db)
        return pcm

    def _note(self, level_db: float) -> None:
        first = self.stats.last_heard is None
        if self.voice is Voice.VOICED:
            weight = 1.0 if first else _LEVEL_WEIGHT
            self.stats.level_db += weight * (level_db - self.stats.level_db)
            self.stats.last_heard = self.arrived_at
        elif first and level_db > _NOTHING_DB:
            self.stats.level_db = level_db

    def _catch_up(self, pcm: Samples, now: float) -> Samples:
        """Play two frames in the time of one, one fading into the other: unheard where nobody speaks."""
        self._ticks_since_hurry += 1
        behind = self._buffer.delay_s > _BACKLOG_S and self._ticks_since_hurry >= _HURRY_TICKS
        if self.voice is Voice.VOICED and not behind:
            return pcm
        following = self._take(now)
        if following is None:
            return pcm
        self._ticks_since_hurry = 0
        merged: Samples = pcm * _FADE_OUT + following * _FADE_IN
        return merged

    def _take(self, now: float) -> Samples | None:
        """The next 960 samples, whatever the size of the packets."""
        rest = self._rest
        if rest is None:
            rest = self._next_pcm(now)
            if rest is None or len(rest) == DISCORD_FRAME:  # nearly always
                return rest
        while len(rest) < DISCORD_FRAME:
            more = self._next_pcm(now)
            if more is None:  # the talk ended inside a frame
                more = np.zeros(DISCORD_FRAME - len(rest), np.float32)
            rest = np.concatenate((rest, more))
        self._rest = rest[DISCORD_FRAME:] if len(rest) > DISCORD_FRAME else None
        return rest[:DISCORD_FRAME]

    def _next_pcm(self, now: float) -> Samples | None:
        """The samples of the packet that is due, decoded, recovered or made up."""
        found = self._buffer.pop(now)
        if found is WAIT:
            return None
        try:
            if found is LOST:
                return self._conceal()
            self.arrived_at = found.arrived_at
            pcm = self._decoder.decode(found.payload)
        except OpusError:
            self.stats.opus_errors += 1
            pcm = np.zeros(self._packet_samples, np.float32)
            self._restart_decoder()
            return pcm
        if len(pcm) != self._packet_samples:
            self._packet_samples = len(pcm)
            self._buffer.packet_s = len(pcm) / DISCORD_HZ
        return pcm

    def _conceal(self) -> Samples:
        following = self._buffer.peek_next()
        if following is not None and has_fec(following.payload):
            self.stats.recovered += 1
            return self._decoder.recover(following.payload, self._packet_samples)
        self.stats.concealed += 1
        return self._decoder.conceal(self._packet_samples)

    def _restart_decoder(self) -> None:
        self._decoder = Decoder()
        self._packet_samples = DISCORD_FRAME
        self._rest = None
