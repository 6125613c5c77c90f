"""/floor and its buttons: who may, what changes, and what everybody is told."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import discord
import pytest
from cast import BOT, GUILD, Cast, posts, said, whispered

from bot.clock import monotonic
from bot.guilds import GuildSettings
from bot.turns.floor import FloorRules, Interrupt, Mode
from cogs import floor_wording as wording
from cogs.button import FloorButtons
from cogs.floor import FloorCog


async def floor(cast: Cast, by: Any, **options: Any) -> str:
    typed = cast.typed(by)
    cog = FloorCog(cast.bot)
    await cog.floor.callback(cog, typed, **options)  # type: ignore[call-arg, arg-type]
    return said(typed)


async def press(cast: Cast, by: Any, button: str) -> Any:
    pressed = cast.pressed(by)
    await getattr(FloorButtons(), button).callback(pressed)
    return pressed


async def test_anybody_may_look(cast: Cast) -> None:
    text = await floor(cast, cast.member(5))
    assert text == wording.rules(GuildSettings())
    assert "by name with more" in text
    assert "For 10 s after an answer" in text
    assert cast.settings == GuildSettings()


@pytest.mark.parametrize("right", ["move_members", "manage_channels", "manage_guild", "administrator"])
async def test_moderators_may_change(cast: Cast, right: str) -> None:
    rights = discord.Permissions.all() if right == "administrator" else discord.Permissions(**{right: True})
    member = cast.member(5)
    member.guild_permissions = rights
    text = await floor(cast, member, mode="named", follow_up=0, interrupt="asker")
    assert cast.settings == GuildSettings(mode=Mode.NAMED, follow_up_s=0.0, interrupt=Interrupt.ASKER)
    assert "Each time you have to say my name" in text


async def test_others_may_not(cast: Cast) -> None:
    text = await floor(cast, cast.member(5, cast.lounge, mute_members=True), mode="open")
    assert text == wording.NOT_YOURS_TO_SET
    assert cast.settings.mode is Mode.AUTO


async def test_a_role_makes_a_moderator(cast: Cast) -> None:
    await cast.rooms.guilds.change(GUILD, moderator_roles=frozenset({77}))
    assert await floor(cast, cast.member(5, roles=[78]), mode="open") == wording.NOT_YOURS_TO_SET
    await floor(cast, cast.member(6, roles=[78, 77]), mode="open")
    assert cast.settings.mode is Mode.OPEN


async def test_the_room_goes_by_the_new_rules_at_once(cast: Cast) -> None:
    cast.opened(cast.lounge)
    await floor(cast, cast.member(5, move_members=True), mode="open")
    assert cast.company.floor.rules.mode is Mode.OPEN


async def test_a_host_is_named_and_taken_off(cast: Cast) -> None:
    moderator, ana = cast.member(5, move_members=True), cast.member(6)
    assert "no host yet" in await floor(cast, moderator, mode="host")
    assert "Hosts: <@6>" in await floor(cast, moderator, host=ana)
    assert cast.settings.hosts == {6}
    assert "no host yet" in await floor(cast, moderator, host=ana)
    assert not cast.settings.hosts


async def test_no_bots_and_no_crowd_of_hosts(cast: Cast) -> None:
    moderator = cast.member(5, move_members=True)
    assert await floor(cast, moderator, host=cast.member(7, bot=True)) == wording.HOST_IS_A_BOT
    full = frozenset(range(wording.HOSTS_AT_MOST))
    await cast.rooms.guilds.change(GUILD, hosts=full)
    assert await floor(cast, moderator, host=cast.member(700)) == wording.TOO_MANY_HOSTS
    assert cast.settings.hosts == full
    await floor(cast, moderator, host=cast.member(3))
    assert cast.settings.hosts == full - {3}


def test_every_choice_has_its_words() -> None:
    assert set(wording.MODES) == set(Mode)
    assert set(wording.INTERRUPTS) == set(Interrupt)
    assert all(len(text) <= 100 for text in [*wording.MODES.values(), *wording.INTERRUPTS.values()])
    assert GuildSettings().follow_up_s == FloorRules().follow_up_s


def test_it_fits_into_a_message() -> None:
    hosts = frozenset(1_573_545_589_415_608_323 + n for n in range(wording.HOSTS_AT_MOST))
    assert len(wording.rules(GuildSettings(mode=Mode.HOST, hosts=hosts))) <= 2000


# --- the buttons ---


@pytest.fixture
async def push(cast: Cast) -> Cast:
    await cast.rooms.guilds.change(GUILD, mode=Mode.PUSH)
    cast.company.rules_changed()
    cast.opened(cast.lounge)
    return cast


def holder(cast: Cast) -> int | None:
    return cast.company.floor.holder(monotonic())


async def test_push_mode_hangs_the_buttons_into_the_channels_chat(cast: Cast) -> None:
    cast.opened(cast.lounge)
    await floor(cast, cast.member(5, move_members=True), mode="push")
    assert posts(cast.lounge) == [wording.FREE]
    labels = [item.label for item in cast.lounge.send.await_args.kwargs["view"].children]
    assert labels == ["Hold the floor", "Give it back"]


async def test_no_buttons_where_there_is_no_room(cast: Cast) -> None:
    await floor(cast, cast.member(5, move_members=True), mode="push")
    assert not posts(cast.lounge)


async def test_says_when_it_may_not_write(cast: Cast) -> None:
    cast.opened(cast.lounge)
    cast.lounge.send.side_effect = OSError()
    text = await floor(cast, cast.member(5, move_members=True), mode="push")
    assert "may not write in <#1>" in text
    assert "**Send Messages**" in text


async def test_taking_the_floor_and_giving_it_back(push: Cast) -> None:
    ana = push.member(5, push.lounge)
    text = said(await press(push, ana, "hold"))
    assert text == "<@5> has the floor (it is free again <t:1788264060:R>)."  # 12:01:00 UTC
    assert holder(push) == 5
    assert said(await press(push, ana, "give_back")) == wording.FREE
    assert holder(push) is None


async def test_the_buttons_stay_when_pressed(push: Cast) -> None:
    pressed = await press(push, push.member(5, push.lounge), "hold")
    assert "view" not in pressed.edit_original_response.await_args.kwargs


async def test_one_at_a_time(push: Cast) -> None:
    ana, ben = push.member(5, push.lounge), push.member(6, push.lounge)
    await press(push, ana, "hold")
    for button in ("hold", "give_back"):
        assert whispered(await press(push, ben, button)) == wording.TAKEN
    assert holder(push) == 5


@pytest.mark.parametrize("button", ["hold", "give_back"])
async def test_only_people_in_the_channel(push: Cast, button: str) -> None:
    for outsider in (push.member(5), push.member(6, push.workshop)):
        assert "people in <#1>" in whispered(await press(push, outsider, button))
    assert holder(push) is None


async def test_a_button_of_a_room_that_has_gone(push: Cast) -> None:
    push.closed()
    assert "`/join`" in whispered(await press(push, push.member(5, push.lounge), "hold"))


async def test_a_button_of_a_mode_that_has_gone(push: Cast) -> None:
    await push.rooms.guilds.change(GUILD, mode=Mode.OPEN)
    pressed = await press(push, push.member(5, push.lounge), "hold")
    pressed.edit_original_response.assert_awaited_once_with(content=wording.OUTDATED, view=None)


async def test_buttons_work_after_a_restart(cast: Cast) -> None:
    cog = FloorCog(cast.bot)
    await cog.cog_load()
    (view,) = cast.bot.add_view.call_args.args
    assert view.is_persistent()


@pytest.mark.parametrize(
    ("mode", "moved", "expected"),
    [(Mode.PUSH, True, [wording.FREE]), (Mode.PUSH, False, []), (Mode.OPEN, True, [])],
)
async def test_the_buttons_follow_when_the_bot_is_moved(
    cast: Cast, mode: Mode, moved: bool, expected: list[str]
) -> None:
    await cast.rooms.guilds.change(GUILD, mode=mode)
    cast.opened(cast.lounge)
    before, after = Mock(channel=cast.lounge if moved else None), Mock(channel=cast.workshop)
    await FloorCog(cast.bot).on_voice_state_update(cast.member(BOT, bot=True), before, after)
    assert posts(cast.workshop) == expected


async def test_nobody_else_takes_the_buttons_along(push: Cast) -> None:
    before, after = Mock(channel=push.lounge), Mock(channel=push.workshop)
    await FloorCog(push.bot).on_voice_state_update(push.member(5), before, after)
    assert not posts(push.workshop)
