"""Back into the channels in which the bot was when the program ended, however it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from bot.clock import utc_now
from bot.errors import ParleyError
from bot.rooms import SHUTTING_DOWN, Rooms
from bot.store.rows import Stay
from bot.voice.entry import VoiceRoom
from bot.whereabouts import Stays, forget

log = structlog.get_logger(__name__)

LATEST = timedelta(hours=12)
"""Who was left alone for longer expects nobody back."""

PAUSES_S = (0.0, 2.0, 5.0, 15.0, 30.0)
"""Before each attempt. Discord may take a while to see that the bot's former self is gone, and to tell of a
server in which there is an outage."""


async def come_home(
    rooms: Rooms, stays: Stays, left: Sequence[Stay], find: Callable[[int, int], VoiceRoom | None]
) -> None:
    """Into every channel of `left` in which somebody is waiting; the others are forgotten. `find` gives the
    voice channel of a server, if it is still there."""
    await asyncio.gather(*(_return(rooms, stays, stay, find) for stay in left))


async def _return(
    rooms: Rooms, stays: Stays, stay: Stay, find: Callable[[int, int], VoiceRoom | None]
) -> None:
    for pause_s in PAUSES_S:
        await asyncio.sleep(pause_s)
        channel = find(stay.guild_id, stay.channel_id)
        if channel is None:
            continue  # it is gone, or Discord has not told of that server yet
        if not _awaited(rooms, channel, stay):
            break
        if rooms.channel_id(stay.guild_id) is not None:
            return  # somebody was faster
        try:
            await rooms.open(channel, earlier=stay)
            return
        except ParleyError as error:
            if error.sentence == SHUTTING_DOWN:
                return  # and come home after the next start
            log.warning("not back yet", guild=stay.guild_id, room=stay.channel_id, error=str(error))
    if rooms.channel_id(stay.guild_id) is None:
        await forget(stays, stay.guild_id)


def _awaited(rooms: Rooms, channel: VoiceRoom, stay: Stay) -> bool:
    if utc_now() - stay.seen_at > LATEST:
        return False
    here = any(not member.bot for member in channel.members)
    return here or rooms.guilds.of(channel.guild.id).alone_s is None
