"""The options of a command: how a bot may declare them, and what a member may type into them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.loopback.discord import components as parts
from bot.loopback.discord import errors
from bot.loopback.discord.entities import Json
from bot.loopback.discord.errors import ApiError, form_error
from bot.loopback.discord.suggestions import COMPLETED, check_value, leaves

NAME = re.compile(r"[-_'\w]{1,32}")
_NESTED = (1, 2)  # subcommand, group of subcommands
_STRING = 3
_PYTHON_TYPES: dict[int, type | tuple[type, ...]] = {
    3: str,
    4: int,
    5: bool,
    6: (str, int),
    7: (str, int),
    8: (str, int),
    9: (str, int),
    10: (int, float),
    11: str,
}


def validate(options: list[Json], path: str) -> None:
    """As declared by a bot; 50035 naming the field that the real API would not take."""
    parts.entries({"options": options}, "options", path.removesuffix("options").rstrip("."), 25, 0)
    optional_seen, names = False, set()
    for index, option in enumerate(options):
        here = f"{path}.{index}"
        name, description = option.get("name") or "", option.get("description") or ""
        if not NAME.fullmatch(name) or name != name.lower() or name in names:
            raise form_error(f"{here}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
        names.add(name)
        if not 1 <= len(description) <= 100:
            raise form_error(
                f"{here}.description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."
            )
        if option.get("type") in _NESTED:
            validate(option.get("options") or [], f"{here}.options")
        elif option.get("type") not in _PYTHON_TYPES:
            raise form_error(
                f"{here}.type",
                "BASE_TYPE_CHOICES",
                "Value must be one of {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}.",
            )
        elif option.get("required") and optional_seen:
            raise form_error(
                here,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        _validate_choices(option, here)
        optional_seen = optional_seen or not option.get("required")


def _validate_choices(option: Json, path: str) -> None:
    """Fixed choices, or those that the bot is asked for; not both."""
    choices = parts.entries(option, "choices", path, 25, 0)
    if (choices or option.get("autocomplete")) and option["type"] not in COMPLETED:
        raise form_error(f"{path}.choices", "APPLICATION_COMMAND_OPTION_INVALID_TYPE", "Not for this type")
    if choices and option.get("autocomplete"):
        raise form_error(
            f"{path}.autocomplete",
            "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES_EXCLUSIVE",
            "Options with autocomplete cannot have choices",
        )
    for index, choice in enumerate(choices):
        here = f"{path}.choices.{index}"
        parts.text(choice, "name", here, 100, 1)
        check_value(option["type"], choice.get("value"), choice, here)


def check(registered: list[Json], typed: list[Json], kinds: Mapping[str, int]) -> None:
    """The client lets nobody send what is not registered, lacks a required option or has a wrong type.

    `kinds` are those of the server's channels, by id."""
    by_name: dict[str, Json] = {option["name"]: option for option in registered}
    given = {option.get("name"): option for option in typed}
    for name in given.keys() - by_name.keys():
        raise _invalid(f"Unknown option {name}")
    if len(given) != 1 and any(option["type"] in _NESTED for option in registered):
        raise _invalid("One subcommand has to be named")
    for name, option in by_name.items():
        if name not in given:
            if option.get("required"):
                raise errors.required(f"data.options.{name}")
            continue
        if given[name].get("type") != option["type"]:
            raise _invalid(f"Option {name} has another type")
        if option["type"] in _NESTED:
            check(option.get("options") or [], given[name].get("options") or [], kinds)
        else:
            _check_value(option, given[name].get("value"))
            admitted = option.get("channel_types")
            if admitted and kinds.get(str(given[name]["value"])) not in admitted:
                raise _invalid(f"{given[name]['value']} is no channel for {name}")


def _check_value(option: Json, value: Any) -> None:
    kind, name = option["type"], option["name"]
    if not isinstance(value, _PYTHON_TYPES[kind]) or (isinstance(value, bool) and kind != 5):
        raise _invalid(f"Option {name} has a value of the wrong type")
    choices = option.get("choices")
    if choices and value not in [choice["value"] for choice in choices]:
        raise _invalid(f"{value!r} is none of the choices of {name}")
    size, bounds = value, ("min_value", "max_value")
    if isinstance(value, str):
        size, bounds = len(value), ("min_length", "max_length")
    least, most = (option.get(bound) for bound in bounds)
    if (least is not None and size < least) or (most is not None and size > most):
        raise _invalid(f"{value!r} is out of the bounds of {name}")


def check_focus(registered: list[Json], typed: list[Json]) -> None:
    """One option is being typed, and it is one that the bot completes; the others may still be missing."""
    focused = [option for option in leaves(typed) if option.get("focused")]
    completed = {option["name"] for option in _declared(registered, typed) if option.get("autocomplete")}
    if len(focused) != 1 or focused[0].get("name") not in completed:
        raise _invalid("No option with autocomplete is focused")


def _declared(registered: list[Json], typed: list[Json]) -> list[Json]:
    """The options of the command, or of the subcommand that is typed."""
    for option in typed:
        if option.get("type") in _NESTED:
            named = [entry for entry in registered if entry["name"] == option.get("name")]
            return _declared(named[0].get("options") or [] if named else [], option.get("options") or [])
    return registered


def _invalid(message: str) -> ApiError:
    return form_error("data.options", "INTERACTION_OPTION_INVALID", message)
