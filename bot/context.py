"""What a tool may ask of the room it is called in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.company import Company
from bot.turns.notes import data
from bot.turns.turn import Turn


class RoomContext:
    """`bot.tools.registry.ToolContext` of one room, from its own record of who spoke."""

    def __init__(self, company: Company, name_of: Callable[[int], str], leave: Callable[[str], None]) -> None:
        self._company = company
        self._name_of = name_of
        self._leave = leave
        self._last_turn: Turn | None = None

    def turn_ended(self, turn: Turn) -> None:
        self._last_turn = turn

    @property
    def speakers(self) -> frozenset[int]:
        """Who spoke in the last turn."""
        return (
            frozenset(spoken.user_id for spoken in self._last_turn.speakers)
            if self._last_turn
            else frozenset()
        )

    def who_is_speaking(self) -> Mapping[str, Any]:
        """Names are what Discord shows, and data."""
        spoken = self._last_turn.speakers if self._last_turn is not None else ()
        return {
            "last_turn": [
                {
                    "name": data(self._name_of(each.user_id)),
                    "seconds": round(each.end - each.start, 1),
                    "seconds_while_others_spoke": round(each.overlap_s, 1),
                    "seconds_lost_on_the_wire": round(each.lost_s, 1),
                }
                for each in spoken
            ],
            "in_the_channel": [data(name) for name in self._company.people.values()],
        }

    def leave_when_quiet(self, reason: str) -> None:
        """Leave the channel once the answer in progress has been played."""
        self._leave(reason)
