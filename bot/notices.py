"""What a conversation has to tell people in writing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The model did not answer these people, whatever was tried."""

    speakers: tuple[int, ...]
    cause: str


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """The model has said twice in a row that it did not understand."""


@dataclass(frozen=True, slots=True)
class Cited:
    """The answer that is over rests on these pages."""

    text: str


Notice = Unanswered | NotUnderstood | Cited
