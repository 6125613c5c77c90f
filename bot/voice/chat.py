"""Writing into the voice channel's own chat."""

from __future__ import annotations

import aiohttp
import discord
import structlog

log = structlog.get_logger(__name__)

NOTICE = (
    "🎙️ **Parley is listening in this channel.** What is said here goes to Google Gemini, which answers by "
    "voice; nothing is recorded by this bot. To make it leave, type `/leave` or say so."
)


async def post(channel: discord.abc.Messageable, text: str) -> bool:
    """Write `text`. False where the bot may not write or Discord fails: a room does not end for that."""
    try:
        await channel.send(text, allowed_mentions=discord.AllowedMentions.none())
    except discord.HTTPException as error:
        log.warning("message not posted", status=error.status, code=error.code)
        return False
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        log.warning("message not posted", error=type(error).__name__)
        return False
    return True
