"""who_is_speaking: what it declares, and that it hands on what the room knows and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.tools.registry import Registry
from bot.tools.who import WHO_IS_SPEAKING


class Context:
    """Knows one thing, and counts how often it is asked."""

    speakers: frozenset[int] = frozenset()

    def __init__(self) -> None:
        self.known = {"last_turn": [{"name": "Ana"}], "in_the_channel": ["Ana"]}
        self.asked = 0

    def who_is_speaking(self) -> Mapping[str, Any]:
        self.asked += 1
        return self.known

    def leave_when_quiet(self, reason: str) -> None:
        raise AssertionError(reason)


async def test_hands_on_what_the_room_knows() -> None:
    context, registry = Context(), Registry([WHO_IS_SPEAKING])
    result = await registry.call("who_is_speaking", {}, context)
    assert result == {"status": "ok", **context.known}
    assert context.asked == 1
    result["last_turn"] = []
    assert context.known["last_turn"]  # a copy: what becomes of the result does not change the room


async def test_takes_no_arguments() -> None:
    context = Context()
    assert (await Registry([WHO_IS_SPEAKING]).call("who_is_speaking", {"user": 1}, context))[
        "status"
    ] == "error"
    assert context.asked == 0
    assert Registry([WHO_IS_SPEAKING]).declarations()[0]["parameters"] == {}
