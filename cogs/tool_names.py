"""Which tool, or group of tools, somebody means, and what they want to call it with."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from discord import app_commands

from bot.tools.policy import GROUP
from bot.tools.registry import Tool
from cogs import tools_wording as wording
from cogs.failure import Refusal

SHOWN_MAX = 25  # Discord API docs, "Application Command Autocomplete"
LABEL_MAX = 100

_BLANKS: dict[str, Any] = {
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "array": [],
    "object": {},
}


class Names:
    """Of all tools there are. A group is known as ``group:NAME``."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._groups: dict[str, list[Tool]] = {}
        for tool in tools:
            self._groups.setdefault(GROUP + tool.group, []).append(tool)

    def found(self, typed: str) -> str:
        """The tool, else the group, of that name. Raises Refusal."""
        for name in (typed.strip(), GROUP + typed.strip()):
            if found := _alike(name, [*self._tools, *self._groups]):
                return found
        raise Refusal(sentence=wording.unknown(typed, _near(typed, [*self._tools, *self._groups])))

    def tool(self, typed: str) -> Tool:
        """Raises Refusal."""
        found = _alike(typed.strip(), self._tools)
        if found is None:
            raise Refusal(sentence=wording.unknown_tool(typed, _near(typed, self._tools)))
        return self._tools[found]

    def tools(self, name: str) -> list[Tool]:
        """What is meant by a name that was `found`."""
        return self._groups.get(name) or [self._tools[name]]

    def choices(self, typed: str, *, groups: bool) -> list[app_commands.Choice[str]]:
        """What is suggested to somebody who has typed so much: names that begin like it before those that
        contain it."""
        labels = {name: f"{name}: {tool.summary}" for name, tool in self._tools.items()}
        if groups:
            labels |= {
                name: wording.whole_group(tools[0].group, len(tools)) for name, tools in self._groups.items()
            }
        wanted = typed.strip().lower()
        like = [name for name, label in labels.items() if wanted in name or wanted in label.lower()]
        like.sort(key=lambda name: (not name.removeprefix(GROUP).startswith(wanted), name))
        return [app_commands.Choice(name=labels[name][:LABEL_MAX], value=name) for name in like[:SHOWN_MAX]]


def _near(typed: str, names: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(typed.strip().lower(), names, n=2)


def _alike(typed: str, names: Collection[str]) -> str | None:
    """The name itself, else one that differs by capitals only: servers of tools may use these."""
    if typed in names:
        return typed
    return next((name for name in names if name.lower() == typed.lower()), None)


def example(tool: Tool, indent: int | None = None) -> str:
    """Arguments to be filled in, as JSON: those that must be there, or the first that may."""
    properties: Mapping[str, Any] = tool.parameters.get("properties", {})
    named = list(tool.parameters.get("required", ())) or list(properties)[:1]
    return json.dumps({name: _blank(properties.get(name, {})) for name in named}, indent=indent)


def parsed(tool: Tool, text: str) -> dict[str, Any]:
    """The JSON object that somebody wrote. Raises Refusal."""
    try:
        found = json.loads(text.strip() or "{}")
    except (ValueError, RecursionError):  # also of what is nested without end
        found = None
    if not isinstance(found, dict):
        raise Refusal(sentence=wording.not_json(example(tool)))
    return found


def _blank(schema: Mapping[str, Any]) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    if "minimum" in schema:
        return schema["minimum"]
    return _BLANKS.get(str(schema.get("type", "")).lower(), "")
