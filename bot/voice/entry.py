"""Entering a voice channel and leaving it again, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord
import structlog

from bot.errors import VoiceError, VoiceRefused, VoiceTimeout
from bot.voice.link import VoiceLink

log = structlog.get_logger(__name__)

VoiceRoom = discord.VoiceChannel | discord.StageChannel

ENTER_TIMEOUT_S = 15.0
"""The handshake takes about a second. Discord answers a full channel with nothing at all, so this is how long
the person who typed /join waits to be told; an interaction may be answered for 15 minutes."""

LEAVE_TIMEOUT_S = 3.0

UNREACHABLE = "I have lost Discord for a moment. Try again."


@asynccontextmanager
async def entered(channel: VoiceRoom, *, listen_to_bots: bool) -> AsyncIterator[VoiceLink]:
    """The bot in `channel`, until the end of the block.

    Raises VoiceTimeout if Discord does not let it in, VoiceRefused if it says no, VoiceError otherwise.
    """
    try:
        link = await channel.connect(cls=VoiceLink, timeout=ENTER_TIMEOUT_S, self_deaf=False)
    except TimeoutError:
        raise VoiceTimeout(f"no voice connection within {ENTER_TIMEOUT_S:.0f} s") from None
    except discord.ConnectionClosed as error:
        raise VoiceRefused(f"voice gateway closed with {error.code}") from error
    except (discord.DiscordException, OSError) as error:
        raise VoiceError(str(error)) from error
    if listen_to_bots:
        link.inbound.listens_to = lambda user_id: user_id != link.user.id
    try:
        yield link
    finally:
        await _leave(link)


async def move(link: VoiceLink, channel: VoiceRoom) -> None:
    """Move within the guild. Raises VoiceTimeout if Discord does not follow, VoiceError if it cannot be
    asked."""
    try:
        async with asyncio.timeout(ENTER_TIMEOUT_S):
            await link.move_to(channel)
    except TimeoutError:
        raise VoiceTimeout(f"not moved within {ENTER_TIMEOUT_S:.0f} s") from None
    except (discord.DiscordException, OSError) as error:
        raise VoiceError(str(error), sentence=UNREACHABLE) from error


async def ask_to_speak(link: VoiceLink) -> None:
    """Whoever enters a stage is suppressed: step up where the bot may, raise its hand where it may not."""
    me = link.guild.me
    if not isinstance(link.channel, discord.StageChannel) or me.voice is None or not me.voice.suppress:
        return
    try:
        if link.channel.permissions_for(me).mute_members:
            await me.edit(suppress=False)
        else:
            await me.request_to_speak()
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
        log.warning("could not ask to speak on the stage", error=str(error) or type(error).__name__)


async def _leave(link: VoiceLink) -> None:
    try:
        async with asyncio.timeout(LEAVE_TIMEOUT_S):
            await link.disconnect(force=True)
    except TimeoutError:
        log.warning("leaving took too long, gave up", seconds=LEAVE_TIMEOUT_S)
        link.cleanup()
