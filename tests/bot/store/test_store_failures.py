"""A database that does not work gives one line that says what to do, and loses nothing that it held."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import event

from bot.errors import StoreError
from bot.store.store import Store
from tests.bot.store.databases import SERVER, needs_postgres, postgres_database

NOBODY = 65534
T = datetime(2026, 11, 21, tzinfo=UTC)


def sqlite(path: Path) -> str:
    return f"sqlite:///{path}"


async def made(path: Path) -> Path:
    """A database with something in it."""
    async with Store.open(sqlite(path)) as store:
        await store.guilds.save(1, {"mode": "open"})
    return path


async def refusal(url: str) -> str:
    """The line with which the database cannot be opened."""
    with pytest.raises(StoreError) as caught:
        await Store.open(url, patience_s=0.2)
    line = str(caught.value)
    assert "\n" not in line
    assert line.endswith(".")
    return line


@contextmanager
def locked(path: Path, mode: str = "NORMAL") -> Iterator[None]:
    """Another program is writing to the file at `path`; in mode EXCLUSIVE nobody else may even read."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"PRAGMA locking_mode={mode}")
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def as_nobody(path: Path) -> Iterator[None]:
    """Without root's right to write everything. What is imported late must have been by then."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(path, NOBODY, NOBODY)
    os.chown(path.parent, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def mode_of(path: Path, mode: int) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(mode)
    yield
    path.chmod(before)


def files(directory: Path) -> dict[str, int]:
    """The mode of each file in it."""
    return {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """One that nobody's account reaches, as pytest's are not."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.mark.parametrize("mode", ["NORMAL", "EXCLUSIVE"])
async def test_a_file_locked_by_another_program_cannot_be_opened(tmp_path: Path, mode: str) -> None:
    path = await made(tmp_path / "parley.db")
    with locked(path, mode):
        assert "parley.db is locked by another program. Close what else" in await refusal(sqlite(path))
    async with Store.open(sqlite(path)) as store:
        assert await store.guilds.all() == {1: {"mode": "open"}}


async def test_a_lock_is_waited_for_and_then_reported(tmp_path: Path) -> None:
    path = await made(tmp_path / "parley.db")
    async with Store.open(sqlite(path), patience_s=0.1) as store:
        with locked(path):
            with pytest.raises(StoreError, match="is locked by another program") as caught:
                await store.guilds.save(1, {"mode": "named"})
            assert caught.value.retry
            assert await store.guilds.all() == {1: {"mode": "open"}}  # reading goes on
        await store.guilds.save(1, {"mode": "named"})
        assert await store.guilds.all() == {1: {"mode": "named"}}


async def test_a_write_succeeds_once_a_lock_is_gone(tmp_path: Path) -> None:
    path = await made(tmp_path / "parley.db")
    async with Store.open(sqlite(path)) as store:
        with locked(path):
            writing = asyncio.create_task(store.guilds.save(1, {"mode": "named"}))
            await asyncio.wait([writing], timeout=1.5)  # more than SQLite itself waits
            assert not writing.done()
        await writing
        assert await store.guilds.all() == {1: {"mode": "named"}}


async def test_a_full_disk_loses_only_what_it_refused(tmp_path: Path) -> None:
    async with Store.open(sqlite(tmp_path / "parley.db")) as store:
        await store.guilds.save(1, {"mode": "open"})
        engine = store._database._engine
        await engine.dispose()

        def full(connection: sqlite3.Connection, record: object) -> None:
            connection.execute("PRAGMA max_page_count=1")  # SQLite takes it for: no more than there are

        event.listen(engine.sync_engine, "connect", full)
        with pytest.raises(
            StoreError, match=r"the disk is full\. Free some space, then try again\.$"
        ) as caught:
            await store.guilds.save(1, {"mode": "x" * 100_000})
        assert caught.value.retry
        assert await store.guilds.all() == {1: {"mode": "open"}}
        event.remove(engine.sync_engine, "connect", full)
        await engine.dispose()
        await store.guilds.save(1, {"mode": "x" * 100_000})
        assert await store.guilds.all() == {1: {"mode": "x" * 100_000}}


async def test_a_read_only_file(open_directory: Path) -> None:
    path = await made(open_directory / "parley.db")
    path.chmod(0o400)
    with as_nobody(path):
        line = await refusal(sqlite(path))
    assert "parley.db cannot be written: the file or its directory is read-only. Let the account" in line


async def test_a_read_only_directory(open_directory: Path) -> None:
    path = await made(open_directory / "parley.db")
    with as_nobody(path), mode_of(open_directory, 0o500):
        assert "Let the account that runs Parley" in await refusal(sqlite(path))
        assert "Let the account that runs Parley" in await refusal(sqlite(open_directory / "new.db"))


async def test_a_file_that_may_not_be_read(open_directory: Path) -> None:
    path = await made(open_directory / "parley.db")
    path.chmod(0)
    with as_nobody(path):
        assert "parley.db cannot be opened. Let the account" in await refusal(sqlite(path))


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    path.write_text("DISCORD_TOKEN=\n" * 100)
    assert "parley.db is not a SQLite database. Move it away, or name another" in await refusal(sqlite(path))
    assert path.read_text() == "DISCORD_TOKEN=\n" * 100


async def test_a_damaged_file(tmp_path: Path) -> None:
    path = await made(tmp_path / "parley.db")
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    assert "parley.db is damaged. Restore a backup" in await refusal(sqlite(path))


async def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    line = await refusal(sqlite(tmp_path / "absent" / "parley.db"))
    assert f"there is no directory {tmp_path / 'absent'}. Make it, or correct PARLEY_DATABASE_URL." in line


async def test_a_directory_in_place_of_the_file(tmp_path: Path) -> None:
    assert "cannot be opened" in await refusal(sqlite(tmp_path))


@pytest.mark.parametrize(
    "url",
    ["", "parley.db", "sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://h/n", "postgresql://h:x/n"],
)
async def test_what_is_no_database(url: str) -> None:
    assert (await refusal(url)).startswith("PARLEY_DATABASE_URL must be sqlite:///FILE")


async def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    async with Store.open(sqlite(path)) as store:
        await store.guilds.save(1, {"mode": "open"})
        assert files(tmp_path) == {"parley.db": 0o600, "parley.db-wal": 0o600, "parley.db-shm": 0o600}
    assert files(tmp_path) == {"parley.db": 0o600}


async def test_a_commit_is_on_the_disk(tmp_path: Path) -> None:
    """What no test can show by pulling the plug: that the file is kept as SQLite's manual says it must be."""
    async with Store.open(sqlite(tmp_path / "parley.db")) as store:
        for pragma, value in {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "secure_delete": 1,
        }.items():
            async with store._database._engine.connect() as connection:
                assert (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar() == value, pragma


async def test_a_closed_store_says_so(url: str) -> None:
    store = await Store.open(url)
    await store.close()
    with pytest.raises(StoreError, match="is closed already"):
        await store.guilds.save(1, {"mode": "open"})
    await store.close()


async def test_no_password_and_nothing_said_is_in_an_error(tmp_path: Path) -> None:
    path = await made(tmp_path / "parley.db")
    async with Store.open(sqlite(path), patience_s=0) as store:
        with locked(path), pytest.raises(StoreError) as caught:
            await store.guilds.save(1, {"mode": "hunter2"})
        assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__cause__}"


def changed(url: str, **parts: str) -> str:
    return urlunsplit(urlsplit(url)._replace(**parts))


async def test_a_server_that_is_not_there() -> None:
    pytest.importorskip("asyncpg")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # but does not listen
        port = taken.getsockname()[1]
        line = await refusal(f"postgresql://parley:hunter2@127.0.0.1:{port}/parley")
    assert line.startswith(f"The PostgreSQL database parley at 127.0.0.1:{port} cannot be reached (")
    assert line.endswith(f"('127.0.0.1', {port})). Start the server, or correct PARLEY_DATABASE_URL.")


async def test_a_server_whose_name_is_wrong() -> None:
    pytest.importorskip("asyncpg")
    line = await refusal("postgresql://parley:hunter2@host.invalid/parley")
    assert line.startswith("The PostgreSQL database parley at host.invalid:5432 cannot be reached (")


@pytest.mark.parametrize("query", ["sslmode=perhaps", "sslmode=verify-full&sslrootcert=/absent", "no-value"])
async def test_a_url_that_asks_for_what_cannot_be(query: str) -> None:
    pytest.importorskip("asyncpg")
    line = await refusal(f"postgresql://parley:hunter2@127.0.0.1/parley?{query}")
    assert line.endswith(("Correct PARLEY_DATABASE_URL.", "or correct PARLEY_DATABASE_URL."))
    assert "hunter2" not in line


async def test_postgresql_without_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    assert (await refusal("postgres://h/n")).startswith("PostgreSQL needs the package asyncpg. Install it")


@needs_postgres
async def test_a_wrong_password() -> None:
    wrong = changed(SERVER, netloc="parley:hunter2@")
    line = await refusal(wrong)
    assert line.endswith("refuses the user parley, or the password. Correct PARLEY_DATABASE_URL.")
    assert "hunter2" not in line


@needs_postgres
async def test_a_database_that_does_not_exist() -> None:
    line = await refusal(changed(SERVER, path="/absent"))
    assert "database absent at" in line
    assert "does not exist on that server. Make it (createdb absent), or correct" in line


@needs_postgres
async def test_what_the_server_does_not_know() -> None:
    line = await refusal(f"{SERVER}&channel_binding=require")
    assert line.endswith('failed: unrecognized configuration parameter "channel_binding".')


@needs_postgres
async def test_a_database_that_is_read_only() -> None:
    import asyncpg

    async with postgres_database() as url:
        await (await Store.open(url)).close()
        other = await asyncpg.connect(url)
        name = urlsplit(url).path.strip("/")
        await other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await other.close()
        assert "is read-only (a standby?). Name the primary server" in await refusal(url)


@needs_postgres
async def test_a_table_locked_on_the_server_is_waited_for_and_then_reported() -> None:
    import asyncpg

    async with postgres_database() as url, Store.open(url, patience_s=0.2) as store:
        other = await asyncpg.connect(url)
        async with other.transaction():
            await other.execute("LOCK TABLE guild_choices")
            with pytest.raises(StoreError, match="is locked by another program") as caught:
                await store.guilds.save(1, {"mode": "open"})
            assert caught.value.retry
        await store.guilds.save(1, {"mode": "named"})
        await other.close()
        assert await store.guilds.all() == {1: {"mode": "named"}}


@needs_postgres
async def test_a_server_that_drops_its_connections_is_come_back_to() -> None:
    import asyncpg

    async with postgres_database() as url, Store.open(url) as store:
        other = await asyncpg.connect(url)
        for number in range(3):
            await store.guilds.save(number, {"mode": "open"})
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'parley' AND datname = current_database()"
            )
        await other.close()
        assert set(await store.guilds.all()) == {0, 1, 2}
