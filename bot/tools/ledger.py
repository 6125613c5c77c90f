"""What is written down about calls: each that was made or refused, on whose behalf, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import structlog

from bot.tools.registry import Asked, ToolContext

log = structlog.get_logger(__name__)

Outcome: TypeAlias = Literal["ok", "error", "denied", "waiting", "refused", "expired", "undone", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One call. `asked` is who asked for it, as far as that was clear."""

    guild_id: int
    channel_id: int
    tool: str
    asked: Asked
    arguments: Mapping[str, Any]
    outcome: Outcome
    result: Mapping[str, Any]


class Ledger(Protocol):
    """Kept by `bot.audit`."""

    async def write(self, record: Record) -> int:
        """Its number, by which it can be settled."""

    async def settle(self, number: int, outcome: Outcome, result: Mapping[str, Any]) -> None:
        """What has become of a call since."""


class Book:
    """A ledger for those who cannot wait for it to be whole again: what it does not take is in the log."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def write(
        self,
        context: ToolContext,
        tool: str,
        args: Mapping[str, Any],
        outcome: Outcome,
        result: Mapping[str, Any],
    ) -> int:
        """A call on behalf of `context.asked`; its number, 0 if it could not be written down."""
        record = Record(
            guild_id=context.guild_id,
            channel_id=context.channel_id,
            tool=tool,
            asked=context.asked,
            arguments=args,
            outcome=outcome,
            result=result,
        )
        try:
            return await self._ledger.write(record)
        except Exception:
            log.exception("call not written down", tool=tool, outcome=outcome)
            return 0

    async def settle(self, number: int, outcome: Outcome, result: Mapping[str, Any]) -> None:
        """What has become of it since."""
        try:
            await self._ledger.settle(number, outcome, result)
        except Exception:
            log.exception("call not settled", entry=number, outcome=outcome)
