from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from town import Town, founded

from bot.loopback.discord.permissions import ALL


@pytest.fixture
async def town(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """The bot may do everything."""
    async with founded(monkeypatch, bot_permissions=ALL) as town:
        yield town
