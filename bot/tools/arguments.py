"""Checking what the model passes to a tool against the tool's JSON schema.

Only the part of JSON Schema that the Live API's function declarations use: type, properties, required, enum,
items, minimum, maximum. Models send numbers as strings or invent arguments; the answer names each problem, so
that the next call can be right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_IS_TYPE: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    # JSON has one kind of number, and the wire turns 3 into 3.0
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "number": lambda value: _is_number(value),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, Mapping),
}


def problems(value: Any, schema: Mapping[str, Any], path: str = "") -> list[str]:
    """What is wrong with `value`, one phrase per problem; empty if it satisfies `schema`."""
    return list(_problems(value, schema or {"type": "object"}, path))


def _problems(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    where = path or "the arguments"
    expected = schema.get("type")
    if expected is not None and not _IS_TYPE[expected](value):
        yield f"{where} must be of type {expected}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} must be one of {', '.join(map(str, schema['enum']))}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{where} must be at least {schema['minimum']}"
    if "maximum" in schema and value > schema["maximum"]:
        yield f"{where} must be at most {schema['maximum']}"
    if expected == "array" and "items" in schema:
        for index, item in enumerate(value):
            yield from _problems(item, schema["items"], f"{path}[{index}]")
    if expected == "object":
        yield from _object_problems(value, schema, path)


def _object_problems(value: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    prefix = f"{path}." if path else ""
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{prefix}{name} is missing"
    for name, item in value.items():
        if name in properties:
            yield from _problems(item, properties[name], prefix + name)
        else:
            yield f"{prefix}{name} is not known"


def _is_number(value: Any) -> bool:
    """Also no NaN, which Python reads from JSON, and which no minimum and no maximum keeps out."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)
