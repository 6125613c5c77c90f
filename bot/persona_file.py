"""A persona as a TOML file: to keep, to share, to edit in an editor. Pure.

Strict, since files come from strangers: unknown fields and wrong types are errors, and every error names the
line and the field. What is written is read back as it was.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from bot.errors import ParleyError
from bot.foreign import data
from bot.persona_rules import problems, tidy
from bot.store.rows import Persona

MAX_BYTES = 16_384

_FIELDS = tuple(field.name for field in fields(Persona))
_REQUIRED = ("name", "instruction")
_HEADER = "# A persona of Parley. `/persona import` reads this file.\n"
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\r": "\\r", "\t": "\\t", "\n": "\\n"}
_LINE_OF_FIELD = r"^[ \t]*[\"']?{}[\"']?[ \t]*="
_WHERE = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)")


class Unreadable(ParleyError):
    """Not a persona; `sentence` says which line and field, and why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, sentence=sentence)


def write(persona: Persona) -> str:
    """The file. What the persona leaves to the server is not in it."""
    lines = [_HEADER]
    for name in _FIELDS:
        value = getattr(persona, name)
        if value is not None and value != ():
            lines.append(f"{name} = {_written(value)}\n")
    return "".join(lines)


def read(content: bytes) -> Persona:
    """The persona in a file. Raises Unreadable."""
    if len(content) > MAX_BYTES:
        raise Unreadable(f"The file is too large: a persona takes at most {MAX_BYTES // 1024} kB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Unreadable(f"Line {line}: not UTF-8 text. Save the file as UTF-8.") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(_syntax(error, text)) from None
    except RecursionError:
        raise Unreadable("The file is nested too deeply to be a persona.") from None
    persona = tidy(_persona(table, text))
    for name, problem in problems(persona).items():
        raise Unreadable(f"{_place(name, text)}: {name} {problem}.")
    return persona


def _persona(table: Mapping[str, Any], text: str) -> Persona:
    for name, value in table.items():
        if name not in _FIELDS:
            raise Unreadable(
                f"{_place(name, text)}: there is no field {data(name)}. Known: {', '.join(_FIELDS)}."
            )
        if (expected := _mistyped(name, value)) is not None:
            raise Unreadable(f"{_place(name, text)}: {name} must be {expected}.")
    for name in _REQUIRED:
        if name not in table:
            raise Unreadable(f'The field {name} is missing. Add a line: {name} = "…".')
    values = dict(table)
    if "aliases" in values:
        values["aliases"] = tuple(values["aliases"])
    if "temperature" in values:
        values["temperature"] = float(values["temperature"])
    return Persona(**values)


def _mistyped(name: str, value: object) -> str | None:
    """What the field must be instead; None if it is that."""
    if name == "aliases":
        fits = isinstance(value, list) and all(isinstance(alias, str) for alias in value)
        return None if fits else 'a list of names: aliases = ["…", "…"]'
    if name == "temperature":
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        return None if fits else "a number"
    return None if isinstance(value, str) else 'text in quotes: "…"'


def _syntax(error: tomllib.TOMLDecodeError, text: str) -> str:
    found = _WHERE.fullmatch(str(error))
    if found is None:
        return f"The file is not TOML: {error}."
    line = int(found[2]) if found[2] else text.count("\n") + 1
    return f"Line {line}: not TOML. {found[1]}."


def _place(name: str, text: str) -> str:
    """The line in which a field stands. One within a longer text could be mistaken for it, so what stands
    between triple quotes is passed over."""
    bare = re.sub(r'("""|\'\'\').*?\1', lambda quoted: "\n" * quoted[0].count("\n"), text, flags=re.DOTALL)
    found = re.search(_LINE_OF_FIELD.format(re.escape(name)), bare, re.MULTILINE)
    found = found or re.search(rf"^[ \t]*\[+[ \t]*{re.escape(name)}\b", bare, re.MULTILINE)
    return f"Line {bare.count(chr(10), 0, found.start()) + 1}" if found else "The file"


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_written(item) for item in value)}]"
    if isinstance(value, float):
        return repr(value)
    assert isinstance(value, str)
    if "\n" not in value:
        return f'"{_escaped(value, keep="")}"'
    # A line break right after the quotes is not part of the text.
    return f'"""\n{_escaped(value, keep=chr(10))}"""'


def _escaped(text: str, keep: str) -> str:
    return "".join(char if char in keep else _ESCAPES.get(char) or _plain(char) for char in text)


def _plain(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 32 or ord(char) == 127 else char
