"""The failure modes that users have met on the real service, each with the switches that make it here.

The numbers are those of the list in the project's facts about the Live API. A mode may show in several ways:
one switch each. The failure comes at the next occasion; what the client has to do for that (a turn, an
interruption, a call, a resumption) is the switch's `needs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.loopback.live.failure import FailureMode, Needs, Outcome, Switch, both, closing, failing, setting
from bot.loopback.live.faults import GoAway, Moment, TurnFault
from bot.loopback.live.refusal import (
    ABORTED,
    DEADLINE,
    INTERNAL,
    INVALID_ARGUMENT,
    NO_TURN,
    SCHEDULING,
    SESSION_NOT_FOUND,
    THINKING_LEVEL,
    UNIMPLEMENTED,
    not_found,
)

_LOST = closing(Moment.TURN_COMPLETE, 1006)
_NOT_FOUND = not_found("models/gemini-3.8-live", "v1").reason

FAILURE_MODES: Mapping[int, FailureMode] = MappingProxyType(
    {
        1: FailureMode(
            "setup refused for its thinking level, or never answered",
            (
                Switch(
                    "thinking_level_refused",
                    closing(Moment.SETUP, 1007, THINKING_LEVEL),
                    Needs.CONNECTION,
                    Outcome.ENDS,
                ),
                Switch("setup_silence", setting(setup_silence=True), Needs.CONNECTION, Outcome.ENDS),
                Switch("setup_silent_once", both(_LOST, setting(silent_setups=1)), Needs.RESUMPTION),
                Switch("setup_late", setting(setup_delay_s=2.0), Needs.CONNECTION, Outcome.UNNOTICED),
            ),
            "while it lasts, setup_silence ends every connection",
        ),
        2: FailureMode(
            "1007 for the scheduling of a result",
            (
                Switch("scheduling_refused", setting(scheduling_refused=True), Needs.CALL),
                Switch("scheduling_closed", closing(Moment.TOOL_RESPONSE, 1007, SCHEDULING), Needs.CALL),
            ),
        ),
        3: FailureMode(
            "1007 context exhausted, again on every resumption",
            (Switch("context_exhausted", setting(context_exhausted=True)),),
        ),
        4: FailureMode(
            "1007 invalid argument in mid-session",
            (Switch("invalid_argument", closing(Moment.TURN_END, 1007, INVALID_ARGUMENT)),),
        ),
        5: FailureMode(
            "1007 no turn to complete",
            (Switch("no_turn", closing(Moment.TURN_END, 1007, NO_TURN)),),
            "the race of clientContent against audio is the client's; the stand-in also leaves spoken turns "
            "unanswered while a clientContent is open",
        ),
        6: FailureMode(
            "1008 model not found for the API version",
            (
                Switch(
                    "model_not_found",
                    closing(Moment.SETUP, 1008, _NOT_FOUND),
                    Needs.CONNECTION,
                    Outcome.ENDS,
                ),
            ),
        ),
        7: FailureMode(
            "1008 operation not implemented, around tool calls",
            (
                Switch("unimplemented_call", closing(Moment.TOOL_CALL, 1008, UNIMPLEMENTED), Needs.CALL),
                Switch(
                    "unimplemented_result", closing(Moment.TOOL_RESPONSE, 1008, UNIMPLEMENTED), Needs.CALL
                ),
            ),
        ),
        8: FailureMode(
            "1008 session not found, or operation aborted",
            (
                Switch("stale_handle", both(_LOST, setting(resume_refused=True)), Needs.RESUMPTION),
                Switch("session_not_found", closing(Moment.TURN_END, 1008, SESSION_NOT_FOUND)),
                Switch("aborted", closing(Moment.TURN_END, 1008, ABORTED)),
            ),
        ),
        9: FailureMode(
            "1011 internal error in mid-turn",
            tuple(
                Switch(f"internal_{moment.name.lower()}", closing(moment, 1011, INTERNAL))
                for moment in (Moment.TURN_START, Moment.TURN_END, Moment.FIRST_AUDIO, Moment.MID_ANSWER)
            ),
        ),
        10: FailureMode(
            "1011 deadline expired, after goAway or a result",
            (
                Switch(
                    "go_away", setting(go_away=GoAway(Moment.FIRST_AUDIO, 3.0)), outcome=Outcome.UNNOTICED
                ),
                Switch("go_away_in_turn", setting(go_away=GoAway(Moment.TURN_START, 2.0))),
                Switch("go_away_untold", setting(go_away=GoAway(Moment.FIRST_AUDIO, 1.0, told=False))),
                Switch("deadline_after_result", closing(Moment.TOOL_RESPONSE, 1011, DEADLINE), Needs.CALL),
            ),
        ),
        11: FailureMode(
            "keepalive ping timeout",
            (
                Switch("no_pongs", setting(ignore_pings=True), outcome=Outcome.UNNOTICED),
                Switch("cut_at_turn_start", closing(Moment.TURN_START, 1006)),
            ),
        ),
        12: FailureMode(
            "resuming refused while the old socket is open",
            (
                Switch("old_socket_lingers", both(_LOST, setting(linger_s=0.7)), Needs.RESUMPTION),
                Switch(
                    "slow_close",
                    setting(slow_close_s=1.0, go_away=GoAway(Moment.TURN_COMPLETE, 4.0)),
                    Needs.RESUMPTION,
                    Outcome.UNNOTICED,
                ),
                Switch("poisoned_handle", setting(poisoned_handle=True)),
            ),
        ),
        13: FailureMode(
            "premature or empty turnComplete",
            (
                Switch("empty", failing(TurnFault.EMPTY)),
                Switch("empty_twice", failing(TurnFault.EMPTY, TurnFault.EMPTY)),
                Switch("cut_short", failing(TurnFault.CUT)),
            ),
        ),
        14: FailureMode("a turn of text without audio", (Switch("text_only", failing(TurnFault.TEXT_ONLY)),)),
        15: FailureMode(
            "RESPONSE_REJECTED, or audio that nobody can hear",
            (
                Switch("rejected", failing(TurnFault.REJECTED)),
                Switch("zeros", failing(TurnFault.ZEROS)),
                Switch("faint", failing(TurnFault.FAINT)),
            ),
        ),
        16: FailureMode(
            "stalls in mid-sentence",
            (Switch("stall", failing(TurnFault.STALL), outcome=Outcome.UNNOTICED),),
            "the degeneration of the voice in long sessions cannot be told from a voice by a client",
        ),
        17: FailureMode(
            "silence after an interruption or a burst of noise",
            (
                Switch(
                    "silent_after_interrupted", setting(silent_after_interrupted=True), Needs.INTERRUPTION
                ),
                Switch("no_reaction", failing(TurnFault.SILENCE)),
                Switch("interrupted_by_nobody", failing(TurnFault.INTERRUPTED)),
            ),
        ),
        18: FailureMode(
            "no turnComplete before a call is answered; late cancellation",
            (
                Switch("blocking_calls", setting(blocking_calls=True), Needs.CALL, Outcome.UNNOTICED),
                Switch("late_cancellation", setting(late_cancellation=True), Needs.CALL, Outcome.UNNOTICED),
            ),
        ),
        19: FailureMode(
            "SILENT ignored, speech duplicated",
            (
                Switch("silent_ignored", setting(silent_ignored=True), Needs.CALL, Outcome.UNNOTICED),
                Switch("answered_twice", setting(answered_twice=True), outcome=Outcome.UNNOTICED),
            ),
        ),
        20: FailureMode(
            "the result of a call is never spoken",
            (Switch("result_unspoken", setting(result_unspoken=True), Needs.CALL),),
        ),
        21: FailureMode("endless tool loops", (Switch("tool_loop", setting(tool_loop=True), Needs.CALL),)),
        22: FailureMode(
            "injected history is not used",
            (),
            "no switch: with historyConfig the stand-in always waits for a realtime input after the history",
        ),
        23: FailureMode(
            "refusals after a flap of the network",
            (
                Switch(
                    "rejected_after_flap", both(closing(Moment.TURN_END, 1006), failing(TurnFault.REJECTED))
                ),
            ),
            "the change of language is the model's",
        ),
        24: FailureMode(
            "1000 or 1006 out of nowhere",
            tuple(
                Switch(f"closed_{code}_{moment.name.lower()}", closing(moment, code))
                for code in (1000, 1006)
                for moment in (Moment.TURN_END, Moment.MID_ANSWER, Moment.TURN_COMPLETE)
            ),
        ),
        25: FailureMode(
            "a message of an unknown kind",
            (Switch("unknown_messages", setting(unknown_messages=True), outcome=Outcome.UNNOTICED),),
            "the TypeError is google-genai's",
        ),
    }
)

DEVIATIONS: tuple[Switch, ...] = (
    Switch("note_answered", setting(note_answered=True)),
    Switch("late_transcript", setting(late_transcript_s=0.7), outcome=Outcome.UNNOTICED),
    Switch("no_transcript", setting(no_transcript=True), outcome=Outcome.UNNOTICED),
    Switch("transcript_in_pieces", setting(transcript_in_pieces=True), outcome=Outcome.UNNOTICED),
    Switch("duplicates", setting(duplicates=9), Needs.INTERRUPTION, Outcome.UNNOTICED),
    Switch(
        "turn_complete_before_interrupted",
        setting(turn_complete_before_interrupted=True),
        Needs.INTERRUPTION,
        Outcome.UNNOTICED,
    ),
    Switch("spurious_interrupted", setting(spurious_interrupted=True), outcome=Outcome.UNNOTICED),
    Switch("interrupted_after_turn", setting(interrupted_after_turn=True), outcome=Outcome.UNNOTICED),
    Switch("generation_complete_late", setting(generation_complete_late=True), outcome=Outcome.UNNOTICED),
    Switch(
        "generation_complete_with_audio",
        setting(generation_complete_with_audio=True),
        outcome=Outcome.UNNOTICED,
    ),
    Switch("thought_first", failing(TurnFault.THOUGHT_FIRST), outcome=Outcome.UNNOTICED),
    Switch("no_usage", setting(omit_usage=True), outcome=Outcome.UNNOTICED),
    Switch("dead", both(closing(Moment.TURN_COMPLETE, 1006), setting(dead_s=4.0))),
    Switch("forbidden", failing(TurnFault.FORBIDDEN), outcome=Outcome.UNANSWERED),
)
"""What the list does not number: liberties in what the service tells and when, and a service that is away."""
