"""Replies on their way from bursts to frames: what arrives anyhow leaves as one 48 kHz frame per tick.

A reply is resampled as it arrives and waits as PCM16 at 48 kHz; the tick only takes the next 960 samples. It
starts as soon as there is a full frame: waiting would cost every answer, and the Live API sends faster than
real time. If it runs dry all the same, the seam is faded, and the reply goes on when a cushion has come
together. The cushion doubles with every underrun and halves after ten seconds without one, so that a slow
line makes a few pauses instead of a stutter.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from audio.formats import DISCORD_FRAME, DISCORD_HZ, FRAME_MS, Samples, from_pcm16, to_pcm16
from audio.resample import SteadyResampler

MAX_BUFFERED_MS = 10 * 60_000
"""58 MB. When so much waits, what comes is dropped and counted (`overflow_ms`): people listen to the
beginning."""

MAX_WAIT_MS = 1_000
"""A reply that runs dry plays what it has after this time; if it has nothing, it is over."""

_FADE_IN: Samples = np.linspace(0, 1, DISCORD_HZ * 5 // 1000, dtype=np.float32)


class Cushion:
    """How much to gather before a reply that ran dry goes on."""

    SMALLEST_MS = 60
    LARGEST_MS = 480
    FORGET_MS = 10_000

    def __init__(self) -> None:
        self._last_ms = 0.0
        self._smooth_ms = 0

    @property
    def target_ms(self) -> float:
        """What to gather at the next underrun."""
        return min(max(2 * self._last_ms, self.SMALLEST_MS), self.LARGEST_MS)

    def used(self) -> None:
        """There was an underrun, and the reply goes on now."""
        self._last_ms = self.target_ms
        self._smooth_ms = 0

    def played(self) -> None:
        """One frame went out in time."""
        self._smooth_ms += FRAME_MS
        if self._smooth_ms >= self.FORGET_MS:
            self._smooth_ms = 0
            self._last_ms /= 2


class _Reply:
    """One reply. Lengths are samples at 48 kHz."""

    def __init__(self) -> None:
        self.finished = False
        self.played = 0
        self._pcm16 = bytearray()
        self._hz = 0
        self._resampler: SteadyResampler | None = None
        self._held = 0.0  # in the resampler: arrived, but cannot be taken yet
        self._until_seam: int | None = None  # to play before the pause; what is behind it came later

    @property
    def over(self) -> bool:
        """Everything was taken, and nothing more will come."""
        return self.finished and not self.ready

    @property
    def paused(self) -> bool:
        """What `take` gave last ended in a fade-out."""
        return self._until_seam == 0

    @property
    def ready(self) -> int:
        """What has left the resampler."""
        return len(self._pcm16) // 2

    @property
    def waiting(self) -> int:
        return self.ready + round(self._held)

    def add(self, samples: Samples, hz: int) -> None:
        if self._resampler is None or hz != self._hz:
            self._drain()
            self._resampler, self._hz = SteadyResampler(hz, DISCORD_HZ), hz
        self._held += len(samples) * DISCORD_HZ / hz
        self._append(self._resampler.push(samples))

    def finish(self) -> None:
        """Nothing more will come."""
        self._drain()
        self.finished = True

    def take(self) -> Samples:
        """The next frame; less at the end, and where the line stalls.

        There, what the resampler still holds (10 ms at 24 kHz) becomes the fade-out: nothing is lost, and the
        pause begins without a click.
        """
        if self.paused:
            self._until_seam = None
        if self._until_seam is None and self.ready < DISCORD_FRAME and not self.finished:
            self._drain(fading=True)
            self._until_seam = self.ready
        count = min(self.ready if self._until_seam is None else self._until_seam, DISCORD_FRAME)
        samples = from_pcm16(bytes(self._pcm16[: 2 * count]))
        del self._pcm16[: 2 * count]  # cheap at the front of a bytearray: the rest is not moved
        self.played += count
        if self._until_seam is not None:
            self._until_seam -= count
        return samples

    def _drain(self, *, fading: bool = False) -> None:
        """Get out what the resampler holds. What is added afterwards begins a new stream."""
        if self._resampler is not None:
            rest = self._resampler.flush()
            self._append(rest * np.linspace(1, 0, len(rest), dtype=np.float32) if fading else rest)
        self._held = 0.0

    def _append(self, samples: Samples) -> None:
        self._held -= len(samples)
        self._pcm16 += to_pcm16(samples)


class Playout:
    """Replies in the order they came, pulled once per tick."""

    def __init__(self) -> None:
        self._replies: deque[_Reply] = deque()
        self._half_sample = b""
        self._cushion = Cushion()
        self._flowing = False
        self._ran_dry = False
        self._waited_ms = 0
        self._needed = DISCORD_FRAME  # to be ready before it flows
        self._last_played = 0
        self.underruns = 0
        self.overflow_ms = 0.0

    @property
    def active(self) -> bool:
        """Whether a reply is being played, is waiting, or is expected to go on."""
        return bool(self._replies)

    @property
    def played_ms(self) -> float:
        """How much of the current reply, or of the last one, has been pulled."""
        return _ms(self._replies[0].played if self._replies else self._last_played)

    @property
    def buffered_ms(self) -> float:
        return _ms(sum(reply.waiting for reply in self._replies))

    def push(self, pcm16: bytes, hz: int) -> None:
        """More of the reply. The first call after `finish` begins another, to be played after this one."""
        pcm16 = self._half_sample + pcm16
        self._half_sample = pcm16[len(pcm16) & ~1 :]
        samples = from_pcm16(pcm16)
        room = round((MAX_BUFFERED_MS - self.buffered_ms) * hz / 1000)
        if len(samples) > room:
            self.overflow_ms += (len(samples) - room) * 1000 / hz
            samples = samples[:room]
        if not len(samples):
            return
        if not self._replies or self._replies[-1].finished:
            self._replies.append(_Reply())
        self._replies[-1].add(samples, hz)

    def finish(self) -> None:
        """The reply is complete: play it to its end without waiting for more."""
        self._half_sample = b""
        if self._replies and not self._replies[-1].finished:
            self._replies[-1].finish()

    def pull(self) -> Samples | None:
        """The next frame, shape (960,); None while there is none."""
        while self._replies:
            reply = self._replies[0]
            if self._flowing or self._may_flow(reply):
                return self._frame(reply)
            if reply.waiting or not (reply.finished or self._waited_ms >= MAX_WAIT_MS):
                return None
            self._end()
        return None

    def cut(self) -> tuple[Samples | None, float]:
        """Drop everything. Returns the frame that was to come next, not dropped but to be faded, and the
        milliseconds that were."""
        frame = self._frame(self._replies[0]) if self._flowing else None
        dropped_ms = self.buffered_ms
        if self._replies:
            self._end()
        self._replies.clear()
        self._half_sample = b""
        return frame, dropped_ms

    def _may_flow(self, reply: _Reply) -> bool:
        patient = not reply.finished and self._waited_ms < MAX_WAIT_MS
        if not reply.waiting or (patient and reply.ready < self._needed):
            self._waited_ms += FRAME_MS
            return False
        if self._ran_dry:
            self.underruns += 1
            self._cushion.used()
        self._flowing = True
        return True

    def _frame(self, reply: _Reply) -> Samples:
        samples = reply.take()
        if self._ran_dry:
            samples[: len(_FADE_IN)] *= _FADE_IN[: len(samples)]
            self._ran_dry = False
        self._cushion.played()
        if reply.over:
            self._end()
        elif reply.paused:
            self._run_dry()
        missing = DISCORD_FRAME - len(samples)
        return np.pad(samples, (0, missing)) if missing else samples

    def _run_dry(self) -> None:
        self._flowing = False
        self._ran_dry = True
        self._waited_ms = 0
        self._needed = round(self._cushion.target_ms * DISCORD_HZ / 1000)

    def _await_start(self) -> None:
        self._flowing = False
        self._ran_dry = False
        self._waited_ms = 0
        self._needed = DISCORD_FRAME

    def _end(self) -> None:
        self._last_played = self._replies.popleft().played
        self._await_start()


def _ms(samples: int) -> float:
    return samples * 1000 / DISCORD_HZ
