"""What a member makes of a component, held against what the bot had put there."""

from __future__ import annotations

from typing import Any

from bot.loopback.discord.components import Kind
from bot.loopback.discord.entities import Guild, Json
from bot.loopback.discord.errors import ApiError, form_error
from bot.loopback.discord.interactions import resolved

# The option types of the entities that a menu offers, by which `resolved` goes.
_OPTION_TYPES = {
    Kind.USER_SELECT: 6,
    Kind.ROLE_SELECT: 8,
    Kind.MENTIONABLE_SELECT: 9,
    Kind.CHANNEL_SELECT: 7,
}


def refused(path: str) -> ApiError:
    """The client offers nothing else: whoever sends it does so by hand, or from an outdated screen."""
    return form_error(path, "COMPONENT_VALIDATION_FAILED", "Component validation failed")


def pressed(component: Json | None, data: Json, guild: Guild) -> Json:
    """A button pressed or a menu chosen from, under a message; the `data` that the bot gets."""
    if component is None or component["type"] != data.get("component_type") or component.get("disabled"):
        raise refused("data.custom_id")
    kept: Json = {name: component[name] for name in ("id", "custom_id")}
    kept["component_type"] = component["type"]
    if component["type"] == Kind.BUTTON:
        return kept
    values = chosen(component, data.get("values"), "data.values")
    kept["values"] = values
    if component["type"] in _OPTION_TYPES:
        kept["resolved"] = resolved(guild, entities(component, values, guild, "data.values"))
    return kept


def chosen(component: Json, values: Any, path: str, least: int | None = None) -> list[str]:
    """The values of a menu or a group: those on offer, each once, as many as are asked for."""
    if not isinstance(values, list) or len(set(map(str, values))) != len(values):
        raise refused(path)
    bounds = [component.get(name) for name in ("min_values", "max_values")]
    fewest, most = (1 if bound is None else bound for bound in bounds)
    if not (fewest if least is None else least) <= len(values) <= most:
        raise refused(path)
    if "options" in component:
        offered = {option["value"] for option in component["options"]}
        if not offered.issuperset(values):
            raise refused(path)
    return [str(value) for value in values]


def entities(component: Json, values: list[str], guild: Guild, path: str) -> list[Json]:
    """The members, roles or channels chosen, in the form of a command's options."""
    kind = _OPTION_TYPES.get(Kind(component["type"]))
    if admitted := component.get("channel_types"):
        kinds = {str(channel.id): int(channel.kind) for channel in guild.channels.values()}
        if any(kinds.get(value) not in admitted for value in values):
            raise refused(path)
    return [] if kind is None else [{"type": kind, "value": value} for value in values]
