"""server_info and who_is_in_voice: what is known of the server, as far as who asks may see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.foreign import data
from bot.tools.guild.place import Place
from bot.tools.guild.refusals import refusable
from bot.tools.registry import Result, Tool, ToolContext

MAX_PEOPLE = 60


@refusable
async def _server(context: ToolContext, args: Mapping[str, Any]) -> Result:
    place = Place.of(context)
    guild, sees = place.guild, await place.seen_by(context.asked)
    owner = (await place.rights([guild.owner_id] if guild.owner_id else [])).standing(guild.owner_id or 0)
    return {
        "name": data(guild.name, 100),
        "description": data(guild.description or "", 200),
        "members": guild.member_count,
        "owner": owner.name if owner is not None else "",
        "created": f"{guild.created_at:%Y-%m-%d}",
        "text_channels": sum(sees(channel) for channel in guild.text_channels),
        "voice_channels": sum(sees(channel) for channel in place.all_vocal),
        "roles": len(guild.roles) - 1,  # not counting @everyone
        "boosts": guild.premium_subscription_count,
        "people_in_voice": sum(len(channel.voice_states) for channel in place.all_vocal if sees(channel)),
    }


@refusable
async def _voice(context: ToolContext, args: Mapping[str, Any]) -> Result:
    place = Place.of(context)
    sees = await place.seen_by(context.asked)
    channels = [place.vocal(args["channel"])] if "channel" in args else list(place.all_vocal)
    listed, left = [], MAX_PEOPLE
    for channel in filter(sees, channels):
        people = [data(member.display_name) for member in channel.members]
        if people or "channel" in args:
            listed.append({"channel": data(channel.name), "count": len(people), "people": people[:left]})
            left -= len(people[:left])
    result: Result = {"channels": listed, "this_conversation": data(place.here(context.channel_id).name)}
    if not listed:
        result["note"] = "Nobody is in a voice channel that you can tell of."
    return result


SERVER_INFO = Tool(
    name="server_info",
    summary="Tells about the server: members, owner, age, channels.",
    description=(
        "Tells about this Discord server: name, how many members, owner, since when, how many channels. "
        "Invocation Condition: only when somebody asks about the server itself."
    ),
    run=_server,
    group="information",
)

WHO_IS_IN_VOICE = Tool(
    name="who_is_in_voice",
    summary="Tells who is in which voice channel.",
    description=(
        "Tells who is in which voice channel of this server. "
        "Invocation Condition: only when somebody asks who is in a voice channel other than this one, or "
        "where somebody is."
    ),
    parameters={
        "type": "object",
        "properties": {
            "channel": {"type": "string", "description": "The name of one channel; without it, all."}
        },
    },
    run=_voice,
    group="information",
)
