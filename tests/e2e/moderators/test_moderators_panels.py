"""/settings, /tools and the questions with buttons, through real interactions: the command, the form, the
suggestions, the button; by a member, a moderator, an administrator; and after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from front_desk import Desk, enter, open_desk

from bot.guilds import GuildSettings
from bot.loopback.discord.permissions import INVITED, Permission
from bot.loopback.loopback import BOT_TOKEN, Loopback
from bot.loopback.member import Member, MemberError
from bot.loopback.member.message import Message
from bot.store.store import Store
from bot.turns.floor import Mode
from cogs import confirmations_wording, tools_wording
from cogs import settings_wording as wording

pytestmark = pytest.mark.slow


class House:
    """The loopback with the desk on it. Ana is a member, Mo a moderator, Ada an administrator."""

    def __init__(self, world: Loopback, desk: Desk, people: list[Member]) -> None:
        self.world = world
        self.desk = desk
        self.ana, self.mo, self.ada = people

    @property
    def posts(self) -> list[Message]:
        """What the bot has written into the chat of the voice channel, as Mo sees it."""
        account = self.world.discord.world.accounts.by_token(BOT_TOKEN)
        assert account is not None
        lounge = self.world.voice_channel_id
        return [
            message
            for message in self.mo.messages
            if message.author_id == account.id and message.channel_id == lounge and not message.ephemeral
        ]

    async def asks(self, text: str, *speakers: Member) -> Message:
        """The model wants to post `text` on behalf of these; the question."""
        guild, channel = self.world.guild_id, self.world.voice_channel_id
        answer = await self.desk.model_calls(guild, channel, text, *(each.user_id for each in speakers))
        assert answer["status"] == "waiting", answer
        return await self.mo.wait_message(
            lambda message: "Shall I?" in message.content and text in message.content
        )


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(f"sqlite:///{tmp_path}/parley.db") as store:
        yield store


@pytest.fixture
async def house(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    permissions = INVITED | Permission.MANAGE_MESSAGES
    async with Loopback(bot_permissions=permissions) as world, AsyncExitStack() as stack:
        desk = await stack.enter_async_context(open_desk(world, store, monkeypatch))
        people = [await enter(world, stack, name) for name in ("Ana", "Mo", "Ada")]
        moderator = Permission.MOVE_MEMBERS | Permission.MANAGE_MESSAGES
        world.discord.world.grant(people[1].user_id, moderator)
        world.discord.world.grant(people[2].user_id, Permission.ADMINISTRATOR)
        yield House(world, desk, people)


def own_role(house: House, member: Member) -> int:
    """The role by which they have their permissions."""
    return house.world.discord.world.guilds[house.world.guild_id].members[member.user_id].roles[-1]


# --- /settings ---


async def test_members_are_not_even_offered_the_commands(house: House) -> None:
    for command in ("settings", "tools list", "tools try"):
        with pytest.raises(MemberError, match="no command"):
            await house.ana.type(command)


async def test_every_part_of_the_settings(house: House) -> None:
    panel = await house.mo.type("settings")
    assert panel.ephemeral
    assert panel.content.startswith(wording.TITLE)
    assert len(panel.buttons) == 7

    async def fill(button: str, **values: str | int | list[int]) -> Message:
        form = await house.ada.form(house.ada.press(shown, button))
        assert form.title == button
        return await house.ada.submit(form, {labels[name]: value for name, value in values.items()})

    labels = {
        "mode": wording.MODE_LABEL,
        "follow_up": wording.FOLLOW_UP_LABEL,
        "greeting": wording.GREETING_LABEL,
        "alone": wording.ALONE_LABEL,
        "autojoin": wording.AUTOJOIN_LABEL,
        "language": wording.LANGUAGE_LABEL,
        "model": wording.MODEL_LABEL,
        "members": wording.MEMBERS_LABEL,
        "moderators": wording.MODERATORS_LABEL,
    }
    shown = await house.ada.type("settings")
    world, role = house.world, own_role(house, house.mo)
    await fill(wording.ADDRESSING, mode="Whoever says my name", follow_up="30")
    await fill(wording.GREETING, greeting="Sing one line.")
    await fill(wording.WAITING, alone="60")
    await fill(wording.AUTOJOIN, autojoin=[world.voice_channel_id, world.stage_channel_id])
    await fill(wording.LANGUAGE, language="portuguese")
    await fill(wording.MODEL, model="gemini-3.1-flash-live-preview")
    last = await fill(wording.WHO, members=[role], moderators=[role])

    assert last.id == shown.id, "it stays one panel"
    for line in (
        "I answer: **whoever says my name** (`named`).",
        "For 30 s after an answer",
        "On joining: “Sing one line.”",
        "I leave after 1 min alone.",
        f"I come by myself into <#{world.voice_channel_id}>, <#{world.stage_channel_id}>.",
        "Language: **Portuguese** (`pt`).",
        "Model: `gemini-3.1-flash-live-preview`.",
        f"members with <@&{role}>, and moderators.",
        f"and those with <@&{role}>.",
    ):
        assert line in last.content
    settings = house.desk.rooms.guilds.of(world.guild_id)
    assert (settings.mode, settings.model, settings.member_roles) == (
        Mode.NAMED,
        "gemini-3.1-flash-live-preview",
        {role},
    )


async def test_what_cannot_be_is_said_and_nothing_changed(house: House) -> None:
    panel = await house.mo.type("settings")
    form = await house.mo.form(house.mo.press(panel, wording.WAITING))
    answer = await house.mo.submit(form, {wording.ALONE_LABEL: "soon"})
    assert answer.ephemeral
    assert answer.content == wording.not_seconds(wording.ALONE_LABEL, "soon", 86_400)
    assert house.desk.rooms.guilds.of(house.world.guild_id) == GuildSettings()


async def test_only_manage_server_says_who(house: House) -> None:
    panel = await house.mo.type("settings")
    answer = await house.mo.press(panel, wording.WHO)
    assert (answer.content, answer.ephemeral) == (wording.NOT_YOURS_TO_APPOINT, True)
    form = await house.ada.form(house.ada.press(await house.ada.type("settings"), wording.WHO))
    assert form.fields == [wording.MEMBERS_LABEL, wording.MODERATORS_LABEL]


async def test_a_panel_outlives_a_restart(
    house: House, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = await house.mo.type("settings")
    form = await house.mo.form(house.mo.press(panel, wording.WAITING))
    await house.mo.submit(form, {wording.NUDGE_LABEL: "45"})
    await house.desk.close()
    async with open_desk(house.world, store, monkeypatch):
        form = await house.mo.form(house.mo.press(panel, wording.WAITING))
        assert form.value(wording.NUDGE_LABEL) == "45"
        again = await house.mo.submit(form, {wording.NUDGE_LABEL: ""})
        assert "However long nobody speaks, I wait." in again.content


# --- /tools ---


async def test_the_list_in_the_channels_chat(house: House) -> None:
    listed = await house.mo.type("tools list")
    assert listed.ephemeral
    assert listed.content.startswith(tools_wording.heading(f"<#{house.world.voice_channel_id}>"))
    assert "🟢 `post`: Writes a message." in listed.content
    elsewhere = await house.ada.type("tools list", channel_id=house.world.text_channel_id)
    assert f"<#{house.world.voice_channel_id}>" in elsewhere.content, "the one that Ada is in"


async def test_the_pages_of_the_list(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools_wording, "PAGE_MAX", 100)
    first = await house.mo.type("tools list")
    assert "-# Page 1 of 2" in first.content
    second = await house.mo.press(first, tools_wording.ON)
    assert "-# Page 2 of 2" in second.content
    assert "roll_dice" in second.content
    assert "post" in (await house.mo.press(second, tools_wording.BACK)).content


async def test_off_here_on_elsewhere(house: House) -> None:
    suggested = await house.mo.complete("tools disable", "what", "chan")
    assert [choice.value for choice in suggested] == ["group:chance"]
    off = await house.mo.type("tools disable", {"what": "group:chance", "scope": "channel"})
    lounge = f"<#{house.world.voice_channel_id}>"
    assert off.content == tools_wording.disabled("group:chance", lounge)
    assert "⚪ `roll_dice`" in (await house.mo.type("tools list")).content
    tried = await house.mo.type("tools try", {"tool": "roll_dice", "arguments": '{"dice": 1}'})
    assert "switched off" in tried.content
    on = await house.mo.type("tools enable", {"what": "group:chance", "scope": "channel"})
    assert on.content == tools_wording.enabled("group:chance", lounge)


async def test_confirm_and_limit(house: House) -> None:
    for command, options, line in (
        (
            "tools confirm",
            {"what": "post", "when": "never"},
            tools_wording.confirm("post", "this server", "never"),
        ),
        ("tools limit", {"what": "post", "per_minute": 2}, tools_wording.limit("post", "this server", 2)),
    ):
        assert (await house.mo.type(command, options)).content == line
    listed = (await house.mo.type("tools list")).content
    assert "-# changes something · at most 2 calls a minute" in listed


async def test_who_by_a_form(house: House) -> None:
    role = own_role(house, house.mo)
    form = await house.mo.form(house.mo.type("tools who", {"what": "roll_dice"}))
    assert form.title == "roll_dice in this server"
    answer = await house.mo.submit(form, {tools_wording.ROLES_LABEL: [role]})
    assert answer.content == tools_wording.who("roll_dice", "this server", [role])
    form = await house.ada.form(house.ada.type("tools who", {"what": "roll_dice"}))
    assert str(form.value(tools_wording.ROLES_LABEL)) == str([role])


async def test_try_by_a_form_and_the_log(house: House) -> None:
    assert (await house.mo.type("tools log")).content == tools_wording.NOTHING_LOGGED
    assert [each.value for each in await house.mo.complete("tools try", "tool", "roll")] == ["roll_dice"]
    form = await house.mo.form(house.mo.type("tools try", {"tool": "roll_dice"}))
    answer = await house.mo.submit(form, {tools_wording.ARGUMENTS_LABEL: '{"dice": 2}'})
    assert answer.ephemeral
    assert "4,\n  4" in answer.content
    wrong = await house.mo.type("tools try", {"tool": "roll_dice", "arguments": "two"})
    assert wrong.content == tools_wording.not_json('{"dice": 0}')
    logged = await house.mo.type("tools log")
    assert "**roll\\_dice** done" in logged.content
    assert f"for <@{house.mo.user_id}> by hand" in logged.content


async def test_the_pages_of_the_log(house: House) -> None:
    for number in range(13):
        await house.desk.model_calls(house.world.guild_id, house.world.voice_channel_id, f"n{number}")
    first = await house.mo.type("tools log")
    assert first.buttons == [tools_wording.OLDER]
    second = await house.mo.press(first, tools_wording.OLDER)
    assert second.buttons == [tools_wording.NEWER]
    assert "**n2**" in second.content
    assert (await house.mo.press(second, tools_wording.NEWER)).content == first.content


# --- the questions ---


async def test_asked_confirmed_undone(house: House) -> None:
    question = await house.asks("Hello", house.mo)
    assert (question.buttons, question.ephemeral) == (["Confirm", "Refuse"], False)
    assert "**Manage Messages**" in question.content

    denied = await house.ana.press(question, "Confirm")
    assert denied.ephemeral
    assert denied.content == "Ana, you'd need Manage Messages for that."
    assert house.desk.posted == []

    done = await house.ada.press(question, "Confirm")
    assert done.content.endswith(f"✅ Done, confirmed by <@{house.ada.user_id}>.")
    assert (done.buttons, house.desk.posted) == (["Undo"], ["Hello"])
    denied = await house.ana.press(done, "Undo")
    assert denied.ephemeral
    undone = await house.mo.press(done, "Undo")
    assert "↩️ Undone by" in undone.content
    assert (undone.buttons, house.desk.posted) == ([], [])


async def test_refused(house: House) -> None:
    question = await house.asks("Hello", house.mo)
    refused = await house.mo.press(question, "Refuse")
    assert refused.content == confirmations_wording.ended(
        question.content, f"🚫 Refused by <@{house.mo.user_id}>. It was not done."
    )
    assert (refused.buttons, house.desk.posted) == ([], [])


async def test_nobody_presses(house: House) -> None:
    question = await house.asks("Hello", house.mo)
    house.desk.now += 121.0
    await house.desk.gatekeeper._confirmations.expire()
    expired = await house.mo.wait_message(lambda message: message.id == question.id and not message.buttons)
    assert expired.content.endswith(confirmations_wording.EXPIRED)
    assert expired.content.startswith("**Shall I?**")


async def test_a_question_from_before_a_restart(
    house: House, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = await house.asks("Hello", house.mo)
    await house.desk.close()
    async with open_desk(house.world, store, monkeypatch) as desk:
        late = await house.mo.press(question, "Confirm")
        assert (late.id, late.buttons, desk.posted) == (question.id, [], [])
        assert "⌛ That has expired" in late.content


async def test_where_the_bot_may_not_write_nothing_is_done(house: House) -> None:
    world = house.world.discord.world
    account = world.accounts.by_token(BOT_TOKEN)
    assert account is not None
    world.deny(account.id, house.world.voice_channel_id, Permission.SEND_MESSAGES)
    answer = await house.desk.model_calls(
        house.world.guild_id, house.world.voice_channel_id, "Hello", house.mo.user_id
    )
    assert answer["status"] == "error"
    assert (house.posts, house.desk.posted) == ([], [])
