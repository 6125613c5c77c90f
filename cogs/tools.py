"""/tools: what the model may do, for whom, how often, with whose confirmation; and what it has done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands

from bot.app import Parley
from bot.tools.policy import GROUP, PER_MINUTE
from bot.tools.registry import Tool
from bot.voice.entry import VoiceRoom
from cogs import tools_wording as wording
from cogs.by_hand import ByHand
from cogs.caller import channel_of, may_arrange, member_of
from cogs.failure import Commands, Refusal
from cogs.reply import acknowledge
from cogs.tool_names import Names, example, parsed
from cogs.tools_panel import PAGES, ArgumentsForm, RolesForm, listed, logged

CHANNEL, SERVER = "channel", "server"
SCOPES = [
    app_commands.Choice(name="the whole server", value=SERVER),
    app_commands.Choice(name="this voice channel", value=CHANNEL),
]
CONFIRMS = [app_commands.Choice(name=text, value=value) for value, text in wording.CONFIRMS.items()]
WHAT = "A tool, or a whole group of them."
SCOPE = "Where this holds; in the whole server if left out."

Typed = discord.Interaction[Parley]
PerMinute = app_commands.Range[int, 1, wording.PER_MINUTE_AT_MOST]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a choice holds: a channel, or (None) the whole server."""

    guild_id: int
    channel_id: int | None

    @property
    def words(self) -> str:
        return wording.SERVER if self.channel_id is None else f"<#{self.channel_id}>"


async def _tools_and_groups(interaction: Typed, current: str) -> list[app_commands.Choice[str]]:
    return Names(interaction.client.gatekeeper.tools).choices(current, groups=True)


async def _tools(interaction: Typed, current: str) -> list[app_commands.Choice[str]]:
    return Names(interaction.client.gatekeeper.tools).choices(current, groups=False)


class ToolsCog(Commands, name="Tools"):
    """For moderators."""

    tools = app_commands.Group(
        name="tools",
        description="What Parley may do when people ask it to.",
        default_permissions=discord.Permissions(move_members=True),
        guild_only=True,
    )

    def __init__(self, bot: Parley) -> None:
        self._bot = bot

    @property
    def _names(self) -> Names:
        """Of this moment: the tools of a server may come when it answers."""
        return Names(self._bot.gatekeeper.tools)

    async def cog_load(self) -> None:
        self._bot.add_dynamic_items(*PAGES)

    async def cog_unload(self) -> None:
        self._bot.remove_dynamic_items(*PAGES)

    @tools.command(name="list", description="What I can do, what of it is switched on here, and for whom.")
    async def list_(self, interaction: Typed) -> None:
        reply, member = await acknowledge(interaction), _moderator(interaction)
        here = _voice_channel(interaction, member)
        channel_id = here.id if here is not None else None
        await reply.show(listed(self._bot, member.guild.id, channel_id, 0))

    @tools.command(description="Let me do something when people ask for it.")
    @app_commands.describe(what=WHAT, scope=SCOPE)
    @app_commands.choices(scope=SCOPES)
    @app_commands.autocomplete(what=_tools_and_groups)
    async def enable(self, interaction: Typed, what: str, scope: str = SERVER) -> None:
        await self._choose(interaction, what, scope, wording.enabled, enabled=True)

    @tools.command(description="Do not let me do something, whoever asks for it.")
    @app_commands.describe(what=WHAT, scope=SCOPE)
    @app_commands.choices(scope=SCOPES)
    @app_commands.autocomplete(what=_tools_and_groups)
    async def disable(self, interaction: Typed, what: str, scope: str = SERVER) -> None:
        await self._choose(interaction, what, scope, wording.disabled, enabled=False)

    @tools.command(description="Whether somebody has to press a button before I do something.")
    @app_commands.describe(what=WHAT, when="When somebody has to confirm it.", scope=SCOPE)
    @app_commands.choices(when=CONFIRMS, scope=SCOPES)
    @app_commands.autocomplete(what=_tools_and_groups)
    async def confirm(self, interaction: Typed, what: str, when: str, scope: str = SERVER) -> None:
        def said(name: str, where: str) -> str:
            return wording.confirm(name, where, when)

        await self._choose(interaction, what, scope, said, confirm=when)

    @tools.command(description="How often I may do something, in calls a minute.")
    @app_commands.describe(
        what=WHAT, per_minute=f"Calls a minute in the whole server; {PER_MINUTE} by itself.", scope=SCOPE
    )
    @app_commands.choices(scope=SCOPES)
    @app_commands.autocomplete(what=_tools_and_groups)
    async def limit(self, interaction: Typed, what: str, per_minute: PerMinute, scope: str = SERVER) -> None:
        def said(name: str, where: str) -> str:
            return wording.limit(name, where, per_minute)

        await self._choose(interaction, what, scope, said, per_minute=per_minute)

    @tools.command(description="Which roles may have something done.")
    @app_commands.describe(what=WHAT, scope=SCOPE)
    @app_commands.choices(scope=SCOPES)
    @app_commands.autocomplete(what=_tools_and_groups)
    async def who(self, interaction: Typed, what: str, scope: str = SERVER) -> None:
        member = _moderator(interaction)
        name, place = self._names.found(what), _place(interaction, member, scope)

        async def chosen(sent: discord.Interaction[Any], roles: frozenset[int]) -> None:
            def said(name: str, where: str) -> str:
                return wording.who(name, where, roles)

            await self._keep(sent, name, place, said, roles=roles)

        tool = self._names.tools(name)[0]
        roles = self._bot.grants.policy(tool, place.guild_id, place.channel_id).roles
        title = f"{name.removeprefix(GROUP)} in {_plain_words(interaction, place)}"
        await interaction.response.send_modal(RolesForm(title, member.guild, roles, chosen))

    @tools.command(name="try", description="Call a tool by hand and see what the model would get.")
    @app_commands.describe(
        tool="Which one.", arguments="As a JSON object; if left out, I show a form where there are any."
    )
    @app_commands.autocomplete(tool=_tools)
    async def try_(self, interaction: Typed, tool: str, arguments: str | None = None) -> None:
        _moderator(interaction)
        called = self._names.tool(tool)
        if arguments is None and called.parameters.get("properties"):

            async def written(sent: discord.Interaction[Any], text: str) -> None:
                await _try(sent, called, text)

            await interaction.response.send_modal(
                ArgumentsForm(called.name, example(called, indent=1), written)
            )
        else:
            await _try(interaction, called, arguments or "")

    @tools.command(description="What was called, for whom, with what, and what came of it.")
    async def log(self, interaction: Typed) -> None:
        reply, member = await acknowledge(interaction), _moderator(interaction)
        await reply.show(await logged(self._bot, member.guild.id, ()))

    async def _choose(self, interaction: Typed, what: str, scope: str, said: Said, **choice: Any) -> None:
        await acknowledge(interaction)
        place = _place(interaction, _moderator(interaction), scope)
        await self._keep(interaction, self._names.found(what), place, said, **choice)

    async def _keep(
        self, interaction: discord.Interaction[Any], name: str, place: _Place, said: Said, **choice: Any
    ) -> None:
        """Write one choice down, have the room go by it, and say so; also where it does not hold."""
        reply, member = await acknowledge(interaction), _moderator(interaction)
        await self._bot.grants.change(place.guild_id, place.channel_id, name, **choice)
        here = _voice_channel(interaction, member)
        lines = [said(name, place.words), *self._exceptions(name, place, here, **choice)]
        if "enabled" in choice:
            self._bot.rooms.changed(place.guild_id)
        await reply.say("\n".join(lines))

    def _exceptions(self, name: str, place: _Place, here: VoiceRoom | None, **choice: Any) -> list[str]:
        """Where a choice does not hold, because something else was said about a tool of the group, or about
        the channel `here`."""
        ((field, wanted),) = choice.items()
        places = [place]
        if place.channel_id is None and here is not None:
            places.append(_Place(place.guild_id, here.id))
        lines, named = [], set[str]()
        for each in places:
            policies = {
                tool.name: self._bot.grants.policy(tool, each.guild_id, each.channel_id)
                for tool in self._names.tools(name)
            }
            others = [tool for tool, policy in policies.items() if getattr(policy, field) != wanted]
            if new := [tool for tool in others if tool not in named]:
                lines.append(wording.except_for(new, each.words))
            named |= set(others)
        return lines


Said = Callable[[str, str], str]
"""What is told of a choice: gets the name of the tool or group, and where it holds."""


async def _try(interaction: discord.Interaction[Any], tool: Tool, text: str) -> None:
    reply, member = await acknowledge(interaction), _moderator(interaction)
    args, channel_id = parsed(tool, text), interaction.channel_id
    assert channel_id is not None
    bot: Parley = interaction.client
    result = await bot.gatekeeper.call(tool.name, args, ByHand(bot, member, channel_id))
    await reply.say(wording.tried(tool.name, result))


def _moderator(interaction: discord.Interaction[Any]) -> discord.Member:
    """Who typed. Raises Refusal."""
    member = member_of(interaction)
    if not may_arrange(member, interaction.client.rooms.guilds.of(member.guild.id)):
        raise Refusal(sentence=wording.NOT_YOURS_TO_SET)
    return member


def _voice_channel(interaction: discord.Interaction[Any], member: discord.Member) -> VoiceRoom | None:
    """The one in whose chat this was typed, else the one that they are in."""
    typed_in = interaction.channel
    return typed_in if isinstance(typed_in, VoiceRoom) else channel_of(member)


def _place(interaction: discord.Interaction[Any], member: discord.Member, scope: str) -> _Place:
    """Raises Refusal."""
    if scope != CHANNEL:
        return _Place(member.guild.id, None)
    channel = _voice_channel(interaction, member)
    if channel is None:
        raise Refusal(sentence=wording.WHICH_CHANNEL)
    return _Place(member.guild.id, channel.id)


def _plain_words(interaction: discord.Interaction[Any], place: _Place) -> str:
    """The place as a title has it, which shows no mentions."""
    channel = member_of(interaction).guild.get_channel(place.channel_id or 0)
    return wording.SERVER if channel is None else channel.name


async def setup(bot: Parley) -> None:
    await bot.add_cog(ToolsCog(bot))
