"""/tools: who may, what is chosen for which place, what is shown of it, and what was called."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock

import discord
import pytest
from cast import GUILD, said
from toolshed import Toolshed

from bot.store.rows import AuditEntry
from bot.store.store import Store
from bot.tools.policy import Policy
from bot.tools.registry import INVOCATION_CONDITION, Result, Tool, ToolContext
from cogs import tools_wording as wording
from cogs.failure import Refusal
from cogs.tool_names import Names, example, parsed
from cogs.tools import ToolsCog
from cogs.tools_panel import PAGES, TRAIL_MAX, ListPage, LogPage

COMMANDS: dict[str, dict[str, Any]] = {
    "list_": {},
    "enable": {"what": "roll_dice"},
    "disable": {"what": "roll_dice"},
    "confirm": {"what": "roll_dice", "when": "always"},
    "limit": {"what": "roll_dice", "per_minute": 3},
    "who": {"what": "roll_dice"},
    "try_": {"tool": "hush"},
    "log": {},
}


@pytest.fixture
async def shed(tmp_path: Path) -> AsyncIterator[Toolshed]:
    async with Store.open(f"sqlite:///{tmp_path}/parley.db") as store:
        yield await Toolshed.open(store)


@pytest.fixture
def moderator(shed: Toolshed) -> Any:
    return shed.member(5, move_members=True)


def typing(shed: Toolshed, by: Any, channel: Any = None) -> Any:
    typed = shed.typed(by)
    typed.channel = channel or Mock(spec=discord.TextChannel, id=50)
    typed.channel_id = typed.channel.id
    typed.response.send_modal = AsyncMock()
    return typed


async def tools(shed: Toolshed, by: Any, command: str, *, channel: Any = None, **options: Any) -> Any:
    typed = typing(shed, by, channel)
    cog = ToolsCog(shed.bot)
    await getattr(cog, command).callback(cog, typed, **options)
    return typed


async def test_tools_that_came_later_and_names_with_capitals_are_known(
    shed: Toolshed, moderator: Any
) -> None:
    cog, typed = ToolsCog(shed.bot), typing(shed, moderator)
    condition = f"{INVOCATION_CONDITION} always."
    shed.bot.gatekeeper.add([Tool("files_readFile", condition, _nothing, group="Files")])
    for what in ("files_readFile", "FILES_READFILE", "Files", "group:files"):
        await cog.disable.callback(cog, typed, what=what)  # type: ignore[call-arg, arg-type]
    assert shed.bot.grants.said(GUILD, None, "files_readFile").enabled is False
    assert shed.bot.grants.said(GUILD, None, "group:Files").enabled is False
    await cog.try_.callback(cog, typed, tool="files_readfile")  # type: ignore[call-arg, arg-type]


async def _nothing(_: ToolContext, __: Mapping[str, Any]) -> Result:
    return {}


def shown(interaction: Any) -> str:
    """All that is to be read in a layout."""
    layout = interaction.edit_original_response.await_args.kwargs["view"]
    return "\n".join(
        item.content for item in layout.walk_children() if isinstance(item, discord.ui.TextDisplay)
    )


def buttons(interaction: Any) -> dict[str, Any]:
    """Those that can be pressed, by label."""
    layout = interaction.edit_original_response.await_args.kwargs["view"]
    found = [item for item in layout.walk_children() if isinstance(item, ListPage | LogPage)]
    return {item.item.label: item for item in found if not item.item.disabled}


# --- who ---


@pytest.mark.parametrize("command", COMMANDS)
async def test_only_moderators(shed: Toolshed, command: str) -> None:
    with pytest.raises(Refusal) as refused:
        await tools(shed, shed.member(6), command, **COMMANDS[command])
    assert refused.value.sentence == wording.NOT_YOURS_TO_SET
    assert await shed.bot.store.grants.all() == []
    await shed.rooms.guilds.change(GUILD, moderator_roles=frozenset({77}))
    await tools(shed, shed.member(7, roles=[77]), command, **COMMANDS[command])


def test_discord_shows_them_to_moderators() -> None:
    group = ToolsCog.tools
    assert group.default_permissions == discord.Permissions(move_members=True)
    assert group.guild_only
    assert sorted(command.name for command in group.commands) == [
        "confirm",
        "disable",
        "enable",
        "limit",
        "list",
        "log",
        "try",
        "who",
    ]


# --- what is chosen ---


def policy(shed: Toolshed, name: str, channel: Any = None) -> Policy:
    (tool,) = [each for each in shed.bot.gatekeeper.tools if each.name == name]
    return shed.bot.gatekeeper.policy(tool, GUILD, channel.id if channel else 999)  # type: ignore[no-any-return]


async def test_off_and_on(shed: Toolshed, moderator: Any) -> None:
    typed = await tools(shed, moderator, "disable", what="roll_dice")
    assert said(typed) == "`roll_dice` is off in this server."
    assert not policy(shed, "roll_dice").enabled
    shed.rooms.changed.assert_called_once_with(GUILD)
    typed = await tools(shed, moderator, "enable", what="Roll_Dice ")
    assert said(typed) == "`roll_dice` is on in this server: I may do it when I am asked."
    assert policy(shed, "roll_dice").enabled


async def test_a_whole_group(shed: Toolshed, moderator: Any) -> None:
    for typed_name in ("voice", "group:voice"):
        typed = await tools(shed, moderator, "disable", what=typed_name)
        assert said(typed) == "Everything in the group `voice` is off in this server."
        assert not policy(shed, "move_member").enabled
        assert policy(shed, "roll_dice").enabled
        await tools(shed, moderator, "enable", what=typed_name)


async def test_in_one_channel(shed: Toolshed, moderator: Any) -> None:
    typed = await tools(shed, moderator, "disable", channel=shed.lounge, what="roll_dice", scope="channel")
    assert said(typed) == "`roll_dice` is off in <#1>."
    assert (policy(shed, "roll_dice", shed.lounge).enabled, policy(shed, "roll_dice").enabled) == (
        False,
        True,
    )

    typed = await tools(shed, moderator, "enable", channel=shed.lounge, what="roll_dice")
    assert said(typed).split("\n") == [
        "`roll_dice` is on in this server: I may do it when I am asked.",
        wording.except_for(["roll_dice"], "<#1>"),
    ]


async def test_this_channel_is_the_one_they_are_in(shed: Toolshed) -> None:
    inside = shed.member(6, shed.workshop, move_members=True)
    typed = await tools(shed, inside, "limit", what="roll_dice", per_minute=1, scope="channel")
    assert said(typed) == "`roll_dice` in <#2>: at most 1 call a minute."
    outside = shed.member(7, move_members=True)
    with pytest.raises(Refusal) as refused:
        await tools(shed, outside, "limit", what="roll_dice", per_minute=2, scope="channel")
    assert refused.value.sentence == wording.WHICH_CHANNEL


async def test_what_was_said_about_a_tool_goes_before_its_group(shed: Toolshed, moderator: Any) -> None:
    await tools(shed, moderator, "disable", what="move_member")
    typed = await tools(shed, moderator, "enable", channel=shed.lounge, what="voice")
    assert said(typed).split("\n")[1:] == [wording.except_for(["move_member"], wording.SERVER)]
    assert not policy(shed, "move_member").enabled


@pytest.mark.parametrize("when", wording.CONFIRMS)
async def test_confirm(shed: Toolshed, moderator: Any, when: str) -> None:
    typed = await tools(shed, moderator, "confirm", what="roll_dice", when=when)
    assert said(typed) == wording.confirm("roll_dice", wording.SERVER, when)
    assert policy(shed, "roll_dice").confirm == when
    shed.rooms.changed.assert_not_called()


async def test_limit(shed: Toolshed, moderator: Any) -> None:
    typed = await tools(shed, moderator, "limit", what="fun", per_minute=3)
    assert said(typed) == "Everything in the group `fun` in this server: at most 3 calls a minute."
    assert policy(shed, "roll_dice").per_minute == 3


async def test_who(shed: Toolshed, moderator: Any) -> None:
    async def choose(*roles: int) -> Any:
        typed = await tools(shed, moderator, "who", what="roll_dice")
        typed.response.defer.assert_not_awaited()
        (form,) = typed.response.send_modal.await_args.args
        form._roles._values = [Mock(id=role) for role in roles]
        sent = typing(shed, moderator)
        await form.on_submit(sent)
        assert len(form.title) <= 45
        return form, sent

    _, sent = await choose(2, 1)
    assert said(sent) == "`roll_dice` in this server: only members with <@&1> or <@&2> may have it done."
    assert policy(shed, "roll_dice").roles == {1, 2}
    form, sent = await choose()
    assert [each.id for each in form._roles.default_values] == [1, 2]
    assert said(sent) == "`roll_dice` in this server: everybody who may do it by hand may have it done."
    assert policy(shed, "roll_dice").roles == frozenset()


async def test_who_was_demoted_while_choosing_changes_nothing(shed: Toolshed, moderator: Any) -> None:
    typed = await tools(shed, moderator, "who", what="roll_dice")
    (form,) = typed.response.send_modal.await_args.args
    form._roles._values = [Mock(id=1)]
    moderator.guild_permissions = discord.Permissions.none()
    with pytest.raises(Refusal):
        await form.on_submit(typing(shed, moderator))
    assert policy(shed, "roll_dice").roles == frozenset()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("rol_dice", "Did you mean `roll_dice`?"),
        ("zzz", "There is no tool and no group called “zzz”. `/tools list` shows them all."),
    ],
)
async def test_no_such_tool(shed: Toolshed, moderator: Any, typed: str, expected: str) -> None:
    with pytest.raises(Refusal) as refused:
        await tools(shed, moderator, "enable", what=typed)
    assert expected in refused.value.sentence


# --- what is suggested ---


def test_suggestions(shed: Toolshed) -> None:
    names = Names(shed.bot.gatekeeper.tools)

    def suggested(typed: str, **options: bool) -> list[str]:
        return [choice.value for choice in names.choices(typed, groups=options.get("groups", True))]

    assert suggested("") == [
        "group:conversation",
        "group:fun",
        "group:voice",
        "hush",
        "move_member",
        "roll_dice",
    ]
    assert suggested("", groups=False) == ["hush", "move_member", "roll_dice"]
    assert suggested("VOI") == ["group:voice", "move_member"], "the name first, then what it does"
    assert suggested("zzz") == []
    (choice,) = names.choices("fun", groups=True)
    assert choice.name == "The whole group fun (1 tool)"


def test_at_most_25_are_suggested() -> None:
    many = [
        Tool(name=f"t{n}", description=INVOCATION_CONDITION, run=AsyncMock(), summary="s" * 200)
        for n in range(60)
    ]
    choices = Names(many).choices("", groups=True)
    assert len(choices) == 25
    assert all(len(choice.name) <= 100 for choice in choices)


# --- /tools list ---


async def test_the_list(shed: Toolshed, moderator: Any) -> None:
    await tools(shed, moderator, "disable", what="roll_dice")
    await tools(shed, moderator, "limit", what="hush", per_minute=5)
    await shed.bot.grants.change(GUILD, shed.lounge.id, "move_member", roles=frozenset({3}))
    text = shown(await tools(shed, moderator, "list_", channel=shed.lounge))
    assert text.split("\n") == [
        "### What I may do in <#1>",
        "**Fun** (group `fun`)",
        "⚪ `roll_dice`: Rolls dice. **Off.**",
        "-# changes nothing",
        "",
        "**Conversation** (group `conversation`)",
        "🟢 `hush`: Falls silent.",
        "-# changes nothing · at most 5 calls a minute",
        "",
        "**Voice** (group `voice`)",
        "🟢 `move_member`: Moves a member into another voice channel.",
        "-# changes something · somebody has to confirm it · for <@&3>",
        "-# Page 1 of 1",
    ]
    text = shown(await tools(shed, moderator, "list_"))
    assert "### What I may do in this server" in text
    assert "<@&3>" not in text


async def test_the_pages_of_the_list(shed: Toolshed, moderator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "PAGE_MAX", 200)
    first = await tools(shed, moderator, "list_")
    assert list(buttons(first)) == ["Next"]
    second = await pressed(shed, moderator, buttons(first)["Next"])
    assert "-# Page 2 of 2" in shown(second)
    assert "move_member" in shown(second)
    assert list(buttons(second)) == ["Back"]
    again = await pressed(shed, moderator, buttons(second)["Back"])
    assert shown(again) == shown(first)

    refused = await pressed(shed, shed.member(8), buttons(second)["Back"])
    assert refused.followup.send.await_args.args == (wording.NOT_YOURS_TO_SET,)


def test_pages_fit_into_a_layout() -> None:
    many = [
        Tool(
            name=f"tool_{n}",
            description=INVOCATION_CONDITION,
            run=AsyncMock(),
            summary="s" * 300,
            group=group,
        )
        for group in ("a", "b")
        for n in range(30)
    ]
    pages = wording.pages([(tool, Policy(roles=frozenset(range(10**18, 10**18 + 10)))) for tool in many])
    assert all(0 < len(page) <= wording.PAGE_MAX for page in pages)
    assert sum(page.count("🟢") for page in pages) == 60


# --- /tools try ---


async def test_try_without_arguments(shed: Toolshed, moderator: Any) -> None:
    typed = await tools(shed, moderator, "try_", tool="hush")
    assert said(typed).startswith("`hush` failed:\n```json")
    assert "/join" in said(typed)
    shed.opened(shed.lounge)
    typed = await tools(shed, moderator, "try_", tool="hush")
    assert '"hushed": true' in said(typed)
    shed.room.manners.hush_when_quiet.assert_called_once_with(None)


async def test_try_with_arguments(shed: Toolshed, moderator: Any) -> None:
    typed = await tools(shed, moderator, "try_", tool="roll_dice", arguments='{"dice": 2}')
    assert '"thrown": [\n  4,\n  4\n ]' in said(typed)
    (entry,) = await shed.bot.audit.newest(GUILD, 10)
    assert (entry.how, entry.asked_by, entry.outcome) == ("try", (5,), "ok")


async def test_try_by_a_form(shed: Toolshed, moderator: Any) -> None:
    typed = await tools(shed, moderator, "try_", tool="roll_dice")
    (form,) = typed.response.send_modal.await_args.args
    assert form.title == "Try roll_dice"
    assert json.loads(form._arguments.default) == {"dice": 1}
    form._arguments._value = '{"dice": 1}'
    sent = typing(shed, moderator)
    await form.on_submit(sent)
    assert '"status": "ok"' in said(sent)


@pytest.mark.parametrize("text", ["dice 2", "[2]", "{", '"x"', "[" * 5_000])
async def test_try_with_what_is_no_object(shed: Toolshed, moderator: Any, text: str) -> None:
    with pytest.raises(Refusal) as refused:
        await tools(shed, moderator, "try_", tool="roll_dice", arguments=text)
    assert '`{"dice": 1}`' in refused.value.sentence


async def test_try_of_a_whole_group(shed: Toolshed, moderator: Any) -> None:
    with pytest.raises(Refusal) as refused:
        await tools(shed, moderator, "try_", tool="chance")
    assert refused.value.sentence == "There is no tool called “chance”. `/tools list` shows them all."


async def test_try_needs_the_same_rights(shed: Toolshed, moderator: Any) -> None:
    shed.weak.add(moderator.id)
    typed = await tools(shed, moderator, "try_", tool="move_member", arguments='{"channel": "Workshop"}')
    assert "you'd need Move Members" in said(typed)
    assert shed.moves.at == "Lounge"


async def test_a_long_result_is_cut(shed: Toolshed, moderator: Any) -> None:
    typed = await tools(shed, moderator, "try_", tool="roll_dice", arguments='{"dice": 2000}')
    assert len(said(typed)) <= 2000
    assert "the rest is not shown" in said(typed)


def test_examples(shed: Toolshed) -> None:
    by_name = {tool.name: tool for tool in shed.bot.gatekeeper.tools}
    assert example(by_name["move_member"]) == '{"channel": ""}'
    assert example(by_name["hush"]) == "{}"
    assert parsed(by_name["hush"], " ") == {}


# --- /tools log ---


async def called(shed: Toolshed, **changed: Any) -> int:
    fields: dict[str, Any] = {
        "guild_id": GUILD,
        "channel_id": 1,
        "at": datetime.now(UTC),
        "tool": "roll_dice",
        "asked_by": (5,),
        "how": "voice",
        "outcome": "ok",
        "arguments": {"dice": 2},
        "result": {"thrown": [4, 4]},
    }
    return await shed.bot.store.audit.add(AuditEntry(**fields | changed))  # type: ignore[no-any-return]


async def test_an_empty_log(shed: Toolshed, moderator: Any) -> None:
    typed = await tools(shed, moderator, "log")
    assert shown(typed) == wording.NOTHING_LOGGED
    assert not buttons(typed)


async def test_the_log(shed: Toolshed, moderator: Any) -> None:
    at = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
    await called(shed, guild_id=GUILD + 1)
    await called(shed, at=at, arguments=None, result=None)
    await called(shed, at=at, asked_by=(), outcome="denied", result={"error": "I could *not* tell."})
    assert shown(await tools(shed, moderator, "log")).split("\n") == [
        "**roll\\_dice** denied",
        "-# <t:1788264000:R>, for somebody unknown by voice in <#1>",
        "> dice: **2**",
        "> I could \\*not\\* tell.",
        "",
        "**roll\\_dice** done",
        "-# <t:1788264000:R>, for <@5> by voice in <#1>",
        "> its content is forgotten after 30 days",
    ]


async def test_the_pages_of_the_log(shed: Toolshed, moderator: Any) -> None:
    for number in range(23):
        await called(shed, arguments={"dice": number})
    first = await tools(shed, moderator, "log")
    assert list(buttons(first)) == ["Older"]
    assert "**22**" in shown(first)
    second = await pressed(shed, moderator, buttons(first)["Older"])
    assert list(buttons(second)) == ["Newer", "Older"]
    third = await pressed(shed, moderator, buttons(second)["Older"])
    assert list(buttons(third)) == ["Newer"]
    assert [f"**{n}**" in shown(third) for n in (3, 2, 1, 0)] == [False, True, True, True]
    back = await pressed(shed, moderator, buttons(third)["Newer"])
    assert shown(back) == shown(second)
    assert shown(await pressed(shed, moderator, buttons(back)["Newer"])) == shown(first)

    refused = await pressed(shed, shed.member(8), buttons(second)["Older"])
    assert refused.followup.send.await_args.args == (wording.NOT_YOURS_TO_SET,)


def test_the_log_fits_into_a_layout() -> None:
    entry = AuditEntry(
        guild_id=GUILD,
        channel_id=10**18,
        at=datetime(2026, 9, 1, tzinfo=UTC),
        tool="t" * 64,
        asked_by=tuple(range(10**18, 10**18 + 9)),
        how="button",
        outcome="waiting",
        arguments={"a": "*" * 5000},
        result={"error": "_" * 5000},
    )
    pages = "\n\n".join([wording.entry(entry)] * wording.LOGGED_AT_ONCE)
    assert len(pages) <= 4000


async def test_the_way_back_fits_into_the_name_of_a_button() -> None:
    trail = tuple(range(10**9, 10**9 + TRAIL_MAX))
    name = LogPage(trail, "older").item.custom_id
    assert name is not None
    assert len(name) <= 100
    match = LogPage.__discord_ui_compiled_template__.fullmatch(name)
    assert match is not None
    again = await LogPage.from_custom_id(Mock(), Mock(), match)
    assert again._trail == trail


async def test_the_buttons_are_heard_from_the_start(shed: Toolshed) -> None:
    cog = ToolsCog(shed.bot)
    await cog.cog_load()
    shed.bot.add_dynamic_items.assert_called_once_with(*PAGES)


async def pressed(shed: Toolshed, by: Any, button: Any) -> Any:
    """As Discord tells it: by the name of the button."""
    pressed = shed.pressed(by)
    kind = type(button)
    match = kind.__discord_ui_compiled_template__.fullmatch(button.item.custom_id)
    await (await kind.from_custom_id(pressed, button.item, match)).callback(pressed)
    return pressed
