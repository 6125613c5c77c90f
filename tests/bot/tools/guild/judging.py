"""Who may have a tool done, by the rights as Discord has them: the bot's authority, asked about one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from town import Town, founded

from bot.loopback.discord.permissions import INVITED, Permission
from bot.tools.authority import Allowed, Denied, decide
from bot.tools.guild.place import Place
from bot.tools.policy import Policy
from bot.tools.registry import Tool, ToolContext


async def judged(town: Town, tool: Tool, context: ToolContext, args: Mapping[str, Any]) -> Allowed | Denied:
    """What `bot.tools.authority` makes of the needs of this call."""
    needs = tool.needs(context, args)
    ids = {*context.asked.speakers, *(need.target_id for need in needs if need.target_id is not None)}
    rights = await Place(town.guild).rights(ids)
    return decide(needs, context.asked, rights, Policy(), changes=tool.changes)


def hold(town: Town, user_id: int, right: Permission, *, held: bool) -> None:
    """Give or take a right in the channels that the calls are about."""
    for name in ("general", "Lounge"):
        channel = town.channel(name)
        town.world.deny(user_id, channel.id, right)
        if held:
            channel.overwrites[user_id].deny &= ~int(right)
            channel.overwrites[user_id].allow |= int(right)
            town.world.limit_users(channel.id, 0)


async def a_member_needs_it(
    town: Town, tool: Tool, args: Mapping[str, Any], right: Permission, title: str
) -> None:
    """Ana has not the right and Mo has; Ada is an administrator; Ben is there."""
    ana, mo, ada = await town.member("Ana"), await town.member("Mo"), await town.member("Ada")
    await town.member("Ben")
    hold(town, ana.id, right, held=False)
    hold(town, mo.id, right, held=True)
    hold(town, ada.id, right, held=False)
    town.world.grant(ada.id, Permission.ADMINISTRATOR)
    await town.known()
    denied = await judged(town, tool, town.context(ana), args)
    assert isinstance(denied, Denied)
    assert denied.sentence == f"Ana, you'd need {title} for that."
    assert await judged(town, tool, town.context(mo), args) == Allowed()
    assert await judged(town, tool, town.context(ada), args) == Allowed()
    assert isinstance(await judged(town, tool, town.context(mo, ana), args), Denied)
    assert isinstance(await judged(town, tool, town.context(mo, clear=False), args), Denied)


async def the_bot_needs_it(
    monkeypatch: pytest.MonkeyPatch, tool: Tool, args: Mapping[str, Any], right: Permission, title: str
) -> None:
    """The owner asks, and the bot has not the right."""
    async with founded(monkeypatch, bot_permissions=INVITED) as town:
        assert town.bot.user is not None
        owner, _ = await town.member("Owner"), await town.member("Ben")
        hold(town, town.bot.user.id, right, held=False)
        await town.known()
        denied = await judged(town, tool, town.context(owner), args)
        assert isinstance(denied, Denied)
        assert denied.sentence == f"I'd need {title} for that myself."
