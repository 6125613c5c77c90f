"""A Gemini Live API on 127.0.0.1, strict like the real one; its answers are recorded speech.

What a client sends: ``schema`` and ``fields`` (protobuf JSON), ``wire`` and ``messages`` (typed), ``models``
(what each model takes), ``refusal`` (how the service says no). What it means: ``session`` (the handshake),
``receiver`` (every message), ``listening`` and ``activity`` (whose turn it is), ``hearing`` and ``recognise``
(which words), ``image``, ``script`` (what to answer). What comes back: ``conversation`` (turns of the model),
``delivery`` and ``answer`` (audio at its pace), ``calls`` (tools), ``memory``, ``usage``, ``resumption``.
Around it: ``server``, ``service`` (settings), ``faults`` and ``failure_modes`` (what may go wrong),
``record`` (what happened, what the model knows).
"""

from bot.loopback.live.failure import FailureMode, Needs, Outcome, Switch
from bot.loopback.live.failure_modes import DEVIATIONS, FAILURE_MODES
from bot.loopback.live.faults import Close, GoAway, LiveFaults, Moment, TurnFault
from bot.loopback.live.record import (
    HeardTurn,
    ImageIn,
    Kind,
    Known,
    LiveEvent,
    LiveSessionRecord,
    Source,
    TextIn,
)
from bot.loopback.live.server import LiveServer

__all__ = [
    "DEVIATIONS",
    "FAILURE_MODES",
    "Close",
    "FailureMode",
    "GoAway",
    "HeardTurn",
    "ImageIn",
    "Kind",
    "Known",
    "LiveEvent",
    "LiveFaults",
    "LiveServer",
    "LiveSessionRecord",
    "Moment",
    "Needs",
    "Outcome",
    "Source",
    "Switch",
    "TextIn",
    "TurnFault",
]
