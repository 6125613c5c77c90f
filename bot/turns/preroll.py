"""The sound just before a turn. Pure.

With manual activity the Live API adds no pre-roll of its own, and a turn is confirmed 60 to 300 ms after it
began: without this buffer every turn would lose its first syllable, and some their first words.
"""

from __future__ import annotations

from collections import deque

from audio.formats import FRAME_MS
from bot.turns.turn import LOOK_BACK_MS

PREROLL_MS = 250
"""Google advises 200 to 300 ms: quiet onsets (h, f, s) come before the first voiced frame."""


class Preroll:
    """The last sound that was not sent: pre-roll plus the time that confirming a turn may take.

    `push` every tick that lies outside a turn, silence included, so that what `take` returns is continuous;
    within a turn the sound goes out directly, so nothing is ever sent twice.
    """

    def __init__(self, preroll_ms: int = PREROLL_MS) -> None:
        self._preroll_s = preroll_ms / 1000.0
        kept_ms = preroll_ms + LOOK_BACK_MS + FRAME_MS
        self._chunks: deque[tuple[float, bytes]] = deque(maxlen=-(-kept_ms // FRAME_MS))

    def push(self, pcm16: bytes, now: float) -> None:
        """The 16 kHz sound that was ready in the tick at `now`, if any; beyond its length the buffer forgets
        the oldest."""
        if pcm16:
            self._chunks.append((now, pcm16))

    def take(self, speech_from: float) -> list[bytes]:
        """Everything from the pre-roll before `speech_from` until now, in order; empties the buffer."""
        half_a_tick_s = FRAME_MS / 2000.0  # ticks are not exactly 20 ms apart
        earliest = speech_from - self._preroll_s - half_a_tick_s
        taken = [pcm16 for at, pcm16 in self._chunks if at >= earliest]
        self._chunks.clear()
        return taken

    def clear(self) -> None:
        """Forget it all: the room moved, or the sound before belongs to somebody else's turn."""
        self._chunks.clear()
