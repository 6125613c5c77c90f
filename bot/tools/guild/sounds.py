"""play_sound: the soundboard of the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.foreign import data
from bot.tools.guild.attempts import attempted
from bot.tools.guild.place import Place, Vocal
from bot.tools.guild.refusals import refusable
from bot.tools.guild.spoken import best, only
from bot.tools.registry import Need, Result, Tool, ToolContext, Unclear


def _channel(context: ToolContext) -> discord.VoiceChannel:
    channel: Vocal = Place.of(context).here(context.channel_id)
    if not isinstance(channel, discord.VoiceChannel):
        raise Unclear("Discord has no soundboard on a stage.")
    return channel


def _needs(context: ToolContext, args: Mapping[str, Any]) -> Sequence[Need]:
    allowed = frozenset({"view_channel", "connect", "speak", "use_soundboard"})
    return (Need(allowed, _channel(context).id),)


@refusable
async def _play(context: ToolContext, args: Mapping[str, Any]) -> Result:
    channel = _channel(context)
    # asked of Discord each time: the bot does not subscribe to what happens to sounds
    sounds = [sound for sound in await channel.guild.fetch_soundboard_sounds() if sound.available]
    if not sounds:
        raise Unclear("This server has no sounds on its soundboard.")
    found = best(args["sound"], [(sound, (sound.name,)) for sound in sounds])
    names = [sound.name for sound in sounds]
    sound = only("sound", args["sound"], found, names, [one.name for one in found])
    name = data(sound.name)
    return await attempted(channel.send_sound(sound), name) or {"played": name}


PLAY_SOUND = Tool(
    name="play_sound",
    summary="Plays a sound of the soundboard.",
    description=(
        "Plays a sound of this server's soundboard into the voice channel. Say nothing about it afterwards "
        "unless it failed. "
        "Invocation Condition: only when somebody asks for a sound of the soundboard, or has told you when "
        "to play one."
    ),
    parameters={
        "type": "object",
        "properties": {"sound": {"type": "string", "description": "The name of the sound."}},
        "required": ["sound"],
    },
    run=_play,
    group="voice",
    needs=_needs,
)
