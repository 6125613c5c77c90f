"""A conversation from end to end: heard, understood, answered, interrupted, left."""

from __future__ import annotations

import asyncio

import pytest
from ears import heard_since
from stage import Stage, StartStage, until
from strangers import Stranger, stranger

from audio.formats import LIVE_IN_HZ
from bot.demo.latency import offset_of
from bot.loopback import speech
from bot.loopback.live.record import Kind
from bot.loopback.member.opus import encode

pytestmark = pytest.mark.slow

MUSIC = speech.load("music", LIVE_IN_HZ)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_hears_answers_and_leaves_when_asked_to(start: StartStage) -> None:
    stage = await start()
    ana = await stage.member("Ana")
    reply = await ana.type("join")
    assert f"<#{stage.world.voice_channel_id}>" in reply.content
    notice = await ana.wait_message(
        lambda message: message.author_id == stage.bot_id and not message.ephemeral
    )
    assert "Google Gemini" in notice.content
    assert "/leave" in notice.content

    said = await ana.say("goodbye")
    await stage.answered(ana, said.ended_at)
    assert stage.recognised == ["goodbye"]
    await until(lambda: stage.bot_channel() is None, 15.0)
    responses = [r for session in stage.world.live.sessions for r in session.tool_responses]
    assert len(responses) == 1
    assert responses[0].response["status"] == "ok"


async def test_stops_for_a_person_but_for_no_noise_and_no_other_bot(stage: Stage) -> None:
    ana, ben = await stage.member("Ana"), await stage.member("Ben")
    await ana.type("join")
    async with stranger(stage.world, "music-bot") as juke:
        await until(lambda: juke.ready)
        playing = asyncio.create_task(play_music(juke, times=3))
        for noise in ("door", "cough"):
            await ben.say(noise)
        assert not stage.of(Kind.ACTIVITY_START)
        said = await ana.say("question")
        await stage.answered(ana, said.ended_at)
        for noise in ("cough", "keyboard", "door"):
            await ben.say(noise)
            assert heard_since(stage, ana, now() - 0.2), "it speaks on"
        assert len(stage.of(Kind.ACTIVITY_START)) == 1
        assert not stage.of(Kind.INTERRUPTED)

        stop = await ben.say("interrupt")
        await stage.answered(ben, stop.ended_at)
        assert not playing.done()
        juke.voice.stop()
        await playing
    ears = [at for at in ana.heard.voiced(stage.bot_id, stop.started_at) if at < stop.ended_at]
    assert ears[-1] - stop.started_at < 0.4 + 0.2, "0.2 s for a machine that is busy"
    assert stage.of(Kind.INTERRUPTED)
    assert stage.recognised == ["question", "interrupt"]
    for turn in stage.world.live.sessions[0].turns:
        assert offset_of(turn.audio, MUSIC)[1] < 0.1, "nor does the model hear it"


async def play_music(bot: Stranger, times: int) -> None:
    await bot.play(encode(speech.load("music")) * times)


async def test_server_turn_detection(start: StartStage) -> None:
    stage = await start(parley_turn_detection="server")
    ana = await stage.member("Ana")
    await ana.type("join")
    said = await ana.say("hello")
    await stage.answered(ana, said.ended_at)
    assert not stage.of(Kind.ACTIVITY_START)
    assert stage.recognised[-1] == "hello"


async def test_rooms_in_several_guilds_do_not_mix(start: StartStage) -> None:
    stage = await start(guilds=2)
    ana, ben = await stage.member("Ana", guild=0), await stage.member("Ben", guild=1)
    await asyncio.gather(ana.type("join"), ben.type("join"))
    hello, question = await asyncio.gather(ana.say("hello"), ben.say("question"))
    await asyncio.gather(stage.answered(ana, hello.ended_at), stage.answered(ben, question.ended_at))
    assert set(stage.recognised) == {"hello", "question"}
    assert len(stage.world.live.sessions) == 2
