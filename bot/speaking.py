"""The bot's voice in a room: what the Live API sends, as far as it is wanted, for the channel to hear."""

from __future__ import annotations

from collections import deque
from statistics import median

from audio.outbound import Outbound
from bot.live.events import Audio
from bot.turns.reply import Event, Reply, State

REMEMBERED_ANSWERS = 20


class Speaking:
    """Feed it the Live side's events and the floor's; `tick` gives one packet for the channel."""

    def __init__(self) -> None:
        self._outbound = Outbound()
        self._reply = Reply()
        self._asked_at: float | None = None
        self._latencies_ms: deque[float] = deque(maxlen=REMEMBERED_ANSWERS)

    @property
    def playing(self) -> bool:
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

    # --- what the model says ---

    def push(self, audio: Audio) -> None:
        self._reply.feed(Event.SOUND)
        if self._reply.audible:
            self._outbound.push_reply(audio.pcm16, audio.hz)

    def complete(self) -> None:
        """generationComplete or turnComplete: nothing more comes, what is there is played to its end."""
        if self._reply.state is State.ANSWERING:
            self._outbound.finish_reply()
        self._reply.feed(Event.COMPLETE)

    def interrupted(self) -> None:
        """The server cancelled the answer. When we had stopped it ourselves, nothing is left to stop."""
        if self._reply.state is not State.DISCARDING and self._outbound.playing:
            self._outbound.stop()
        self._reply.feed(Event.INTERRUPTED)

    def connected(self) -> None:
        """A new connection: the answer of the old one gets no further, what came of it is played."""
        if self._reply.state is State.ANSWERING:
            self._outbound.finish_reply()
        self._reply.feed(Event.CONNECTED)

    # --- what the floor decides ---

    def duck(self) -> None:
        self._outbound.duck()

    def unduck(self) -> None:
        self._outbound.unduck()

    def yield_floor(self) -> None:
        """Somebody speaks: stop here and now, and let the rest of this answer go by."""
        if self._outbound.playing:
            self._outbound.stop()
        self._outbound.unduck()
        self._reply.feed(Event.STOPPED)
        self._asked_at = None

    def turn_ended(self, now: float) -> None:
        """The turn is complete: what comes from here on answers it."""
        self._outbound.unduck()
        self._reply.feed(Event.TURN_SENT)
        self._asked_at = now

    # --- the beat ---

    def tick(self, now: float) -> bytes | None:
        """One Opus packet, or None while there is nothing to say."""
        packet = self._outbound.tick()
        if packet is not None and self._asked_at is not None:
            self._latencies_ms.append((now - self._asked_at) * 1000)
            self._asked_at = None
        return packet
