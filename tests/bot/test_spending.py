"""What servers have used: by month, and nothing lost when the store fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from bot import spending
from bot.errors import StoreError
from bot.live.events import Usage
from bot.spending import Spending
from bot.store.rows import UsageRow

MODEL = "gemini-3.8-live"
MILLION = Usage({"TEXT": 1_000_000}, {})
"""$0.75"""


class Kept:
    def __init__(self, rows: Sequence[UsageRow] = ()) -> None:
        self.rows = list(rows)
        self.failing = False

    async def add(self, row: UsageRow) -> None:
        if self.failing:
            raise StoreError("the disk is full")
        self.rows.append(row)

    async def since(self, day: date) -> Sequence[UsageRow]:
        return [row for row in self.rows if row.day >= day]


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The one in it may be changed."""
    now = [datetime(2026, 11, 30, 23, tzinfo=UTC)]
    monkeypatch.setattr(spending, "utc_now", lambda: now[0])
    return now


def row(day: date, dollars: float) -> UsageRow:
    return UsageRow(guild_id=1, day=day, model=MODEL, tokens={}, dollars=dollars)


async def test_counts_this_month_also_from_before_a_restart(today: list[datetime]) -> None:
    kept = Kept([row(date(2026, 10, 31), 100.0), row(date(2026, 11, 1), 2.0)])
    spent = await Spending.load(kept)
    spent.add(1, MODEL, MILLION)
    assert spent.usd(1) == pytest.approx(2.75)
    assert spent.usd(2) == 0.0
    today[0] = datetime(2026, 12, 1, tzinfo=UTC)
    assert spent.usd(1) == 0.0


async def test_writes_what_is_new_once(today: list[datetime]) -> None:
    kept = Kept()
    spent = await Spending.load(kept)
    spent.add(1, MODEL, Usage({"AUDIO": 10, "TEXT": 5}, {"AUDIO": 20}, thinking=3))
    spent.add(1, MODEL, Usage({"AUDIO": 1}, {}))
    await spent.write()
    await spent.write()
    [written] = kept.rows
    assert written.tokens == {"in audio": 11, "in text": 5, "out audio": 20, "thinking": 3}
    assert written.dollars == pytest.approx(spent.usd(1))
    assert (written.guild_id, written.day, written.model) == (1, date(2026, 11, 30), MODEL)


async def test_what_cannot_be_written_is_kept_for_the_next_time(today: list[datetime]) -> None:
    kept = Kept()
    spent = await Spending.load(kept)
    kept.failing = True
    spent.add(1, MODEL, MILLION)
    spent.add(2, MODEL, MILLION)
    await spent.write()
    spent.add(1, MODEL, MILLION)
    kept.failing = False
    await spent.write()
    assert sorted((each.guild_id, each.dollars) for each in kept.rows) == [(1, 1.5), (2, 0.75)]
