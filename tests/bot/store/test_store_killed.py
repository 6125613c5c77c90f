"""Killed in the middle of writing: what was acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import date

import pytest

from bot.store.store import Store

WRITER = """
import asyncio, sys
from datetime import UTC, date, datetime
from bot.store.rows import AuditEntry, UsageRow
from bot.store.store import Store

AT = datetime(2026, 1, 1, tzinfo=UTC)

async def write(number):
    async with Store.open(sys.argv[1]) as store:
        while True:
            number += 1
            await store.audit.add(AuditEntry(guild_id=1, channel_id=2, at=AT, tool="t", asked_by=(number,),
                how="voice", outcome="ok", arguments={"words": "x" * 3000}))
            await store.usage.add(UsageRow(guild_id=1, day=AT.date(), model="m", tokens={"t": 1},
                dollars=1.0))
            print(number, flush=True)

asyncio.run(write(int(sys.argv[2])))
"""


async def write_until_killed(url: str, after: int, chance: random.Random) -> list[int]:
    """A program writes numbers from `after` on and is killed; those that it said were written."""
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, url, str(after), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    said: list[int] = []
    for _ in range(chance.randint(1, 40)):
        said.append(int(await writer.stdout.readline()))
    await asyncio.sleep(chance.uniform(0, 0.01))  # anywhere within what comes next
    writer.kill()
    said += map(int, (await writer.stdout.read()).split())
    await writer.wait()
    return said


@pytest.mark.parametrize("seed", range(3))
async def test_what_was_acknowledged_survives_sigkill(url: str, seed: int) -> None:
    chance = random.Random(seed)
    said: list[int] = []
    written = [0]
    for _ in range(3):
        said += await write_until_killed(url, max(written), chance)
        async with Store.open(url) as store:
            written = [entry.asked_by[0] for entry in await store.audit.of(1, 10_000)]
            assert sorted(written) == list(range(1, max(written) + 1))  # each once
            assert set(written) >= set(said)
            (row,) = await store.usage.of(1, date(2026, 1, 1))
            assert row.dollars == row.tokens["t"] >= len(said)  # two tables, one transaction
