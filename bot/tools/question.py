"""A call that a person has to decide, and what a press on its buttons leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from bot.tools.registry import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be confirmed, for people. `id` is also its number in the audit. `permissions` are named as
    in Discord's settings; `concerns` are the ids that the arguments came down to: to these it will be done,
    whatever name was spoken."""

    id: int
    guild_id: int
    channel_id: int
    tool: str
    summary: str
    arguments: Mapping[str, Any]
    asked_by: tuple[int, ...]
    permissions: tuple[str, ...]
    roles: frozenset[int]
    concerns: tuple[int, ...]
    expires_in_s: float
    can_be_undone: bool


class Asker(Protocol):
    """Puts questions where people see them."""

    async def ask(self, question: Question) -> None:
        """Post it with its buttons. May raise: then it counts as not asked."""

    async def expired(self, question: Question) -> None:
        """Nobody has pressed in time: take the buttons away."""


class State(StrEnum):
    """What a press has led to."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    UNDONE = "undone"
    DENIED = "denied"  # they may not; the buttons stay for others
    EXPIRED = "expired"  # too late, decided already, or from before a restart
    VOID = "void"  # those who asked may no longer, or what was shown is no longer so


@dataclass(frozen=True, slots=True)
class Pressed:
    """`sentence` is for whoever pressed; `result` what the tool returned; `can_be_undone`: with the same
    number, for a while."""

    state: State
    sentence: str
    result: Result | None = None
    can_be_undone: bool = False
