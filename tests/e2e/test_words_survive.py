"""Words survive the whole path, measured with STOI against the speech that was sent."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from ears import from_bot, intelligibility
from stage import Stage, StartStage, until

from audio.formats import LIVE_IN_HZ, Samples, from_pcm16
from bot.demo.latency import offset_of
from bot.loopback import speech
from bot.loopback.live.record import Kind
from bot.loopback.member.impairments import Impairments
from bot.loopback.member.recording import Track

pytestmark = pytest.mark.slow


def live_in(stage: Stage) -> Samples:
    return np.concatenate([from_pcm16(bytes(session.pcm16)) for session in stage.world.live.sessions])


@pytest.mark.parametrize(
    ("impairments", "least"),
    [
        (Impairments(), 0.95),
        (Impairments(seed=1, loss=0.10, jitter_ms=40, reorder=0.02), 0.85),
    ],
    ids=["clean", "10 % loss, 40 ms jitter, reordering"],
)
async def test_into_live(start: StartStage, impairments: Impairments, least: float) -> None:
    stage = await start()
    ana = await stage.member("Ana")
    await ana.type("join")
    await ana.say("long_question", impairments)
    await until(lambda: stage.of(Kind.ACTIVITY_END))
    assert intelligibility(speech.load("long_question", LIVE_IN_HZ), live_in(stage), LIVE_IN_HZ) >= least


async def test_into_the_members_ears(start: StartStage) -> None:
    stage = await start()
    ana = await stage.member("Ana")
    await ana.type("join")
    said = await ana.say("addressed")
    await stage.answered(ana, said.ended_at)
    await stage.quiet(ana)
    assert from_bot(stage, ana, stage.of(Kind.ANSWER)[-1].detail, said.ended_at) >= 0.95


async def test_two_members_at_once_are_summed(start: StartStage) -> None:
    stage = await start()
    ana, ben = await stage.member("Ana"), await stage.member("Ben")
    await ana.type("join")
    records = await asyncio.gather(ana.say("question"), ben.say("second"))
    await until(lambda: stage.of(Kind.ACTIVITY_END))
    heard = live_in(stage)
    spoken = [speech.load(name, LIVE_IN_HZ) for name in ("question", "second")]
    for said in spoken:
        assert offset_of(heard, said)[1] > 0.4

    # As long as the two together: from the first sample of one to the last of the other.
    began = min(record.started_at for record in records)
    ended = max(
        record.started_at + len(said) / LIVE_IN_HZ for record, said in zip(records, spoken, strict=True)
    )
    assert abs(
        sounding_s(Track(0.0, heard), LIVE_IN_HZ) - sounding_s(mixture(records, spoken, began), LIVE_IN_HZ)
    ) < 0.01 * (ended - began)


def mixture(records, spoken: list[Samples], began: float) -> Track:  # type: ignore[no-untyped-def]
    starts = [round((record.started_at - began) * LIVE_IN_HZ) for record in records]
    mixed = np.zeros(max(at + len(said) for at, said in zip(starts, spoken, strict=True)), np.float32)
    for at, said in zip(starts, spoken, strict=True):
        mixed[at : at + len(said)] += said
    return Track(began, mixed)


def sounding_s(track: Track, hz: int) -> float:
    """From the first to the last sample above −40 dBFS."""
    loud = np.flatnonzero(np.abs(track.samples) > 0.01)
    return float(loud[-1] - loud[0]) / hz
