"""JSON schemas from outside, brought down to what the Live API's function declarations take. Pure.

That is: type, description, properties, required, items, enum (of texts), minimum, maximum. All else makes
the service close the session (1007, 1008), and what no such schema can express cannot be asked of the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.foreign import data
from bot.tools.external.answers import MAX_NUMBER

SCALARS = ("string", "integer", "number", "boolean")
TYPES = (*SCALARS, "array", "object")

MAX_DEPTH, MAX_PROPERTIES, MAX_NODES, MAX_ENUM = 5, 30, 100, 50
MAX_DESCRIPTION = 200
MAX_NAME = 64

Schema = dict[str, Any]

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Irreducible(ValueError):
    """There is no such schema; the text says what stands in the way."""


def reduced(schema: Mapping[str, Any]) -> Schema:
    """`schema`, of type object, as the Live API takes it; ``{}`` if it has no properties. What cannot be
    expressed is left out where it is optional. Raises Irreducible where it is required."""
    result = _Reduction(schema).object(schema, 0)
    return result if result["properties"] else {}


class _Reduction:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._left = MAX_NODES

    def any(self, schema: Any, depth: int) -> Schema:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise Irreducible("its parameters are too many or nested too deep")
        schema = self._one(schema, depth)
        kind = self._kind(schema)
        if kind == "object":
            result = self.object(schema, depth)
            if not result["properties"]:  # the service refuses an OBJECT without properties
                raise Irreducible("an object of unknown form")
        elif kind == "array":
            result = {"type": "array", "items": self.any(schema.get("items"), depth + 1)}
        else:
            result = {"type": kind, **_bounds(schema, kind)}
        if isinstance(words := schema.get("description"), str) and words.strip():
            result["description"] = data(words, MAX_DESCRIPTION)
        return result

    def object(self, schema: Mapping[str, Any], depth: int) -> Schema:
        given = schema.get("properties")
        given = given if isinstance(given, Mapping) else {}
        required = schema.get("required")
        names = required if isinstance(required, list) else []
        required = list(dict.fromkeys(name for name in names if isinstance(name, str) and name in given))
        properties: Schema = {}
        for name in [*required, *(name for name in given if name not in required)]:
            try:
                if len(properties) >= MAX_PROPERTIES or not _NAME.fullmatch(name):
                    raise Irreducible("its parameters are too many, or have names that are none")
                properties[name] = self.any(given[name], depth + 1)
            except Irreducible:
                if name in required:
                    raise
        result: Schema = {"type": "object", "properties": properties}
        return {**result, "required": required} if required else result

    def _one(self, schema: Any, depth: int) -> Mapping[str, Any]:
        """`schema` without references and alternatives."""
        for _ in range(MAX_DEPTH):
            if not isinstance(schema, Mapping):
                raise Irreducible("a parameter of unknown form")
            if isinstance(reference := schema.get("$ref"), str):
                schema = self._referred(reference)
                continue
            choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
            if not isinstance(choices, list):
                return schema
            real = [
                each for each in choices if not (isinstance(each, Mapping) and each.get("type") == "null")
            ]
            if len(real) != 1 or not isinstance(real[0], Mapping):
                raise Irreducible("a parameter of several forms")
            outer = {key: schema[key] for key in ("description",) if key in schema}
            schema = {**real[0], **outer}
        raise Irreducible("a parameter that refers to itself")

    def _referred(self, reference: str) -> Any:
        found: Any = self._root
        if not reference.startswith("#/"):
            raise Irreducible("a parameter that is described elsewhere")
        for step in reference[2:].split("/"):
            found = (
                found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
            )
        return found

    def _kind(self, schema: Mapping[str, Any]) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            real = [each for each in kind if each != "null"]
            kind = real[0] if len(real) == 1 else None
        if kind is None and ("enum" in schema or "const" in schema):
            kind = "string"
        if kind not in TYPES:
            raise Irreducible("a parameter of unknown form")
        return str(kind)


def _bounds(schema: Mapping[str, Any], kind: str) -> Schema:
    if kind == "string":
        choices = [schema["const"]] if "const" in schema else schema.get("enum")
        if choices is None:
            return {}
        texts = [choice for choice in choices if isinstance(choice, str)] if isinstance(choices, list) else []
        if not texts or len(texts) > MAX_ENUM or any(data(text, MAX_NAME) != text for text in texts):
            raise Irreducible("a choice of what is no plain text, or of too much")
        return {"enum": texts}
    if kind == "boolean":
        return {}
    return {
        bound: schema[bound]
        for bound in ("minimum", "maximum")
        if isinstance(schema.get(bound), int | float) and abs(schema[bound]) < MAX_NUMBER
    }
