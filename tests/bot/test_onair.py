"""Members' clients are told when the bot begins and ends, once each and in that order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.onair import OnAir


class Link:
    def __init__(self) -> None:
        self.announced: list[bool] = []

    async def announce_speaking(self, speaking: bool) -> None:
        self.announced.append(speaking)


@pytest.mark.parametrize(
    ("said", "announced"),
    [
        ([], []),
        ([False, False], []),
        ([True], [True]),
        ([True, True, True, False, False], [True, False]),
        ([True, False, True, False], [True, False, True, False]),
    ],
)
async def test_only_changes_are_announced_and_in_order(said: list[bool], announced: list[bool]) -> None:
    link: Any = Link()
    async with asyncio.TaskGroup() as tasks:
        on_air = OnAir(link, tasks)
        for speaking in said:
            on_air.set(speaking)
    assert link.announced == announced


async def test_the_beat_does_not_wait_for_it() -> None:
    link: Any = Link()
    async with asyncio.TaskGroup() as tasks:
        OnAir(link, tasks).set(True)
        assert link.announced == []
    assert link.announced == [True]
