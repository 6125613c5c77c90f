"""Whatever goes wrong on the way in, over or out becomes an error of ours, and nothing hangs."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.errors import ParleyError, VoiceError, VoiceRefused, VoiceTimeout
from bot.voice import entry


class Link:
    """As much of a voice link as entering needs; `failure` is what its methods meet."""

    def __init__(self, failure: Exception | None = None, *, hangs: bool = False) -> None:
        self.failure = failure
        self.hangs = hangs
        self.user = SimpleNamespace(id=1)
        self.inbound = SimpleNamespace(listens_to=None)
        self.log: list[str] = []

    async def _do(self, what: str) -> None:
        self.log.append(what)
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure

    async def disconnect(self, *, force: bool) -> None:
        await self._do("disconnect")

    async def move_to(self, channel: Any) -> None:
        await self._do("move")

    def cleanup(self) -> None:
        self.log.append("cleanup")


class Channel:
    def __init__(self, link: Link, failure: Exception | None = None) -> None:
        self.link = link
        self.failure = failure

    async def connect(self, **options: Any) -> Link:
        if self.failure is not None:
            raise self.failure
        return self.link


def closed(code: int) -> discord.ConnectionClosed:
    return discord.ConnectionClosed(SimpleNamespace(close_code=code), shard_id=None, code=code)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (TimeoutError(), VoiceTimeout),
        (closed(4017), VoiceRefused),
        (discord.ClientException("already connected"), VoiceError),
        (ConnectionResetError(), VoiceError),
        (VoiceTimeout("ours"), VoiceTimeout),
    ],
)
async def test_what_keeps_us_out(failure: Exception, error: type[ParleyError]) -> None:
    channel: Any = Channel(Link(), failure)
    with pytest.raises(error) as raised:
        async with entry.entered(channel, listen_to_bots=False):
            pytest.fail("entered")
    assert raised.value.sentence


async def test_leaves_at_the_end_and_listens_to_bots_if_told() -> None:
    channel: Any = Channel(Link())
    async with entry.entered(channel, listen_to_bots=True) as link:
        assert link.inbound.listens_to(2)
        assert not link.inbound.listens_to(1)
    assert channel.link.log == ["disconnect"]


async def test_leaving_takes_no_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "LEAVE_TIMEOUT_S", 0.01)
    channel: Any = Channel(Link(hangs=True))
    async with entry.entered(channel, listen_to_bots=False):
        pass
    assert channel.link.log == ["disconnect", "cleanup"]


async def test_moving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "ENTER_TIMEOUT_S", 0.01)
    channel: Any = Channel(Link())
    for link, error in ((Link(hangs=True), VoiceTimeout), (Link(closed(1006)), VoiceError)):
        with pytest.raises(error):
            await entry.move(link, channel)  # type: ignore[arg-type]
