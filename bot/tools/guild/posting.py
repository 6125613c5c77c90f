"""What the bot writes into channels on behalf of people: whose wish it was, and how it is taken back."""

from __future__ import annotations

import discord

from bot.foreign import data
from bot.tools.guild.place import Place, Written
from bot.tools.registry import Need, Result, ToolContext, Unclear

MAX_TEXT = 1800
"""Of Discord's 2,000 characters; the rest is for the line that says who wished it."""

CHANNEL = {
    "type": "string",
    "description": "The name of the text channel or thread; without it, the chat of this voice channel.",
}
"""The schema of the argument that `Place.written_or_here` takes."""


def need(channel: Written, *permissions: str) -> Need:
    """To see a channel, write in it, and `permissions`."""
    write = "send_messages_in_threads" if isinstance(channel, discord.Thread) else "send_messages"
    return Need(frozenset({*seeing(channel), write, *permissions}), channel.id)


def seeing(channel: Written) -> frozenset[str]:
    """What it takes to see the chat of a channel: whoever cannot enter a voice channel does not."""
    vocal = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return frozenset({"view_channel", "connect"} if vocal else {"view_channel"})


def fitting(text: str) -> str:
    """`text` as it may be posted. Raises Unclear if it is empty or too long."""
    words = text.strip()
    if not words:
        raise Unclear("There is no text to post.")
    if len(words) > MAX_TEXT:
        raise Unclear(f"The text is too long: at most {MAX_TEXT} characters.")
    return words


async def signature(context: ToolContext) -> str:
    """A small line below what is posted: it was not the bot's idea. Empty if it is not known whose it was."""
    if not context.asked.clear:
        return ""
    rights = await Place.of(context).rights(context.asked.speakers)
    standings = [rights.standing(user_id) for user_id in context.asked.speakers]
    names = [discord.utils.escape_markdown(standing.name) for standing in standings if standing is not None]
    return f"\n-# As {' and '.join(names)} asked." if names else ""


def posted(message: discord.Message) -> Result:
    """What the model is told of a message that is there now; `take_back` needs it too."""
    channel = message.channel
    name = channel.name if isinstance(channel, discord.abc.GuildChannel | discord.Thread) else ""
    return {"posted_in": data(name), "channel_id": str(channel.id), "message_id": str(message.id)}


async def take_back(context: ToolContext, args: object, result: Result) -> Result:
    """Delete the message of an earlier result of `posted`."""
    guild = Place.of(context).guild
    channel = guild.get_channel_or_thread(int(result["channel_id"]))
    if not isinstance(channel, discord.abc.Messageable):
        return {"message": "The channel is gone, and the message with it."}
    try:
        await channel.get_partial_message(int(result["message_id"])).delete()
    except discord.NotFound:
        return {"message": "The message was gone already."}
    return {"message": "The message is deleted."}
