"""The demonstration fails loudly: each check, on something that was not as it should be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from audio.formats import DISCORD_HZ, Samples
from bot.demo.steps import StepFailed
from bot.demo.story import Story
from bot.demo.watch import Watch
from bot.loopback import speech
from bot.loopback.live.record import Kind, LiveEvent
from bot.loopback.member.recording import Track

CLIP, AT = "answer_hello", 100.0


class Ear:
    """A member who has heard `samples` of the bot, from `AT` on."""

    def __init__(self, samples: Samples) -> None:
        self.heard = self
        self._samples = samples

    def track(self, user_id: int, since: float) -> Track:
        return Track(AT, self._samples)

    def voiced(self, user_id: int, since: float) -> list[float]:
        ears = [AT + 0.02 * n for n in range(len(self._samples) * 50 // DISCORD_HZ)]
        return [at for at in ears if at >= since]


def watch(samples: Samples | None = None, events: list[LiveEvent] | None = None) -> tuple[Watch, Story]:
    story = Story(500.0, events=events or [])
    account = SimpleNamespace(id=7)
    world = SimpleNamespace(
        live=SimpleNamespace(observer=None, sessions=[]),
        discord=SimpleNamespace(
            world=SimpleNamespace(accounts=SimpleNamespace(by_token=lambda token: account))
        ),
    )
    ear = Ear(np.zeros(0, np.float32) if samples is None else samples)
    return Watch(cast(Any, world), cast(Any, ear), story), story


def softer(began_s: float, ended_s: float) -> Samples:
    samples = np.array(speech.load(CLIP))
    samples[round(began_s * DISCORD_HZ) : round(ended_s * DISCORD_HZ)] *= 0.25
    return samples


def answered(clip: str) -> list[LiveEvent]:
    return [LiveEvent(Kind.ANSWER, AT - 0.1, "s", clip), LiveEvent(Kind.GENERATION_COMPLETE, AT, "s")]


def test_a_voice_that_was_turned_down_for_a_moment() -> None:
    watching, story = watch(softer(3.0, 3.3))
    assert watching.ducked(CLIP, AT).startswith("12 dB softer")
    assert story.softest_at == pytest.approx(AT + 3.15, abs=0.2)


@pytest.mark.parametrize(
    ("heard", "complaint"),
    [
        (softer(0.0, 0.0), "did not turn its voice down"),
        (softer(1.0, 9.0), "did not go on as before"),
        (softer(3.0, 3.3)[: 4 * DISCORD_HZ], "only 4.0 s"),
    ],
)
def test_a_voice_that_was_not(heard: Samples, complaint: str) -> None:
    with pytest.raises(StepFailed, match=complaint):
        watch(heard)[0].ducked(CLIP, AT)


async def test_what_nobody_is_to_hear() -> None:
    await watch(events=answered("answer_cinema"))[0].unheard("answer_cinema", AT - 1)
    with pytest.raises(StepFailed, match="answered what was not said to it"):
        await watch(softer(0, 0), answered("answer_cinema"))[0].unheard("answer_cinema", AT - 1)


async def test_another_answer_than_the_right_one() -> None:
    for heard in ("answered", "unheard"):
        watching, _ = watch(softer(0, 0), answered("answer_unknown"))
        with pytest.raises(StepFailed, match="the model understood nothing and said answer_unknown"):
            await getattr(watching, heard)(CLIP, AT - 1)


def test_a_note_that_was_not_sent() -> None:
    with pytest.raises(StepFailed, match="was not told"):
        watch()[0].told('"Ben" speaks')
