"""The pages of `/tools list` and `/tools log`, and the forms of `/tools who` and `/tools try`.

A page keeps nothing itself: its buttons name what they lead to, and are heard after a restart, too.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Self

import discord
from discord import SelectDefaultValue, SelectDefaultValueType
from discord.ui import (
    ActionRow,
    Container,
    DynamicItem,
    Label,
    LayoutView,
    RoleSelect,
    Separator,
    TextDisplay,
)

from bot.store.rows import AuditEntry
from cogs import tools_wording as wording
from cogs.caller import may_arrange, member_of
from cogs.failure import Form, apologising
from cogs.reply import acknowledge

Button = discord.ui.Button[Any]
Press = discord.Interaction[Any]

TRAIL_MAX = 7
"""How many pages of the log one can go back one by one; further back leads to the newest. The way is kept in
the name of the button, which has 100 characters."""

NOT_YOURS = wording.NOT_YOURS_TO_SET


class ListPage(DynamicItem[Button], template=r"tools:list:(?P<channel>\d*):(?P<page>\d+)"):
    """Leads to a page of the list, for a channel or (none) the server."""

    def __init__(self, channel_id: int | None, page: int, label: str = "", *, disabled: bool = False) -> None:
        name = f"tools:list:{channel_id or ''}:{page}"
        super().__init__(discord.ui.Button(label=label, custom_id=name, disabled=disabled))
        self._place = (channel_id, page)

    @classmethod
    async def from_custom_id(cls, _: Press, item: Any, match: re.Match[str], /) -> Self:
        return cls(int(match["channel"]) if match["channel"] else None, int(match["page"]), item.label)

    @apologising
    async def callback(self, interaction: Press) -> None:
        reply = await acknowledge(interaction)
        if not _allowed(interaction):
            await reply.whisper(NOT_YOURS)
            return
        await reply.show(listed(interaction.client, member_of(interaction).guild.id, *self._place))


class LogPage(DynamicItem[Button], template=r"tools:log:(?P<trail>\d*(-\d+)*):(?P<to>older|newer)"):
    """Leads to a page of the log: the entries before the last number of the trail; empty: the newest."""

    def __init__(self, trail: tuple[int, ...], to: str, *, disabled: bool = False) -> None:
        name = f"tools:log:{'-'.join(map(str, trail))}:{to}"
        label = wording.OLDER if to == "older" else wording.NEWER
        super().__init__(discord.ui.Button(label=label, custom_id=name, disabled=disabled))
        self._trail = trail

    @classmethod
    async def from_custom_id(cls, _: Press, item: Any, match: re.Match[str], /) -> Self:
        return cls(tuple(int(each) for each in match["trail"].split("-") if each), match["to"])

    @apologising
    async def callback(self, interaction: Press) -> None:
        reply = await acknowledge(interaction)
        if not _allowed(interaction):
            await reply.whisper(NOT_YOURS)
            return
        await reply.show(await logged(interaction.client, member_of(interaction).guild.id, self._trail))


PAGES = (ListPage, LogPage)


def listed(bot: Any, guild_id: int, channel_id: int | None, page: int) -> LayoutView:
    """A page of all tools there are."""
    tools = [(tool, bot.grants.policy(tool, guild_id, channel_id)) for tool in bot.gatekeeper.tools]
    pages = wording.pages(tools)
    page = min(page, len(pages) - 1)
    where = wording.SERVER if channel_id is None else f"<#{channel_id}>"
    buttons = [
        ListPage(channel_id, max(page - 1, 0), wording.BACK, disabled=page == 0),
        ListPage(channel_id, page + 1, wording.ON, disabled=page + 1 == len(pages)),
    ]
    footer = wording.page_of(page, len(pages))
    return _layout([wording.heading(where), pages[page], footer], buttons if len(pages) > 1 else [])


async def logged(bot: Any, guild_id: int, trail: tuple[int, ...]) -> LayoutView:
    """A page of what was called, newest first."""
    before_id = trail[-1] if trail else None
    calls: list[AuditEntry] = await bot.audit.newest(guild_id, wording.LOGGED_AT_ONCE + 1, before_id)
    shown = calls[: wording.LOGGED_AT_ONCE]
    older = (*trail, shown[-1].id)[-TRAIL_MAX:] if shown else trail
    buttons = [
        LogPage(trail[:-1], "newer", disabled=not trail),
        LogPage(older, "older", disabled=len(calls) == len(shown)),
    ]
    nothing = wording.NO_MORE_LOGGED if trail else wording.NOTHING_LOGGED
    text = "\n\n".join(wording.entry(call) for call in shown) or nothing
    return _layout([text], buttons if trail or len(calls) > len(shown) else [])


class RolesForm(Form):
    """Who may have a tool done."""

    def __init__(self, title: str, guild: discord.Guild, roles: frozenset[int], chosen: Chosen) -> None:
        super().__init__(title=title[:45])
        there = sorted(role_id for role_id in roles if guild.get_role(role_id) is not None)
        self._chosen = chosen
        self._roles: RoleSelect[Any] = RoleSelect(
            min_values=0,
            max_values=wording.ROLES_AT_MOST,
            required=False,
            default_values=[SelectDefaultValue(id=each, type=SelectDefaultValueType.role) for each in there],
        )
        self.add_item(Label(text=wording.ROLES_LABEL, description=wording.ROLES_HINT, component=self._roles))

    async def on_submit(self, interaction: Press, /) -> None:
        await self._chosen(interaction, frozenset(role.id for role in self._roles.values))


Chosen = Callable[[Press, frozenset[int]], Awaitable[None]]


class ArgumentsForm(Form):
    """What a tool is to be tried with."""

    def __init__(self, tool: str, example: str, written: Written) -> None:
        super().__init__(title=f"Try {tool}"[:45])
        self._written = written
        self._arguments: discord.ui.TextInput[Any] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph, default=example, max_length=2_000, required=False
        )
        self.add_item(Label(text=wording.ARGUMENTS_LABEL, component=self._arguments))

    async def on_submit(self, interaction: Press, /) -> None:
        await self._written(interaction, self._arguments.value)


Written = Callable[[Press, str], Awaitable[None]]


def _layout(texts: list[str], buttons: list[Any]) -> LayoutView:
    """`texts` one below the other, then the buttons."""
    view, box = LayoutView(timeout=None), Container[Any]()
    for index, text in enumerate(texts):
        if index:
            box.add_item(Separator())
        box.add_item(TextDisplay(text))
    view.add_item(box)
    if buttons:
        view.add_item(ActionRow(*buttons))
    return view


def _allowed(interaction: Press) -> bool:
    member = member_of(interaction)
    return may_arrange(member, interaction.client.rooms.guilds.of(member.guild.id))
