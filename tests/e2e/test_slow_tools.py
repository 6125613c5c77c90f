"""A tool that takes its time: the bot is heard to be at work, and tells the result to people who listen."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from ears import from_bot, spoken_s
from stage import StartStage, until

from audio.formats import DISCORD_HZ
from bot import app
from bot.loopback import speech
from bot.loopback.live.record import Kind
from bot.loopback.live.script import ToolUse
from bot.tools.registry import Result, Tool, ToolContext

pytestmark = pytest.mark.slow

WORK_S = 2.2


async def _slow(context: ToolContext, args: Mapping[str, Any]) -> Result:
    await asyncio.sleep(WORK_S)
    return {}


SLOW = Tool("who_is_speaking", "Looks it up. Invocation Condition: when asked.", _slow)


async def test_is_heard_at_work_and_interrupts_nobody(
    start: StartStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "TOOLS", (SLOW,))
    stage = await start(parley_addressing="auto")
    stage.world.live.script.tools["addressed_cleo"] = ToolUse(SLOW.name, {}, "answer_planets")
    stage.world.live.script.answers["overheard_ben"] = "answer_unknown"
    cleo, ben = await stage.member("Cleo"), await stage.member("Ben")
    await cleo.type("join")
    await cleo.say("addressed_cleo")
    await until(lambda: stage.of(Kind.TOOL_CALL))
    called_at = stage.of(Kind.TOOL_CALL)[0].at
    await stage.answered(cleo, called_at)
    working_at = cleo.heard.first_voiced(stage.bot_id, called_at)
    assert working_at is not None
    assert 1.4 < working_at - called_at < 2.0
    assert abs(cleo.heard_from(stage.bot_id, called_at)).max() < 0.05, "quietly"

    said = await ben.say("overheard_ben")
    await until(lambda: stage.of(Kind.TOOL_RESPONSE))
    [told] = stage.of(Kind.TOOL_RESPONSE)
    assert said.started_at < called_at + WORK_S < said.ended_at < told.at
    await until(lambda: len(stage.of(Kind.ANSWER)) == 2)
    answers = {event.detail: event for event in stage.of(Kind.ANSWER)}
    assert answers.keys() == {"answer_unknown", "answer_planets"}
    await stage.answered(cleo, answers["answer_planets"].at)
    await until(lambda: len(stage.of(Kind.TURN_COMPLETE)) >= 2)
    await stage.quiet(cleo)
    assert from_bot(stage, cleo, "answer_planets", told.at) > 0.9
    length_s = len(speech.load("answer_planets", DISCORD_HZ)) / DISCORD_HZ
    assert spoken_s(stage, cleo, told.at + 0.1) < length_s + 0.2, "what the model says to Ben is for nobody"
