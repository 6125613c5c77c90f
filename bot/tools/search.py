"""google_search: Google looks things up for the model by itself. A tool only as far as it is switched on and
off like one; its declaration is the service's own, and no call of it comes here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.tools.registry import Result, Tool, ToolContext, error

NOT_HERE = "Google Search is not called like this: ask a question, and it is used where it helps."


async def _search(context: ToolContext, args: Mapping[str, Any]) -> Result:
    return error(NOT_HERE)


GOOGLE_SEARCH = Tool(
    name="google_search",
    description=(
        "Look something up with Google Search. "
        "Invocation Condition: only when the answer depends on what has happened lately or on facts of which "
        "you are not certain."
    ),
    run=_search,
    summary="Looks things up with Google Search and posts the pages it found. Google bills it by the query.",
    group="search",
    enabled=False,  # beyond 5,000 queries a month each costs $0.014 (Gemini API docs, pricing)
    foreign=False,
)
