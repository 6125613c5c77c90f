from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from stage import Stage, StartStage, running_bot

from bot.loopback.loopback import Loopback


@pytest.fixture
async def start() -> AsyncIterator[StartStage]:
    """`await start(guilds=2, parley_hangover_ms=300)`: a loopback with the bot on it, ended with the test."""
    async with AsyncExitStack() as stack:

        async def begin(*, guilds: int = 1, bot: bool = True, **settings: Any) -> Stage:
            world = await stack.enter_async_context(Loopback(guilds=guilds))
            stage = Stage(world, stack)
            if bot:
                await stack.enter_async_context(running_bot(world, **settings))
            return stage

        yield begin


@pytest.fixture
async def stage(start: StartStage) -> Stage:
    return await start()
