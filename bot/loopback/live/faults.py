"""What can be made to go wrong: every failure users have met on the real service, as a switch.

All are read when their moment comes, so they can be changed while sessions run. ``close`` and ``turns`` are
used up; the rest stays until it is switched off.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from bot.loopback.live.refusal import INTERNAL


class Moment(Enum):
    """Where in a session a connection may end."""

    SETUP = auto()
    TURN_START = auto()
    TURN_END = auto()
    FIRST_AUDIO = auto()
    MID_ANSWER = auto()
    INTERRUPTED = auto()
    TOOL_CALL = auto()
    TOOL_RESPONSE = auto()
    TURN_COMPLETE = auto()


@dataclass(frozen=True, slots=True)
class Close:
    """The connection ends at `moment`. Code 1006 cuts it without a close frame."""

    moment: Moment
    code: int = 1011
    reason: str = INTERNAL


class TurnFault(Enum):
    """How one turn of the model may fail."""

    EMPTY = auto()
    """turnComplete at once and nothing else (python-genai #2117)."""
    REJECTED = auto()
    """turnComplete with RESPONSE_REJECTED (gemini-live-api-examples #40)."""
    TEXT_ONLY = auto()
    """The words as text parts, no audio (livekit/agents #7390)."""
    THOUGHT_FIRST = auto()
    """A part with thought:true before the audio; it must not be spoken."""
    ZEROS = auto()
    """Audio of the right length, all zeros (gemini-live-api-examples #40)."""
    FAINT = auto()
    """The same at -60 dB: not zeros, but nobody hears it."""
    STALL = auto()
    """`stall_s` of nothing in the middle (pipecat #4633)."""
    CUT = auto()
    """Half the audio, then turnComplete without generationComplete."""
    SILENCE = auto()
    """No reaction whatsoever (cookbook #1228)."""


@dataclass(slots=True)
class LiveFaults:
    """Public and mutable; the defaults are a service in good health."""

    refuse_upgrade: int | None = None
    """HTTP status instead of the WebSocket."""
    setup_delay_s: float = 0.0
    setup_silence: bool = False
    """The setup is never answered (nexus #389)."""
    close: Close | None = None
    """Once."""
    turns: deque[TurnFault] = field(default_factory=deque)
    """The next turns of the model, one fault each."""
    stall_s: float = 3.0
    unknown_messages: bool = False
    """A top-level message of an unknown kind before every answer; google-genai 3.4.0 raises TypeError on
    it.
    """
    turn_complete_before_interrupted: bool = False
    """`interrupted` and `turnComplete` the other way round (livekit realtime_api.py copes with both)."""
    spurious_interrupted: bool = False
    """`interrupted` at every start of activity, with or without an answer under way."""
    late_cancellation: bool = False
    """toolCallCancellation for a call that has been answered already."""
    omit_usage: bool = False
    resume_refused: bool = False
    """Every handle: 1008 session not found."""

    def take_close(self, moment: Moment) -> Close | None:
        """The close meant for `moment`, once."""
        if self.close is None or self.close.moment is not moment:
            return None
        close, self.close = self.close, None
        return close

    def take_turn(self) -> TurnFault | None:
        return self.turns.popleft() if self.turns else None
