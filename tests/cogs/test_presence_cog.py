"""/hush, /unhush, /autojoin: who may, what becomes of it; and coming by itself when people come."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import discord
import pytest
from cast import BOT, GUILD, Cast, posts, said

from bot.errors import VoiceError, VoiceTimeout
from bot.rooms import SENT_AWAY, SHUTTING_DOWN
from cogs import presence, wording
from cogs import presence_wording as words
from cogs.floor import FloorCog
from cogs.presence import PresenceCog


@pytest.fixture
def cog(cast: Cast) -> PresenceCog:
    return PresenceCog(cast.bot)


async def typed(cast: Cast, cog: PresenceCog, command: str, by: Any, **options: Any) -> str:
    interaction = cast.typed(by)
    await getattr(cog, command).callback(cog, interaction, **options)
    return said(interaction)


# --- /hush and /unhush ---


async def test_anyone_in_the_channel_may_hush(
    cast: Cast, cog: PresenceCog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "monotonic", lambda: 1000.0)
    cast.opened(cast.lounge)
    ana = cast.member(5, cast.lounge)
    text = await typed(cast, cog, "hush", ana, minutes=10)
    cast.room.manners.hush.assert_called_once_with(1600.0)
    assert "for 10 minutes" in text
    assert "`/unhush`" in text
    assert posts(cast.lounge) == [text], "the others wonder about the silence, too"


async def test_hushed_until_further_notice(cast: Cast, cog: PresenceCog) -> None:
    cast.opened(cast.lounge)
    text = await typed(cast, cog, "hush", cast.member(5, cast.lounge))
    cast.room.manners.hush.assert_called_once_with(None)
    assert "until somebody types `/unhush`" in text


async def test_unhush(cast: Cast, cog: PresenceCog) -> None:
    cast.opened(cast.lounge)
    ana = cast.member(5, cast.lounge)
    assert await typed(cast, cog, "unhush", ana) == words.NOT_HUSHED
    cast.company.presence.hush(None)
    text = await typed(cast, cog, "unhush", ana)
    assert not cast.company.presence.hushed
    assert posts(cast.lounge) == [text]


@pytest.mark.parametrize("command", ["hush", "unhush"])
async def test_outsiders_may_not(cast: Cast, cog: PresenceCog, command: str) -> None:
    ana, ben = cast.member(5, cast.lounge), cast.member(6, cast.workshop)
    assert await typed(cast, cog, command, ana) == wording.NOT_HERE
    cast.opened(cast.lounge)
    cast.company.presence.hush(None)
    assert "Only people in <#1>" in await typed(cast, cog, command, ben)
    cast.room.manners.hush.assert_not_called()
    assert cast.company.presence.hushed
    text = await typed(cast, cog, command, cast.member(7, move_members=True))
    assert "<@7>" in text, "a moderator may, from anywhere"


@pytest.mark.parametrize("command", ["hush", "unhush"])
async def test_only_those_with_a_role_where_the_server_names_one(
    cast: Cast, cog: PresenceCog, command: str
) -> None:
    cast.opened(cast.lounge)
    await cast.rooms.guilds.change(GUILD, member_roles=frozenset({77}))
    assert await typed(cast, cog, command, cast.member(5, cast.lounge)) == wording.only_for([77])
    cast.room.manners.hush.assert_not_called()
    for member in (
        cast.member(6, cast.lounge, roles=[77]),
        cast.member(7, cast.lounge, manage_channels=True),
        cast.member(8, cast.lounge, roles=[78]),
    ):
        await cast.rooms.guilds.change(GUILD, moderator_roles=frozenset({78}))
        assert await typed(cast, cog, command, member) != wording.only_for([77])


def test_a_hush_has_its_bounds(cog: PresenceCog) -> None:
    (minutes,) = cog.hush.parameters
    assert (minutes.min_value, minutes.max_value, minutes.required) == (1, 240, False)


# --- /autojoin ---


async def test_anybody_may_look(cast: Cast, cog: PresenceCog) -> None:
    ana = cast.member(5, cast.lounge)
    assert "only when called" in await typed(cast, cog, "autojoin", ana)
    await cast.rooms.guilds.change(GUILD, autojoin=frozenset({1, 2, 404}))
    assert "<#1>, <#2>." in await typed(cast, cog, "autojoin", ana), "one has been deleted since"


async def test_only_moderators_may_change(cast: Cast, cog: PresenceCog) -> None:
    for options in ({"channel": cast.lounge}, {"switch": "off"}):
        assert await typed(cast, cog, "autojoin", cast.member(5, cast.lounge), **options) == (
            words.NOT_YOURS_TO_SET
        )
    assert not cast.settings.autojoin


async def test_on_and_off(cast: Cast, cog: PresenceCog) -> None:
    moderator = cast.member(5, cast.lounge, manage_channels=True)
    assert "From now on I come into <#2>" in await typed(
        cast, cog, "autojoin", moderator, channel=cast.workshop
    )
    await typed(cast, cog, "autojoin", moderator, switch="on")
    assert cast.settings.autojoin == {1, 2}
    assert "no longer" in await typed(cast, cog, "autojoin", moderator, channel=cast.workshop, switch="off")
    assert cast.settings.autojoin == {1}


async def test_which_channel(cast: Cast, cog: PresenceCog) -> None:
    moderator = cast.member(5, manage_guild=True)
    assert await typed(cast, cog, "autojoin", moderator, switch="on") == words.WHICH_CHANNEL


async def test_says_what_would_keep_it_out(cast: Cast, cog: PresenceCog) -> None:
    moderator = cast.member(5, cast.lounge, manage_guild=True)
    cast.lounge.permissions_for.return_value = discord.Permissions(view_channel=True)
    text = await typed(cast, cog, "autojoin", moderator, channel=cast.lounge)
    assert "**Connect**" in text
    assert cast.settings.autojoin == {1}


async def test_goes_nowhere_for_who_may_not(cast: Cast, cog: PresenceCog) -> None:
    moderator = cast.member(5, manage_guild=True)
    cast.lounge.permissions_for.return_value = discord.Permissions(view_channel=True)
    assert "may not join <#1> yourself" in await typed(cast, cog, "autojoin", moderator, channel=cast.lounge)
    assert not cast.settings.autojoin


async def test_not_into_every_channel(cast: Cast, cog: PresenceCog) -> None:
    listed = frozenset(cast.channel(100 + n).id for n in range(words.CHANNELS_AT_MOST))
    await cast.rooms.guilds.change(GUILD, autojoin=listed)
    moderator = cast.member(5, cast.lounge, manage_guild=True)
    assert await typed(cast, cog, "autojoin", moderator, channel=cast.lounge) == words.TOO_MANY_CHANNELS
    assert cast.settings.autojoin == listed


# --- coming by itself ---


class Door:
    """People and the bot going through the door of the lounge, which is listed."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.cog = PresenceCog(cast.bot)
        self.me = cast.member(BOT, bot=True)

    async def comes(self, user_id: int, *, bot: bool = False) -> Any:
        member = self.cast.member(user_id, self.cast.lounge, bot=bot)
        await self._tell(member, None, self.cast.lounge)
        return member

    async def leaves(self, member: Any) -> None:
        self.cast.leave(member)
        await self._tell(member, self.cast.lounge, None)

    async def bot_leaves(self) -> None:
        self.cast.closed()
        await self._tell(self.me, self.cast.lounge, None)

    async def _tell(self, member: Any, before: Any, after: Any) -> None:
        states: list[Any] = [SimpleNamespace(channel=before), SimpleNamespace(channel=after)]
        await self.cog.on_voice_state_update(member, *states)

    @property
    def tries(self) -> int:
        return int(self.cast.rooms.open.await_count)


@pytest.fixture
async def door(cast: Cast) -> Door:
    await cast.rooms.guilds.change(GUILD, autojoin=frozenset({cast.lounge.id}))
    return Door(cast)


async def test_comes_with_the_first_person(door: Door) -> None:
    await door.comes(5)
    door.cast.rooms.open.assert_awaited_once_with(door.cast.lounge)
    await door.comes(6)
    assert door.tries == 1


async def test_comes_for_nobody_else(door: Door) -> None:
    await door.comes(7, bot=True)
    await door._tell(door.cast.member(5), None, door.cast.workshop)
    muted = door.cast.member(6, door.cast.lounge)
    await door._tell(muted, door.cast.lounge, door.cast.lounge)
    assert door.tries == 0


async def test_stays_where_it_is_busy(door: Door) -> None:
    door.cast.opened(door.cast.workshop)
    await door.comes(5)
    assert door.tries == 0
    door.cast.room.move_to.assert_not_called()


async def test_sent_away_it_stays_away_until_the_channel_was_empty(door: Door) -> None:
    ana = await door.comes(5)
    await door.bot_leaves()
    ben = await door.comes(6)
    assert door.tries == 1
    for member in (ana, ben):
        await door.leaves(member)
    await door.comes(5)
    assert door.tries == 2


async def test_gone_because_it_was_alone_it_comes_back(door: Door) -> None:
    await door.leaves(await door.comes(5))
    await door.bot_leaves()
    await door.comes(5)
    assert door.tries == 2


async def test_another_bot_does_not_keep_the_channel_from_being_empty(door: Door) -> None:
    await door.comes(7, bot=True)
    ana = await door.comes(5)
    await door.bot_leaves()
    await door.leaves(ana)
    await door.comes(5)
    assert door.tries == 2


async def test_switched_on_anew_it_comes_with_the_next(door: Door) -> None:
    await door.comes(5)
    await door.bot_leaves()
    moderator = door.cast.member(8, manage_guild=True)
    await typed(door.cast, door.cog, "autojoin", moderator, channel=door.cast.lounge)
    await door.comes(6)
    assert door.tries == 2


async def test_what_is_in_the_way_is_said_once(door: Door) -> None:
    door.cast.lounge.permissions_for.return_value = discord.Permissions(view_channel=True)
    ana = await door.comes(5)
    await door.comes(6)
    (text,) = posts(door.cast.lounge)
    assert "`/autojoin`" in text
    assert "**Connect**" in text
    assert door.tries == 0
    assert ana.voice is not None


async def test_a_failure_is_said_once(door: Door) -> None:
    door.cast.rooms.open.side_effect = VoiceTimeout("no answer")
    await door.comes(5)
    await door.comes(6)
    assert door.tries == 1
    (text,) = posts(door.cast.lounge)
    assert "did not let me into the channel in time" in text


@pytest.mark.parametrize("sentence", [SENT_AWAY, SHUTTING_DOWN])
async def test_needs_no_words_for_what_was_meant(door: Door, sentence: str) -> None:
    door.cast.rooms.open.side_effect = VoiceError("meant", sentence=sentence)
    await door.comes(5)
    assert not posts(door.cast.lounge)


@pytest.mark.parametrize("kind", [PresenceCog, FloorCog])
def test_discord_takes_the_commands(cast: Cast, kind: type[PresenceCog | FloorCog]) -> None:
    for command in kind(cast.bot).get_app_commands():
        payload = command.to_dict(Mock())
        assert 1 <= len(payload["description"]) <= 100
        assert all(1 <= len(option["description"]) <= 100 for option in payload["options"])
