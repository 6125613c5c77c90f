from __future__ import annotations

from collections.abc import AsyncIterator

import discord
import pytest
import pytest_asyncio
from scene import Scene, logged_in

from bot.loopback.loopback import Loopback
from bot.loopback.member.member import Member


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stand_ins() -> AsyncIterator[tuple[Loopback, discord.Client, Member, Member]]:
    """New for each module: a client that sends more than 120 messages a minute is thrown out (4008)."""
    async with (
        Loopback() as loopback,
        logged_in(loopback) as client,
        Member.of(loopback, "Ana") as ana,
        Member.of(loopback, "Ben") as ben,
    ):
        yield loopback, client, ana, ben


@pytest_asyncio.fixture(loop_scope="session")
async def outside(stand_ins: tuple[Loopback, discord.Client, Member, Member]) -> AsyncIterator[Scene]:
    """Ana is in the channel, the bot is not yet."""
    scene = Scene(*stand_ins)
    await scene.ana.join(scene.guild_id, scene.loopback.voice_channel_id)
    try:
        yield scene
    finally:
        scene.voice.faults.clear()
        scene.loopback.discord.faults.__init__()
        if hasattr(scene, "room"):
            await scene.room.close()
        for person in (scene.ana, scene.ben):
            person.heard.clear()
            await person.leave()
    assert not scene.leaks


@pytest_asyncio.fixture(loop_scope="session")
async def scene(outside: Scene) -> Scene:
    """The bot is in the channel with Ana, and they understand each other."""
    await outside.enter()
    await outside.room.until(lambda: outside.link.e2ee.ready_to_send)
    return outside


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/scenarios" in item.path.as_posix():
            item.add_marker(pytest.mark.scenario)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
