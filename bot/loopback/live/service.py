"""What all sessions of one stand-in share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from audio.formats import LIVE_IN_HZ, Samples
from bot.loopback import speech
from bot.loopback.live.answer import AnswerBook, Pace
from bot.loopback.live.faults import LiveFaults
from bot.loopback.live.recognise import Heard, Recogniser
from bot.loopback.live.record import Observer
from bot.loopback.live.resumption import Resumptions
from bot.loopback.live.script import Script


def _all_members() -> Recogniser:
    return Recogniser({name: speech.load(name, LIVE_IN_HZ) for name in speech.names("member")})


@dataclass
class Service:
    """Settings are public and may be changed while sessions run."""

    faults: LiveFaults = field(default_factory=LiveFaults)
    script: Script = field(default_factory=Script)
    pace: Pace = field(default_factory=Pace)
    answers: AnswerBook = field(default_factory=AnswerBook)
    make_recogniser: Callable[[], Recogniser] = _all_members
    observer: Observer | None = None
    keep_s: float = 180.0
    """Audio kept per session for whoever looks later; 32 kB a second."""
    lifetime_s: float | None = None
    """After this a session gets goAway with `go_away_s` left, then 1011. About 600 on the real service."""
    go_away_s: float = 50.0
    context_tokens: int = 131_072
    """A session without compression ends with 1007 when it holds more."""
    tool_timeout_s: float = 10.0
    """A blocking call is cancelled after this (7 to 12 s observed, adk #5407)."""
    resumptions: Resumptions = field(default_factory=Resumptions)

    _recognising: asyncio.Lock = field(default_factory=asyncio.Lock)

    @cached_property
    def recogniser(self) -> Recogniser:
        return self.make_recogniser()

    async def recognise(self, samples: Samples) -> list[Heard]:
        """The utterances in `samples` (16 kHz). In a thread, for it takes some 12 ms for 12 s, and one at a
        time, for several at once would fight the loop, which paces everybody's answers, for the interpreter.
        """
        async with self._recognising:
            return await asyncio.to_thread(self.recogniser.recognise, samples)

    def prepare(self) -> None:
        """Do now (0.6 s) what would otherwise delay the first answers: spectrograms, frames of the script's
        clips."""
        if self.script.always is None:
            _ = self.recogniser
        for name in self.script.clips():
            for transcribed in (False, True):
                self.answers.frames(self.answers.clip(name), self.pace.chunk_ms, transcribed=transcribed)
