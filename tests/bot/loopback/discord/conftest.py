from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from voice_place import CERTIFICATES, Place

from bot.loopback.discord.voice_gateway import VoiceServer


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    server = VoiceServer()
    await server.start(CERTIFICATES.server_context())
    async with AsyncExitStack() as stack:
        yield Place(server, stack)
        await server.close()
