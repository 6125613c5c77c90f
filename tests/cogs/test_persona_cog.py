"""/persona: who may, which channel is meant, what the room is told, and what does not fit into a message."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock

import discord
import pytest
from cast import GUILD, Cast, said

from audio.formats import LIVE_OUT_HZ
from bot.personas import Personas
from bot.preview import Sample
from bot.store.rows import Persona
from bot.store.store import Store
from cogs import persona_wording as wording
from cogs.failure import Refusal
from cogs.persona import PersonaCog
from cogs.persona_desk import Desk
from cogs.persona_options import suggest_earlier
from cogs.persona_showroom import Showroom

DEFAULT = Persona(name="Parley", instruction="You are Parley.")
QUINN = Persona(name="Quinn", instruction="You are Quinn.")
SAMPLE = Sample(b"\x00\x10" * LIVE_OUT_HZ, LIVE_OUT_HZ, "I am Quinn.")

MODERATORS_ONLY: dict[str, dict[str, Any]] = {
    "use": {"name": "Quiz Host"},
    "create": {"name": "Zoe"},
    "edit": {"name": "Quinn", "voice": "Kore"},
    "delete": {"name": "Quinn"},
    "history": {"name": "Quinn"},
    "rollback": {"name": "Quinn", "version": 1},
    "preview": {"name": "Quinn"},
    "export": {"name": "Quinn"},
    "import_": {"file": Mock(size=10)},
}


@pytest.fixture
async def personas(tmp_path: Path) -> AsyncIterator[Personas]:
    async with Store.open(f"sqlite:///{tmp_path}/parley.db") as store:
        yield Personas(store, DEFAULT)


@pytest.fixture
async def cog(cast: Cast, personas: Personas) -> PersonaCog:
    """A server with a persona of its own, Quinn; the bot plays what it is asked to where it is."""
    cast.bot.personas = personas
    cast.bot.house.home.return_value.tools.return_value = []
    cast.guild.me.display_name = "Botty"
    preview, play = Mock(sample=AsyncMock(return_value=SAMPLE)), Mock(return_value=True)
    await personas.save(GUILD, QUINN, 1, cast.typed(None).created_at)
    cog = PersonaCog(cast.rooms, Desk(cast.bot), Showroom(cast.bot, preview, play))
    cog.preview_service, cog.play = preview, play  # type: ignore[attr-defined]
    return cog


def someone(cast: Cast, user_id: int, channel: Any = None, **about: Any) -> Any:
    member = cast.member(user_id, channel, **about)
    member.display_name = f"Member {user_id}"
    return member


async def run(cast: Cast, cog: PersonaCog, command: str, by: Any, **options: Any) -> Any:
    """The interaction after the command."""
    interaction = cast.typed(by)
    interaction.guild, interaction.channel = cast.guild, None
    interaction.response.send_modal = AsyncMock()
    await getattr(cog, command).callback(cog, interaction, **options)
    return interaction


async def answer(cast: Cast, cog: PersonaCog, command: str, by: Any, **options: Any) -> str:
    return said(await run(cast, cog, command, by, **options))


def attached(interaction: Any) -> discord.File:
    [file] = interaction.edit_original_response.await_args.kwargs["attachments"]
    assert isinstance(file, discord.File)
    return file


# --- who ---


@pytest.mark.parametrize("command", MODERATORS_ONLY)
async def test_others_may_only_look(cast: Cast, cog: PersonaCog, personas: Personas, command: str) -> None:
    ana = someone(cast, 5, cast.lounge, mute_members=True)
    with pytest.raises(Refusal) as refusal:
        await run(cast, cog, command, ana, **MODERATORS_ONLY[command])
    assert refusal.value.sentence == wording.NOT_YOURS_TO_SET
    assert "**Parley**" in await answer(cast, cog, "list_", ana)
    assert "**Quinn** · made in this server" in await answer(cast, cog, "show", ana, name="Quinn")
    assert [each.name for each in personas.all(GUILD)][:2] == ["Parley", "Quinn"]


@pytest.mark.parametrize("right", ["move_members", "manage_channels", "manage_guild", "administrator"])
async def test_moderators_may(cast: Cast, cog: PersonaCog, right: str) -> None:
    member = someone(cast, 5, cast.lounge)
    everything = right == "administrator"
    member.guild_permissions = (
        discord.Permissions.all() if everything else discord.Permissions(**{right: True})
    )
    assert "**Quiz Host** in <#1>" in await answer(cast, cog, "use", member, name="Quiz Host")


async def test_whom_the_server_has_named_may(cast: Cast, cog: PersonaCog) -> None:
    await cast.rooms.guilds.change(GUILD, moderator_roles=frozenset({77}))
    member = someone(cast, 5, cast.lounge, roles=[77])
    assert "**Quiz Host**" in await answer(cast, cog, "use", member, name="Quiz Host")


def test_discord_shows_it_to_moderators_unless_told_otherwise() -> None:
    assert PersonaCog.persona.default_permissions == discord.Permissions(move_members=True)
    assert PersonaCog.persona.guild_only


# --- where ---


async def test_this_channel_is_the_bot_s_then_one_s_own(
    cast: Cast, cog: PersonaCog, personas: Personas
) -> None:
    outside, inside = someone(cast, 5, move_members=True), someone(cast, 6, cast.workshop, move_members=True)
    with pytest.raises(Refusal) as refusal:
        await run(cast, cog, "use", outside, name="Quinn")
    assert refusal.value.sentence == wording.WHICH_CHANNEL
    assert "in <#2>" in await answer(cast, cog, "use", inside, name="Quinn")
    cast.opened(cast.lounge)
    assert "in <#1>" in await answer(cast, cog, "use", inside, name="Quinn")
    assert "in <#2>" in await answer(cast, cog, "use", inside, name="Quiz Host", channel=cast.workshop)
    assert personas.for_channel(GUILD, 1).name == "Quinn"
    assert personas.for_channel(GUILD, 2).name == "Quiz Host"


async def test_the_server_s_choice_tells_of_the_exception(cast: Cast, cog: PersonaCog) -> None:
    moderator = someone(cast, 5, cast.lounge, move_members=True)
    cast.opened(cast.lounge)
    await run(cast, cog, "use", moderator, name="Quinn")
    text = await answer(cast, cog, "use", moderator, name="Quiz Host", scope="server")
    assert text == "\n".join(
        [wording.in_use("Quiz Host", "the whole server", live=False), wording.keeps_its_own("<#1>", "Quinn")]
    )


# --- the room ---


async def test_the_room_is_told_of_what_concerns_it_and_nothing_else(cast: Cast, cog: PersonaCog) -> None:
    moderator = someone(cast, 5, cast.lounge, move_members=True)
    changed = cast.rooms.changed
    await run(cast, cog, "use", moderator, name="Quinn")
    await run(cast, cog, "use", moderator, name="Quinn", channel=cast.workshop)
    changed.assert_not_called()
    cast.opened(cast.lounge)
    for command, options in (
        ("use", {"name": "Quiz Host"}),
        ("use", {"name": "Quinn"}),
        ("edit", {"name": "Quinn", "voice": "Kore"}),
        ("rollback", {"name": "Quinn", "version": 1}),
    ):
        changed.reset_mock()
        assert (
            "from the next quiet moment on"
            in (await answer(cast, cog, command, moderator, **options)).lower()
        )
        changed.assert_called_once_with(GUILD)
    changed.reset_mock()
    await run(cast, cog, "use", moderator, name="Quinn")
    await run(cast, cog, "edit", moderator, name="Quiz Host", voice="Kore")
    changed.assert_not_called()


async def test_what_is_in_use_and_deleted_is_no_longer(cast: Cast, cog: PersonaCog) -> None:
    moderator = someone(cast, 5, cast.lounge, move_members=True)
    cast.opened(cast.lounge)
    await run(cast, cog, "use", moderator, name="Quinn")
    cast.rooms.changed.reset_mock()
    asked = await run(cast, cog, "delete", moderator, name="Quinn")
    view = asked.edit_original_response.await_args.kwargs["view"]
    pressed = cast.pressed(moderator)
    await view.delete.callback(pressed)
    assert said(pressed) == wording.deleted("Quinn", comes_back=False)
    cast.rooms.changed.assert_called_once_with(GUILD)


# --- what is said ---


async def test_what_does_not_fit_comes_as_a_file(cast: Cast, cog: PersonaCog, personas: Personas) -> None:
    moderator = someone(cast, 5, cast.lounge, move_members=True)
    at = cast.typed(None).created_at
    before = " ".join(f"one{number}" for number in range(400))
    for text in (before, before.replace("one", "two")):
        await personas.save(GUILD, replace(QUINN, instruction=text), 5, at)
    shown = await run(cast, cog, "history", moderator, name="Quinn")
    content = attached(shown).fp.read().decode()
    assert "What version 3 changed:" in content
    assert "two399" in content
    assert said(shown).splitlines()[0].startswith("**3** · ")
    assert said(shown).endswith("What version 3 changed:\n… The file has all of it.")
    told = await run(cast, cog, "show", moderator, name="Quinn")
    assert attached(told).filename == "instruction.txt"


async def test_what_is_shown_is_unchanged_whatever_stands_in_it(
    cast: Cast, cog: PersonaCog, personas: Personas
) -> None:
    at = cast.typed(None).created_at
    await personas.save(GUILD, replace(QUINN, instruction="Say **this**: _x_."), 5, at)
    text = await answer(cast, cog, "show", someone(cast, 5), name="Quinn")
    assert "```\nSay **this**: _x_.\n" in text, "a block shows it as it is"
    await personas.save(GUILD, replace(QUINN, instruction="Say ```this```."), 5, at)
    shown = await run(cast, cog, "show", someone(cast, 5), name="Quinn")
    assert attached(shown).fp.read().startswith(b"Say ```this```.")


async def test_no_answer_is_longer_than_discord_allows(
    cast: Cast, cog: PersonaCog, personas: Personas
) -> None:
    at = cast.typed(None).created_at
    for number in range(49):
        await personas.save(GUILD, replace(QUINN, name=f"{number}" * 16, instruction="x" * 4000), 5, at)
    listed = await run(cast, cog, "list_", someone(cast, 5))
    assert attached(listed).fp.read().count(b"\n") >= 58
    assert len(said(listed)) < 2000
    unknown = re.compile(r"There is no persona called “x+…”\. There are: .* and 39 more\.")
    moderator = someone(cast, 6, cast.lounge, move_members=True)
    for command in ("use", "edit", "delete", "history", "preview", "export"):
        with pytest.raises(Refusal) as refused:
            await run(cast, cog, command, moderator, name="x" * 6000)
        assert unknown.fullmatch(refused.value.sentence)
        assert len(refused.value.sentence) < 2000


async def test_a_form_s_answer_that_does_not_fit_comes_as_a_file(
    cast: Cast, cog: PersonaCog, personas: Personas
) -> None:
    at, moderator = cast.typed(None).created_at, someone(cast, 5, cast.lounge, move_members=True)
    await personas.save(GUILD, replace(QUINN, instruction="one " * 900), 5, at)
    opened = await run(cast, cog, "edit", moderator, name="Quinn")
    form = opened.response.send_modal.await_args.args[0]
    form._instruction._value = "two " * 900
    submitted = cast.sent(moderator)
    await form.on_submit(submitted)
    assert said(submitted).startswith("**Quinn** is changed (version 3).")
    assert b"two two" in attached(submitted).fp.read()


async def test_only_what_is_another_version_is_brought_back(
    cast: Cast, cog: PersonaCog, personas: Personas
) -> None:
    at, moderator = cast.typed(None).created_at, someone(cast, 5, move_members=True)
    await personas.save(GUILD, replace(QUINN, voice="Kore"), 5, at)
    assert await answer(cast, cog, "rollback", moderator, name="Quinn", version=2) == wording.UNCHANGED
    for name, sentence in (
        ("Zoe", wording.unknown("Zoe", [each.name for each in personas.all(GUILD)])),
        ("Quiz Host", wording.no_history("Quiz Host")),
    ):
        with pytest.raises(Refusal) as refused:
            await run(cast, cog, "rollback", moderator, name=name, version=1)
        assert refused.value.sentence == sentence
    await personas.delete(GUILD, "Quinn", 5, at)
    typing = cast.typed(moderator)
    typing.guild_id, typing.namespace.name, typing.client.personas = GUILD, "Quinn", personas
    assert [choice.value for choice in await suggest_earlier(typing, "")] == [2, 1]
    assert "version 1" in await answer(cast, cog, "rollback", moderator, name="Quinn", version=1)


# --- previews ---


async def test_a_preview_is_heard_in_the_channel_by_who_is_there(cast: Cast, cog: Any) -> None:
    inside, outside = (
        someone(cast, 5, cast.lounge, move_members=True),
        someone(cast, 6, cast.workshop, move_members=True),
    )
    from_file = await run(cast, cog, "preview", inside, name="Quinn")
    assert attached(from_file).filename == "preview.ogg"
    cast.opened(cast.lounge)
    assert await answer(cast, cog, "preview", inside, name="Quinn") == wording.heard_in("<#1>", "I am Quinn.")
    cog.play.assert_called_once_with(GUILD, SAMPLE)
    assert attached(await run(cast, cog, "preview", outside, name="Quinn")).filename == "preview.ogg"
    cog.play.return_value = False  # somebody is speaking
    assert attached(await run(cast, cog, "preview", inside, name="Quinn")).filename == "preview.ogg"


async def test_one_preview_at_a_time(cast: Cast, cog: Any) -> None:
    moderator = someone(cast, 5, cast.lounge, move_members=True)

    async def meanwhile(*_: object) -> Sample:
        with pytest.raises(Refusal) as refusal:
            await run(cast, cog, "preview", moderator, name="Quinn")
        assert refusal.value.sentence == wording.PREVIEW_BUSY
        return SAMPLE

    cog.preview_service.sample.side_effect = meanwhile
    await run(cast, cog, "preview", moderator, name="Quinn")
    cog.preview_service.sample.side_effect = None
    await run(cast, cog, "preview", moderator, name="Quinn")


async def test_a_file_that_cannot_be_fetched(cast: Cast, cog: PersonaCog) -> None:
    file = Mock(size=10, read=AsyncMock(side_effect=OSError))
    with pytest.raises(Refusal) as refusal:
        await run(cast, cog, "import_", someone(cast, 5, move_members=True), file=file)
    assert refusal.value.sentence == wording.FILE_LOST
