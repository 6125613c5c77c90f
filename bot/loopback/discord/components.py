"""Components one by one: what each kind must look like (Discord API docs, "Component Reference").

`layouts` and `modals` say which may stand where; `selections` what a member may make of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from bot.loopback.discord import errors
from bot.loopback.discord.entities import Json
from bot.loopback.discord.errors import ApiError, form_error


class Kind(IntEnum):
    ACTION_ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    SECTION = 9
    TEXT_DISPLAY = 10
    THUMBNAIL = 11
    MEDIA_GALLERY = 12
    FILE = 13
    SEPARATOR = 14
    CONTAINER = 17
    LABEL = 18
    FILE_UPLOAD = 19
    RADIO_GROUP = 21
    CHECKBOX_GROUP = 22
    CHECKBOX = 23


SELECTS = (
    Kind.STRING_SELECT,
    Kind.USER_SELECT,
    Kind.ROLE_SELECT,
    Kind.MENTIONABLE_SELECT,
    Kind.CHANNEL_SELECT,
)
_LINK, _PREMIUM = 5, 6  # button styles
_DEFAULT_TYPES = {
    Kind.USER_SELECT: {"user"},
    Kind.ROLE_SELECT: {"role"},
    Kind.MENTIONABLE_SELECT: {"user", "role"},
    Kind.CHANNEL_SELECT: {"channel"},
}


@dataclass(slots=True)
class Tally:
    """What is counted over all components of one message or modal."""

    files: Collection[str] = ()  # names that ``attachment://`` may refer to
    custom_ids: set[str] = field(default_factory=set)
    components: int = 0
    text: int = 0


def walk(components: list[Json]) -> Iterator[Json]:
    """All components in reading order, those inside of others too."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        yield from walk([component[part] for part in ("component", "accessory") if component.get(part)])


def numbered(components: list[Json]) -> list[Json]:
    """Give an `id` to every component that has none: one after the other, past those that are taken."""
    taken = {component["id"] for component in walk(components) if component.get("id")}
    free = iter(number for number in range(1, 1000) if number not in taken)
    for component in walk(components):
        if not component.get("id"):
            component["id"] = next(free)
    return components


def kind_of(component: Any, admitted: Collection[Kind], path: str) -> Kind:
    """The kind of a component; 50035 for one that may not stand there."""
    if not isinstance(component, dict):
        raise form_error(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    if component.get("type") not in admitted:
        listed = ", ".join(str(int(kind)) for kind in admitted)
        raise form_error(
            f"{path}.type", "UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({listed},).'
        )
    return Kind(component["type"])


def text(component: Json, name: str, path: str, longest: int, shortest: int = 0) -> str:
    """A text field; one with a shortest length above 0 has to be there."""
    value, where = component.get(name), f"{path}.{name}".lstrip(".")
    if value is None and not shortest:
        return ""
    if value is None:
        raise errors.required(where)
    if not isinstance(value, str):
        raise form_error(f"{path}.{name}", "STRING_TYPE_CONVERT", f"Could not interpret {value!r} as string.")
    if not shortest <= len(value) <= longest:
        code, said = "BASE_TYPE_MAX_LENGTH", f"Must be {longest} or fewer in length."
        if shortest:
            code, said = "BASE_TYPE_BAD_LENGTH", f"Must be between {shortest} and {longest} in length."
        raise form_error(where, code, said)
    return value


def number(component: Json, name: str, path: str, least: int, most: int, default: int) -> int:
    """A whole number within bounds."""
    value = component.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise form_error(f"{path}.{name}", "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
    if not least <= value <= most:
        raise form_error(
            f"{path}.{name}", "NUMBER_TYPE_MAX", f"int value should be between {least} and {most}."
        )
    return value


def entries(component: Json, name: str, path: str, most: int, least: int = 1) -> list[Any]:
    """A list with a bounded number of entries."""
    value, where = component.get(name), f"{path}.{name}".lstrip(".")
    if value is None and least:
        raise errors.required(where)
    value = value or []
    if not isinstance(value, list):
        raise form_error(where, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    if not least <= len(value) <= most:
        raise form_error(where, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
    return value


def custom_id(component: Json, path: str, tally: Tally) -> None:
    value = text(component, "custom_id", path, 100, 1)
    if value in tally.custom_ids:
        raise form_error(
            f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
        )
    tally.custom_ids.add(value)


def button(component: Json, path: str, tally: Tally) -> None:
    """A link leads to a page and asks nobody; all others must say which they are."""
    style = number(component, "style", path, 1, 6, 0)
    if not style:
        raise errors.required(f"{path}.style")
    text(component, "label", path, 80)
    if style == _LINK:
        text(component, "url", path, 512, 1)
    elif style == _PREMIUM:
        text(component, "sku_id", path, 20, 1)
    else:
        custom_id(component, path, tally)
    if style == _LINK and component.get("custom_id"):
        raise form_error(
            f"{path}.custom_id", "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "Not with a URL"
        )
    if style not in (_LINK, _PREMIUM) and component.get("url"):
        raise form_error(
            f"{path}.url", "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "Not with a custom id"
        )
    if style != _PREMIUM and not component.get("label") and not component.get("emoji"):
        raise form_error(
            f"{path}.label", "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A label or emoji is required"
        )


def select(component: Json, path: str, tally: Tally) -> None:
    """A select menu of any kind."""
    custom_id(component, path, tally)
    text(component, "placeholder", path, 150)
    least, most = value_bounds(component, path, 25)
    if component["type"] == Kind.STRING_SELECT:
        options(component, path, 25)
        chosen = [option for option in component["options"] if option.get("default")]
        if least > len(component["options"]):
            raise form_error(
                f"{path}.options", "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and 25 in length."
            )
    else:
        chosen = entries(component, "default_values", path, 25, 0)
        for index, default in enumerate(chosen):
            if default.get("type") not in _DEFAULT_TYPES[Kind(component["type"])]:
                raise form_error(
                    f"{path}.default_values.{index}.type", "BASE_TYPE_CHOICES", "Not a type of this menu."
                )
    if len(chosen) > most:
        raise form_error(
            path, "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", "Number of default values exceeds max_values"
        )


def value_bounds(component: Json, path: str, limit: int, default_most: int = 1) -> tuple[int, int]:
    """How many values may be chosen. `required`, which only modals know, needs at least one."""
    least = number(component, "min_values", path, 0, limit, 1)
    most = number(component, "max_values", path, 1, limit, default_most)
    if least > most:
        raise form_error(
            f"{path}.min_values", "NUMBER_TYPE_MAX", f"int value should be between 0 and {most}."
        )
    return least, most


def options(component: Json, path: str, most: int, least: int = 1) -> None:
    """What can be chosen: each has a label and a value of its own."""
    seen: set[str] = set()
    for index, option in enumerate(entries(component, "options", path, most, least)):
        here = f"{path}.options.{index}"
        text(option, "label", here, 100, 1)
        text(option, "description", here, 100)
        value = text(option, "value", here, 100, 1)
        if value in seen:
            raise form_error(
                f"{here}.value",
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
        seen.add(value)


def text_display(component: Json, path: str, tally: Tally) -> None:
    tally.text += len(text(component, "content", path, 4000, 1))


def media(item: Any, path: str, tally: Tally, *, uploaded: bool = False) -> None:
    """An unfurled media item: a URL, or (`uploaded`: only) the name of an attachment of this message."""
    if not isinstance(item, dict):
        raise errors.required(path)
    url = text(item, "url", path, 2048, 1)
    scheme, _, name = url.partition("://")
    if scheme == "attachment" and name not in tally.files:
        raise form_error(
            f"{path}.url",
            "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
            f"The referenced attachment {name!r} was not found.",
        )
    if scheme not in (("attachment",) if uploaded else ("attachment", "http", "https")):
        raise form_error(f"{path}.url", "URL_TYPE_INVALID_SCHEME", f'Scheme "{scheme}" is not supported.')


Check = Callable[[Json, str, Tally], None]


def too_wide(path: str) -> ApiError:
    return form_error(
        path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width"
    )
