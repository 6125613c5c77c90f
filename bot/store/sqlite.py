"""A SQLite file: how it is opened, and what its failures mean."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import StoreError
from bot.store.database import WRITES, Failure

BUSY_S = 1.0  # of waiting inside SQLite; `database` tries again after it

PRAGMAS = (
    "journal_mode=WAL",  # readers and the writer do not wait for each other
    # With NORMAL the last commits are gone after a power cut. A commit costs one fsync now, some
    # milliseconds in a thread of its own, a few times a minute.
    "synchronous=FULL",
    "fullfsync=ON",  # macOS, where fsync alone leaves them in the drive's cache
    "foreign_keys=ON",
    "secure_delete=ON",  # what the audit forgets is not left in the file's free pages
)

LINES = {
    sqlite3.SQLITE_BUSY: "{place} is locked by another program. Close what else has it open (another Parley, "
    "a database browser), then try again.",
    sqlite3.SQLITE_FULL: "{place} cannot be written: the disk is full. Free some space, then try again.",
    sqlite3.SQLITE_READONLY: "{place} cannot be written: the file or its directory is read-only. Let the "
    "account that runs Parley write to both.",
    sqlite3.SQLITE_CANTOPEN: "{place} cannot be opened. Let the account that runs Parley read and write the "
    "file and its directory.",
    sqlite3.SQLITE_NOTADB: "{place} is not a SQLite database. Move it away, or name another file in "
    "PARLEY_DATABASE_URL.",
    sqlite3.SQLITE_CORRUPT: "{place} is damaged. Restore a backup, or move the file away and begin anew.",
    sqlite3.SQLITE_IOERR: "{place} cannot be read or written: the disk reports an error, or is full. Check "
    "the disk, then try again.",
}
LINES[sqlite3.SQLITE_LOCKED] = LINES[sqlite3.SQLITE_PROTOCOL] = LINES[sqlite3.SQLITE_BUSY]
LINES[sqlite3.SQLITE_PERM] = LINES[sqlite3.SQLITE_READONLY]

PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
CURABLE = (*PASSING, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
"""Trying again later may help."""


class SQLite:
    """The file at `path`; it is made, for its owner alone, if there is none."""

    migration_lock = None

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def place(self) -> str:
        return f"The database {self._path}"

    def engine(self) -> AsyncEngine:
        """Raises StoreError where no file can be made."""
        self._make()
        engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=str(self._path)),
            # isolation_level None: the driver begins no transaction by itself (it would not before DDL).
            connect_args={"timeout": BUSY_S, "isolation_level": None},
            pool_size=3,
            max_overflow=0,
            hide_parameters=True,  # what people said does not go into a log
        )
        event.listen(engine.sync_engine, "connect", _set_up)
        event.listen(engine.sync_engine, "begin", _begin)
        return engine

    def failure(self, error: BaseException) -> Failure | None:
        cause = getattr(error, "orig", None) or error
        return self._meaning(cause) if isinstance(cause, sqlite3.Error) else None

    def _meaning(self, error: sqlite3.Error) -> Failure:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says in which way
        line = LINES.get(code, "{place} failed: {cause}.").format(place=self.place, cause=error)
        return Failure(StoreError(line, retry=code in CURABLE), passing=code in PASSING)

    def _make(self) -> None:
        """The file holds what people said: nobody else need read it."""
        try:
            self._path.touch(mode=0o600, exist_ok=False)
        except FileNotFoundError:
            raise StoreError(
                f"{self.place} cannot be made: there is no directory {self._path.absolute().parent}. Make "
                "it, or correct PARLEY_DATABASE_URL."
            ) from None
        except OSError:
            pass  # there already, and not ours to touch: SQLite will say whether that matters
        try:  # here, since a connection of aiosqlite that could not be opened leaves its thread behind
            sqlite3.connect(self._path).close()
        except sqlite3.Error as error:
            raise self._meaning(error).error from None


def _set_up(connection: DBAPIConnection, record: Any) -> None:
    try:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
    except BaseException:
        connection.close()  # the pool does not know it yet
        raise


def _begin(connection: Connection) -> None:
    """A transaction that will write takes the lock at once: one that finds out later cannot wait for it."""
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
