"""Automatic activity detection, as the API does it: from the received audio alone.

An energy gate over an adaptive noise floor. It needs the silence after the words, like the real one: a client
that stops sending when its user stops talking never ends a turn (openclaw #152830).
"""

from __future__ import annotations

from collections import deque
from enum import Enum

import numpy as np

from audio.formats import LIVE_IN_FRAME, LIVE_IN_HZ, Samples
from bot.loopback.live.messages import ActivityConfig

FRAME_MS = 1000 * LIVE_IN_FRAME // LIVE_IN_HZ
QUIET_DB = -52.0
"""Below this a frame is silence, whatever the floor."""
FLOOR_RISE_DB = 0.05
"""Per 20 ms frame: 2.5 dB/s, so speech does not become the floor within a sentence."""


class Mark(Enum):
    START = "ACTIVITY_START"
    END = "ACTIVITY_END"


class ActivityDetector:
    """Finds where speech starts and ends in 16 kHz audio that comes in pieces of any size."""

    def __init__(self, config: ActivityConfig) -> None:
        # LOW start sensitivity wants a clearer and longer onset: 100 of 120 ms at +15 dB instead of 40 of 60
        # ms at +9 dB.
        self._margin_db, self._needed, span = (15.0, 5, 6) if config.start_low else (9.0, 2, 3)
        self._recent: deque[bool] = deque(maxlen=span)
        self._end_frames = max(1, config.silence_duration_ms // FRAME_MS)
        self._floor_db = -70.0
        self._silent_frames = 0
        self._rest: Samples = np.zeros(0, np.float32)
        self.active = False

    def push(self, samples: Samples) -> list[Mark]:
        """The marks that `samples` (16 kHz) complete, in order."""
        pending = np.concatenate((self._rest, samples))
        frames = len(pending) // LIVE_IN_FRAME
        self._rest = pending[frames * LIVE_IN_FRAME :]
        blocks = pending[: frames * LIVE_IN_FRAME].reshape(frames, LIVE_IN_FRAME)
        power = np.einsum("ij,ij->i", blocks, blocks) / LIVE_IN_FRAME
        return [mark for level in 10.0 * np.log10(power + 1e-10) if (mark := self._frame(float(level)))]

    def _frame(self, level_db: float) -> Mark | None:
        voiced = level_db > max(QUIET_DB, self._floor_db + self._margin_db)
        self._floor_db = min(max(level_db, -70.0), self._floor_db + FLOOR_RISE_DB)
        self._recent.append(voiced)
        if not self.active:
            if sum(self._recent) < self._needed:
                return None
            self.active, self._silent_frames = True, 0
            return Mark.START
        self._silent_frames = 0 if voiced else self._silent_frames + 1
        if self._silent_frames < self._end_frames:
            return None
        return self.stop()

    def stop(self) -> Mark:
        """End the activity now."""
        self.active = False
        self._recent.clear()
        return Mark.END
