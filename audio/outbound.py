"""All that the bot says in a channel, one Opus packet per tick."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from audio.formats import DISCORD_FRAME, FRAME_MS, LIVE_OUT_HZ, SILENCE_PACKET, Samples
from audio.mixer import Fader, soft_limit
from audio.opus import Encoder
from audio.playout import Playout

DUCKED = 0.25
"""−12 dB: clearly behind the person who begins to speak, and still to be followed if it was only a cough."""

DUCK_MS = 30
UNDUCK_MS = 120

TRAILING_SILENCE = 5
"""Packets of silence after the last of sound, or receivers go on guessing from it (Discord voice docs,
"Voice Data Interpolation")."""

MAX_SOUNDS = 8
"""At once; one more makes the oldest end."""


@dataclass(frozen=True, slots=True)
class PlayedReply:
    """What became of a stopped reply. The frame it was faded in counts as played."""

    played_ms: float
    dropped_ms: float


class Outbound:
    """The reply and the sounds of one room, mixed, ducked and encoded."""

    def __init__(self) -> None:
        self._reply = Playout()
        self._sounds: deque[Samples] = deque(maxlen=MAX_SOUNDS)
        self._fader = Fader()
        self._encoder = Encoder()
        self._last_frame: Samples | None = None  # of what was stopped, faded to silence
        self._silence_due = 0

    @property
    def playing(self) -> bool:
        """Whether the bot is speaking: something waits to be sent, or the reply is expected to go on."""
        return self._reply.active or bool(self._sounds) or self._last_frame is not None

    @property
    def replying(self) -> bool:
        """The same of the reply alone, without sounds."""
        return self._reply.active

    @property
    def played_ms(self) -> float:
        """How much of the current reply, or of the last one, has gone out."""
        return self._reply.played_ms

    @property
    def buffered_ms(self) -> float:
        """How much of the reply, and of replies after it, waits."""
        return self._reply.buffered_ms

    @property
    def underruns(self) -> int:
        """How often a reply paused because it came too slowly."""
        return self._reply.underruns

    @property
    def overflow_ms(self) -> float:
        """What was dropped because ten minutes were waiting already."""
        return self._reply.overflow_ms

    def push_reply(self, pcm16: bytes, hz: int = LIVE_OUT_HZ) -> None:
        """More of the reply, little-endian PCM16 mono, in chunks of any size. Heard from the next tick on,
        once there are 20 ms and the 10 ms that the resampler holds back."""
        self._reply.push(pcm16, hz)

    def finish_reply(self) -> None:
        """The reply is complete. What is pushed from now on is another one."""
        self._reply.finish()

    def play_sound(self, samples48k: Samples) -> None:
        """Play `samples48k`, shape (n,), from the next tick on, together with whatever else plays."""
        if len(samples48k):
            self._sounds.append(samples48k)

    def duck(self) -> None:
        """Turn down, while somebody may be about to interrupt; lasts until `unduck` or `stop`."""
        self._set_gain(DUCKED, DUCK_MS)

    def unduck(self) -> None:
        self._set_gain(1.0, UNDUCK_MS)

    def stop(self) -> PlayedReply:
        """Fall silent within one frame: the next tick's fades out, everything after it is dropped."""
        reply, dropped_ms = self._reply.cut()
        frame = self._mix(reply)
        if frame is not None:
            self._fader.ramp(0.0, FRAME_MS)
            self._last_frame = soft_limit(self._fader.apply(frame))
        self._sounds.clear()
        self._fader.set(1.0)
        return PlayedReply(self._reply.played_ms, dropped_ms)

    def tick(self) -> bytes | None:
        """The Opus packet of this tick; after the last with sound five of silence; then None."""
        frame, self._last_frame = self._last_frame, None
        if frame is None:
            mixed = self._mix(self._reply.pull())
            frame = None if mixed is None else soft_limit(self._fader.apply(mixed))
        if frame is not None:
            self._silence_due = TRAILING_SILENCE
            return self._encoder.encode(frame)
        if self._silence_due:
            if self._silence_due == TRAILING_SILENCE:
                self._encoder.reset()
            self._silence_due -= 1
            return SILENCE_PACKET
        return None

    def _mix(self, reply: Samples | None) -> Samples | None:
        """One frame of `reply` and of all sounds, which get a frame shorter; None if there is neither."""
        if not self._sounds:
            return reply
        mixed = np.zeros(DISCORD_FRAME, np.float32) if reply is None else reply
        for _ in range(len(self._sounds)):
            sound = self._sounds.popleft()
            mixed[: len(sound)] += sound[:DISCORD_FRAME]
            if len(sound) > DISCORD_FRAME:
                self._sounds.append(sound[DISCORD_FRAME:])
        return mixed

    def _set_gain(self, gain: float, ms: float) -> None:
        if self.playing:
            self._fader.ramp(gain, ms)
        else:
            self._fader.set(gain)
