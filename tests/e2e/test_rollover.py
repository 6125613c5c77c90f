"""A conversation outlives its connections: no word is lost, none is said twice, and nobody hears of it."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from ears import from_bot, intelligibility, longest_pause_s, spoken_s
from stage import Stage, until

from audio.formats import DISCORD_HZ, LIVE_IN_HZ
from bot.loopback import speech
from bot.loopback.live.record import Kind, Known, LiveSessionRecord, Source
from bot.loopback.member.member import Member

pytestmark = pytest.mark.slow

SAID = speech.load("hello")[: DISCORD_HZ * 3 // 4]
SENTENCE = speech.load("long_sentence", LIVE_IN_HZ)
ANSWER_S = len(speech.load("answer_house")) / DISCORD_HZ


async def test_through_four_connections(stage: Stage) -> None:
    """The first ends in the middle of a sentence, the second under its answer, the third is full."""
    ana, sessions = await stage.member("Ana"), stage.world.live.sessions
    await ana.type("join")
    asked = await a_sentence_across_two(stage, ana)
    await until(lambda: len(sessions) == 3)
    await stage.quiet(ana)
    assert from_bot(stage, ana, "answer_house", asked) >= 0.95
    assert longest_pause_s(stage, ana, asked) < 1.0
    assert spoken_s(stage, ana, asked) < ANSWER_S + 0.5, "once"
    known = [Known(Source.SPOKEN, "long_sentence"), Known(Source.ANSWER, "answer_house")]
    assert [each for each in sessions[2].known if each.source is not Source.NOTE] == known

    stage.world.live.faults.context_exhausted = True
    said = await ana.say(SAID)
    await stage.answered(ana, said.ended_at)
    exhausted, afresh = sessions[2:]
    assert exhausted.close is not None
    assert exhausted.close[0] == 1007
    assert afresh.setup is not None
    assert afresh.setup.handle is None
    told = str(afresh.setup.raw["system_instruction"])
    for words in ("Ana", "a small wooden house by the sea", "Take the dog and the guitar"):
        assert words in told
    status = (await ana.type("status")).content
    for words in ("$", "rollovers 2×", "fresh starts 1×"):
        assert words in status
    assert one_at_a_time(sessions)


async def a_sentence_across_two(stage: Stage, ana: Member) -> float:
    """Ana's sentence, with one rollover in its middle and another ordered for its answer; its end."""
    live = stage.world.live
    speaking = asyncio.create_task(ana.say("long_sentence"))
    await until(lambda: stage.of(Kind.ACTIVITY_START))
    await asyncio.sleep(2.5)
    ends = [asyncio.create_task(live.go_away(3.0))]
    said = await speaking
    await stage.answered(ana, said.ended_at)
    ends.append(asyncio.create_task(live.go_away(8.0)))

    first, second = live.sessions
    assert said.started_at + 3 < second.opened_at < said.ended_at - 3
    assert not first.turns, "it never heard the end"
    [turn] = second.turns
    assert turn.names == ("long_sentence",)
    assert intelligibility(SENTENCE, turn.audio, LIVE_IN_HZ) >= 0.93
    assert len(turn.audio) < len(SENTENCE) + LIVE_IN_HZ, "no word twice: pre-roll and hangover are 0.75 s"
    assert not first.stray_samples + second.stray_samples
    began = ana.heard.first_voiced(stage.bot_id, said.ended_at)
    assert began is not None
    assert began - said.ended_at < 1.75, "0.75 s are the hangover and the model's time to think"
    return said.ended_at


def one_at_a_time(sessions: list[LiveSessionRecord]) -> bool:
    """Each connection had ended before the next was opened."""
    return all(before.of(Kind.CLOSED)[0].at <= after.opened_at for before, after in pairwise(sessions))
