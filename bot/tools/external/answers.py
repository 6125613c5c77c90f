"""What comes back from outside: read, found, and without our secrets. Pure.

It is cut, cleaned and marked as data where every result is, in `bot/tools/results`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

HIDDEN = "[hidden]"
MAX_DEPTH = 10
MIN_SECRET = 4
"""Characters; what is shorter would be found in half of all words."""
MAX_NUMBER = 2**53
"""Beyond it a number of JSON is no longer exact, and far beyond it no number of the Live API."""

NOTHING = "There is nothing there."


class NotFound(LookupError):
    """The answer has nothing at the result path."""


class NoJson(ValueError):
    """The answer is no JSON."""


def parsed(body: bytes) -> Any:
    """`body` as JSON. Raises NoJson, also for what only Python takes for JSON and for nesting without end."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NoJson(type(error).__name__) from None


def _no_constant(name: str) -> None:
    raise ValueError(name)


def at(value: Any, path: str) -> Any:
    """What `path` leads to: keys and list positions with dots between, ``orders.0.status``; empty: all."""
    for step in filter(None, path.split(".")):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise NotFound(step)
    return value


def told(value: Any, secrets: Sequence[str] = ()) -> Any:
    """`value` for the model: never empty, no deeper than it can be read aloud, and without `secrets`, which a
    service may repeat in its answer."""
    return NOTHING if value in (None, "", [], {}) else _told(value, secrets, MAX_DEPTH)


def _told(value: Any, secrets: Sequence[str], depth: int) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            if len(secret) >= MIN_SECRET:
                value = value.replace(secret, HIDDEN)
        return value
    if isinstance(value, Mapping | list) and depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {_told(str(key), secrets, 0): _told(item, secrets, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_told(item, secrets, depth - 1) for item in value]
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        return "a very large number"
    return value
