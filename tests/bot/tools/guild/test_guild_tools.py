"""All tools of the server together: how they are declared, and who may have which done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from judging import a_member_needs_it, the_bot_needs_it
from town import Town

from bot.loopback.discord.permissions import Permission
from bot.tools.guild import GUILD_TOOLS
from bot.tools.guild.reminders import reminder_tools
from bot.tools.registry import Registry, Tool

NO_BOOK: Any = None
TOOLS = (*GUILD_TOOLS, *reminder_tools(NO_BOOK))
BY_NAME = {tool.name: tool for tool in TOOLS}

# What the Live API's function declarations take of JSON Schema.
KEYS = {"type", "properties", "required", "description", "enum", "items", "minimum", "maximum"}

every_tool = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)


def schemas(schema: Any) -> Iterator[dict[str, Any]]:
    yield schema
    for inner in (*schema.get("properties", {}).values(), *filter(None, [schema.get("items")])):
        yield from schemas(inner)


def test_no_name_is_given_twice() -> None:
    assert len(Registry(TOOLS).declarations()) == len(TOOLS) >= 17


@every_tool
def test_declarations(tool: Tool) -> None:
    assert tool.name.isidentifier() and len(tool.name) <= 40
    assert tool.summary.endswith(".") and len(tool.summary) <= 100
    assert len(tool.description) <= 500
    assert tool.group != "conversation" or tool.name in {"hush", "change_persona"}
    assert 0 < tool.timeout_s <= 15
    assert tool.undo is None or tool.changes
    assert not tool.parameters or tool.parameters["type"] == "object"
    for schema in schemas(tool.parameters):
        assert set(schema) <= KEYS
        assert set(schema.get("required", ())) <= set(schema.get("properties", ()))


CALLS: list[tuple[str, dict[str, Any], Permission, str]] = [
    ("read_messages", {"channel": "general"}, Permission.READ_MESSAGE_HISTORY, "Read Message History"),
    ("post_message", {"channel": "general", "text": "x"}, Permission.SEND_MESSAGES, "Send Messages"),
    (
        "create_thread",
        {"channel": "general", "name": "x"},
        Permission.CREATE_PUBLIC_THREADS,
        "Create Public Threads",
    ),
    (
        "create_poll",
        {"channel": "general", "question": "x", "answers": ["y", "z"]},
        Permission.SEND_POLLS,
        "Create Polls",
    ),
    ("create_event", {"name": "x", "start": "2030-01-01T00:00Z"}, Permission.CREATE_EVENTS, "Create Events"),
]
every_call = pytest.mark.parametrize(
    ("name", "args", "right", "title"), CALLS, ids=[call[0] for call in CALLS]
)


@every_call
async def test_member_moderator_administrator(
    town: Town, name: str, args: dict[str, Any], right: Permission, title: str
) -> None:
    await a_member_needs_it(town, BY_NAME[name], args, right, title)


@every_call
async def test_the_bot_lacks_it(
    monkeypatch: pytest.MonkeyPatch, name: str, args: dict[str, Any], right: Permission, title: str
) -> None:
    await the_bot_needs_it(monkeypatch, BY_NAME[name], args, right, title)
