"""Which words of the input transcription belong to which of our turns. Pure.

Transcription is not ordered relative to anything else: it may come while the person still speaks, after the
answer has begun, in pieces or at once, with a last mark or without. Certain is the order of the turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bot.turns.turn import Turn

SETTLED_S = 0.12
"""No further piece for this long while the answer waits: what has come is taken for all of it. Pieces of one
sentence follow each other within tens of milliseconds once the turn has ended."""

LATE_S = 2.5
"""The first words of a turn come no later than this after it was complete on the wire (2 s, and the way there
and back): until then they are taken for its own, although the next is open."""

HEAD_S = 0.5
"""So soon after a turn began nothing of it is transcribed: there and back, and 0.3 s to know any word."""

_SENTENCE_ENDS = (".", "?", "!", "…")
"""What goes on in the same turn after one of these has a space in front, in languages that have spaces."""

_FULL_STOPS = (*_SENTENCE_ENDS, "。", "？", "！")

MAX_UTTERANCES = 32
"""So many are remembered; words do not come later than that."""


@dataclass(slots=True, eq=False)
class Utterance:
    """One turn of ours on its way to an answer."""

    number: int
    speakers: tuple[int, ...]
    opened_at: float
    """When it was certain to be a turn; it may have waited on the line since."""
    turn: Turn | None = None
    """Once it has ended."""
    words: str = ""
    heard_at: float | None = None
    """When its newest words came, monotonic seconds."""
    complete: bool = False
    """The service said that these are all its words."""
    recorded: bool = False
    ended_at: float = 0.0
    """When it was complete on the wire, the last time that it was said; words of its end come after that."""
    wordless: bool = True
    """No words have come since it was said, or said again."""

    @property
    def changed_at(self) -> float:
        """Since when nothing new is known of it."""
        return max(self.ended_at, self.heard_at or 0.0)

    @property
    def whole(self) -> bool:
        """Whether its words are likely to be all: marked so, come after its end, or with a full stop."""
        late = self.heard_at is not None and self.heard_at >= self.ended_at
        return self.complete or late or self.words.rstrip().endswith(_FULL_STOPS)

    def awaits(self, text: str, now: float, *, unfinished: bool) -> bool:
        """Whether words that come now are rather the end of this turn than the beginning of a later one.
        `unfinished`: there is more reason to think so than that they come at once."""
        if self.turn is None or self.complete:
            return False
        if text and not (self.wordless or text[0].isspace()) and self.words.endswith(_SENTENCE_ENDS):
            return False
        if self.wordless or unfinished:
            return now - self.ended_at < LATE_S
        return now - self.changed_at < SETTLED_S


class Words:
    """The last turns, oldest first, each with its words."""

    def __init__(self) -> None:
        self._utterances: deque[Utterance] = deque(maxlen=MAX_UTTERANCES)
        self._marks_ends = False  # the service says when the words of a turn are complete

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self._utterances)

    def opened(self, number: int, speakers: tuple[int, ...], now: float) -> None:
        """A turn began at `now`."""
        self._utterances.append(Utterance(number, speakers, now))

    def ended(self, turn: Turn) -> Utterance | None:
        """The newest turn is over; None if none is open."""
        newest = self._utterances[-1] if self._utterances else None
        if newest is None or newest.turn is not None:
            return None
        newest.turn = turn
        newest.speakers = tuple(spoken.user_id for spoken in turn.speakers)
        return newest

    def came(self, text: str, finished: bool, now: float) -> Utterance | None:
        """A piece of transcription; the turn it belongs to, None if there is none."""
        self._marks_ends = self._marks_ends or finished
        utterance = self._owner(text, now)
        if utterance is None:
            return None
        utterance.words = text if utterance.wordless else utterance.words + text
        utterance.wordless = False
        utterance.heard_at = now
        utterance.complete = utterance.complete or finished
        return utterance

    def said_again(self, after: int, now: float, *, but: Collection[int] = ()) -> None:
        """The turns `after` this number, `but` for some, go out once more: so will their words come, from the
        beginning. What is known of them stays until then."""
        for utterance in self._utterances:
            if utterance.number in but:
                utterance.complete = True
            elif utterance.number > after:
                utterance.complete, utterance.wordless, utterance.ended_at = False, True, now

    def speakers_of(self, number: int) -> tuple[int, ...]:
        """Who spoke in this turn; nobody if it is none, or too long ago."""
        return next((each.speakers for each in self._utterances if each.number == number), ())

    def unrecorded(self) -> list[Utterance]:
        """What has been said and transcribed since the last time."""
        said = [each for each in self._utterances if each.turn and each.words and not each.recorded]
        for utterance in said:
            utterance.recorded = True
        return said

    def _owner(self, text: str, now: float) -> Utterance | None:
        """Of words that come now. The turns are transcribed in their order, so the oldest goes first."""
        if not self._utterances:
            return None
        newest = self._utterances[-1]
        too_soon = newest.turn is None and now - newest.opened_at < HEAD_S
        before = self._utterances[-2] if too_soon and len(self._utterances) > 1 else None
        for utterance in self._utterances:
            if utterance.awaits(text, now, unfinished=self._marks_ends or utterance is before):
                return utterance
        return newest
