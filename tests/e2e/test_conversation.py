"""A conversation from end to end: heard, understood, answered, interrupted, left."""

from __future__ import annotations

import asyncio

import pytest
from stage import StartStage, until

from bot.loopback.live.record import Kind

pytestmark = pytest.mark.slow


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


async def test_is_interrupted_by_another_member(start: StartStage) -> None:
    stage = await start()
    ana, ben = await stage.member("Ana"), await stage.member("Ben")
    await ana.type("join")
    said = await ana.say("question")
    await stage.answered(ana, said.ended_at)
    await asyncio.sleep(1.0)  # into the answer
    stop = await ben.say("interrupt")
    answers = [event.at for event in stage.of(Kind.ANSWER) if event.at > stop.started_at]
    ears = [at for at in ana.heard.voiced(stage.bot_id, stop.started_at) if not answers or at < answers[0]]
    assert ears
    assert ears[-1] - stop.started_at < (stop.ended_at - stop.started_at) / 2
    assert stage.of(Kind.INTERRUPTED)
    await stage.answered(ben, stop.ended_at)
    assert stage.recognised[-1] == "interrupt"


async def test_a_cough_neither_starts_a_turn_nor_stops_an_answer(start: StartStage) -> None:
    stage = await start()
    ana, ben = await stage.member("Ana"), await stage.member("Ben")
    await ana.type("join")
    said = await ana.say("question")
    await stage.answered(ana, said.ended_at)
    for noise in ("cough", "keyboard", "door"):
        await ben.say(noise)
    assert len(stage.of(Kind.ACTIVITY_START)) == 1
    assert not stage.of(Kind.INTERRUPTED)


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
