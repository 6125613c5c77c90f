"""Transitions of a DAVE group: who has yet to be ready (op 23), and when to say execute (op 22); pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

TIMEOUT_S = 2.0
"""DAVE whitepaper: members that never say ready hold up the others for roughly two seconds."""


@dataclass(slots=True)
class Transition:
    id: int
    users: list[int]
    waiting: set[int]
    deadline: float  # monotonic seconds
    complete_at: float | None = None

    def execute_at(self, hold_s: float) -> float:
        return (self.deadline if self.complete_at is None else self.complete_at) + hold_s


class Transitions:
    """Several may be under way at once; each is executed once. Id 0, the initialisation, is never listed."""

    def __init__(self) -> None:
        self.hold_s = 0.0  # a fault: how much later than it could op 22 goes out
        self.open: dict[int, Transition] = {}
        self._last_id = 0

    def start(self, users: Iterable[int], now: float) -> int:
        """A new transition that waits for `users`. Ids are uint16 and skip 0."""
        self._last_id = self._last_id % 0xFFFF + 1
        everybody = list(users)
        self.open[self._last_id] = Transition(
            self._last_id, everybody, set(everybody), deadline=now + TIMEOUT_S
        )
        return self._last_id

    def ready(self, transition_id: int, user_id: int, now: float) -> None:
        """Op 23. Unknown ids are late answers to what has timed out, and fine."""
        if transition := self.open.get(transition_id):
            transition.waiting.discard(user_id)
            if not transition.waiting and transition.complete_at is None:
                transition.complete_at = now

    def forget(self, user_id: int, now: float) -> None:
        """The user left the group: nobody waits for it, and it is told nothing."""
        for transition in self.open.values():
            if user_id in transition.users:
                transition.users.remove(user_id)
            self.ready(transition.id, user_id, now)

    def due(self, now: float) -> list[Transition]:
        """Transitions to execute now; they are over then."""
        due = [t for t in self.open.values() if t.execute_at(self.hold_s) <= now]
        for transition in due:
            del self.open[transition.id]
        return due

    @property
    def next_at(self) -> float | None:
        """When `due` should be asked again."""
        return min((t.execute_at(self.hold_s) for t in self.open.values()), default=None)
