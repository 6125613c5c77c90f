"""All rooms: at most one per guild, each a task of its own; one that fails does not touch the others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import structlog

from bot.errors import ParleyError, VoiceError
from bot.guilds import Guilds
from bot.house import House
from bot.live.line import Line
from bot.live.session import LiveClient
from bot.manners import RoomEnded
from bot.room import Room
from bot.settings import Settings
from bot.store.rows import Stay
from bot.voice.chat import post
from bot.voice.entry import VoiceRoom, entered
from bot.whereabouts import forget, noted

log = structlog.get_logger(__name__)

GOODBYE_S = 6.0
"""Whoever typed /leave waits no longer than this for the bot to have said goodbye."""

ON_MY_WAY = "I am on my way into a channel of this server already. One moment."
SENT_AWAY = "I was asked to leave before I had arrived. `/join` calls me again."
CHANNEL_GONE = "That channel is no longer there."
SHUTTING_DOWN = "I am being shut down or restarted. Try `/join` again in a minute."


@dataclass(frozen=True, slots=True)
class _Place:
    """A guild's one room, from the first attempt to enter until it has been left."""

    wanted_id: int
    opened: asyncio.Future[Room]
    life: asyncio.Task[ParleyError]


class Rooms:
    """Use as a context manager: leaving the block leaves every channel."""

    def __init__(self, live: LiveClient, settings: Settings, house: House) -> None:
        self._live = live
        self._settings = settings
        self._house = house
        self._by_guild: dict[int, _Place] = {}
        self._farewells: set[asyncio.Task[bool]] = set()
        self._saying_goodbye: set[int] = set()
        self._closing = False

    async def __aenter__(self) -> Self:
        self._tasks = asyncio.TaskGroup()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close_all()
        await self._tasks.__aexit__(None, None, None)

    @property
    def guilds(self) -> Guilds:
        """What the servers have chosen."""
        return self._house.guilds

    def get(self, guild_id: int) -> Room | None:
        """The room in which one can talk, if there is one in this guild."""
        place = self._by_guild.get(guild_id)
        return place.opened.result() if place is not None and place.opened.done() else None

    def channel_id(self, guild_id: int) -> int | None:
        """The voice channel of this guild that the bot is in, or on its way into."""
        place = self._by_guild.get(guild_id)
        if place is None:
            return None
        return place.opened.result().channel_id if place.opened.done() else place.wanted_id

    @property
    def idle(self) -> bool:
        """Whether nobody speaks in any room."""
        return all(room.idle for guild_id in self._by_guild if (room := self.get(guild_id)) is not None)

    def changed(self, guild_id: int | None = None) -> None:
        """The server (None: any) has chosen anew: a persona, its settings, what the model may do."""
        for each in list(self._by_guild) if guild_id is None else [guild_id]:
            if (room := self.get(each)) is not None:
                room.changed()

    async def open(self, channel: VoiceRoom, earlier: Stay | None = None) -> Room:
        """Enter `channel` and return when the bot can be talked to. `earlier`: it was there when the program
        ended. Raises ParleyError if it cannot."""
        guild_id = channel.guild.id
        if self._closing:
            raise VoiceError("closing", sentence=SHUTTING_DOWN)
        if guild_id in self._by_guild:
            raise VoiceError("occupied", sentence=ON_MY_WAY)
        opened: asyncio.Future[Room] = asyncio.get_running_loop().create_future()
        life = self._tasks.create_task(self._life(channel, opened, earlier), name=f"room {channel.id}")
        self._by_guild[guild_id] = _Place(channel.id, opened, life)
        # A callback and not the task's own last act: one cancelled before its first step has no last act.
        life.add_done_callback(lambda _: self._vacate(guild_id, life))
        either: set[asyncio.Future[Any]] = {life, opened}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            life.cancel()  # nobody waits for this room any more
            raise
        if not life.done():
            return opened.result()
        if life.cancelled():
            raise VoiceError("sent away", sentence=SENT_AWAY)
        ended = life.result()
        raise ended if ended.sentence else VoiceError(str(ended), sentence=CHANNEL_GONE)

    async def dismiss(self, guild_id: int) -> None:
        """Leave the channel of this guild with a word of goodbye; asked again, or with nobody there to hear
        it, at once."""
        place, room = self._by_guild.get(guild_id), self.get(guild_id)
        if place is not None and room is not None and guild_id not in self._saying_goodbye:
            self._saying_goodbye.add(guild_id)
            try:
                if room.manners.say_goodbye():
                    await asyncio.wait({place.life}, timeout=GOODBYE_S)
            finally:
                self._saying_goodbye.discard(guild_id)
        await self.close(guild_id)

    async def close(self, guild_id: int) -> None:
        """Leave the channel of this guild and wait until it has been left."""
        place = self._by_guild.get(guild_id)
        if place is None:
            return
        if not place.life.cancelling():  # a second request must not cut the leaving short
            place.life.cancel()
        await asyncio.wait({place.life})

    async def close_all(self) -> None:
        """Leave every channel and enter none any more."""
        self._closing = True
        await asyncio.gather(*(self.close(guild_id) for guild_id in list(self._by_guild)))
        for farewell in self._farewells:
            farewell.cancel()

    async def _life(
        self, channel: VoiceRoom, opened: asyncio.Future[Room], earlier: Stay | None
    ) -> ParleyError:
        """A room from entering to leaving. Returns what ended it."""
        structlog.contextvars.bind_contextvars(guild=channel.guild.id, room=channel.id)
        ended: ParleyError
        try:
            async with entered(channel, listen_to_bots=self._settings.parley_listen_to_bots) as link:
                room = Room(
                    link,
                    partial(Line, self._live),
                    self._house.home(channel.guild.id),
                    self._settings,
                    post=lambda text: post(link.channel, text),
                    earlier=earlier,
                )
                async with noted(self._house.store.stays, room, opened):
                    await room.run(opened)
        except asyncio.CancelledError:
            log.info("room left")
            raise
        except RoomEnded as end:
            log.info("room ended", sentence=end.sentence)
            ended = end
        except ParleyError as error:
            log.warning("room ended", error=str(error))
            ended = error
        except Exception as error:  # a bug in one room must not end the others, and must be seen
            log.exception("room failed")
            ended = ParleyError(str(error))
        finally:
            self._vacate(channel.guild.id, asyncio.current_task())
            if not self._closing and (opened.done() or earlier is None):
                await forget(self._house.store.stays, channel.guild.id)
        if opened.done():
            self._bid_farewell(link.channel, ended)
        return ended

    def _vacate(self, guild_id: int, life: asyncio.Task[Any] | None) -> None:
        """The room whose task this is has ended; there may be another by now."""
        place = self._by_guild.get(guild_id)
        if place is not None and place.life is life:
            del self._by_guild[guild_id]

    def _bid_farewell(self, channel: VoiceRoom, ended: ParleyError) -> None:
        """Say in the channel's chat why the bot has gone. `/join` need not wait for a chat that is slow."""
        sentence = ended.sentence
        if not isinstance(ended, RoomEnded):
            sentence += " I have left the channel; `/join` brings me back."
        if sentence and not self._closing:
            farewell = self._tasks.create_task(post(channel, sentence), name="farewell")
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)
