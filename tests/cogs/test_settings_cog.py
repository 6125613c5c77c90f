"""/settings: who sees the panel, what its forms change, and what is said when it cannot be."""

from __future__ import annotations

from typing import Any
from unittest.mock import AsyncMock, Mock

import discord
import pytest
from cast import GUILD, Cast, posts, said, whispered

from bot.guilds import GuildSettings
from bot.turns.floor import Interrupt, Mode
from cogs import floor_wording
from cogs import settings_wording as wording
from cogs.settings import SettingsCog
from cogs.settings_panel import SettingsButtons, text


async def settings(cast: Cast, by: Any) -> Any:
    typed = cast.typed(by)
    cog = SettingsCog(cast.bot)
    await cog.settings.callback(cog, typed)  # type: ignore[call-arg, arg-type]
    return typed


async def opened(cast: Cast, by: Any, button: str) -> Any:
    """The form behind a button; None if there is none for them."""
    pressed = cast.sent(by)
    pressed.type = discord.InteractionType.component
    pressed.response.send_modal = AsyncMock()
    await getattr(SettingsButtons(), button).callback(pressed)
    opened.answer = pressed  # type: ignore[attr-defined]
    return pressed.response.send_modal.await_args.args[0] if pressed.response.send_modal.await_args else None


def fill(form: Any, **values: Any) -> None:
    """What is not named is sent as it was."""
    for label in form.children:
        component = label.component
        if isinstance(component, discord.ui.Select):
            component._values = [option.value for option in component.options if option.default]
        elif isinstance(component, discord.ui.TextInput):
            component._value = component.default or ""
        else:
            component._values = [Mock(id=each.id) for each in component.default_values]
    for name, value in values.items():
        component = getattr(form, f"_{name}")
        if isinstance(component, discord.ui.TextInput):
            component._value = value
        else:
            component._values = value


async def submitted(cast: Cast, by: Any, button: str, **values: Any) -> Any:
    form = await opened(cast, by, button)
    fill(form, **values)
    sent = cast.sent(by)
    await form.on_submit(sent)
    return sent


@pytest.fixture
def moderator(cast: Cast) -> Any:
    return cast.member(5, cast.lounge, move_members=True)


@pytest.fixture
def owner(cast: Cast) -> Any:
    return cast.member(6, cast.lounge, manage_guild=True)


PARTS = ["addressing", "greeting", "waiting", "autojoin", "language", "model", "who"]


# --- who ---


async def test_members_do_not_see_it(cast: Cast) -> None:
    assert said(await settings(cast, cast.member(7))) == wording.NOT_YOURS_TO_SEE


async def test_moderators_see_how_it_is(cast: Cast, moderator: Any) -> None:
    shown = await settings(cast, moderator)
    assert said(shown) == text(cast.rooms, cast.guild) == wording.panel(GuildSettings(), [])
    labels = [item.label for item in shown.edit_original_response.await_args.kwargs["view"].children]
    assert labels == [
        wording.ADDRESSING,
        wording.GREETING,
        wording.WAITING,
        wording.AUTOJOIN,
        wording.LANGUAGE,
        wording.MODEL,
        wording.WHO,
    ]


def test_discord_shows_it_to_moderators(cast: Cast) -> None:
    command = SettingsCog(cast.bot).settings
    assert command.default_permissions == discord.Permissions(move_members=True)
    assert command.guild_only


@pytest.mark.parametrize("button", PARTS)
async def test_who_is_no_moderator_any_more_changes_nothing(cast: Cast, button: str) -> None:
    assert await opened(cast, cast.member(7), button) is None
    assert whispered(opened.answer) == wording.NOT_YOURS_TO_SEE  # type: ignore[attr-defined]


async def test_who_was_demoted_while_filling_in_changes_nothing(cast: Cast, moderator: Any) -> None:
    form = await opened(cast, moderator, "addressing")
    fill(form, mode=["open"])
    moderator.guild_permissions = discord.Permissions.none()
    sent = cast.sent(moderator)
    await form.on_submit(sent)
    assert whispered(sent) == wording.NOT_YOURS_TO_SEE
    assert cast.settings == GuildSettings()


async def test_only_manage_server_appoints(cast: Cast, moderator: Any, owner: Any) -> None:
    assert await opened(cast, moderator, "who") is None
    assert whispered(opened.answer) == wording.NOT_YOURS_TO_APPOINT  # type: ignore[attr-defined]
    form = await opened(cast, owner, "who")
    fill(form, members=[Mock(id=1)])
    owner.guild_permissions = discord.Permissions(move_members=True)
    sent = cast.sent(owner)
    await form.on_submit(sent)
    assert whispered(sent) == wording.NOT_YOURS_TO_APPOINT
    assert cast.settings == GuildSettings()


async def test_the_buttons_work_after_a_restart(cast: Cast) -> None:
    cog = SettingsCog(cast.bot)
    await cog.cog_load()
    (view,) = cast.bot.add_view.call_args.args
    assert view.is_persistent()


# --- what ---


async def test_addressing(cast: Cast, moderator: Any) -> None:
    cast.opened(cast.lounge)
    sent = await submitted(cast, moderator, "addressing", mode=["push"], interrupt=["asker"], follow_up="2,5")
    assert cast.settings == GuildSettings(mode=Mode.PUSH, interrupt=Interrupt.ASKER, follow_up_s=2.5)
    assert said(sent) == text(cast.rooms, cast.guild)
    assert cast.company.floor.rules.mode is Mode.PUSH
    assert posts(cast.lounge) == [floor_wording.FREE]


async def test_the_session_is_renewed_where_the_model_is_told(cast: Cast, moderator: Any) -> None:
    cast.opened(cast.lounge)
    await submitted(cast, moderator, "waiting", nudge="45")
    cast.rooms.changed.assert_not_called()
    assert cast.company.presence.nudge_s == 45.0
    await submitted(cast, moderator, "language", language="de")
    cast.rooms.changed.assert_called_once_with(GUILD)


async def test_what_was_not_touched_stays_unchosen(cast: Cast, moderator: Any) -> None:
    cast.rooms.guilds.change = AsyncMock()
    for part in PARTS[:-1]:
        await submitted(cast, moderator, part)
    cast.rooms.guilds.change.assert_not_awaited()


async def test_two_moderators_with_the_same_form_open_do_not_undo_each_other(
    cast: Cast, moderator: Any
) -> None:
    guilds = cast.bot.rooms.guilds
    await guilds.change(GUILD, autojoin=frozenset({30}))
    first, second = [await opened(cast, moderator, "addressing") for _ in range(2)]
    fill(first, mode=[Mode.NAMED.value])
    fill(second, follow_up="25")
    await first.on_submit(cast.sent(moderator))
    await second.on_submit(cast.sent(moderator))
    assert (guilds.of(GUILD).mode, guilds.of(GUILD).follow_up_s) == (Mode.NAMED, 25.0)

    form = await opened(cast, moderator, "autojoin")
    await guilds.change(GUILD, autojoin=frozenset({31}))  # somebody has taken one out and put one in
    fill(form, channels=[Mock(id=30), Mock(id=32)])
    await form.on_submit(cast.sent(moderator))
    assert guilds.of(GUILD).autojoin == {31, 32}


async def test_greeting_and_goodbye(cast: Cast, moderator: Any) -> None:
    sent = await submitted(cast, moderator, "greeting", greeting=" Sing. ", goodbye="")
    assert (cast.settings.greeting, cast.settings.goodbye) == ("Sing.", None)
    assert "On joining: “Sing.”" in said(sent)
    sent = await submitted(cast, moderator, "greeting", greeting="")
    assert cast.settings.greeting is None
    assert "On joining I say nothing" in said(sent)


async def test_waiting(cast: Cast, moderator: Any) -> None:
    sent = await submitted(cast, moderator, "waiting", alone="3690", nudge="45")
    assert (cast.settings.alone_s, cast.settings.nudge_s) == (3690.0, 45.0)
    assert "I leave after 1 h 1 min 30 s alone." in said(sent)
    assert "After 45 s in which nobody speaks" in said(sent)
    await submitted(cast, moderator, "waiting", alone="0", nudge="")
    assert (cast.settings.alone_s, cast.settings.nudge_s) == (None, None)


@pytest.mark.parametrize("typed", ["soon", "-1", "1e9", "nan", "inf", "86401"])
async def test_no_seconds(cast: Cast, moderator: Any, typed: str) -> None:
    sent = await submitted(cast, moderator, "waiting", alone=typed)
    assert whispered(sent) == wording.not_seconds(wording.ALONE_LABEL, typed, 86_400)
    assert cast.settings == GuildSettings()


async def test_autojoin(cast: Cast, moderator: Any) -> None:
    sent = await submitted(cast, moderator, "autojoin", channels=[cast.workshop, cast.lounge])
    assert cast.settings.autojoin == {1, 2}
    assert "I come by myself into <#1>, <#2>." in said(sent)
    form = await opened(cast, moderator, "autojoin")
    assert [each.id for each in form._channels.default_values] == [1, 2]
    del cast.channels[2]
    form = await opened(cast, moderator, "autojoin")
    assert [each.id for each in form._channels.default_values] == [1]


async def test_goes_nowhere_for_who_may_not(cast: Cast, moderator: Any) -> None:
    cast.workshop.permissions_for.return_value = discord.Permissions(view_channel=True)
    sent = await submitted(cast, moderator, "autojoin", channels=[cast.workshop])
    assert whispered(sent).startswith("You may not join <#2> yourself")
    assert not cast.settings.autojoin


@pytest.mark.parametrize(
    ("typed", "code"), [("German", "de"), ("pt_br", "pt-BR"), (" brazilian portuguese ", "pt-BR"), ("", None)]
)
async def test_language(cast: Cast, moderator: Any, typed: str, code: str | None) -> None:
    await cast.rooms.guilds.change(GUILD, language="fr")
    await submitted(cast, moderator, "language", language=typed)
    assert cast.settings.language == code


async def test_no_language(cast: Cast, moderator: Any) -> None:
    sent = await submitted(cast, moderator, "language", language="Klingon `@everyone`")
    assert whispered(sent) == wording.no_language("Klingon `@everyone`")
    assert "\\`@everyone\\`" in whispered(sent)


async def test_model(cast: Cast, moderator: Any) -> None:
    sent = await submitted(cast, moderator, "model", model=["gemini-3.1-flash-live-preview"])
    assert "Model: `gemini-3.1-flash-live-preview`." in said(sent)
    await submitted(cast, moderator, "model", model=["-"])
    assert cast.settings.model is None


async def test_who_may_use_it(cast: Cast, owner: Any) -> None:
    sent = await submitted(cast, owner, "who", members=[Mock(id=1)], moderators=[Mock(id=3), Mock(id=2)])
    assert (cast.settings.member_roles, cast.settings.moderator_roles) == ({1}, {2, 3})
    assert "members with <@&1>, and moderators." in said_last(sent)
    assert "and those with <@&2>, <@&3>." in said_last(sent)
    assert sent.followup.send.await_args.args == (wording.ALSO_IN_DISCORD,)
    form = await opened(cast, owner, "who")
    assert [each.id for each in form._moderators.default_values] == [2, 3]


def said_last(interaction: Any) -> str:
    return str(interaction.edit_original_response.await_args.kwargs["content"])


# --- that it fits ---


def test_it_fits_into_a_message() -> None:
    ids = frozenset(1_573_545_589_415_608_323 + n for n in range(25))
    full = GuildSettings(
        mode=Mode.NAMED,
        hosts=frozenset(sorted(ids)[: floor_wording.HOSTS_AT_MOST]),
        greeting="g" * 4000,
        goodbye="`" * 4000,
        alone_s=86_399.0,
        nudge_s=86_399.0,
        language="es-419",
        model="gemini-2.5-flash-native-audio-preview-12-2025",
        member_roles=ids,
        moderator_roles=ids,
    )
    panel = wording.panel(full, [f"<#{each}>" for each in ids])
    assert len(panel) <= 2000
    assert "and 20 more" in panel


@pytest.mark.parametrize("part", PARTS)
async def test_the_forms_are_as_discord_takes_them(cast: Cast, owner: Any, part: str) -> None:
    form = (await opened(cast, owner, part)).to_dict()
    assert len(form["title"]) <= 45
    assert 1 <= len(form["components"]) <= 5
    for label in form["components"]:
        assert len(label["label"]) <= 45
        assert len(label.get("description", "")) <= 100
        assert all(len(option["label"]) <= 100 for option in label["component"].get("options", []))
