"""Killed with SIGKILL in the middle of conversations, and started again: the bot is back, and remembers."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from stage import PLAIN, Stage, until

from bot.announcements import back_again
from bot.demo.bot_process import bot_process
from bot.loopback.live.record import Kind, LiveSessionRecord
from bot.loopback.loopback import BOT_TOKEN, Loopback
from bot.loopback.member.member import Member
from bot.store.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(240)]

GUILDS, KILLS = 4, 5
"""Twenty conversations are cut off, each at a moment of its own."""
BACK_WITHIN_S = 10.0
"""After the login."""
JUST_NOW_S = 0.3
"""A handle that came so shortly before the end may not have been written down any more."""


class Town:
    """Servers with one person each, who talks and talks."""

    def __init__(self, stage: Stage, directory: Path) -> None:
        self.stage = stage
        self.world = stage.world
        self.url = f"sqlite:///{directory / 'parley.db'}"
        self._log = directory / "bot.log"
        account = self.world.discord.world.accounts.by_token(BOT_TOKEN)
        assert account is not None
        self.bot = account
        self.people: list[Member] = []
        self.killed_at = 0.0

    def logins(self) -> set[str]:
        return {session.id for session in self.world.discord.world.sessions.of(self.bot.id)}

    def sessions(self, since: int) -> list[LiveSessionRecord]:
        return [record for record in list(self.world.live.sessions)[since:] if record.setup is not None]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """The unmodified bot, logged in; killed at the end."""
        settings = {name.upper(): str(value) for name, value in PLAIN.items()}
        environment = self.world.env() | settings | {"PARLEY_DATABASE_URL": self.url}
        before = self.logins()
        async with bot_process(environment, self._log) as process:
            await until(lambda: self.logins() - before, 20)
            yield process
            process.kill()
            self.killed_at = asyncio.get_running_loop().time()

    async def talk(self, person: Member, seed: int) -> None:
        rng = random.Random(seed)
        while True:
            await asyncio.sleep(rng.uniform(0.0, 1.5))
            await person.say("addressed")


def newest(record: LiveSessionRecord, killed_at: float) -> set[str]:
    """The last handle that must have been written down, and those that may have been."""
    given = [event for event in record.events if event.kind is Kind.HANDLE]
    sure = [event for event in given if event.at < killed_at - JUST_NOW_S]
    return {str(event.detail) for event in given[max(0, len(sure) - 1) :]}


async def test_is_back_in_its_channels_resumes_and_says_so(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(Loopback(guilds=GUILDS))
        town = Town(Stage(world, stack), tmp_path)
        town.people = [await town.stage.member(f"Ana{at}", guild=at) for at in range(GUILDS)]
        async with town.running():
            await asyncio.gather(*(person.type("join") for person in town.people))
            await asyncio.gather(*(person.say("addressed") for person in town.people))
            await until(lambda: all(newest(record, math.inf) for record in town.sessions(0)), 20)
            await cut_off(town)
        for kill in range(KILLS - 1):
            began = len(world.live.sessions)
            async with town.running():
                await came_back(town, began, kill + 1)
                await cut_off(town)
        began = len(world.live.sessions)
        async with town.running():
            await came_back(town, began, KILLS)
            said_at = asyncio.get_running_loop().time()
            await asyncio.gather(*(person.say("addressed") for person in town.people))
            await asyncio.gather(*(town.stage.answered(person, said_at) for person in town.people))
        async with Store.open(town.url) as store:
            assert len(await store.stays.all()) == GUILDS


async def cut_off(town: Town) -> None:
    """Everybody talks, until the bot is killed some time later."""
    async with asyncio.TaskGroup() as talk:
        tasks = [talk.create_task(town.talk(person, at)) for at, person in enumerate(town.people)]
        await asyncio.sleep(random.uniform(1.0, 4.0))
        for task in tasks:
            task.cancel()


async def came_back(town: Town, began: int, times: int) -> None:
    """By itself, in time, into every channel, into the same sessions, and with a word about it."""
    loop = asyncio.get_running_loop()
    logged_in_at = loop.time()
    before = list(town.world.live.sessions)[:began]
    await until(lambda: len(resumed(town, began)) == GUILDS, BACK_WITHIN_S)
    guilds = town.world.discord.world.guilds.values()
    await until(lambda: all(town.bot.id in guild.voice_states for guild in guilds))
    assert loop.time() - logged_in_at < BACK_WITHIN_S
    used = {record.setup.handle for record in resumed(town, began) if record.setup is not None}
    assert all(newest(record, town.killed_at) & used for record in before[-GUILDS:])
    await until(lambda: told(town.people[0]) == times * GUILDS)


def resumed(town: Town, began: int) -> Sequence[LiveSessionRecord]:
    return [each for each in town.sessions(began) if each.setup is not None and each.setup.handle is not None]


def told(person: Member) -> int:
    """How often the bot has said that it was away, in the chats of all servers."""
    sentence = back_again(1.0).split(" and ")[0]
    return sum(message.content.startswith(sentence) for message in person.messages)
