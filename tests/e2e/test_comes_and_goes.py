"""The bot arrives with a greeting, and leaves when nobody is there any more."""

from __future__ import annotations

import asyncio

import pytest
from ears import from_bot
from stage import StartStage, until

from bot.loopback.live.record import Kind
from bot.settings import Settings

pytestmark = pytest.mark.slow

GREETING = Settings.model_fields["parley_greeting"].default


async def test_greets_hears_who_speaks_over_it_and_leaves_when_alone(start: StartStage) -> None:
    stage = await start(parley_greeting=GREETING, parley_alone_s=1.0)
    ana, dora = await stage.member("Ana"), await stage.member("Dora", join=False)
    asked = asyncio.get_running_loop().time()
    await ana.type("join")
    await stage.answered(ana, asked)
    said = await ana.say("addressed_cleo")
    await until(lambda: len(stage.of(Kind.ANSWER)) == 2)
    greeting, answer = stage.of(Kind.ANSWER)
    assert said.started_at < greeting.at + 2.0, "over its first half"
    assert from_bot(stage, ana, "answer_greeting", asked) >= 0.95
    assert (greeting.detail, answer.detail) == ("answer_greeting", "answer_planets")
    assert answer.at - said.ended_at < 1.5
    await stage.answered(ana, answer.at)

    await ana.leave()
    left_at = asyncio.get_running_loop().time()
    told = await dora.wait_message(lambda message: "nobody was here" in message.content)
    assert told.author_id == stage.bot_id
    assert "`/join` brings me back" in told.content
    assert told.channel_id == stage.world.voice_channel_id
    assert asyncio.get_running_loop().time() - left_at < 3.5
    await until(lambda: stage.bot_channel() is None)
