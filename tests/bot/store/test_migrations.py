"""An old database becomes one of this version with all that was in it, or stays as it was."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, create_engine, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreError
from bot.store import migrate
from bot.store.database import Database
from bot.store.rows import AuditEntry, Persona, Reminder, Stay, ToolGrant, UsageRow
from bot.store.store import Store, _backend
from bot.store.tables import metadata

FIRST_VERSION = Path(__file__).parent / "first_version.sqlite"
"""As a bot that knew schema 0001 only left it; never written again."""


def at(day: int, hour: int = 10, minute: int = 0, microsecond: int = 0) -> datetime:
    return datetime(2026, 9, day, hour, minute, 0, microsecond, tzinfo=UTC)


async def holds_what_the_first_version_held(store: Store) -> None:
    assert await store.personas.all(100) == [
        Persona(name="ADA", instruction="You teach with patience.", voice="Kore")
    ]
    newer, older = await store.personas.versions(100, "Ada")
    assert (newer.version, newer.changed_by, newer.changed_at) == (2, 8, at(2, microsecond=500_000))
    assert older.persona == Persona(
        name="Ada",
        instruction="You teach.",
        aliases=("Countess",),
        voice="Kore",
        language="en-GB",
        temperature=0.7,
    )
    assert [version.persona is None for version in await store.personas.versions(100, "BOB")] == [True, False]
    assert await store.guilds.all() == {100: {"mode": "named", "autojoin": [200]}, 101: {"mode": "open"}}
    assert await store.guilds.channels() == {}
    assert set(await store.grants.all()) == {
        ToolGrant(
            guild_id=100,
            tool="move_member",
            enabled=True,
            roles=frozenset({300, 301}),
            confirm="always",
            per_minute=5,
        ),
        ToolGrant(guild_id=100, tool="group:chance", enabled=False),
    }
    assert await store.reminders.open() == [
        Reminder(
            id=3,
            guild_id=100,
            channel_id=200,
            user_id=7,
            due_at=datetime(2027, 1, 1, tzinfo=UTC),
            text="Happy new year – 新年",
            created_at=at(1),
        )
    ]
    assert await store.stays.all() == [
        Stay(
            guild_id=100,
            channel_id=200,
            joined_at=at(1),
            seen_at=datetime(2026, 9, 1, 10, 5, 0, 123456, tzinfo=UTC),
            model="gemini-3.8-live",
            handle="handle-1",
            handle_at=at(1, minute=4),
            summary="Ana: hello",
        )
    ]
    assert await store.usage.of(100, date(2026, 9, 1)) == [
        UsageRow(
            guild_id=100,
            day=date(2026, 9, 1),
            model="gemini-3.8-live",
            tokens={"in audio": 5000, "out audio": 700},
            dollars=0.25,
        )
    ]
    await holds_the_first_audit(store)


async def holds_the_first_audit(store: Store) -> None:
    assert await store.audit.of(100, 10) == [
        AuditEntry(
            id=2,
            guild_id=100,
            channel_id=200,
            at=at(1, minute=1),
            tool="move_member",
            asked_by=(),
            how="voice",
            outcome="denied",
            arguments=None,
            result=None,
        ),
        AuditEntry(
            id=1,
            guild_id=100,
            channel_id=200,
            at=at(1),
            tool="roll_dice",
            asked_by=(7,),
            how="voice",
            outcome="ok",
            arguments={"sides": 6},
            result={"status": "ok", "rolled": [4]},
        ),
    ]
    assert [entry.asked_by for entry in await store.audit.of(101, 10)] == [(900719925474099312,)]


async def writes_go_on_where_they_were(store: Store) -> None:
    """Numbers too, where the newest entries had been deleted before."""
    assert await store.personas.save(100, Persona(name="ada", instruction="3"), 7, at(9)) == 3
    entry = AuditEntry(
        guild_id=100, channel_id=1, at=at(9), tool="t", asked_by=(1, 2), how="try", outcome="ok"
    )
    assert await store.audit.add(entry) == 6
    (reminder,) = await store.reminders.open()
    await store.reminders.done(reminder.id)
    assert (await store.reminders.add(reminder)).id == 4


async def test_a_copy_of_an_old_file_is_migrated_with_all_that_was_in_it(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    shutil.copy(FIRST_VERSION, path)
    for _ in range(2):  # the second finds nothing to do
        async with Store.open(f"sqlite:///{path}") as store:
            await holds_what_the_first_version_held(store)
    async with Store.open(f"sqlite:///{path}") as store:
        await writes_go_on_where_they_were(store)


async def run(url: str, work: Any) -> None:
    """Do `work(connection)` in a transaction on the database, without a store's migrations."""
    database = Database(_backend(url))

    async def in_sync(connection: AsyncConnection) -> None:
        await connection.run_sync(work)

    await database.write(in_sync)
    await database.close()


def first_version() -> sqlite3.Connection:
    """The old file, as nobody can change it."""
    return sqlite3.connect(f"file:{FIRST_VERSION}?immutable=1", uri=True)


def copy_of_the_first_version(target: Connection) -> None:
    """Tables of version 0001 with the old file's rows, on whatever database."""
    migrate.upgrade(target, "0001")
    with create_engine("sqlite://", creator=first_version).connect() as source:
        tables = MetaData()
        tables.reflect(source)
        for table in tables.sorted_tables:
            if table.name != migrate.VERSION_TABLE:
                there = MetaData()
                there.reflect(target, only=[table.name])
                for row in source.execute(select(table)):
                    values = {key: value for key, value in row._asdict().items() if value is not None}
                    target.execute(insert(there.tables[table.name]).values(**values))
    if target.dialect.name == "postgresql":
        for table_name in ("audit", "reminders"):
            target.exec_driver_sql(
                f"SELECT setval('{table_name}_id_seq', (SELECT max(id) FROM {table_name}))"  # noqa: S608
            )


async def test_the_first_version_is_migrated_on_every_database(url: str) -> None:
    await run(url, copy_of_the_first_version)
    async with Store.open(url) as store:
        await holds_what_the_first_version_held(store)
        await writes_go_on_where_they_were(store)


async def test_the_steps_lead_to_the_tables_as_they_are(url: str) -> None:
    await (await Store.open(url)).close()
    differences: list[Any] = []

    def compare(connection: Connection) -> None:
        context = MigrationContext.configure(connection, opts={"version_table": migrate.VERSION_TABLE})
        differences.extend(compare_metadata(context, metadata))

    await run(url, compare)
    assert differences == []


async def test_a_migration_that_fails_changes_nothing(url: str) -> None:
    await run(url, copy_of_the_first_version)
    # In the way of the last step, after all others have been carried out.
    await run(url, lambda connection: connection.exec_driver_sql("CREATE INDEX audit_by_time ON audit (how)"))
    with pytest.raises(StoreError):
        await Store.open(url, patience_s=0)
    await run(url, lambda connection: connection.exec_driver_sql("DROP INDEX audit_by_time"))
    async with Store.open(url) as store:
        await holds_what_the_first_version_held(store)


async def test_several_that_start_at_once_migrate_once(url: str) -> None:
    await run(url, copy_of_the_first_version)
    stores = await asyncio.gather(*(Store.open(url)._open() for _ in range(3)))
    for store in stores:
        await holds_what_the_first_version_held(store)
        await store.close()


async def test_a_newer_database_is_refused_and_left_alone(url: str) -> None:
    async with Store.open(url) as store:
        await store.guilds.save(1, {"mode": "open"})
    version = f"UPDATE {migrate.VERSION_TABLE} SET version_num = "  # noqa: S608
    await run(url, lambda connection: connection.exec_driver_sql(f"{version}'0099'"))
    with pytest.raises(StoreError) as caught:
        await Store.open(url)
    assert "was written by a newer Parley (schema 0099; this one knows 0002). Update Parley" in str(
        caught.value
    )
    await run(url, lambda connection: connection.exec_driver_sql(f"{version}'{migrate.latest()}'"))
    async with Store.open(url) as store:
        assert await store.guilds.all() == {1: {"mode": "open"}}


def test_the_old_file_is_of_the_first_version() -> None:
    with contextlib.closing(first_version()) as old:
        assert old.execute(f"SELECT version_num FROM {migrate.VERSION_TABLE}").fetchall() == [("0001",)]  # noqa: S608
