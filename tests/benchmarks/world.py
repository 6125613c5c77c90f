"""The bot in a process of its own on one core; both stand-ins and all members in this one, on another."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.demo.bot_process import bot_process, stop
from bot.loopback.live.answer import Pace
from bot.loopback.live.record import Kind, LiveEvent
from bot.loopback.loopback import BOT_TOKEN, Loopback
from bot.loopback.member.member import Member
from tests.benchmarks.process import pin

LOAD_CORE, BOT_CORE = 0, 1
PLAIN = {"PARLEY_ADDRESSING": "open", "PARLEY_GREETING": "off", "PARLEY_GOODBYE": "off"}
"""Everybody is answered, and nothing is said unasked: what is measured is speech and its answer."""

PATIENCE_S = 30.0


class BenchFailed(Exception):
    """The figures cannot be had; the text says why."""


@dataclass(slots=True)
class Room:
    """One channel with the bot in it. `members`: the first one speaks."""

    guild_id: int
    members: list[Member]
    session: str
    """Id of the Live session that listens to this room."""
    events: list[LiveEvent] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with the end of an answer."""


class World:
    """A running bot, and rooms as they are opened."""

    def __init__(self, loopback: Loopback, stack: AsyncExitStack, log_file: Path) -> None:
        self.loopback = loopback
        self.rooms: list[Room] = []
        self.process: asyncio.subprocess.Process
        self.log_file = log_file
        self._stack = stack
        self._by_session: dict[str, Room] = {}
        self._opened: asyncio.Queue[str] = asyncio.Queue()
        loopback.live.observer = self._observe

    @property
    def bot_id(self) -> int:
        account = self.loopback.discord.world.accounts.by_token(BOT_TOKEN)
        assert account is not None
        return account.id

    async def open_room(self, members: int = 1) -> Room:
        """Members go into the next guild's voice channel, and the first of them types /join."""
        place = self.loopback.guilds[len(self.rooms)]
        people = [await self._member(f"{len(self.rooms)}-{number}", place) for number in range(members)]
        await people[0].type("join")
        async with asyncio.timeout(PATIENCE_S):
            session = await self._opened.get()
        room = Room(place.guild_id, people, session)
        self.rooms.append(room)
        self._by_session[session] = room
        return room

    async def stop(self) -> list[dict[str, Any]]:
        """End the bot in order; the log lines in which its rooms say what they counted."""
        code = await stop(self.process)
        lines = self.log_file.read_text().splitlines()
        if code != 0:
            raise BenchFailed(f"the bot ended with {code}: {lines[-1:]}")
        records = [json.loads(line) for line in lines if line.startswith("{")]
        return [record for record in records if record.get("event") == "room closed"]

    async def ready(self) -> None:
        """Until the bot has logged in and its commands can be typed."""
        sessions = self.loopback.discord.world.sessions
        async with asyncio.timeout(PATIENCE_S):
            while not sessions.of(self.bot_id):
                if self.process.returncode is not None:
                    raise BenchFailed(f"the bot ended: {self.log_file.read_text()[-500:]}")
                await asyncio.sleep(0.05)

    async def _member(self, name: str, place: Any) -> Member:
        loopback = self.loopback
        member = Member.of(loopback, name)
        await self._stack.enter_async_context(member)
        await member.join(place.guild_id, place.voice_channel_id)
        return member

    def _observe(self, event: LiveEvent) -> None:
        if event.kind is Kind.AUDIO_IN:  # the session's record has them
            return
        if event.kind is Kind.SETUP:
            self._opened.put_nowait(event.session)
        room = self._by_session.get(event.session)
        if room is None:
            return
        room.events.append(event)
        if event.kind is Kind.TURN_COMPLETE:
            room.answered.set()


@asynccontextmanager
async def running_world(
    *, guilds: int, answer: str, pace: Pace, **settings: str | int
) -> AsyncIterator[World]:
    """`answer` is said to everything; `settings` are the bot's, in lower case."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-bench-")))
        loopback = Loopback(guilds=guilds)
        loopback.live.script.always = answer
        loopback.live.service.pace = pace
        await stack.enter_async_context(loopback)
        world = World(loopback, stack, directory / "bot.log")
        environment = loopback.env() | PLAIN | {"PARLEY_LOG_FORMAT": "json"}
        environment["PARLEY_DATABASE_URL"] = f"sqlite:///{directory / 'parley.db'}"
        environment |= {name.upper(): str(value) for name, value in settings.items()}
        world.process = await stack.enter_async_context(bot_process(environment, world.log_file))
        pin(world.process.pid, BOT_CORE)
        await world.ready()
        yield world


@asynccontextmanager
async def on_the_load_core() -> AsyncIterator[None]:
    """This process runs on one core for as long as the block lasts, and collects no garbage: a pause of the
    load's, up to 100 ms, would look like one of the bot's."""
    before = os.sched_getaffinity(0)
    pin(0, LOAD_CORE)
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        os.sched_setaffinity(0, before)
