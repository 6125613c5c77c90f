"""Into a channel, whoever asked for it."""

from __future__ import annotations

import structlog

from bot.errors import ParleyError, VoiceTimeout
from bot.rooms import Rooms
from bot.turns.floor import Mode
from bot.voice.entry import VoiceRoom
from cogs import wording
from cogs.admission import obstacle
from cogs.button import offer_floor

log = structlog.get_logger(__name__)


class Hindered(ParleyError):
    """The bot could not come; `sentence` says why and what to do."""


async def bring(rooms: Rooms, channel: VoiceRoom) -> str:
    """Into `channel`, from wherever the bot is; what to know of it now, as a sentence. Raises Hindered."""
    room = rooms.get(channel.guild.id)
    if room is not None and room.channel_id == channel.id:
        return wording.already_here(channel.mention)
    hindrance = obstacle(channel)
    if hindrance is not None:
        raise Hindered(sentence=hindrance)
    try:
        if room is None:
            await rooms.open(channel)
        else:
            await room.move_to(channel)
    except VoiceTimeout as error:
        # What Discord did not say may be seen now: filled up, or closed to us, in between.
        raise Hindered(str(error), sentence=obstacle(channel) or error.sentence) from error
    except ParleyError as error:
        log.warning("join failed", guild=channel.guild.id, channel=channel.id, error=str(error))
        raise Hindered(str(error), sentence=error.sentence) from error
    if room is None and rooms.guilds.of(channel.guild.id).mode is Mode.PUSH:
        await offer_floor(channel)
    return wording.joined(channel)
