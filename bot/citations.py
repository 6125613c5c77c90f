"""On which pages an answer rests: what to post in the chat once it has been given. Pure.

Titles and addresses come from the web and are data: nothing of them has an effect in a message, except that a
link can be followed.
"""

from __future__ import annotations

import re

from bot.foreign import data
from bot.live.events import Source, Sources, TurnComplete

PAGES_MAX = 5
QUERIES_MAX = 3
TITLE_MAX = 60

URL_MAX = 500
"""Characters. Google's own addresses, which lead to the pages, have some 300."""

MESSAGE_MAX = 1_900
"""Characters of a message; pages that do not fit are left out."""

_ADDRESS = re.compile(r"https?://[!-;=?-Z\]_a-z~%]+", re.ASCII)
"""Visible characters, without those that end a link in a message."""

_MARKUP = str.maketrans({char: f"\\{char}" for char in "\\*_~|#-"})


class Citations:
    """Of one room."""

    def __init__(self) -> None:
        self._queries: dict[str, None] = {}
        self._pages: dict[Source, None] = {}

    def hear(self, event: object, *, wanted: bool) -> str | None:
        """An event of the Live session; `wanted`: the answer in progress is for somebody to hear. What is to
        be posted about the answer that has just ended."""
        match event:
            case Sources() if wanted:
                self.found(event)
            case TurnComplete(in_progress=False):
                return self.posted()
        return None

    def found(self, sources: Sources) -> None:
        """The same may come several times in an answer."""
        self._queries |= dict.fromkeys(sources.queries)
        self._pages |= dict.fromkeys(sources.pages)

    def forget(self) -> None:
        """The answer was for nobody to hear."""
        self._queries, self._pages = {}, {}

    def posted(self) -> str | None:
        """What to post about the answer that is over; None: it rests on nothing."""
        pages = [page for page in self._pages if _is_linkable(page.url)][:PAGES_MAX]
        queries = list(self._queries)[:QUERIES_MAX]
        self.forget()
        if not pages:
            return None
        asked = ", ".join(f"“{_text(query)}”" for query in queries)
        text = f"Looked up with Google Search{f' ({asked})' if asked else ''}:"
        for page in pages:
            line = f"\n- {_link(page)}"
            text += line if len(text) + len(line) <= MESSAGE_MAX else ""
        return text


def _is_linkable(url: str) -> bool:
    return len(url) <= URL_MAX and _ADDRESS.fullmatch(url) is not None


def _link(page: Source) -> str:
    """Between angle brackets Discord shows no preview of the page."""
    return f"[{_text(page.title) or 'a page'}](<{page.url}>)"


def _text(text: str) -> str:
    return data(text, TITLE_MAX).replace("@", "@\u200b").translate(_MARKUP)
