"""What the model answers to what it heard. Change the tables, or replace `reply`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The model calls `name`, if the client declared it, and answers with the clip `then` once it has the
    result. `times`: so often in a row before it answers (livekit/agents #6002: endless tool loops).
    """

    name: str
    args: dict[str, Any]
    then: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class Lookup:
    """What Google Search is asked before an answer, and the pages found: (title, address)."""

    queries: tuple[str, ...]
    pages: tuple[tuple[str, str], ...]


_TABLE = {"day": "friday", "time": "19:00", "people": 4}
EXAMPLES = {
    "todo_add": ToolUse("add_to_list", {"item": "tomatoes"}, "answer_todo_add"),
    "todo_list": ToolUse("show_list", {}, "answer_todo_list"),
    "todo_done": ToolUse("cross_off", {"item": "light bulbs"}, "answer_todo_done"),
    "restaurant_hours": ToolUse("opening_hours", {"day": "friday"}, "answer_restaurant_hours"),
    "restaurant_table": ToolUse("find_table", _TABLE, "answer_restaurant_table"),
    "restaurant_book": ToolUse("book_table", {**_TABLE, "name": "Ben"}, "answer_restaurant_book"),
    "restaurant_menu": ToolUse("suggest_dish", {"diet": "vegetarian"}, "answer_restaurant_menu"),
    "order_status": ToolUse("order_status", {"number": "4711"}, "answer_order_status"),
}
"""What people say to the tools of `examples/`."""


@dataclass(slots=True)
class Script:
    """Recognised utterance → clip; tools take precedence where declared."""

    answers: dict[str, str] = field(
        default_factory=lambda: {
            "hello": "answer_hello",
            "question": "answer_long",
            "long_question": "answer_long",
            "second": "answer_long",
            "interrupt": "answer_short",
            "goodbye": "answer_goodbye",
            "addressed": "answer_moon",
            "addressed_ben": "answer_rice",
            "addressed_cleo": "answer_planets",
            "addressed_dan": "answer_joke",
            "follow_up": "answer_follow_up",
            "long_sentence": "answer_house",
            "overheard": "answer_cinema",
            "overheard_ben": "answer_cinema",
            "overheard_cleo": "answer_cinema",
            "mentioned": "answer_yesterday",
        }
    )
    """What was not meant for it is answered as well: whether that is heard is the client's affair."""
    tools: dict[str, ToolUse] = field(
        default_factory=lambda: {"goodbye": ToolUse("leave_channel", {}, "answer_goodbye"), **EXAMPLES}
    )
    lookups: dict[str, Lookup] = field(default_factory=dict)
    """Clip → what is looked up for it, in a session whose client has switched Google Search on."""
    unknown: str = "answer_unknown"
    texts: dict[str, str] = field(
        default_factory=lambda: {
            r"\b(greet|say hello|introduce yourself)": "answer_greeting",
            r"\b(goodbye|farewell)\b": "answer_goodbye",
            r"\b(quiet|silent|silence|nobody has spoken|nobody has said)\b": "answer_nudge",
        }
    )
    """Typed text → clip, by the first pattern that is found in it."""
    again: str = r"could not be heard|was not answered|give it now"
    """Text that asks for the last answer once more, as a watchdog does."""
    typed: str = "answer_text"
    """The answer to any other text."""
    image: str = "answer_image"
    """The answer to text that follows an image."""
    on_text: Callable[[str], str | None] | None = None
    """Asked first about every text that is a prompt of its own; None leaves it to the tables."""
    always: str | None = None
    """This answer to everything, without recognising: for load, where only the traffic counts."""

    def clips(self) -> set[str]:
        """Every clip that it may want."""
        if self.always is not None:
            return {self.always}
        return {
            *self.answers.values(),
            *(tool.then for tool in self.tools.values()),
            *self.texts.values(),
            self.unknown,
            self.typed,
            self.image,
        }

    def reply(self, heard: str | None, declared: Collection[str]) -> str | ToolUse:
        """The clip, or the tool to use. `heard` is None for speech that was not recognised."""
        if self.always is not None:
            return self.always
        tool = self.tools.get(heard or "")
        if tool is not None and tool.name in declared:
            return tool
        return self.answers.get(heard or "", self.unknown)

    def asks_again(self, text: str) -> bool:
        return re.search(self.again, text, re.IGNORECASE) is not None

    def reply_to_text(self, text: str, *, shown: bool) -> str:
        """The clip for typed `text`; `shown`: an image came before it."""
        if self.always is not None:
            return self.always
        if self.on_text is not None and (clip := self.on_text(text)) is not None:
            return clip
        if shown:
            return self.image
        found = (clip for pattern, clip in self.texts.items() if re.search(pattern, text, re.IGNORECASE))
        return next(found, self.typed)
