"""Into a channel: where from, what is in the way, and what is put there."""

from __future__ import annotations

from unittest.mock import AsyncMock

import discord
import pytest
from cast import GUILD, Cast, posts, said

from bot.errors import VoiceRefused, VoiceTimeout
from bot.turns.floor import Mode
from cogs import wording
from cogs.arrival import Hindered, bring
from cogs.conversation import Conversation
from cogs.floor_wording import FREE


async def test_comes_in_and_moves_along(cast: Cast) -> None:
    assert "I am in <#1>" in await bring(cast.rooms, cast.lounge)
    assert "already" in await bring(cast.rooms, cast.lounge)
    cast.room.move_to = AsyncMock()
    assert "I am in <#2>" in await bring(cast.rooms, cast.workshop)
    cast.room.move_to.assert_awaited_once_with(cast.workshop)
    cast.rooms.open.assert_awaited_once_with(cast.lounge)


async def test_in_push_mode_the_buttons_come_along(cast: Cast) -> None:
    await cast.rooms.guilds.change(GUILD, mode=Mode.PUSH)
    await bring(cast.rooms, cast.lounge)
    assert posts(cast.lounge) == [FREE]


async def test_does_not_try_where_it_may_not(cast: Cast) -> None:
    cast.lounge.permissions_for.return_value = discord.Permissions(view_channel=True)
    with pytest.raises(Hindered) as hindered:
        await bring(cast.rooms, cast.lounge)
    assert "**Connect**" in hindered.value.sentence
    cast.rooms.open.assert_not_awaited()


async def test_what_went_wrong_is_a_sentence(cast: Cast) -> None:
    for error in (VoiceTimeout("silence"), VoiceRefused("4004")):
        cast.rooms.open.side_effect = error
        with pytest.raises(Hindered) as hindered:
            await bring(cast.rooms, cast.lounge)
        assert hindered.value.sentence == error.sentence
    assert not posts(cast.lounge)


async def test_leaves_with_a_goodbye(cast: Cast) -> None:
    cog, ana = Conversation(cast.bot), cast.member(5, cast.lounge)
    cast.opened(cast.lounge)
    typed = cast.typed(ana)
    await cog.leave.callback(cog, typed)  # type: ignore[call-arg, arg-type]
    cast.rooms.dismiss.assert_awaited_once_with(GUILD)
    assert said(typed) == wording.LEFT
