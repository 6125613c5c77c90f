"""The bot's voice in a room: what is let through of the answers, and its small sounds, for the channel."""

from __future__ import annotations

from collections import deque
from statistics import median

from audio.formats import FRAME_MS
from audio.outbound import Outbound, PlayedReply
from audio.sounds import WORKING_MS, working
from bot.live.events import Audio

REMEMBERED_ANSWERS = 20


class Speaking:
    """Tell it what to play; `tick` gives one packet for the channel."""

    def __init__(self) -> None:
        self._outbound = Outbound()
        self._asked_at: float | None = None
        self._latencies_ms: deque[float] = deque(maxlen=REMEMBERED_ANSWERS)
        self._ticks_to_sound: int | None = None  # of the working sound, while there is work

    @property
    def playing(self) -> bool:
        """Whether an answer is being heard, or is still to be."""
        return self._outbound.replying

    @property
    def sounding(self) -> bool:
        """Whether anything is being sent, or will be in the next tick."""
        return self._outbound.playing

    @property
    def underruns(self) -> int:
        return self._outbound.underruns

    @property
    def overflow_ms(self) -> float:
        """Sound of answers for which there was no room."""
        return self._outbound.overflow_ms

    @property
    def answer_latency_ms(self) -> float | None:
        """Median over the last answers: end of the turn to the first packet."""
        return median(self._latencies_ms) if self._latencies_ms else None

    # --- what is said ---

    def push(self, audio: Audio) -> None:
        self._outbound.push_reply(audio.pcm16, audio.hz)

    def finish(self) -> None:
        """Nothing more comes: what is there is played to its end."""
        self._outbound.finish_reply()

    def stop(self) -> PlayedReply:
        """Fall silent now."""
        played = self._outbound.stop()
        self._outbound.unduck()
        return played

    def work(self, working: bool) -> None:
        """Whether a tool keeps the answer waiting: a quiet sound says that the bot has not gone deaf."""
        if working and self._ticks_to_sound is None:
            self._ticks_to_sound = 0
        elif not working:
            self._ticks_to_sound = None

    # --- what the floor decides ---

    def duck(self) -> None:
        self._outbound.duck()

    def unduck(self) -> None:
        self._outbound.unduck()

    def asked(self, now: float) -> None:
        """A turn is complete: the time until the first packet of its answer is measured."""
        self._outbound.unduck()
        self._asked_at = now

    # --- the beat ---

    def tick(self, now: float) -> bytes | None:
        """One Opus packet, or None while there is nothing to say."""
        if self._ticks_to_sound is not None:
            self._sound_of_work()
        packet = self._outbound.tick()
        if packet is not None and self._asked_at is not None and self.playing:
            self._latencies_ms.append((now - self._asked_at) * 1000)
            self._asked_at = None
        return packet

    def _sound_of_work(self) -> None:
        if self._ticks_to_sound == 0 and not self.playing:
            self._outbound.play_sound(working())
            self._ticks_to_sound = WORKING_MS // FRAME_MS
        elif self._ticks_to_sound:
            self._ticks_to_sound -= 1
