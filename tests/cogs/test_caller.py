"""Who may use which commands: by permission, and by the roles that a server has named."""

from __future__ import annotations

import discord
import pytest
from cast import GUILD, Cast, said

from bot.guilds import GuildSettings
from cogs import wording
from cogs.caller import may_appoint, may_arrange, may_use
from cogs.conversation import Conversation

NAMED = GuildSettings(member_roles=frozenset({1, 2}), moderator_roles=frozenset({3}))


@pytest.mark.parametrize(
    ("roles", "uses", "arranges"),
    [([], False, False), ([9], False, False), ([9, 2], True, False), ([3], True, True), ([1, 3], True, True)],
)
def test_roles_count_where_the_server_has_named_some(
    cast: Cast, roles: list[int], uses: bool, arranges: bool
) -> None:
    member = cast.member(5, roles=roles)
    assert (may_use(member, NAMED), may_arrange(member, NAMED)) == (uses, arranges)
    assert may_use(member, GuildSettings())
    assert not may_arrange(member, GuildSettings())


@pytest.mark.parametrize("right", ["move_members", "manage_channels", "manage_guild"])
def test_permissions_count_always(cast: Cast, right: str) -> None:
    member = cast.member(5, **{right: True})
    assert may_use(member, NAMED)
    assert may_arrange(member, NAMED)
    assert may_appoint(member) == (right == "manage_guild")


def test_administrators_may_everything(cast: Cast) -> None:
    member = cast.member(5)
    member.guild_permissions = discord.Permissions.all()  # as discord.py has it for them
    assert may_use(member, NAMED)
    assert may_arrange(member, NAMED)
    assert may_appoint(member)


def test_a_named_role_appoints_nobody(cast: Cast) -> None:
    assert not may_appoint(cast.member(5, roles=[3]))


@pytest.mark.parametrize("command", ["join", "leave"])
async def test_the_commands_ask(cast: Cast, command: str) -> None:
    await cast.rooms.guilds.change(GUILD, member_roles=frozenset({1, 2}))
    cog = Conversation(cast.bot)

    async def reply(roles: list[int]) -> str:
        typed = cast.typed(cast.member(5, roles=roles))
        await getattr(cog, command).callback(cog, typed)
        return said(typed)

    refusal = "In this server only members with <@&1> or <@&2> may call me, hush me or send me away."
    assert await reply([9]) == wording.only_for([2, 1]) == refusal
    assert await reply([2]) in (wording.NOT_IN_A_CHANNEL, wording.NOT_HERE)
