"""What a failure of the service is, as something to be switched on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from bot.loopback.live.faults import Close, LiveFaults, Moment, TurnFault


class Needs(Enum):
    """What the client has to do to meet the failure."""

    CONNECTION = auto()
    TURN = auto()
    INTERRUPTION = auto()
    """Speak into an answer, then end that turn."""
    CALL = auto()
    """Say something that the model answers with a tool."""
    RESUMPTION = auto()
    """A turn, then the loss of the connection, which the switch brings about as well."""


class Outcome(Enum):
    """What a client that copes makes of it."""

    HEALS = auto()
    """It answers by itself: this turn, or the next one where the answer had begun."""
    ENDS = auto()
    """It cannot, and says why: trying again would be refused for ever."""
    UNANSWERED = auto()
    """This turn has no answer, the next one has."""
    UNNOTICED = auto()
    """Nothing is lost in the first place."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One way to have a failure. `name` is unique; `on` sets the faults."""

    name: str
    on: Callable[[LiveFaults], None]
    needs: Needs = Needs.TURN
    outcome: Outcome = Outcome.HEALS


@dataclass(frozen=True, slots=True)
class FailureMode:
    """`remark` says what of it a server cannot cause, or what is not shown."""

    symptom: str
    switches: tuple[Switch, ...]
    remark: str = ""


def closing(moment: Moment, code: int, reason: str = "") -> Callable[[LiveFaults], None]:
    """The connection ends at `moment`."""

    def on(faults: LiveFaults) -> None:
        faults.close = Close(moment, code, reason)

    return on


def failing(*turns: TurnFault) -> Callable[[LiveFaults], None]:
    """The next turns of the model fail."""
    return lambda faults: faults.turns.extend(turns)


def setting(**values: object) -> Callable[[LiveFaults], None]:
    """Fields of LiveFaults."""

    def on(faults: LiveFaults) -> None:
        for name, value in values.items():
            setattr(faults, name, value)

    return on


def both(*ways: Callable[[LiveFaults], None]) -> Callable[[LiveFaults], None]:
    """All of `ways`."""

    def on(faults: LiveFaults) -> None:
        for way in ways:
            way(faults)

    return on
