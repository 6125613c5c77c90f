"""Autocomplete: what a bot may suggest for the option that a member is typing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.loopback.discord import components as parts
from bot.loopback.discord.entities import Json
from bot.loopback.discord.errors import form_error

CHOICES_MAX = 25
VALUE_MAX = 100
_STRING, _INTEGER, _NUMBER = 3, 4, 10
COMPLETED = frozenset({_STRING, _INTEGER, _NUMBER})  # option types that can have suggestions


def checked(data: Json, typed: list[Json]) -> list[Json]:
    """The choices of a callback; 50035 for one that cannot be a value of the option being typed."""
    kind = next((option["type"] for option in leaves(typed) if option.get("focused")), _STRING)
    listed = parts.entries(data, "choices", "data", CHOICES_MAX, 0)
    for index, choice in enumerate(listed):
        path = f"data.choices.{index}"
        parts.text(choice, "name", path, 100, 1)
        check_value(kind, choice.get("value"), choice, path)
    return listed


def check_value(kind: int, value: Any, choice: Json, path: str) -> None:
    """A choice has a value of its option's type."""
    if kind == _STRING:
        parts.text(choice, "value", path, VALUE_MAX, 1)
        return
    numeric = isinstance(value, int) or (kind == _NUMBER and isinstance(value, float))
    if not numeric or isinstance(value, bool):
        said = "int" if kind == _INTEGER else "float"
        raise form_error(f"{path}.value", "NUMBER_TYPE_COERCE", f'Value "{value}" is not {said}.')


def leaves(options: list[Json]) -> Iterator[Json]:
    """The options with a value, those of a subcommand too."""
    for option in options:
        if option["type"] in (1, 2):
            yield from leaves(option.get("options") or [])
        else:
            yield option
