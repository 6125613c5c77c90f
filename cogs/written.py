"""What somebody wrote to the bot: the words as a person reads them, and the pictures attached."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import discord

from bot.errors import ParleyError
from bot.pictures import MAX_BYTES, frames

WORDS_MAX = 1_000
"""Characters. What is asked stays in the model's context, and is billed again with every turn."""

PICTURES_MAX = 4

DOWNLOAD_S = 20.0
"""25 MB at 10 Mbit/s."""

_MARK = re.compile(r"<(?:@!?(?P<user>\d+)|@&(?P<role>\d+)|#(?P<channel>\d+)|a?:(?P<emoji>\w+):\d+)>")


class Unusable(ParleyError):
    """What was written cannot be asked; `sentence` says what to change."""


def words_of(message: discord.Message) -> str:
    """The text without the bot's own name in it, other names as people read them. Raises Unusable."""
    words = " ".join(_MARK.sub(lambda mark: _as_read(mark, message), message.content).split())
    if len(words) > WORDS_MAX:
        raise Unusable(sentence=f"That is too long for me. Ask it in at most {WORDS_MAX:,} characters.")
    return words


def _as_read(mark: re.Match[str], message: discord.Message) -> str:
    guild, author = message.guild, message.author
    assert guild is not None
    assert isinstance(author, discord.Member)
    if mark["user"]:
        user_id = int(mark["user"])
        names = {user.id: f"@{user.display_name}" for user in message.mentions} | {guild.me.id: ""}
        return names.get(user_id, "@somebody")
    if mark["role"]:
        role = guild.get_role(int(mark["role"]))
        return f"@{role.name if role is not None else 'a role'}"
    if mark["channel"]:
        channel = guild.get_channel(int(mark["channel"]))
        shown = channel is not None and channel.permissions_for(author).view_channel
        return f"#{channel.name}" if shown and channel is not None else "#a channel"
    return f":{mark['emoji']}:"


async def pictures_of(message: discord.Message) -> list[bytes]:
    """JPEGs of what is attached: the first four pictures, or the first video if no picture is there.

    Raises Unusable or Unshowable for the first that cannot be shown."""
    if not message.attachments:
        return []
    pictures = [file for file in message.attachments if _is(file, "image/")]
    videos = [file for file in message.attachments if _is(file, "video/")]
    chosen = pictures[:PICTURES_MAX] or videos[:1]
    if not chosen:
        raise Unusable(
            sentence="I can look at pictures and short videos only. Ask again without the other files."
        )
    shown: list[bytes] = []
    for file in chosen:
        shown += await asyncio.to_thread(frames, await _download(file))
    return shown


async def _download(file: discord.Attachment) -> bytes:
    if file.size > MAX_BYTES:  # before anything is fetched
        raise Unusable(
            sentence=f"That file is too large: I take at most {MAX_BYTES >> 20} MB. Try a smaller copy."
        )
    try:
        async with asyncio.timeout(DOWNLOAD_S):
            return await file.read()
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Unusable(
            f"attachment: {error or type(error).__name__}",
            sentence="I could not fetch what you attached from Discord. Send it again.",
        ) from error


def _is(file: discord.Attachment, kind: str) -> bool:
    return (file.content_type or "").startswith(kind)
