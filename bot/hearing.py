"""From the channel's frames to the Live API: limit, resample, find the turns.

In `local` mode only turns are sent, each with what was said just before it was certain. In `server` mode
everything is, silence included: the service finds the end of a turn by the silence it hears (gemini-3.8-live
ignores audioStreamEnd), and Discord sends no packets for silence.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from audio.activity import Voice
from audio.formats import (
    DISCORD_FRAME,
    DISCORD_HZ,
    FRAME_MS,
    LIVE_IN_FRAME,
    LIVE_IN_HZ,
    Samples,
    to_pcm16,
)
from audio.inbound import Heard, Tick
from audio.mixer import soft_limit
from audio.resample import Resampler
from audio.speaker import SpeakerStats
from bot.settings import Settings
from bot.turns.preroll import Preroll
from bot.turns.turn import Frame, TurnDetector, TurnEnded, TurnEvent, TurnStarted

_SILENCE: Samples = np.zeros(DISCORD_FRAME, np.float32)
_SILENCE_PCM16 = bytes(2 * LIVE_IN_FRAME)

SETTLE_TICKS = 5
"""After so many silent ticks (100 ms) the resampler holds nothing but silence and need not be asked: a quiet
room costs next to nothing."""


class Hearing:
    """One room's ear. `tick` once per beat; what it returns is for the room to act on, in that order."""

    def __init__(self, settings: Settings) -> None:
        self._detector = TurnDetector(hangover_ms=settings.parley_hangover_ms)
        self._preroll = Preroll(settings.parley_preroll_ms)
        self._resampler = Resampler(DISCORD_HZ, LIVE_IN_HZ)
        self._quiet_ticks = SETTLE_TICKS
        self.local_turns = settings.parley_turn_detection == "local"
        """Whether turns are decided here; otherwise they are only watched, to duck in time."""

    def tick(
        self, tick: Tick, stats: Mapping[int, SpeakerStats], now: float, *, bot_speaking: bool
    ) -> list[TurnEvent | bytes]:
        """Whose turn began or ended in this tick, and the sound that is ready to be sent, as 16 kHz PCM16: in
        every third tick none."""
        frames = [_frame(heard, stats.get(heard.user_id)) for heard in tick.heard]
        pcm16 = self._to_live(tick.pcm)
        events = self._detector.push(frames, now, bot_speaking=bot_speaking)
        return self._with_sound(events, pcm16, now) if self.local_turns else [*events, pcm16]

    def finish(self, now: float) -> list[TurnEvent]:
        """End a turn under way, as when the room moves to another channel."""
        events = self._detector.finish(now)
        self._preroll.clear()
        self._resampler.clear()
        return events

    def _with_sound(self, events: list[TurnEvent], pcm16: bytes, now: float) -> list[TurnEvent | bytes]:
        if not events:  # nearly every tick
            if self._detector.in_turn:
                return [pcm16]
            self._preroll.push(pcm16, now)
            return []
        happened: list[TurnEvent | bytes] = []
        sent = False
        for event in events:
            if isinstance(event, TurnEnded) and not sent:
                happened.append(pcm16)
                sent = True
            happened.append(event)
            if isinstance(event, TurnStarted):
                if not sent:
                    self._preroll.push(pcm16, now)
                happened += self._preroll.take(event.speech_from)
                sent = True
        if not sent:
            self._preroll.push(pcm16, now)
        return happened

    def _to_live(self, pcm: Samples | None) -> bytes:
        """What is ready as 16 kHz PCM16: in two ticks of three a block of 30 ms, that ends 5 to 37 ms ago."""
        self._quiet_ticks = 0 if pcm is not None else self._quiet_ticks + 1
        if self._quiet_ticks > SETTLE_TICKS:
            return _SILENCE_PCM16
        return to_pcm16(self._resampler.push(_SILENCE if pcm is None else soft_limit(pcm)))


def _frame(heard: Heard, stats: SpeakerStats | None) -> Frame:
    """What the turn detector has to know of one person in this tick."""
    lost = 0 if stats is None else stats.lost + stats.undecryptable.total()
    return Frame(
        heard.user_id,
        heard.voice is Voice.VOICED,
        heard.arrived_at,
        heard.voice is not Voice.SILENT,
        lost * FRAME_MS / 1000.0,
    )
