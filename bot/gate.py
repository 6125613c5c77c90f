"""Is the bot meant? The one place that decides it for a turn: floor, words and the answer that waits. Pure.

An answer that has begun is held until the words of its turn say whether it is wanted; in most rooms the words
are there first, and nothing waits.
"""

from __future__ import annotations

from bot.live.events import Audio, InputTranscript
from bot.turns.exchange import Effect, Exchange, Verdict
from bot.turns.floor import Floor
from bot.turns.words import Utterance, Words

WORDLESS_S = 1.5
"""An answer waits no longer than this for the first word of its turn: usually they are there before it."""


class Gate:
    """Decides every turn once: at its end if who spoke suffices, else when its words are there."""

    def __init__(self, floor: Floor, exchange: Exchange[Audio]) -> None:
        self._floor = floor
        self._exchange = exchange
        self._words = Words()
        self._undecided = 0
        self._answer_waits_since: float | None = None
        self._hears_words = False  # the service has transcribed anything at all in this room

    def opened(self, number: int, speakers: tuple[int, ...]) -> None:
        """A turn of theirs began."""
        self._words.opened(number, speakers)

    def ended(self, utterance: Utterance, now: float) -> Verdict | None:
        """What is certain of a turn that has just ended; None: its words decide."""
        by_words = self._floor.needs_words(utterance.speakers)
        verdict = self._verdict(utterance, now, final=utterance.complete or not by_words)
        if verdict is None:
            self._undecided += 1
        else:
            utterance.decided = True
        return verdict

    @property
    def words(self) -> Words:
        return self._words

    def came(self, event: InputTranscript, now: float) -> list[Effect[Audio]]:
        """Words were transcribed."""
        self._hears_words = self._hears_words or bool(event.text)
        utterance = self._words.came(event.text, event.finished, now)
        return self._consider(utterance, now) if utterance is not None else []

    def tick(self, now: float) -> list[Effect[Audio]]:
        """Decide what has waited long enough."""
        if not self._undecided:
            return []
        if not self._exchange.answering:
            self._answer_waits_since = None
        elif self._answer_waits_since is None:
            self._answer_waits_since = now
        effects: list[Effect[Audio]] = []
        for utterance in list(self._words):
            effects += self._consider(utterance, now)
        return effects

    def drop_all(self, now: float) -> list[Effect[Audio]]:
        """None of the turns so far is to be answered any more (/hush)."""
        effects: list[Effect[Audio]] = []
        for utterance in self._words:
            if utterance.turn is not None and not utterance.decided:
                effects += self._decide(utterance, Verdict.CONTEXT, now)
        return effects

    def _consider(self, utterance: Utterance, now: float) -> list[Effect[Audio]]:
        if utterance.decided or utterance.turn is None:
            return []
        waited = self._answer_waits_since is not None
        wordless = waited and not utterance.words and now - (self._answer_waits_since or now) >= WORDLESS_S
        final = utterance.complete or wordless or (waited and utterance.is_final(now))
        if wordless and not self._hears_words:
            return self._decide(
                utterance, Verdict.ANSWER, now
            )  # nothing to go by: better one answer too many
        verdict = self._verdict(utterance, now, final=final)
        return [] if verdict is None else self._decide(utterance, verdict, now)

    def _verdict(self, utterance: Utterance, now: float, *, final: bool) -> Verdict | None:
        assert utterance.turn is not None
        meant = self._floor.decide(
            utterance.speakers, utterance.words, now, began=utterance.turn.speech_from, final=final
        )
        if meant is None:
            return None
        return Verdict.ANSWER if meant else Verdict.CONTEXT

    def _decide(self, utterance: Utterance, verdict: Verdict, now: float) -> list[Effect[Audio]]:
        utterance.decided = True
        self._undecided -= 1
        return self._exchange.decide(utterance.number, verdict, now)
