"""What each server has used this month, written down as it grows."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NoReturn, Protocol, Self

import structlog

from bot.clock import utc_now
from bot.errors import StoreError
from bot.live.events import Usage
from bot.live.usage import cost_usd
from bot.store.rows import UsageRow

log = structlog.get_logger(__name__)

WRITE_S = 10.0
"""What was used is written down so often; a program that is killed loses no more than this."""


class Kept(Protocol):
    """bot.store.usage.Usage."""

    async def add(self, row: UsageRow) -> None: ...

    async def since(self, day: date) -> Sequence[UsageRow]: ...


class Spending:
    """Of all servers, in US dollars at the paid tier's prices."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._usd: defaultdict[tuple[int, int, int], float] = defaultdict(float)  # by guild, year and month
        self._tokens: defaultdict[tuple[int, date, str], Counter[str]] = defaultdict(Counter)  # to be written
        self._dollars: defaultdict[tuple[int, date, str], float] = defaultdict(float)

    @classmethod
    async def load(cls, kept: Kept) -> Self:
        """With what was used this month. Raises StoreError."""
        spending = cls(kept)
        for row in await kept.since(utc_now().date().replace(day=1)):
            spending._usd[row.guild_id, row.day.year, row.day.month] += row.dollars
        return spending

    def add(self, guild_id: int, model_id: str, usage: Usage) -> None:
        """A session of this model has used so much."""
        today, usd = utc_now().date(), cost_usd(usage, model_id)
        self._usd[guild_id, today.year, today.month] += usd
        key = guild_id, today, model_id
        self._dollars[key] += usd
        tokens = self._tokens[key]
        tokens.update({f"in {modality.lower()}": count for modality, count in usage.input.items()})
        tokens.update({f"out {modality.lower()}": count for modality, count in usage.output.items()})
        tokens["thinking"] += usage.thinking

    def usd(self, guild_id: int) -> float:
        """Of this server, this month (UTC)."""
        today = utc_now().date()
        return self._usd[guild_id, today.year, today.month]

    async def write(self) -> None:
        """Write down what is new; what cannot be written now is kept for the next time."""
        for key in list(self._tokens):
            tokens, dollars = self._tokens.pop(key), self._dollars.pop(key)
            guild_id, day, model_id = key
            row = UsageRow(guild_id=guild_id, day=day, model=model_id, tokens=dict(+tokens), dollars=dollars)
            try:
                await self._kept.add(row)
            except StoreError as error:
                log.error("usage not written", error=str(error))
                self._tokens[key].update(tokens)
                self._dollars[key] += dollars
                return

    async def keep_writing(self) -> NoReturn:
        while True:
            await asyncio.sleep(WRITE_S)
            await self.write()
