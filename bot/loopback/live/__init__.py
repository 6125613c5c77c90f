"""A Gemini Live API on 127.0.0.1, strict like the real one; its answers are recorded speech.

What a client sends: ``schema`` and ``fields`` (protobuf JSON), ``wire`` and ``messages`` (typed), ``models``
(what each model takes), ``refusal`` (how the service says no). What it means: ``session`` (the handshake and
every message), ``listening`` and ``activity`` (whose turn it is), ``recognise`` (which words), ``script``
(what to answer). What comes back: ``conversation`` (turns of the model), ``delivery`` and ``answer`` (audio
at its pace), ``calls`` (tools), ``usage``, ``resumption``. Around it: ``server``, ``service`` (settings),
``faults``, ``record`` (what happened).
"""

from bot.loopback.live.faults import Close, LiveFaults, Moment, TurnFault
from bot.loopback.live.record import Kind, LiveEvent, LiveSessionRecord
from bot.loopback.live.server import LiveServer

__all__ = [
    "Close",
    "Kind",
    "LiveEvent",
    "LiveFaults",
    "LiveServer",
    "LiveSessionRecord",
    "Moment",
    "TurnFault",
]
