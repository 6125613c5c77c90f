"""A form (modal) that a bot has opened: what it asks, and what a member fills into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.loopback.member import widgets
from bot.loopback.member.errors import MemberError
from bot.loopback.member.http import File
from bot.loopback.member.message import Message
from bot.loopback.member.widgets import Json

Value = str | int | bool | list[str] | list[int] | list[File]
"""Text; the label of an option, or several; ids of members, roles or channels; a tick; files."""


class Form:
    """`source` is the message whose button or menu opened it."""

    def __init__(self, raw: Json, application_id: int, source: Message | None = None) -> None:
        self.title: str = raw["title"]
        self.channel_id = int(raw["channel_id"])
        self.application_id = application_id
        self.source = source
        self.raw = raw

    @property
    def fields(self) -> list[str]:
        """The labels of what can be filled in, from top to bottom."""
        return [label for label, _ in self._inputs()]

    @property
    def text(self) -> str:
        """All that can be read in it."""
        read = [self.title]
        for part in widgets.walk(self.raw["components"]):
            read += [part.get("label") or "", part.get("description") or "", part.get("content") or ""]
        return "\n".join(line for line in read if line)

    def value(self, label: str) -> Value:
        """What stands in a field as it was opened."""
        for name, part in self._inputs():
            if name == label:
                return _default(part)
        raise MemberError(f"no field {label!r} in {self.title!r}, only {self.fields}")

    def filled(self, values: Mapping[str, Value]) -> tuple[Json, list[File]]:
        """The `data` of the submission, and the files to send along. What is not named stays as it is."""
        for label in values:
            self.value(label)
        files: list[File] = []
        answers = {
            part["custom_id"]: _answer(part, values.get(label), files) for label, part in self._inputs()
        }
        components = [_kept(top, answers) for top in self.raw["components"]]
        data = {"id": self.raw["id"], "custom_id": self.raw["custom_id"], "components": components}
        return data, files

    def _inputs(self) -> Iterator[tuple[str, Json]]:
        for top in self.raw["components"]:
            if top["type"] == widgets.LABEL:
                yield top["label"], top["component"]
            elif top["type"] == widgets.ACTION_ROW:
                yield top["components"][0]["label"], top["components"][0]


class FormOpened(MemberError):
    """The application answered with a form instead of a message."""

    def __init__(self, what: str, form: Form) -> None:
        super().__init__(f"{what}: the form {form.title!r} was opened; take it with Member.form")
        self.form = form


def _kept(top: Json, answers: Mapping[str, Json]) -> Json:
    kept = {"type": top["type"], "id": top["id"]}
    if top["type"] == widgets.LABEL:
        return kept | {"component": answers[top["component"]["custom_id"]]}
    if top["type"] == widgets.ACTION_ROW:
        return kept | {"components": [answers[top["components"][0]["custom_id"]]]}
    return kept


def _default(part: Json) -> Value:
    match part["type"]:
        case widgets.TEXT_INPUT:
            return part.get("value") or ""
        case widgets.CHECKBOX:
            return bool(part.get("default"))
        case widgets.FILE_UPLOAD:
            return []
        case widgets.RADIO_GROUP:
            return "".join(widgets.menu(part).chosen)
    return widgets.menu(part).chosen


def _answer(part: Json, value: Value | None, files: list[File]) -> Json:
    """One input as the client sends it; `files` grows by what is uploaded."""
    value = _default(part) if value is None else value
    answer: Json = {name: part[name] for name in ("type", "id", "custom_id")}
    match part["type"]:
        case widgets.TEXT_INPUT | widgets.CHECKBOX:
            return answer | {"value": value}
        case widgets.RADIO_GROUP:
            offered = widgets.menu(part).offered
            return answer | {"value": widgets.pick(offered, str(value), part["custom_id"]) if value else None}
        case widgets.FILE_UPLOAD:
            uploads: list[Any] = value if isinstance(value, list) else []
            files += uploads
            return answer | {"values": [str(n) for n in range(len(files) - len(uploads), len(files))]}
    wanted: Any = value if isinstance(value, list) else [value]
    kind = widgets.STRING_SELECT if part.get("options") else part["type"]
    menu = widgets.menu(part | {"type": kind})
    return answer | {"values": menu.values(tuple(wanted))}
