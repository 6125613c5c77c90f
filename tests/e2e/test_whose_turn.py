"""Several people in a channel: whom the bot answers, for whom it stops, and who it says has spoken."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from ears import heard_since
from stage import Stage, StartStage, until

from audio.formats import DISCORD_HZ
from bot.loopback import speech
from bot.loopback.live.record import Kind
from bot.loopback.live.script import Script, ToolUse
from bot.loopback.member.member import Member
from bot.loopback.member.talk import SpokenRecord

pytestmark = pytest.mark.slow

WORDS_LATE_S = 0.8
"""The transcript comes so long after the turn, half a second after the answer to it has begun."""
UNHEARD_S = 0.5
"""An answer that is let through is heard within this."""


@pytest.mark.addressing
async def test_in_company_it_answers_to_its_name_and_to_what_follows(start: StartStage) -> None:
    stage = await start(parley_addressing="auto")
    ana, ben = await stage.member("Ana"), await stage.member("Ben")
    await ana.type("join")
    await heard_by_the_model_alone(stage, ana, "overheard", "answer_cinema")

    faults = stage.world.live.faults
    faults.late_transcript_s, faults.transcript_in_pieces = WORDS_LATE_S, True
    addressed = await ana.say("addressed")
    delays = [await gate_s(stage, ana, addressed)]
    await asyncio.sleep(1.0)  # into the answer
    follow_up = await ana.say("follow_up")
    stopped_at = [at for at in ben.heard.voiced(stage.bot_id, addressed.ended_at) if at < follow_up.ended_at]
    delays.append(await gate_s(stage, ana, follow_up))
    await heard_by_the_model_alone(stage, ben, "mentioned", "answer_yesterday")
    assert stage.recognised == ["overheard", "addressed", "follow_up", "mentioned"]
    assert max(delays) < 0.150 + 0.150, "the second half for the way to the ears"
    assert stopped_at[-1] - follow_up.started_at < 0.4 + 0.2, "0.2 s for a machine that is busy"


async def heard_by_the_model_alone(stage: Stage, member: Member, name: str, answer: str) -> None:
    """`member` says it; the model answers, and nobody hears that."""
    said = await member.say(name)
    await until(lambda: stage.of(Kind.ANSWER) and stage.of(Kind.ANSWER)[-1].detail == answer)
    await until(lambda: stage.recognised[-1] == name)
    await asyncio.sleep(stage.world.live.faults.late_transcript_s + UNHEARD_S)
    assert not heard_since(stage, member, said.ended_at)


async def gate_s(stage: Stage, member: Member, said: SpokenRecord) -> float:
    """From the last piece of the transcript to the first sound of the answer that had waited for it."""
    await stage.answered(member, said.ended_at)
    began = member.heard.first_voiced(stage.bot_id, said.ended_at)
    assert began is not None
    assert stage.of(Kind.ANSWER)[-1].at < stage.of(Kind.RECOGNISED)[-1].at + WORDS_LATE_S
    return began - (stage.of(Kind.RECOGNISED)[-1].at + WORDS_LATE_S)


@dataclass(slots=True)
class AlwaysAsks(Script):
    """The model wants to know who spoke, whatever it hears."""

    def reply(self, heard: str | None, declared: Any) -> str | ToolUse:
        return ToolUse("who_is_speaking", {}, "answer_short")


Line = tuple[str, float, float]
"""Of a play: who speaks, from when after its beginning, for how many seconds."""


VOICES = {"Ana": "overheard", "Ben": "overheard_ben", "Cleo": "overheard_cleo", "Dan": "addressed_dan"}


async def play(stage: Stage, cast: dict[str, Member], *lines: Line) -> dict[str, Any]:
    """One turn, and what who_is_speaking then says."""

    async def speak(name: str, after_s: float, seconds: float) -> None:
        await asyncio.sleep(after_s)
        await cast[name].say(speech.load(VOICES[name])[: round(DISCORD_HZ * seconds)])

    answers = stage.world.live.sessions[-1].tool_responses
    asked = len(answers)
    await asyncio.gather(*(speak(*line) for line in lines))
    await until(lambda: len(answers) > asked)
    return dict(answers[-1].response)


async def test_who_said_what(stage: Stage) -> None:
    """A conversation of four with overlaps; some turns begin while the bot speaks."""
    stage.world.live.service.script = AlwaysAsks()
    cast = {name: await stage.member(name) for name in VOICES}
    await cast["Ana"].type("join")
    script = [
        [("Ana", 0.0, 1.8), ("Ben", 1.0, 1.6)],
        [("Cleo", 0.0, 1.0)],
        [("Dan", 0.0, 2.0), ("Ana", 0.6, 0.8), ("Cleo", 0.8, 0.8)],
        [("Ben", 0.0, 1.0), ("Dan", 1.1, 0.8)],
    ]
    for lines in script:
        said = await play(stage, cast, *lines)
        assert [each["name"] for each in said["last_turn"]] == [name for name, _, _ in lines]
        assert sorted(said["in_the_channel"]) == sorted(cast)
        for each, overlap_s in zip(said["last_turn"], overlaps_s(lines), strict=True):
            measured = each["seconds_while_others_spoke"]
            assert overlap_s / 3 <= measured <= overlap_s + 0.1, "speech has pauses"
    turns = stage.world.live.sessions[-1].turns
    assert len(turns) == len(script)
    for turn, [(first, _, _), *_] in zip(turns, script, strict=True):
        assert turn.notes[0].startswith(f'[Note, not spoken by anybody: "{first}" speaks now.')


def overlaps_s(lines: list[Line]) -> list[float]:
    """How long each of them speaks while another does."""

    def speaks(line: Line, at: float) -> bool:
        _, after_s, seconds = line
        return after_s <= at < after_s + seconds

    def overlap_s(line: Line) -> float:
        others = [other for other in lines if other is not line]
        times = [frame / 50 for frame in range(150)]
        return sum(speaks(line, at) and any(speaks(other, at) for other in others) for at in times) / 50

    return [overlap_s(line) for line in lines]
