"""The button by which one holds the floor. It hangs in the chat of the voice channel and works for ever, also
when the bot was restarted in between: Discord keeps the message, and its buttons are known by their names."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import aiohttp
import discord
import structlog

from bot.app import Parley
from bot.clock import monotonic
from bot.room import Room
from bot.rooms import Rooms
from bot.turns.floor import HOLD_S, Mode
from bot.voice.entry import VoiceRoom
from cogs import floor_wording as wording
from cogs.caller import is_in, member_of
from cogs.failure import Buttons
from cogs.reply import Reply, acknowledge
from cogs.wording import NOT_HERE

log = structlog.get_logger(__name__)


class FloorButtons(Buttons):
    """Two buttons: whoever is in the channel may take the floor, and give back what they hold."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Hold the floor", style=discord.ButtonStyle.primary, custom_id="floor:hold")
    async def hold(
        self, interaction: discord.Interaction[Parley], _: discord.ui.Button[FloorButtons]
    ) -> None:
        reply, room = await _pressed(interaction)
        if room is None:
            return
        if not room.company.floor.take(interaction.user.id, monotonic()):
            await reply.whisper(wording.TAKEN)
            return
        # Shown by each phone as what is left of it, so nobody need edit the message when the time is up.
        until = discord.utils.format_dt(interaction.created_at + timedelta(seconds=HOLD_S), "R")
        await reply.rewrite(wording.held(interaction.user.mention, until))

    @discord.ui.button(label="Give it back", style=discord.ButtonStyle.secondary, custom_id="floor:give back")
    async def give_back(
        self, interaction: discord.Interaction[Parley], _: discord.ui.Button[FloorButtons]
    ) -> None:
        reply, room = await _pressed(interaction)
        if room is None:
            return
        now, floor = monotonic(), room.company.floor
        if floor.holder(now) not in (None, interaction.user.id):
            await reply.whisper(wording.TAKEN)
            return
        floor.give_back(interaction.user.id, now)
        await reply.rewrite(wording.FREE)


async def offer_floor(channel: VoiceRoom) -> bool:
    """Hang the buttons into the channel's chat. False where the bot may not write or Discord fails."""
    buttons = FloorButtons()
    try:
        await channel.send(wording.FREE, view=buttons)
    except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
        log.warning("buttons not posted", channel=channel.id, error=str(error) or type(error).__name__)
        return False
    finally:
        buttons.stop()  # those registered once at the start hear every press; one more a message would leak
    return True


async def _pressed(interaction: discord.Interaction[Any]) -> tuple[Reply, Room | None]:
    """Acknowledged, and the room whose floor they may hold; if there is none, they have been told."""
    reply, member = await acknowledge(interaction), member_of(interaction)
    rooms: Rooms = interaction.client.rooms
    room = rooms.get(member.guild.id)
    if rooms.guilds.of(member.guild.id).mode is not Mode.PUSH:
        await reply.say(wording.OUTDATED)
        return reply, None
    if room is None:
        await reply.whisper(NOT_HERE)
    elif not is_in(member, room.channel_id):
        await reply.whisper(wording.elsewhere(f"<#{room.channel_id}>"))
        room = None
    return reply, room
