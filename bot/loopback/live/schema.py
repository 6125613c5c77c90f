"""The client messages of BidiGenerateContent as data, and the strict reader over them.

The real service parses protobuf JSON: every field in lowerCamelCase or snake_case, enum names, 64-bit
integers as numbers or strings, bytes in either base64 alphabet with or without padding; an unknown name ends
the session with 1007. ``read`` does the same and returns snake_case throughout. Source:
ai.google.dev/api/live, and the sentences as users quote them.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from bot.loopback.live.refusal import Refused, invalid

Json = dict[str, Any]


class Scalar(Enum):
    """A leaf; the value is the type's name in the service's complaints."""

    TEXT = "TYPE_STRING"
    BOOL = "TYPE_BOOL"
    INT = "TYPE_INT64"
    FLOAT = "TYPE_FLOAT"
    BYTES = "TYPE_BYTES"
    ANY = "google.protobuf.Struct"  # free JSON, names untouched


@dataclass(frozen=True, slots=True)
class OneOf:
    """An enum, by its names."""

    name: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Many:
    """A repeated field."""

    of: Spec


@dataclass(frozen=True, slots=True)
class Named:
    """A map with free keys."""

    of: Spec


@dataclass(frozen=True, slots=True)
class Message:
    """A message; `fields` is filled after construction where a message contains itself."""

    fields: dict[str, Spec]


Spec = Scalar | OneOf | Many | Named | Message

_UNDASH = str.maketrans("-_", "+/")


@cache
def snake(name: str) -> str:
    """`generationConfig` → `generation_config`; snake_case stays as it is."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def read(value: Any, spec: Spec, path: str) -> Any:
    """`value` as `spec` has it, names in snake_case, null fields left out; raises Refused (1007)."""
    match spec:
        case Message(fields):
            return _read_message(value, fields, path)
        case Many(of):
            # Protobuf JSON takes a single value for a repeated field of messages as one element; the service
            # does.
            items = value if isinstance(value, list) else [value]
            return [read(item, of, f"{path}[{index}]") for index, item in enumerate(items)]
        case Named(of):
            if not isinstance(value, dict):
                raise _wrong(value, path, "map")
            return {key: read(item, of, f"{path}[{key}]") for key, item in value.items()}
        case OneOf(name, values):
            if not isinstance(value, str) or value.upper() not in values:
                raise _wrong(value, path, f"type.googleapis.com/{name}")
            return value.upper()
        case _:
            return _read_scalar(value, spec, path)


def _read_message(value: Any, fields: Mapping[str, Spec], path: str) -> Json:
    if not isinstance(value, dict):
        raise _wrong(value, path, "message")
    result: Json = {}
    for name, item in value.items():
        spec = fields.get(snake(name))
        if spec is None:
            where = f" at '{path}'" if path else ""
            raise invalid(f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.')
        if item is not None:
            key = snake(name)
            result[key] = read(item, spec, f"{path}.{key}" if path else key)
        elif snake(name) == "handle":
            raise invalid()  # {"handle": null} is refused, unlike null elsewhere (strands harness-sdk #1999)
    return result


def _read_scalar(value: Any, spec: Scalar, path: str) -> Any:
    match spec, value:
        case (Scalar.ANY, _) | (Scalar.TEXT, str()) | (Scalar.BOOL, bool()):
            return value
        case Scalar.BYTES, str():
            return _read_bytes(value, path)
        case Scalar.FLOAT, int() | float() if not isinstance(value, bool):
            return float(value)
        case Scalar.INT, int() if not isinstance(value, bool):
            return value
        case Scalar.INT, str() if value.lstrip("-").isdigit():
            return int(value)
    raise _wrong(value, path, spec.value)


def _read_bytes(value: str, path: str) -> bytes:
    try:
        plain = value.rstrip("=").translate(_UNDASH).encode("ascii")
        return binascii.a2b_base64(plain + b"=" * (-len(plain) % 4), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise invalid(
            f"Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed for \"{value[:20]}\""
        ) from None


def _wrong(value: Any, path: str, kind: str) -> Refused:
    return invalid(f"Invalid value at '{path}' ({kind}), {json.dumps(value)[:40]}")
