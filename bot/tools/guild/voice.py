"""set_channel_status, and all tools that concern voice channels and who is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.foreign import data
from bot.tools.guild.attempts import attempted, reason
from bot.tools.guild.moderation import MODERATION_TOOLS
from bot.tools.guild.place import Place
from bot.tools.guild.presence import PRESENCE_TOOLS
from bot.tools.guild.refusals import refusable
from bot.tools.guild.seats import SEAT_TOOLS
from bot.tools.guild.sounds import PLAY_SOUND
from bot.tools.registry import Need, Result, Tool, ToolContext, Unclear

MAX_STATUS = 500


def _channel(context: ToolContext) -> discord.VoiceChannel:
    channel = Place.of(context).here(context.channel_id)
    if not isinstance(channel, discord.VoiceChannel):
        raise Unclear("A stage has no status, only voice channels have.")
    return channel


def _needs(context: ToolContext, args: Mapping[str, Any]) -> Sequence[Need]:
    return (Need(frozenset({"view_channel", "connect", "set_voice_channel_status"}), _channel(context).id),)


@refusable
async def _set(context: ToolContext, args: Mapping[str, Any]) -> Result:
    channel, text = _channel(context), " ".join(args["text"].split())
    if len(text) > MAX_STATUS:
        raise Unclear(f"A status has at most {MAX_STATUS} characters.")
    before = await _status(channel)
    edit = channel.edit(status=text or None, reason=reason(context))
    return await attempted(edit, "the channel") or {
        "channel": data(channel.name),
        "text": data(text, MAX_STATUS),
        "before": before,
    }


async def _status(channel: discord.VoiceChannel) -> str:
    """discord.py keeps no status, and Discord does not promise to tell it: empty if it is not known."""
    told: Mapping[str, Any] = {**await channel._state.http.get_channel(channel.id)}
    return told.get("status") or ""


async def _as_before(context: ToolContext, args: Mapping[str, Any], result: Result) -> Result:
    before: str = result["before"]
    edit = _channel(context).edit(status=before or None, reason=reason(context))
    shown = "shows its old status" if before else "has no status"
    return await attempted(edit, "the channel") or {"message": f"The channel {shown} again."}


SET_CHANNEL_STATUS = Tool(
    name="set_channel_status",
    summary="Sets the status of the voice channel.",
    description=(
        "Sets the status that is shown below the name of this voice channel, such as what is being played. "
        "Invocation Condition: only when somebody asks you to set, change or clear the status of the channel."
    ),
    parameters={
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": f"At most {MAX_STATUS} characters; empty: none."}
        },
        "required": ["text"],
    },
    run=_set,
    group="voice",
    changes=True,
    needs=_needs,
    undo=_as_before,
)

VOICE_TOOLS = (PLAY_SOUND, SET_CHANNEL_STATUS, *SEAT_TOOLS, *MODERATION_TOOLS, *PRESENCE_TOOLS)
