"""The answer that is being spoken: to what, in which words, and how much of it was heard. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from bot.live.events import Audio
from bot.sides import Voice
from bot.turns.minutes import Minutes
from bot.turns.notes import News
from bot.turns.understanding import Understanding

PROTECTED_S = 8.0
"""For so long at most nobody can interrupt the greeting: it is one sentence."""

AUDIBLE = 104
"""−50 dBFS as a PCM16 amplitude; an answer that never gets so loud is heard by nobody."""

LAST_WORDS = 8
"""So many of the words heard last tell the model where it was stopped."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something to be answered that nobody said aloud: typed, or asked by the bot itself.

    `author_id` is who typed it; None: the bot itself. `done` gets the words of the answer when it is
    complete, or None: there was none.
    """

    text: str
    author_id: int | None = None
    greets: bool = False
    """Its answer is not to be interrupted."""
    done: Callable[[str | None], None] = lambda words: None


class Answering:
    """Feed it what is let through; it keeps the record and knows whom the bot is speaking to."""

    def __init__(
        self, voice: Voice, news: News, minutes: Minutes, not_understood: Callable[[], None]
    ) -> None:
        self._voice = voice
        self._news = news
        self._minutes = minutes
        self._not_understood = not_understood
        self._understanding = Understanding()
        self._prompts: dict[int, Prompt] = {}  # asked, not answered
        self._numbers: list[int] = []
        self._words = ""  # of the answer that is coming
        self._audible = False  # something of it can be heard
        self._given = False  # some of an answer was let through; what else is heard is none of the model's
        self._recorded = ""  # words of an answer that is complete and, as far as we know, still being heard
        self._protected_until: float | None = None
        self.asker: frozenset[int] = frozenset()
        """Whom the bot answers, or has answered last, until `over`: also of an answer that was cut."""

    def asked(self, number: int, prompt: Prompt) -> None:
        """`prompt` is on its way to the model as `number`."""
        self._prompts[number] = prompt

    def begins(self, number: int, speakers: Iterable[int], now: float) -> None:
        """The answer in progress is (also) for this prompt, or for what these people said."""
        self._numbers.append(number)
        self.asker |= frozenset(speakers)
        prompt = self._prompts.get(number)
        if prompt is not None and prompt.greets:
            self._protected_until = now + PROTECTED_S

    def play(self, chunks: Iterable[Audio]) -> None:
        self._given = True
        for chunk in chunks:
            self._audible = self._audible or is_loud(chunk.pcm16)
            self._voice.push(chunk)

    def said(self, text: str) -> None:
        """More of the model's words; they may run ahead of its sound."""
        self._words += text

    def forget(self) -> None:
        """What the model has said was for nobody to hear."""
        self._words = ""

    def complete(self) -> None:
        """The model has said all of it; it is still being heard."""
        self._voice.finish()
        words = self._words.strip()
        if self._audible and words:
            self._minutes.answered(words)
            self._recorded = words
            if self._understanding.answered(words):
                self._not_understood()
        self._close(words)

    def cut(self) -> None:
        """Stop here, and remember for the model where that was."""
        recorded = self._recorded.split()
        words = [*recorded, *(self._words.split() if self._audible else ())]
        heard = words
        if self._voice.playing:
            played = self._voice.stop()
            total_ms = played.played_ms + played.dropped_ms
            share = played.played_ms / total_ms if total_ms else 0.0
            heard = words[: round(len(words) * share)]
            if self._given and (played.dropped_ms or self._audible):
                self._news.broke_off(" ".join(heard[-LAST_WORDS:]), share)
        if recorded and len(heard) != len(recorded):
            self._minutes.take_back()
        if heard and len(heard) != len(recorded):
            self._minutes.answered(" ".join([*heard, "…"]))
        self._close(" ".join(heard[len(recorded) :]))
        self._recorded, self._given = "", False

    def lost(self) -> None:
        """What has come of it is played, more will not come."""
        words = self._words.split() if self._audible else []
        if self._audible:
            self._voice.finish()
            self._news.connection_lost(" ".join(words[-LAST_WORDS:]))
        if words:
            self._minutes.answered(" ".join([*words, "…"]))
        self._close(" ".join(words))

    def gave_up(self, number: int) -> None:
        """No answer will come to this prompt."""
        prompt = self._prompts.pop(number, None)
        if prompt is not None:
            prompt.done(None)

    def listener(self, *, coming: bool) -> frozenset[int]:
        """Who hears an answer to them, or has just heard its end; `coming`: more of it may come."""
        if self._voice.playing:
            return self.asker
        return frozenset() if coming else self.over()

    def over(self) -> frozenset[int]:
        """It is heard no longer. Whom it was for; asked again: nobody."""
        asker, self.asker = self.asker, frozenset()
        self._protected_until = None
        self._recorded, self._given = "", False
        return asker

    def is_protected(self, now: float) -> bool:
        """Whether nobody may interrupt it."""
        return self._protected_until is not None and now < self._protected_until

    def _close(self, words: str) -> None:
        """Nothing more belongs to it; whoever typed gets what was said."""
        self._words, self._audible = "", False
        numbers, self._numbers = self._numbers, []
        for number in numbers:
            prompt = self._prompts.pop(number, None)
            if prompt is not None:
                prompt.done(words or None)


def is_loud(pcm16: bytes) -> bool:
    """Whether anybody can hear this little-endian PCM16."""
    samples = np.frombuffer(pcm16, "<i2", count=len(pcm16) // 2)
    return bool(len(samples)) and (int(samples.max()) >= AUDIBLE or int(samples.min()) <= -AUDIBLE)
