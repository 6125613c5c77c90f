"""Is the bot meant? The one place that decides it for a turn: floor, words and the answer that waits. Pure.

An answer that has begun is held until the words of its turn say whether it is wanted; in most rooms the words
are there first, and nothing waits.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.live.events import Audio, InputTranscript
from bot.turns.exchange import Effect, Exchange, Verdict
from bot.turns.floor import Floor
from bot.turns.words import SETTLED_S, Utterance, Words

WORDLESS_S = 1.5
"""Usually the first word is there before the answer. Where none has ever come an answer waits no longer, and
whoever need not say the name is not kept waiting either."""

PATIENCE_S = 6.0
"""An answer of which not one word of the turn is known is held for so long: they may come after its end."""

DOUBT_S = 2.5
"""No further word for so long after the turn, and nobody has meant the bot. Words come up to 2 s late, and a
name may be the last of them; to hold an answer that is not wanted costs nothing. It is also the wait for a
model that decides for itself and may never say anything."""


class Gate:
    """Decides every turn once: at its end if who spoke suffices, else when its words are there."""

    def __init__(self, floor: Floor, exchange: Exchange[Audio]) -> None:
        self._floor = floor
        self._exchange = exchange
        self.words = Words()
        self._undecided: list[Utterance] = []
        self._settled = -1
        self._answer_waits_since: float | None = None
        self._hears_words = False  # the service has transcribed anything at all in this room
        self._away = False  # there is no connection, so nothing can come

    def opened(self, number: int, speakers: tuple[int, ...], now: float) -> None:
        """A turn of theirs is on its way, which began at `now`."""
        self.words.opened(number, speakers, now)

    def ended(self, utterance: Utterance, now: float) -> Verdict | None:
        """What is certain of a turn that has just ended; None: its words decide."""
        utterance.ended_at = now
        by_words = self._floor.needs_words(utterance.speakers)
        verdict = self._verdict(utterance, now, final=utterance.complete or not by_words)
        if verdict is None:
            self._undecided.append(utterance)
        return verdict

    def came(self, event: InputTranscript, now: float) -> list[Effect[Audio]]:
        """Words were transcribed."""
        self._hears_words = self._hears_words or bool(event.text)
        utterance = self.words.came(event.text, event.finished, now)
        if utterance not in self._undecided:
            return []
        verdict = self._verdict(utterance, now, final=utterance.complete)
        return [] if verdict is None else self._decide(utterance, verdict, now)

    def tick(self, now: float) -> list[Effect[Audio]]:
        """Decide what has waited long enough."""
        if self._away:
            return []
        waits = self._exchange.answering or self._exchange.calling
        if not (self._undecided and waits):
            self._answer_waits_since = None
        elif self._answer_waits_since is None:
            self._answer_waits_since = now
        effects: list[Effect[Audio]] = []
        for utterance in list(self._undecided):
            verdict = self._late_verdict(utterance, now)
            if verdict is not None:
                effects += self._decide(utterance, verdict, now)
        return effects

    def settled(self, number: int) -> None:
        """Nothing up to this one is said again. It is still judged: what the answer to something else has
        answered along opens its speakers' follow-up window."""
        self._settled = number

    def disconnected(self) -> None:
        """Words that are missing will not come, but be said again."""
        self._away = True

    def connected(self, now: float, gone: Collection[int] = ()) -> None:
        """What is not settled is said again on a new connection, and transcribed; what is `gone` is not."""
        self._away = False
        self._answer_waits_since = None
        self.words.said_again(self._settled, now, but=gone)

    def drop_all(self) -> None:
        """Nothing that was said so far is to be answered any more (/hush)."""
        self._undecided.clear()

    def _late_verdict(self, utterance: Utterance, now: float) -> Verdict | None:
        """With what there is now: that the bot is meant counts as soon as it shows, that it is not only when
        no more words are to be expected."""
        since = self._answer_waits_since
        doubt_s = DOUBT_S if utterance.words or since is None else PATIENCE_S
        over = utterance.complete or now - utterance.changed_at >= doubt_s
        if utterance.words:
            waited = over or (since is not None and now - max(utterance.changed_at, since) >= SETTLED_S)
        elif since is not None:
            waited = now - since >= WORDLESS_S
        else:
            waited = over and utterance.number <= self._settled
        if not waited:
            return None
        if since is not None and not (utterance.words or self._hears_words):
            return Verdict.ANSWER  # nothing to go by in this room: better one answer too many
        verdict = self._verdict(utterance, now, final=True)
        over = over and (since is not None or self._has_arrived(utterance))
        return verdict if over or verdict is Verdict.ANSWER else None

    def _has_arrived(self, utterance: Utterance) -> bool:
        """Whether there is a sign that its end was heard. A connection may have died in the middle of it and
        nobody said so; a name may come last, so half a sentence is not judged before it was said again."""
        return utterance.whole or utterance.number not in self._exchange.unheard

    def _verdict(self, utterance: Utterance, now: float, *, final: bool) -> Verdict | None:
        assert utterance.turn is not None
        meant = self._floor.decide(
            utterance.speakers, utterance.words, now, began=utterance.turn.speech_from, final=final
        )
        if meant is None:
            return None
        return Verdict.ANSWER if meant else Verdict.CONTEXT

    def _decide(self, utterance: Utterance, verdict: Verdict, now: float) -> list[Effect[Audio]]:
        self._undecided = [other for other in self._undecided if other is not utterance]
        return self._exchange.decide(utterance.number, verdict, now)
