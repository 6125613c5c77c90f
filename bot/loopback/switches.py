"""Faults by name, for the command line: ``--fault voice.loss=0.1 --fault live.setup_silence=true``.

``live.failure=NAME`` is one of the known failures of the Live API, by the name of its switch
(`bot.loopback.live.failure_modes`): some of them no single value sets.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from bot.errors import ParleyError
from bot.loopback.live import DEVIATIONS, FAILURE_MODES
from bot.loopback.loopback import Loopback

_SIMPLE = (bool, int, float, int | None, float | None)
_FAILURE = ("live", "failure")


class UnknownFault(ParleyError):
    """The text is the one line that the terminal shows."""


def switch(loopback: Loopback, assignment: str) -> None:
    """Set one fault of `loopback` from ``PART.NAME=VALUE``. UnknownFault says what there is instead."""
    name, _, text = assignment.partition("=")
    part, _, field = name.partition(".")
    known = _known(loopback)
    if (part, field) not in known:
        raise UnknownFault(
            f"There is no fault called {name}. There are: {', '.join(map('.'.join, sorted(known)))}."
        )
    try:
        value = TypeAdapter(known[part, field]).validate_python(text)
    except ValidationError:
        raise UnknownFault(f"{name}={text}: not a value for it.") from None
    if (part, field) == _FAILURE:
        _fail(loopback, text)
    elif part == "pace":
        loopback.live.service.pace = replace(loopback.live.service.pace, **{field: value})
    else:
        setattr(_parts(loopback)[part], field, value)


def _fail(loopback: Loopback, name: str) -> None:
    failures = {switch.name: switch for mode in FAILURE_MODES.values() for switch in mode.switches}
    failures |= {switch.name: switch for switch in DEVIATIONS}
    if name not in failures:
        raise UnknownFault(f"There is no failure called {name}. There are: {', '.join(sorted(failures))}.")
    failures[name].on(loopback.live.faults)


def _parts(loopback: Loopback) -> dict[str, Any]:
    return {
        "voice": loopback.voice.faults,
        "gateway": loopback.discord.faults,
        "live": loopback.live.faults,
        "service": loopback.live.service,
        "pace": loopback.live.service.pace,
    }


def _known(loopback: Loopback) -> dict[tuple[str, str], Any]:
    """The type of every fault that one plain value sets. The others are for tests."""
    known: dict[tuple[str, str], Any] = {_FAILURE: str}
    for part, owner in _parts(loopback).items():
        hints = get_type_hints(type(owner))
        known |= {
            (part, field.name): hints[field.name] for field in fields(owner) if hints[field.name] in _SIMPLE
        }
    return known
