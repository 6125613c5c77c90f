"""Who was being answered need not say the name again, however that answer ended. No clock, no socket."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from audio.outbound import PlayedReply
from bot.conversation import Conversation
from bot.live.events import Audio, InputTranscript, Interrupted
from bot.turns.floor import Floor, FloorRules, Mode
from bot.turns.turn import Spoken, Turn, TurnStarted

ANA, BEN = 1, 2
LOUD = Audio(b"\x00\x40" * 480, 24_000)


class Line:
    takes_notes = False
    quiet = False

    def __init__(self) -> None:
        self.number = 0

    def start_turn(self, note: str | None = None) -> int:
        self.number += 1
        return self.number

    def end_turn(self) -> None: ...
    def settled(self, number: int) -> None: ...


class Voice:
    playing = False

    def __init__(self) -> None:
        self.answers = 0

    def push(self, audio: Audio) -> None:
        self.answers += not self.playing
        self.playing = True

    def finish(self) -> None: ...

    def stop(self) -> PlayedReply:
        self.playing = False
        return PlayedReply(40.0, 960.0)


class Tools:
    busy = False

    def decide(self, verdict: object, asked: object) -> None: ...
    def turn_over(self) -> None: ...


class Scene:
    """Ana and Ben in a channel where the bot answers to its name."""

    def __init__(self) -> None:
        self.voice = Voice()
        floor = Floor(FloorRules(Mode.NAMED, names=("Parley",), follow_up_s=10.0))
        line, voice, tools = Line(), self.voice, Tools()
        self.conversation = Conversation(
            line,  # type: ignore[arg-type]
            voice,
            tools,  # type: ignore[arg-type]
            floor,
            name_of=str,
            tell=lambda notice: None,
        )
        self.conversation.present({ANA: "Ana", BEN: "Ben"})

    def says(self, who: int, words: str, now: float) -> bool:
        """A sentence of two seconds, and an answer to it. Whether it is heard."""
        conversation, answers = self.conversation, self.voice.answers
        conversation.turn_started(TurnStarted((who,), now), now)
        conversation.tick(now + 0.02)
        conversation.turn_ended(Turn((Spoken(who, now, now + 2),), now, now + 2, cut=False), now + 2)
        conversation.on_live(InputTranscript(words, finished=True), now + 2)
        conversation.on_live(LOUD, now + 2)
        conversation.tick(now + 2)
        return self.voice.answers > answers


@pytest.mark.addressing
@pytest.mark.parametrize(
    "stopped",
    [lambda scene: None, lambda scene: scene.conversation.on_live(Interrupted(), 3.0)],
    ids=["by who goes on", "by the service"],
)
def test_who_stops_the_answer_to_them_may_go_on(stopped: Callable[[Scene], None]) -> None:
    scene = Scene()
    assert scene.says(ANA, "Parley, what is the time?", 0.0)
    stopped(scene)
    assert scene.says(ANA, "No, I mean in Tokyo.", 3.0)


@pytest.mark.addressing
def test_who_stops_an_answer_to_somebody_else_is_not_meant_by_that() -> None:
    scene = Scene()
    assert scene.says(ANA, "Parley, what is the time?", 0.0)
    assert not scene.says(BEN, "Where are my keys?", 3.0)
    assert scene.says(ANA, "No, I mean in Tokyo.", 6.0)
    assert not scene.says(BEN, "There they are.", 9.0)
