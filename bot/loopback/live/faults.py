"""What can be made to go wrong: every failure users have met on the real service, as a switch.

All are read when their moment comes, so they can be changed while sessions run. What is "used up" happens
once; the rest stays until it is switched off. ``failure_modes`` says which switch makes which known failure.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from bot.loopback.live.refusal import CONTEXT_FULL, INTERNAL, Refused, invalid


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


@dataclass(frozen=True, slots=True)
class GoAway:
    """goAway at `moment`, 1011 `time_left_s` later. `told`: the message says how much is left."""

    moment: Moment
    time_left_s: float = 50.0
    told: bool = True


class TurnFault(Enum):
    """How one turn of the model may fail."""

    EMPTY = auto()
    """turnComplete at once and nothing else (python-genai #2117)."""
    REJECTED = auto()
    """turnComplete with RESPONSE_REJECTED (gemini-live-api-examples #40)."""
    FORBIDDEN = auto()
    """turnComplete with PROHIBITED_INPUT_CONTENT: asking again is of no use."""
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
    INTERRUPTED = auto()
    """Half the audio, then `interrupted` and turnComplete, and nobody had spoken."""
    SILENCE = auto()
    """No reaction whatsoever (cookbook #1228)."""


@dataclass(slots=True)
class LiveFaults:
    """Public and mutable; the defaults are a service in good health."""

    # Connecting
    dead_s: float = 0.0
    """Connections break off without an answer for so long, from the first that is tried; used up."""
    refuse_upgrade: int | None = None
    """HTTP status instead of the WebSocket."""
    setup_delay_s: float = 0.0
    setup_silence: bool = False
    """The setup is never answered (nexus #389)."""
    silent_setups: int = 0
    """So many setups are never answered; used up."""

    # Resuming
    resume_refused: bool = False
    """Every handle: 1008 session not found."""
    linger_s: float = 0.0
    """For so long after its end a session counts as open: resuming is 1011 (sip-to-ai PR 14)."""
    context_exhausted: bool = False
    """1007 when the next turn ends, and again for whoever resumes that session; used up."""
    poisoned_handle: bool = False
    """1011 when the next turn ends, and again for whoever resumes that session; used up."""

    # Closing
    close: Close | None = None
    """Used up."""
    go_away: GoAway | None = None
    """Used up."""
    slow_close_s: float = 0.0
    """The client's close frame is taken up so late; until then the service goes on sending."""
    ignore_pings: bool = False
    """No pong ever comes (they were measured 8 to 30 s late, sip-to-ai PR 14)."""

    # Turns of the model
    turns: deque[TurnFault] = field(default_factory=deque)
    """The next prompts, one fault each; used up as the prompts come."""
    stall_s: float = 3.0
    answered_twice: bool = False
    note_answered: bool = False
    """Text within a turn is a prompt of its own and answered at once, as in automatic mode."""
    silent_after_interrupted: bool = False
    """The turn after an interruption gets no reaction (cookbook #1228)."""

    # What is told beside the sound
    unknown_messages: bool = False
    """A top-level message of an unknown kind before every answer; google-genai 3.4.0 raises TypeError on
    it.
    """
    turn_complete_before_interrupted: bool = False
    """`interrupted` and `turnComplete` the other way round (livekit realtime_api.py copes with both)."""
    generation_complete_late: bool = False
    """generationComplete after turnComplete."""
    generation_complete_with_audio: bool = False
    """generationComplete, transcript and the last audio in one message."""
    spurious_interrupted: bool = False
    """`interrupted` at every start of activity, with or without an answer under way."""
    interrupted_after_turn: bool = False
    """`interrupted` after every turnComplete, out of the blue."""
    duplicates: int = 0
    """Every interrupted, generationComplete and turnComplete comes so many times more."""
    omit_usage: bool = False
    no_transcript: bool = False
    """Of what people say."""
    late_transcript_s: float = 0.0
    """It comes so long after the end of the turn, whatever the answer does meanwhile."""
    transcript_in_pieces: bool = False
    """Three characters at a time, never `finished`."""

    # Tools
    late_cancellation: bool = False
    """toolCallCancellation for a call that has been answered already."""
    blocking_calls: bool = False
    """No turnComplete until a call is answered, and cancelled after `Service.tool_timeout_s` (adk #5407)."""
    tool_loop: bool = False
    """The same call again and again, until a result has an ``error`` (livekit #6002)."""
    result_unspoken: bool = False
    """Nothing is said after the result of a call (openclaw #152413)."""
    silent_ignored: bool = False
    """A result with scheduling SILENT is spoken all the same (discuss t/114361)."""
    scheduling_refused: bool = False
    """1007 for a result with any scheduling, as the extended-thinking model does (openclaw PR 152413)."""

    def take_silent_setup(self) -> bool:
        """Whether this setup is not to be answered."""
        if self.silent_setups > 0:
            self.silent_setups -= 1
            return True
        return self.setup_silence

    def take_close(self, moment: Moment) -> Close | None:
        """The close meant for `moment`, once."""
        if self.close is None or self.close.moment is not moment:
            return None
        close, self.close = self.close, None
        return close

    def take_go_away(self, moment: Moment) -> GoAway | None:
        """The goAway meant for `moment`, once."""
        if self.go_away is None or self.go_away.moment is not moment:
            return None
        go_away, self.go_away = self.go_away, None
        return go_away

    def take_turn(self) -> TurnFault | None:
        return self.turns.popleft() if self.turns else None

    def take_doom(self) -> Refused | None:
        """What the session whose turn ends now dies of for good, once."""
        if self.context_exhausted:
            self.context_exhausted = False
            return invalid(CONTEXT_FULL)
        if self.poisoned_handle:
            self.poisoned_handle = False
            return Refused(1011, INTERNAL)
        return None
