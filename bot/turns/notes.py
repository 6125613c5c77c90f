"""What the model should know beside the sound: one short line at the start of a turn, if there is news.

Names and quoted words come from people and are data: nothing of them can end the quotation, the bracket or
the line. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.foreign import MAX_DATA, data

MAX_NOTE = 300
"""Characters. A note is billed again with every later turn, as long as it is in the context."""

MAX_NAMES = 3
"""So many are named; of the rest only their number."""


def quoted(name: str) -> str:
    """`name` in quotes, as data; something to call them by if nothing is left of it."""
    return f'"{data(name) or "somebody"}"'


def listed(names: Sequence[str]) -> str:
    """``"Ana", "Ben" and 4 others``."""
    shown = [quoted(name) for name in names[:MAX_NAMES]]
    more = len(names) - len(shown)
    if more:
        shown.append("1 other" if more == 1 else f"{more} others")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


class News:
    """What has happened since the model was last told. Bounded: who comes and goes again is no news, of many
    only their number is, and of answers only the last."""

    def __init__(self) -> None:
        self._speakers: tuple[str, ...] = ()
        self._joined: list[str] = []
        self._left: list[str] = []
        self._answer = ""
        self._unanswered = False
        self._lost_s: dict[str, float] = {}

    def joined(self, name: str) -> None:
        if name in self._left:
            self._left.remove(name)
        else:
            self._joined.append(name)

    def left(self, name: str) -> None:
        if name in self._joined:
            self._joined.remove(name)
        else:
            self._left.append(name)

    def broke_off(self, heard: str | None, share: float) -> None:
        """The last answer was stopped when `share` (0 to 1) of it was heard; `heard`: its last words."""
        percent = min(100, max(0, round(share * 100)))
        much = f"only the first {percent} %" if percent else "nothing"
        self._answer = _heard(f"Of your last answer {much} was heard", heard)

    def connection_lost(self, heard: str | None) -> None:
        """The last answer ended with its connection; `heard`: the last words that came of it."""
        self._answer = _heard("Your last answer broke off for technical reasons", heard)

    def lost(self, name: str, seconds: float) -> None:
        """So much of what they said got lost on the wire."""
        self._lost_s[name] = self._lost_s.get(name, 0.0) + seconds

    def unanswered(self) -> None:
        """Something was said to which no answer came, whatever was tried."""
        self._unanswered = True

    def compose(self, speakers: Sequence[str]) -> str | None:
        """The note for the turn that these people begin, None if there is no news. Forgets what it told."""
        parts = self._sentences(tuple(speakers))
        self._speakers = tuple(speakers) or self._speakers
        self._joined, self._left, self._lost_s = [], [], {}
        self._answer, self._unanswered = "", False
        note = "[Note, not spoken by anybody:"
        for part in parts:  # the most important first: what does not fit is left out
            if len(note) + len(part) + 2 <= MAX_NOTE:
                note += f" {part}"
        return f"{note}]" if parts else None

    def _sentences(self, speakers: tuple[str, ...]) -> list[str]:
        parts: list[str] = []
        if speakers and speakers != self._speakers:
            parts.append(f"{listed(speakers)} {_verb(speakers, 'speaks', 'speak')} now.")
        if self._answer:
            parts.append(self._answer)
        lost = [f"{_seconds(lost_s)} of {quoted(name)}" for name, lost_s in self._lost_s.items()][:MAX_NAMES]
        if lost:
            parts.append(f"Lost on the way: {', '.join(lost)}.")
        if self._unanswered:
            parts.append("Something that was said before got no answer.")
        if self._joined:
            parts.append(f"{listed(self._joined)} {_verb(self._joined, 'has', 'have')} come in.")
        if self._left:
            parts.append(f"{listed(self._left)} {_verb(self._left, 'has', 'have')} left.")
        return parts


def _heard(sentence: str, heard: str | None) -> str:
    """The end of `heard` matters: the answer goes on from there."""
    words = data(heard, 10 * MAX_DATA) if heard else ""
    if len(words) > MAX_DATA:
        words = "…" + words[1 - MAX_DATA :].partition(" ")[2]
    return f'{sentence}, up to "{words}".' if words else f"{sentence}."


def _seconds(seconds: float) -> str:
    return f"about {max(1, round(seconds))} s"


def _verb(names: Sequence[str], one: str, many: str) -> str:
    return one if len(names) == 1 else many
