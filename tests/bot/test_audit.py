"""The record of calls: who and what, never a secret, and no content after 30 days."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.audit import Audit, without_secrets
from bot.log import REDACTED
from bot.store.rows import AuditEntry
from bot.store.store import Store
from bot.tools.ledger import Record
from bot.tools.registry import Asked
from tests.bot.tools.court import ANA, GUILD, LOBBY, MOD, Court

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(f"sqlite:///{tmp_path}/parley.db") as opened:
        yield opened


@pytest.fixture
def audit(store: Store, clock: Clock) -> Audit:
    return Audit(store, ["hunter2", ""], clock)


def record(**more: Any) -> Record:
    given: dict[str, Any] = {
        "guild_id": GUILD,
        "channel_id": LOBBY,
        "tool": "move_member",
        "asked": Asked((MOD,), clear=True),
        "arguments": {"who": "Ana"},
        "outcome": "ok",
        "result": {"status": "ok"},
    }
    return Record(**{**given, **more})


async def test_what_is_written_can_be_read(audit: Audit) -> None:
    number = await audit.write(record())
    assert await audit.newest(GUILD, 10) == [
        AuditEntry(
            id=number,
            guild_id=GUILD,
            channel_id=LOBBY,
            at=NOON,
            tool="move_member",
            asked_by=(MOD,),
            how="voice",
            outcome="ok",
            arguments={"who": "Ana"},
            result={"status": "ok"},
        )
    ]
    assert await audit.newest(GUILD + 1, 10) == []


async def test_newest_first_a_page_at_a_time(audit: Audit) -> None:
    numbers = [await audit.write(record()) for _ in range(5)]
    page = await audit.newest(GUILD, 2)
    assert [entry.id for entry in page] == numbers[:2:-1]
    assert [entry.id for entry in await audit.newest(GUILD, 2, page[-1].id)] == numbers[2:0:-1]


async def test_who_spoke_at_once_is_written_as_nobody(audit: Audit) -> None:
    await audit.write(record(asked=Asked((MOD, ANA), clear=False)))
    assert (await audit.newest(GUILD, 1))[0].asked_by == ()


async def test_what_waited_when_the_process_ended_has_expired(audit: Audit, clock: Clock) -> None:
    number = await audit.write(record(outcome="waiting", result={}))
    assert (await audit.newest(GUILD, 1))[0].outcome == "waiting"
    clock.now += timedelta(minutes=3)
    assert (await audit.newest(GUILD, 1))[0].outcome == "expired"
    await audit.settle(number, "refused", {"refused_by": str(MOD)})
    entry = (await audit.newest(GUILD, 1))[0]
    assert (entry.outcome, entry.result) == ("refused", {"refused_by": str(MOD)})


async def test_content_is_forgotten_after_thirty_days(audit: Audit, clock: Clock) -> None:
    await audit.write(record())
    clock.now += timedelta(days=1)
    await audit.write(record())
    clock.now = NOON + timedelta(days=30, seconds=1)
    assert await audit.forget() == 1
    newer, older = await audit.newest(GUILD, 10)
    assert (older.arguments, older.result, older.asked_by) == (None, None, (MOD,))
    assert newer.arguments == {"who": "Ana"}


async def test_it_is_forgotten_as_soon_as_the_bot_runs(audit: Audit, clock: Clock) -> None:
    await audit.write(record())
    clock.now += timedelta(days=31)
    running = asyncio.create_task(audit.run())
    async with asyncio.timeout(5):
        while (await audit.newest(GUILD, 1))[0].arguments is not None:  # noqa: ASYNC110  a database on a disk
            await asyncio.sleep(0.01)
    running.cancel()


async def test_the_gatekeeper_writes_into_it(audit: Audit) -> None:
    court = Court()
    keeper = court.keeper(ledger=audit)
    await keeper.call("move_member", {"who": "Ana"}, court.room.speaks(ANA))
    (entry,) = await audit.newest(GUILD, 10)
    assert (entry.outcome, entry.asked_by) == ("denied", (ANA,))
    assert entry.result is not None
    assert entry.result["error"] == "Ana, you'd need Move Members for that."


@pytest.mark.attack
@pytest.mark.parametrize(
    "value",
    [
        {"password": "swordfish"},
        {"api_key": "swordfish"},
        {"headers": {"Authorization": "swordfish"}},
        {"text": "my password is swordfish"},
        {"text": "token: swordfish and more"},
        {"text": "Authorization: Bearer swordfish"},
        {"text": "use bearer swordfish.swordfish"},
        {"list": ["api key = swordfish"]},
    ],
    ids=str,
)
def test_what_is_called_a_secret_is_not_written(value: dict[str, Any]) -> None:
    assert "swordfish" not in str(without_secrets(value))
    assert REDACTED in str(without_secrets(value))


@pytest.mark.attack
@pytest.mark.parametrize(
    "token",
    [
        "MTIzNDU2Nzg5MDEyMzQ1Njc4OQ.GabcDe.abcdefghijklmnopqrstuvwxyz0123456789",
        "AIza" + "SyA0123456789abcdefghijklmnopqrstuv",
        "ghp_" + "0123456789abcdefghij",
        "sk-proj-" + "abcdefgh12345678",
        "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl",
        "xoxb-" + "1234567890-abcdef",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_what_looks_like_a_secret_is_not_written(token: str) -> None:
    shown = without_secrets({"text": f"take this {token} and go"})["text"]
    assert shown == f"take this {REDACTED} and go"


@pytest.mark.attack
async def test_a_secret_of_ours_is_not_written_wherever_it_comes_up(audit: Audit) -> None:
    number = await audit.write(record(arguments={"text": "xhunter2x"}, result={"echo": ["hunter2"]}))
    await audit.settle(number, "ok", {"echo": {"deep": "hunter2"}})
    (entry,) = await audit.newest(GUILD, 1)
    assert "hunter2" not in str(entry)


@pytest.mark.parametrize(
    "text",
    [
        "Ana asks what a token of appreciation would be.",
        "Move 123456789012345678 to 876543210987654321",
        "https://example.com/a/rather/long/path/to/a/page/about/bears",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk",
        "Tomorrow at 18:30, room 4.",
    ],
)
def test_what_people_say_stays(text: str) -> None:
    assert without_secrets({"text": text}) == {"text": text}


async def test_a_huge_argument_is_cut(audit: Audit) -> None:
    await audit.write(record(arguments={"text": "x" * 1_000_000}))
    (entry,) = await audit.newest(GUILD, 1)
    assert entry.arguments is not None
    assert entry.arguments["truncated"] is True
