from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from bot.loopback.loopback import Loopback
from bot.loopback.member import Member, opus

Login = Callable[..., Awaitable[Member]]


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    async with Loopback() as loopback:
        yield loopback


@pytest.fixture
async def login(loopback: Loopback) -> AsyncIterator[Login]:
    """Log members in; `into` puts them into a voice channel at once."""
    async with AsyncExitStack() as stack:

        async def login(name: str, into: int | None = None, **options: Any) -> Member:
            member = Member.of(loopback, name, **options)
            await stack.enter_async_context(member)
            if into is not None:
                await member.join(loopback.guild_id, into)
            return member

        yield login


@pytest.fixture(scope="session")
def words() -> tuple[bytes, ...]:
    """Half a second of speech as Opus."""
    return opus.packets_of("hello")[20:45]
