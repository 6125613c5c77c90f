"""What is asked of the bot in every failure: how soon it speaks again, and what is seen of it.

The bounds are seconds from the last sound of a question to the first of its answer, 0.8 s of which are the
hangover. By themselves those answers take 1.0 s; a reconnect adds its rest (0.25 to 0.5 s), and each bound a
second for a machine that is busy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fault_channel import ANSWER_S
from fault_story import OVERHEARD

from bot.announcements import OUTAGE, OUTAGE_OVER
from bot.gate import DOUBT_S
from bot.loopback.live import DEVIATIONS, FAILURE_MODES, Switch
from bot.turns.answer import FRAGMENT_S

SWITCHES: tuple[Switch, ...] = (
    *(switch for mode in FAILURE_MODES.values() for switch in mode.switches),
    *DEVIATIONS,
)

REFUSED = "Google Gemini refused to answer <@5>: its rules do not allow it."
NORMAL_S = 2.0
_WHOLE = (ANSWER_S, ANSWER_S)
_BROKEN_OFF = (0.04, 0.7)
_BEGUN_AGAIN = (ANSWER_S, ANSWER_S + FRAGMENT_S)


@dataclass(frozen=True, slots=True)
class Expected:
    """`within_s`: the answer to the question in which it strikes; `next_within_s`: to the next one.

    `heard_s`: of the first answer; less than all of it only where the service broke off. `tally`: all of it.
    """

    within_s: float = NORMAL_S
    next_within_s: float = NORMAL_S
    tally: Mapping[str, int] = field(default_factory=dict)
    posts: tuple[str, ...] = ()
    heard_s: tuple[float, float] = _WHOLE
    """At least and at most."""
    next_heard_s: tuple[float, float] = _WHOLE
    sentence: str = ""
    """What it says when it ends."""
    heard_besides: frozenset[str] = frozenset()
    notes: bool = True
    calls: int = 0


_TAIL_CUT = (ANSWER_S / 2, ANSWER_S)  # by as much as playback is behind, on a busy machine
_RESUMED = Expected(3.0, tally={"reconnects": 1})
_LOST_LATER = Expected(tally={"reconnects": 1})
_LOST_IN_ANSWER = Expected(tally={"reconnects": 1}, heard_s=_BROKEN_OFF)
_AFRESH = Expected(3.0, tally={"reconnects": 1, "fresh starts": 1})
_ROLLED_OVER = Expected(tally={"rollovers": 1})
_CALL = Expected(calls=1)
_CALLED_TWICE = Expected(3.0, tally={"reconnects": 1}, calls=2)
_OUTAGE = (OUTAGE, OUTAGE_OVER)

EXPECTED: Mapping[str, Expected] = {
    # 1 to 9: what the service refuses, and how it fails
    "thinking_level_refused": Expected(
        sentence="Google Gemini refused my configuration. The person who runs me finds the reason in the log."
    ),
    "setup_silence": Expected(
        tally={"setup timeouts": 1}, sentence="I cannot reach Google Gemini right now. Try again in a minute."
    ),
    # The next question is asked while the line still waits for the setup, 8 s from the loss.
    "setup_silent_once": Expected(
        next_within_s=6.5, tally={"reconnects": 1, "setup timeouts": 1}, posts=_OUTAGE
    ),
    "setup_late": Expected(),
    "scheduling_refused": _CALL,
    "scheduling_closed": Expected(3.0, tally={"reconnects": 1, "fresh starts": 1}, calls=2),
    "context_exhausted": _AFRESH,
    "invalid_argument": _AFRESH,
    "no_turn": _AFRESH,
    "model_not_found": Expected(
        sentence="Google Gemini does not offer this model. The person who runs me has to check GEMINI_MODEL."
    ),
    "unimplemented_call": _CALLED_TWICE,
    "unimplemented_result": _CALLED_TWICE,
    "stale_handle": Expected(tally={"reconnects": 1, "fresh starts": 1}),
    "session_not_found": _AFRESH,
    "aborted": _AFRESH,
    "internal_turn_start": _LOST_LATER,
    "internal_turn_end": _RESUMED,
    "internal_first_audio": Expected(tally={"reconnects": 1}, heard_s=_BEGUN_AGAIN),
    "internal_mid_answer": _LOST_IN_ANSWER,
    # 10 to 12: connections that end, or ought to
    "go_away": _ROLLED_OVER,
    "go_away_in_turn": _ROLLED_OVER,
    "go_away_untold": _LOST_LATER,
    "deadline_after_result": _CALLED_TWICE,
    "no_pongs": Expected(),
    "cut_at_turn_start": _LOST_LATER,
    "old_socket_lingers": Expected(next_within_s=3.0, tally={"reconnects": 1}),
    "slow_close": _ROLLED_OVER,
    "poisoned_handle": Expected(6.5, tally={"reconnects": 3, "fresh starts": 1}),
    # 13 to 17: turns of the model in which nothing is heard
    "empty": Expected(2.5, tally={"empty answer": 1}),
    "empty_twice": Expected(4.5, tally={"empty answer": 2, "reconnects": 1}),
    "cut_short": Expected(heard_s=_BROKEN_OFF),
    "text_only": Expected(2.5, tally={"text-only answer": 1}),
    "rejected": Expected(2.5, tally={"empty answer": 1}),
    "zeros": Expected(4.0, tally={"silent audio": 1}),
    "faint": Expected(4.0, tally={"silent audio": 1}),
    "stall": Expected(),
    "silent_after_interrupted": Expected(
        4.0, 4.0, tally={"silent after an interruption": 2, "reconnects": 2}
    ),
    "no_reaction": Expected(5.0, tally={"no answer": 1, "reconnects": 1}),
    "interrupted_by_nobody": Expected(heard_s=_BROKEN_OFF),
    # 18 to 21: calls
    "blocking_calls": _CALL,
    "late_cancellation": _CALL,
    "silent_ignored": _CALL,
    "answered_twice": Expected(tally={"unasked answer": 2, "notes off": 1}, notes=False),
    "result_unspoken": Expected(4.0, tally={"no answer": 1}, calls=1),
    "tool_loop": Expected(3.0, calls=4),
    # 23 to 25
    "rejected_after_flap": Expected(4.0, tally={"reconnects": 1, "empty answer": 1}),
    **{f"closed_{code}_turn_end": _RESUMED for code in (1000, 1006)},
    **{f"closed_{code}_mid_answer": _LOST_IN_ANSWER for code in (1000, 1006)},
    **{f"closed_{code}_turn_complete": _LOST_LATER for code in (1000, 1006)},
    "unknown_messages": Expected(),
    # Liberties in what is told and when, and a service that is away
    "note_answered": Expected(tally={"unasked answer": 1, "notes off": 1}, notes=False),
    "late_transcript": Expected(3.0, 3.0),
    # Without words nothing says who was meant, after DOUBT_S: better one answer too many.
    "no_transcript": Expected(NORMAL_S + DOUBT_S, NORMAL_S + DOUBT_S, heard_besides=frozenset({OVERHEARD})),
    "transcript_in_pieces": Expected(),
    "duplicates": Expected(),
    "turn_complete_before_interrupted": Expected(),
    "spurious_interrupted": Expected(),
    "interrupted_after_turn": Expected(heard_s=_TAIL_CUT, next_heard_s=_TAIL_CUT),
    "generation_complete_late": Expected(),
    "generation_complete_with_audio": Expected(),
    "thought_first": Expected(),
    "no_usage": Expected(),
    "dead": Expected(tally={"reconnects": 1}, posts=_OUTAGE),
    "forbidden": Expected(tally={"refused": 1, "gave up": 1}, posts=(REFUSED,)),
}

NOT_MEANT: Mapping[str, Expected] = {
    "internal_turn_end": _LOST_LATER,
    "internal_mid_answer": _LOST_LATER,
    "closed_1006_turn_complete": _LOST_LATER,
    "context_exhausted": Expected(tally={"reconnects": 1, "fresh starts": 1}),
    "go_away": _ROLLED_OVER,
    "empty": Expected(),
    "text_only": Expected(),
    "zeros": Expected(),
    "forbidden": Expected(),
}
"""The same while somebody says what is not for the bot: nothing is heard of it, nothing tried, nothing
posted."""
