"""All tools of the server together: how they are declared, and who may have which done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from town import Town, founded

from bot.loopback.discord.permissions import INVITED, Permission
from bot.tools.authority import Allowed, Denied, decide
from bot.tools.guild import GUILD_TOOLS
from bot.tools.guild.place import Place
from bot.tools.guild.reminders import reminder_tools
from bot.tools.policy import Policy
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


async def verdict(town: Town, name: str, args: dict[str, Any], *speakers: Any, clear: bool = True) -> Any:
    context = town.context(*speakers, clear=clear)
    tool = BY_NAME[name]
    rights = await Place.of(context).rights(context.asked.speakers)
    needs = tool.needs(context, args)
    return decide(needs, context.asked, rights, Policy(), changes=tool.changes)


def hold(town: Town, user_id: int, right: Permission, *, held: bool) -> None:
    """Give or take a right in the two channels that the calls above are about."""
    for name in ("general", "Lounge"):
        channel = town.channel(name)
        town.world.deny(user_id, channel.id, right)
        if held:
            channel.overwrites[user_id].deny &= ~int(right)
            channel.overwrites[user_id].allow |= int(right)
            town.world.limit_users(channel.id, 0)


@every_call
async def test_member_moderator_administrator(
    town: Town, name: str, args: dict[str, Any], right: Permission, title: str
) -> None:
    ana, ben, cem = await town.member("Ana"), await town.member("Ben"), await town.member("Cem")
    hold(town, ana.id, right, held=False)
    hold(town, ben.id, right, held=True)
    hold(town, cem.id, right, held=False)
    town.world.grant(cem.id, Permission.ADMINISTRATOR)
    await town.known()
    denied = await verdict(town, name, args, ana)
    assert isinstance(denied, Denied)
    assert denied.sentence == f"Ana, you'd need {title} for that."
    assert await verdict(town, name, args, ben) == Allowed()
    assert await verdict(town, name, args, cem) == Allowed()
    assert isinstance(await verdict(town, name, args, ben, ana), Denied)
    assert isinstance(await verdict(town, name, args, ben, clear=False), Denied)


@every_call
async def test_the_bot_lacks_it(
    monkeypatch: pytest.MonkeyPatch, name: str, args: dict[str, Any], right: Permission, title: str
) -> None:
    async with founded(monkeypatch, bot_permissions=INVITED) as town:
        assert town.bot.user is not None
        owner = await town.member("Owner")
        hold(town, town.bot.user.id, right, held=False)
        await town.known()
        denied = await verdict(town, name, args, owner)
        assert isinstance(denied, Denied)
        assert denied.sentence == f"I'd need {title} for that myself."
