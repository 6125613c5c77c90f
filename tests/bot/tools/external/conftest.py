from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from outside import File, Outside, outside
from peers import Peer


@pytest.fixture
async def service() -> AsyncIterator[Outside]:
    async with outside() as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path / "tools.toml")


@pytest.fixture
def peer(file: File, tmp_path: Path) -> Peer:
    return Peer(file, tmp_path)
