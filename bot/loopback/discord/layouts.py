"""The components of a message: the classic rows, and the layouts of ``IS_COMPONENTS_V2``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bot.loopback.discord import components as parts
from bot.loopback.discord import errors
from bot.loopback.discord.components import SELECTS, Check, Kind, Tally
from bot.loopback.discord.entities import Json
from bot.loopback.discord.errors import form_error

COMPONENTS_MAX = 40
TEXT_MAX = 4000
_ROWS_MAX = 5  # of a message without IS_COMPONENTS_V2
_CONTAINED = (
    Kind.ACTION_ROW,
    Kind.SECTION,
    Kind.TEXT_DISPLAY,
    Kind.MEDIA_GALLERY,
    Kind.FILE,
    Kind.SEPARATOR,
)


def checked(components: Any, *, v2: bool, files: Collection[str] = ()) -> list[Json]:
    """The components as Discord keeps them; 50035 naming the one that it does not take.

    `files` are the names of the message's attachments."""
    tally = Tally(files)
    most = COMPONENTS_MAX if v2 else _ROWS_MAX
    listed = parts.entries({"components": components}, "components", "", most, 0)
    admitted = (*_CONTAINED, Kind.CONTAINER) if v2 else (Kind.ACTION_ROW,)
    for index, component in enumerate(listed):
        _check(component, admitted, f"components.{index}", tally)
    if v2 and tally.components > COMPONENTS_MAX:
        raise form_error(
            "components",
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
            f"Must not have more than {COMPONENTS_MAX} components",
        )
    if tally.text > TEXT_MAX:
        raise form_error(
            "components",
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            f"Components displayable text size exceeds maximum size of {TEXT_MAX}",
        )
    return parts.numbered(listed)


def _check(component: Any, admitted: Collection[Kind], path: str, tally: Tally) -> None:
    kind = parts.kind_of(component, admitted, path)
    tally.components += 1
    _CHECKS[kind](component, path, tally)


def _children(component: Json, admitted: Collection[Kind], path: str, tally: Tally, most: int) -> None:
    for index, child in enumerate(parts.entries(component, "components", path, most)):
        _check(child, admitted, f"{path}.components.{index}", tally)


def _row(component: Json, path: str, tally: Tally) -> None:
    """Five buttons, or one select menu, which is five wide."""
    width = 0
    for index, child in enumerate(parts.entries(component, "components", path, 25)):
        here = f"{path}.components.{index}"
        _check(child, (Kind.BUTTON, *SELECTS), here, tally)
        width += 1 if child["type"] == Kind.BUTTON else 5
        if width > 5:
            raise parts.too_wide(here)


def _section(component: Json, path: str, tally: Tally) -> None:
    _children(component, (Kind.TEXT_DISPLAY,), path, tally, 3)
    if not component.get("accessory"):
        raise errors.required(f"{path}.accessory")
    _check(component["accessory"], (Kind.BUTTON, Kind.THUMBNAIL), f"{path}.accessory", tally)


def _thumbnail(component: Json, path: str, tally: Tally) -> None:
    parts.media(component.get("media"), f"{path}.media", tally)
    parts.text(component, "description", path, 1024)


def _gallery(component: Json, path: str, tally: Tally) -> None:
    for index, item in enumerate(parts.entries(component, "items", path, 10)):
        _thumbnail(item, f"{path}.items.{index}", tally)


def _file(component: Json, path: str, tally: Tally) -> None:
    parts.media(component.get("file"), f"{path}.file", tally, uploaded=True)


def _separator(component: Json, path: str, tally: Tally) -> None:
    parts.number(component, "spacing", path, 1, 2, 1)


def _container(component: Json, path: str, tally: Tally) -> None:
    parts.number(component, "accent_color", path, 0, 0xFFFFFF, 0)
    _children(component, _CONTAINED, path, tally, COMPONENTS_MAX)


_CHECKS: dict[Kind, Check] = {
    Kind.ACTION_ROW: _row,
    Kind.BUTTON: parts.button,
    **dict.fromkeys(SELECTS, parts.select),
    Kind.SECTION: _section,
    Kind.TEXT_DISPLAY: parts.text_display,
    Kind.THUMBNAIL: _thumbnail,
    Kind.MEDIA_GALLERY: _gallery,
    Kind.FILE: _file,
    Kind.SEPARATOR: _separator,
    Kind.CONTAINER: _container,
}
