"""From the channel's frames to the Live API: limit, resample, find the turns, send.

In `local` mode only turns are sent, each with what was said just before it was certain. In `server` mode
everything is, silence included: the service finds the end of a turn by the silence it hears (gemini-3.8-live
ignores audioStreamEnd), and Discord sends no packets for silence.
"""

from __future__ import annotations

import numpy as np

from audio.activity import Voice
from audio.formats import DISCORD_FRAME, DISCORD_HZ, LIVE_IN_FRAME, LIVE_IN_HZ, Samples, to_pcm16
from audio.inbound import Tick
from audio.mixer import soft_limit
from audio.resample import Resampler
from bot.live.line import Line
from bot.settings import Settings
from bot.turns.preroll import Preroll
from bot.turns.turn import Frame, TurnDetector, TurnEnded, TurnEvent, TurnStarted

_SILENCE: Samples = np.zeros(DISCORD_FRAME, np.float32)
_SILENCE_PCM16 = bytes(2 * LIVE_IN_FRAME)

SETTLE_TICKS = 5
"""After so many silent ticks (100 ms) the resampler holds nothing but silence and need not be asked: a quiet
room costs next to nothing."""


class Hearing:
    """One room's ear. `tick` once per beat; what it returns is for the room to act on."""

    def __init__(self, line: Line, settings: Settings) -> None:
        self._line = line
        self._detector = TurnDetector(hangover_ms=settings.parley_hangover_ms)
        self._preroll = Preroll(settings.parley_preroll_ms)
        self._resampler = Resampler(DISCORD_HZ, LIVE_IN_HZ)
        self._quiet_ticks = SETTLE_TICKS
        self.local_turns = settings.parley_turn_detection == "local"
        """Whether turns are decided here; otherwise they are only watched, to duck in time."""

    def tick(self, tick: Tick, now: float, *, bot_speaking: bool) -> list[TurnEvent]:
        """Send what is to be sent of this tick, and say whose turn began or ended."""
        frames = [
            Frame(
                heard.user_id, heard.voice is Voice.VOICED, heard.arrived_at, heard.voice is not Voice.SILENT
            )
            for heard in tick.heard
        ]
        pcm16 = self._to_live(tick.pcm)
        events = self._detector.push(frames, now, bot_speaking=bot_speaking)
        if self.local_turns:
            self._send_turn(events, pcm16, now)
        else:
            self._line.send_audio(pcm16)
        return events

    def finish(self, now: float) -> list[TurnEvent]:
        """End a turn under way, as when the room moves to another channel."""
        events = self._detector.finish(now)
        if self.local_turns:
            self._send_turn(events, b"", now)
        self._preroll.clear()
        return events

    def _send_turn(self, events: list[TurnEvent], pcm16: bytes, now: float) -> None:
        in_turn_before = self._detector.in_turn or any(isinstance(event, TurnEnded) for event in events)
        started = next((event for event in events if isinstance(event, TurnStarted)), None)
        if started is not None or not in_turn_before:
            self._preroll.push(pcm16, now)
        if started is not None:
            self._line.start_turn()
            for earlier in self._preroll.take(started.speech_from):
                self._line.send_audio(earlier)
        elif in_turn_before:
            self._line.send_audio(pcm16)
        if any(isinstance(event, TurnEnded) for event in events):
            self._line.end_turn()

    def _to_live(self, pcm: Samples | None) -> bytes:
        """One tick as 16 kHz PCM16, 12.5 ms later: 320 samples for every frame, 120 for the first."""
        self._quiet_ticks = 0 if pcm is not None else self._quiet_ticks + 1
        if self._quiet_ticks > SETTLE_TICKS:
            return _SILENCE_PCM16
        return to_pcm16(self._resampler.push(_SILENCE if pcm is None else soft_limit(pcm)))
