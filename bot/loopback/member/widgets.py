"""What can be read and worked in a message or a form; things are found by what a person sees of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.loopback.member.errors import MemberError

Json = dict[str, Any]

# Component types (Discord API docs, "Component Reference").
ACTION_ROW, BUTTON, STRING_SELECT, TEXT_INPUT, SECTION, TEXT_DISPLAY, LABEL = 1, 2, 3, 4, 9, 10, 18
FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 19, 21, 22, 23
SELECTS = frozenset({3, 5, 6, 7, 8})
UNTITLED = "Make a selection"
"""What the client shows in a menu without a placeholder."""


@dataclass(frozen=True, slots=True)
class Button:
    """`face` is its label, or its emoji if it has none; `beside` the text of the section it stands in."""

    face: str
    custom_id: str
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """`title` is its placeholder. `offered` are values by label, empty for members, roles and channels, which
    Discord lists itself; `chosen` is what it stands at: labels, or ids."""

    title: str
    kind: int
    custom_id: str
    offered: dict[str, str]
    chosen: list[str]

    def values(self, wanted: tuple[str | int, ...]) -> list[str]:
        """What to send for labels or ids. MemberError for what is not on offer."""
        if self.kind != STRING_SELECT:
            return [str(value) for value in wanted]
        return [pick(self.offered, str(value), self.title) for value in wanted]


def pick(offered: dict[str, str], wanted: str, where: str) -> str:
    if wanted not in offered:
        raise MemberError(f"no {wanted!r} in {where!r}, only {list(offered)}")
    return offered[wanted]


def walk(components: list[Json]) -> Iterator[Json]:
    """All components in reading order, those inside of others too."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        yield from walk([component[part] for part in ("component", "accessory") if component.get(part)])


def text_of(data: Json) -> str:
    """Content, embeds and text components: all that a person can read of a message."""
    read = [data.get("content") or ""]
    for embed in data.get("embeds", ()):
        read += [embed.get("title") or "", embed.get("description") or ""]
        for entry in embed.get("fields", ()):
            read += [entry["name"], entry["value"]]
        read.append((embed.get("footer") or {}).get("text") or "")
    read += _texts(data.get("components", []))
    return "\n".join(part for part in read if part)


def _texts(components: list[Json]) -> list[str]:
    return [part["content"] for part in walk(components) if part["type"] == TEXT_DISPLAY]


def buttons_of(data: Json) -> list[Button]:
    """Those that ask the bot: a link opens a page instead, a greyed one does nothing."""
    beside = {
        section["accessory"]["custom_id"]: "\n".join(_texts(section["components"]))
        for section in walk(data.get("components", []))
        if section["type"] == SECTION and section["accessory"].get("custom_id")
    }
    found = []
    for part in walk(data.get("components", [])):
        if part["type"] == BUTTON and part.get("custom_id") and not part.get("disabled"):
            face = part.get("label") or (part.get("emoji") or {}).get("name") or ""
            found.append(Button(face, part["custom_id"], beside.get(part["custom_id"], "")))
    return found


def menus_of(data: Json) -> list[Menu]:
    """The select menus that are not greyed."""
    return [
        menu(part)
        for part in walk(data.get("components", []))
        if part["type"] in SELECTS and not part.get("disabled")
    ]


def menu(part: Json) -> Menu:
    offered = {option["label"]: option["value"] for option in part.get("options") or ()}
    chosen = [option["label"] for option in part.get("options") or () if option.get("default")]
    chosen += [default["id"] for default in part.get("default_values") or ()]
    title = part.get("placeholder") or UNTITLED
    return Menu(title, part["type"], part["custom_id"], offered, chosen)
