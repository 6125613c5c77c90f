"""What the model answers to what it heard. Change the tables, or replace `reply`."""

from __future__ import annotations

from collections.abc import Collection
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
        }
    )
    tools: dict[str, ToolUse] = field(
        default_factory=lambda: {"goodbye": ToolUse("leave_channel", {}, "answer_goodbye")}
    )
    unknown: str = "answer_unknown"
    typed: str = "answer_hello"
    """The answer to text."""
    always: str | None = None
    """This answer to everything, without recognising: for load, where only the traffic counts."""

    def clips(self) -> set[str]:
        """Every clip that it may want."""
        if self.always is not None:
            return {self.always}
        return {
            *self.answers.values(),
            *(tool.then for tool in self.tools.values()),
            self.unknown,
            self.typed,
        }

    def reply(self, heard: str | None, declared: Collection[str]) -> str | ToolUse:
        """The clip, or the tool to use. `heard` is None for speech that was not recognised."""
        if self.always is not None:
            return self.always
        tool = self.tools.get(heard or "")
        if tool is not None and tool.name in declared:
            return tool
        return self.answers.get(heard or "", self.unknown)
