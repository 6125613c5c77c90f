"""list_channels: what there is to write, read or talk in, as far as who asks may see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from bot.foreign import data
from bot.tools.guild.place import Place, Vocal
from bot.tools.guild.refusals import refusable
from bot.tools.registry import Result, Tool, ToolContext

MAX_LISTED = 60


@refusable
async def _list(context: ToolContext, args: Mapping[str, Any]) -> Result:
    place = Place.of(context)
    guild, sees = place.guild, await place.seen_by(context.asked)
    kind = args.get("kind", "all")
    text = [_text(channel) for channel in guild.text_channels if kind in ("text", "all") and sees(channel)]
    voice = [_voice(channel) for channel in place.all_vocal if kind in ("voice", "all") and sees(channel)]
    threads = [_thread(thread) for thread in guild.threads if kind in ("threads", "all") and sees(thread)]
    listed = [*text, *voice, *threads]
    result: Result = {"channels": listed[:MAX_LISTED], "count": len(listed)}
    if not listed:
        result["note"] = "There is none that the people who asked may see."
    return result


def _text(channel: discord.TextChannel) -> dict[str, Any]:
    about = {"name": data(channel.name), "kind": "text"}
    return about | _in(channel.category) | ({"topic": data(channel.topic, 80)} if channel.topic else {})


def _voice(channel: Vocal) -> dict[str, Any]:
    kind = "voice" if isinstance(channel, discord.VoiceChannel) else "stage"
    return {"name": data(channel.name), "kind": kind, **_in(channel.category)}


def _thread(thread: discord.Thread) -> dict[str, Any]:
    return {"name": data(thread.name), "kind": "thread", **_in(thread.parent)}


def _in(above: discord.abc.GuildChannel | None) -> dict[str, str]:
    return {} if above is None else {"in": data(above.name)}


LIST_CHANNELS = Tool(
    name="list_channels",
    summary="Lists the channels and active threads.",
    description=(
        "Lists text channels, voice channels and active threads of this server. "
        "Invocation Condition: only when somebody asks which channels there are, or when another tool does "
        "not know the channel that is meant."
    ),
    parameters={
        "type": "object",
        "properties": {"kind": {"type": "string", "enum": ["text", "voice", "threads", "all"]}},
    },
    run=_list,
    group="information",
)
