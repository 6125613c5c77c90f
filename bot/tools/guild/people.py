"""find_member: who somebody is on this server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import discord

from bot.foreign import data
from bot.tools.guild.place import Place, Vocal
from bot.tools.guild.refusals import refusable
from bot.tools.registry import Result, Tool, ToolContext

MAX_TOLD = 5
MAX_ROLES = 6


@refusable
async def _find(context: ToolContext, args: Mapping[str, Any]) -> Result:
    place = Place.of(context)
    sees = await place.seen_by(context.asked)
    found = await place.find(args["name"])
    if not found:
        return {"found": 0, "note": "Nobody here has a name that begins so. Ask how it is written."}
    return {"found": len(found), "members": [_about(member, sees) for member in found[:MAX_TOLD]]}


def _about(member: discord.Member, sees: Callable[[Vocal], bool]) -> dict[str, Any]:
    about: dict[str, Any] = {
        "name": data(member.display_name),
        "account": data(member.name),
        "id": str(member.id),
        "roles": [data(role.name) for role in reversed(member.roles) if not role.is_default()][:MAX_ROLES],
    }
    if member.joined_at is not None:
        about["joined"] = f"{member.joined_at:%Y-%m-%d}"
    if member.bot:
        about["is_a_bot"] = True
    channel = member.voice.channel if member.voice is not None else None
    if channel is not None and sees(channel):
        about["in_voice_channel"] = data(channel.name)
    return about


FIND_MEMBER = Tool(
    name="find_member",
    summary="Finds a member by name.",
    description=(
        "Finds members of this server by name: account, roles, since when, in which voice channel. Other "
        "tools take the id for the name of a member. "
        "Invocation Condition: only when somebody asks about a member, or when another tool does not know "
        "the member that is meant."
    ),
    parameters={
        "type": "object",
        "properties": {"name": {"type": "string", "description": "How the name begins, as it was heard."}},
        "required": ["name"],
    },
    run=_find,
    group="information",
)
