"""What was said in a room, newest last: for a session that starts afresh. Bounded, in memory only. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from bot.foreign import data
from bot.turns.notes import listed

MAX_LINES = 40
MAX_CHARS = 4000
MAX_LINE = 400
"""A line longer than this is cut: it is a monologue, and the summary is paid for."""


class Minutes:
    """One line for each utterance. `summary` is data for the model, not an instruction."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._chars = 0
        self._forgotten = 0

    def resume(self, summary: str) -> None:
        """Go on from the `summary` of earlier minutes."""
        for line in summary.splitlines():
            if not line.startswith("("):
                self._keep(line)

    @property
    def lines(self) -> list[str]:
        """What is remembered, oldest first."""
        return list(self._lines)

    def said(self, names: Sequence[str], text: str) -> None:
        """These people said `text` in one turn."""
        self._add(listed(names) if names else "Somebody", text)

    def answered(self, text: str) -> None:
        """The bot said `text`."""
        self._add("You", text)

    def take_back(self) -> None:
        """The newest that the bot has said was not heard after all, or not all of it."""
        for index in range(len(self._lines) - 1, -1, -1):
            if self._lines[index].startswith("You: "):
                self._chars -= len(self._lines[index])
                del self._lines[index]
                return

    def summary(self, limit_chars: int = 1500) -> str:
        """The newest lines that fit into `limit_chars`, in order, headed by how many are missing. Empty if
        nothing was said."""
        kept: list[str] = []
        left = limit_chars - len(_missing(self._forgotten + len(self._lines))) - 1
        for line in reversed(self._lines):
            left -= len(line) + 1
            if left < 0:
                break
            kept.append(line)
        missing = self._forgotten + len(self._lines) - len(kept)
        return "\n".join([*([_missing(missing)] if missing else []), *reversed(kept)])

    def _add(self, who: str, text: str) -> None:
        said = data(text, MAX_LINE)
        if not said:
            return
        self._keep(f'{who}: "{said}"')

    def _keep(self, line: str) -> None:
        self._lines.append(line)
        self._chars += len(line)
        while len(self._lines) > MAX_LINES or self._chars > MAX_CHARS:
            self._chars -= len(self._lines.popleft())
            self._forgotten += 1


def _missing(count: int) -> str:
    return f"({count} earlier {'line is' if count == 1 else 'lines are'} missing.)"
