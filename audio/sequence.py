"""Sequence numbers without their wrap: 16 bits on the wire, plain ascending integers for everybody else."""

from __future__ import annotations

from audio.rtp import seq_delta

WINDOW = 128
"""Numbers further than this from the highest are a jump, not reordering."""

_MASK = (1 << WINDOW) - 1


class SequenceWindow:
    """Which of the latest numbers have come."""

    def __init__(self) -> None:
        self.highest = -1
        self._come = 0  # bit n: the number n below the highest

    def unwrap(self, sequence: int) -> int:
        """The number nearest to the highest that the wire writes as `sequence`."""
        return self.highest + seq_delta(sequence, self.highest)

    def first_after(self, sequence: int) -> int:
        """The first number above the highest that the wire writes as `sequence`: for numbers never to go
        back."""
        return self.highest + 1 + (sequence - self.highest - 1 & 0xFFFF)

    def near(self, number: int) -> bool:
        return -WINDOW < number - self.highest < WINDOW

    def has(self, number: int) -> bool:
        """Whether `number`, at most the highest and near it, has come."""
        below = self.highest - number
        return 0 <= below < WINDOW and bool(self._come >> below & 1)

    def note(self, number: int) -> int:
        """`number`, which is near and new, has come. By how much that changes the count of missing ones."""
        ahead = number - self.highest
        if ahead > 0:
            self.highest = number
            self._come = (self._come << ahead | 1) & _MASK
            return ahead - 1
        self._come |= 1 << -ahead
        return -1

    def restart(self, number: int) -> None:
        """Forget everything: `number` is the next to come."""
        self.highest = number - 1
        self._come = 0
