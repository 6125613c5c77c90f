"""Clients that are not ours: plain discord.py with its own voice client, by themselves and with the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack

import pytest
from stage import StartStage, until
from strangers import stranger

from audio.formats import SILENCE_PACKET
from bot.loopback import speech
from bot.loopback.loopback import Loopback
from bot.loopback.member.opus import encode

pytestmark = pytest.mark.slow


def spoken(packets: Sequence[bytes]) -> Iterator[bytes]:
    return (packet for packet in packets if packet != SILENCE_PACKET)


async def test_two_plain_clients_hear_each_other() -> None:
    hello, second = encode(speech.load("hello")), encode(speech.load("second"))
    async with Loopback() as world, AsyncExitStack() as stack:
        dora = await stack.enter_async_context(stranger(world, "user-Dora"))
        emil = await stack.enter_async_context(stranger(world, "another-bot"))
        await until(lambda: dora.ready and emil.ready)
        await asyncio.gather(dora.play(hello), emil.play(second))
        await until(lambda: len(list(spoken(emil.heard[dora.user_id]))) == len(hello))
        await until(lambda: len(list(spoken(dora.heard[emil.user_id]))) == len(second))
        assert list(spoken(emil.heard[dora.user_id])) == list(hello)
        assert list(spoken(dora.heard[emil.user_id])) == list(second)


async def test_a_plain_client_and_the_bot_understand_each_other(start: StartStage) -> None:
    stage = await start()
    ana = await stage.member("Ana", join=False)
    async with stranger(stage.world, "user-Dora") as dora:
        options = {"channel": stage.world.voice_channel_id}
        reply = await ana.type("join", options, channel_id=stage.world.text_channel_id)
        assert "I am in" in reply.content
        await until(lambda: dora.ready)
        await dora.play(encode(speech.load("hello")))
        await until(lambda: stage.recognised)
        assert stage.recognised == ["hello"]
        await until(lambda: len(list(spoken(dora.heard[stage.bot_id]))) > 50)
