"""Modals: the form that a bot opens, and what a member fills into it."""

from __future__ import annotations

from typing import Any

from bot.loopback.discord import components as parts
from bot.loopback.discord import errors, selections
from bot.loopback.discord.components import SELECTS, Check, Kind, Tally
from bot.loopback.discord.entities import Guild, Json
from bot.loopback.discord.errors import form_error
from bot.loopback.discord.interactions import resolved

VALUE_MAX = 4000
_IN_LABEL = (
    Kind.TEXT_INPUT,
    *SELECTS,
    Kind.FILE_UPLOAD,
    Kind.RADIO_GROUP,
    Kind.CHECKBOX_GROUP,
    Kind.CHECKBOX,
)


def checked(modal: Json) -> Json:
    """A modal as Discord shows it; 50035 naming the field that it does not take."""
    tally = Tally()
    parts.text(modal, "custom_id", "data", 100, 1)
    parts.text(modal, "title", "data", 45, 1)
    for index, component in enumerate(parts.entries(modal, "components", "data", 5)):
        path = f"data.components.{index}"
        kind = parts.kind_of(component, (Kind.ACTION_ROW, Kind.TEXT_DISPLAY, Kind.LABEL), path)
        _TOP[kind](component, path, tally)
    return modal | {"components": parts.numbered(modal["components"])}


def _row(component: Json, path: str, tally: Tally) -> None:
    """The way of before 2025: one text input, which has its label itself."""
    (child,) = parts.entries(component, "components", path, 1)
    here = f"{path}.components.0"
    parts.kind_of(child, (Kind.TEXT_INPUT,), here)
    parts.text(child, "label", here, 45, 1)
    _text_input(child, here, tally)


def _label(component: Json, path: str, tally: Tally) -> None:
    parts.text(component, "label", path, 45, 1)
    parts.text(component, "description", path, 100)
    here, child = f"{path}.component", component.get("component")
    kind = parts.kind_of(child, _IN_LABEL, here)
    assert isinstance(child, dict)
    if child.get("disabled"):
        raise form_error(f"{here}.disabled", "COMPONENT_DISABLED_IN_MODAL", "Not in a modal")
    if kind is Kind.TEXT_INPUT and child.get("label"):
        raise form_error(f"{here}.label", "BASE_TYPE_UNKNOWN", "Not within a label")
    if child.get("required", True) and child.get("min_values") == 0:
        raise form_error(
            f"{here}.min_values", "NUMBER_TYPE_MIN", "int value should be greater than or equal to 1."
        )
    _INPUTS[kind](child, here, tally)


def _text_input(component: Json, path: str, tally: Tally) -> None:
    parts.custom_id(component, path, tally)
    if not parts.number(component, "style", path, 1, 2, 0):
        raise errors.required(f"{path}.style")
    least = parts.number(component, "min_length", path, 0, VALUE_MAX, 0)
    most = parts.number(component, "max_length", path, 1, VALUE_MAX, VALUE_MAX)
    if least > most:
        raise form_error(
            f"{path}.min_length", "NUMBER_TYPE_MAX", f"int value should be between 0 and {most}."
        )
    parts.text(component, "placeholder", path, 100)
    if value := component.get("value"):
        parts.text({"value": value}, "value", path, most, least)


def _file_upload(component: Json, path: str, tally: Tally) -> None:
    parts.custom_id(component, path, tally)
    parts.value_bounds(component, path, 10)


def _radio_group(component: Json, path: str, tally: Tally) -> None:
    parts.custom_id(component, path, tally)
    parts.options(component, path, 10, 2)


def _checkbox_group(component: Json, path: str, tally: Tally) -> None:
    parts.custom_id(component, path, tally)
    parts.options(component, path, 10)
    parts.value_bounds(component, path, 10, len(component["options"]))


_TOP: dict[Kind, Check] = {
    Kind.ACTION_ROW: _row,
    Kind.TEXT_DISPLAY: parts.text_display,
    Kind.LABEL: _label,
}
_INPUTS: dict[Kind, Check] = {
    Kind.TEXT_INPUT: _text_input,
    **dict.fromkeys(SELECTS, parts.select),
    Kind.FILE_UPLOAD: _file_upload,
    Kind.RADIO_GROUP: _radio_group,
    Kind.CHECKBOX_GROUP: _checkbox_group,
    Kind.CHECKBOX: parts.custom_id,
}


def submitted(modal: Json, filled: Any, guild: Guild, uploads: Json) -> Json:
    """What the bot gets of a filled form; 50035 for what the client would not have let go.

    `uploads` are the attachment objects of the files sent along, by their number in the form."""
    given = {part.get("custom_id"): part for part in parts.walk(filled if isinstance(filled, list) else [])}
    options: list[Json] = []
    attached: Json = {}

    def answer(component: Json, path: str) -> Json:
        kept: Json = {name: component[name] for name in ("type", "id", "custom_id")}
        kept |= _filled(component, given.get(component["custom_id"], {}), path)
        if component["type"] == Kind.FILE_UPLOAD:
            files = [uploads.get(value, {}) for value in kept["values"]]
            kept["values"] = [file["id"] for file in files if file]
            attached.update({file["id"]: file for file in files if file})
        else:
            chosen = kept.get("values", [])
            options.extend(selections.entities(component, chosen, guild, f"{path}.values"))
        return kept

    answers = []
    for index, top in enumerate(modal["components"]):
        path, kept = f"data.components.{index}", {"type": top["type"], "id": top["id"]}
        if top["type"] == Kind.LABEL:
            answers.append(kept | {"component": answer(top["component"], f"{path}.component")})
        elif top["type"] == Kind.ACTION_ROW:
            answers.append(kept | {"components": [answer(top["components"][0], f"{path}.components.0")]})
        else:
            answers.append(kept)
    data: Json = {"custom_id": modal["custom_id"], "components": answers}
    found = resolved(guild, options) | ({"attachments": attached} if attached else {})
    return data | ({"resolved": found} if found else {})


def _filled(component: Json, given: Json, path: str) -> Json:
    """The value or values of one input, within what it admits."""
    required, kind = component.get("required", True), component["type"]
    if kind == Kind.TEXT_INPUT:
        return {"value": _written(component, given.get("value") or "", required, path)}
    if kind == Kind.CHECKBOX:
        return {"value": bool(given.get("value"))}
    if kind == Kind.RADIO_GROUP:
        value = given.get("value")
        values = [] if value is None else [value]
        selections.chosen(component, values, f"{path}.value", int(required))
        return {"value": value}
    values, least = given.get("values") or [], None if required else 0
    if kind == Kind.CHECKBOX_GROUP:
        component = {"max_values": len(component["options"])} | component
    return {"values": selections.chosen(component, values, f"{path}.values", least if not values else None)}


def _written(component: Json, value: Any, required: bool, path: str) -> str:
    least = max(component.get("min_length") or 0, int(required))
    most = component.get("max_length") or VALUE_MAX
    if value == "" and not required:
        return ""
    return parts.text({"value": value}, "value", path, most, least)
