"""One database: transactions that end whoever gives up on them, and failures that say what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeVar

import structlog
from sqlalchemy import Executable, Row, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.clock import monotonic
from bot.errors import StoreError
from bot.store.migrate import Newer, upgrade

log = structlog.get_logger(__name__)

T = TypeVar("T")

PATIENCE_S = 5.0
"""How long what may pass by itself is tried again: a lock, a server that restarts."""
PAUSE_S = 0.1
CLOSING_S = 10.0

WRITES = "parley_writes"
"""Execution option of a connection whose transaction will write."""


class Failure(NamedTuple):
    """What an exception of a driver means. `passing`: it may be over in a moment."""

    error: StoreError
    passing: bool = False


class Upsert(NamedTuple):
    """A statement that holds for every row with these columns, and the row."""

    statement: Executable
    row: Mapping[str, Any]


class Backend(Protocol):
    """What is particular to SQLite, or to PostgreSQL."""

    @property
    def place(self) -> str:
        """Which database, for people; without its password."""

    @property
    def migration_lock(self) -> str | None:
        """SQL that keeps other processes from migrating until the transaction ends; None: writing does."""

    def engine(self) -> AsyncEngine: ...

    def failure(self, error: BaseException) -> Failure | None:
        """What the exception of a driver means; None: it is not one of the database's."""


class Database:
    """Reads and writes. All raise StoreError, and nothing else but for wrong arguments.

    Once begun, a transaction goes on when its caller is cancelled: what a room wrote as it was left is not
    lost, and no connection is left in the middle of a statement. Writes go one after another; SQLite knows
    only one at a time, and none of ours shall wait for a lock of ours.
    """

    def __init__(self, backend: Backend, *, patience_s: float = PATIENCE_S) -> None:
        self._backend = backend
        self._engine = backend.engine()
        self._patience_s = patience_s
        self._turn = asyncio.Lock()
        self._working: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def prepare(self) -> None:
        """Bring the tables to this version."""

        async def migrate(connection: AsyncConnection) -> None:
            if self._backend.migration_lock is not None:
                await connection.exec_driver_sql(self._backend.migration_lock)
            await connection.run_sync(upgrade)

        try:
            await self.write(migrate)
        except Newer as newer:
            raise StoreError(
                f"{self._backend.place} was written by a newer Parley (schema {newer.found}; this one knows "
                f"{newer.known}). Update Parley, or restore the backup from before."
            ) from None

    async def close(self) -> None:
        """Let what was begun end, then close every connection."""
        self._closed = True
        if self._working:
            await asyncio.wait(self._working, timeout=CLOSING_S)
        await self._engine.dispose()

    async def read(self, query: Executable) -> Sequence[Row[Any]]:
        """All rows that `query` gives."""

        async def fetch() -> Sequence[Row[Any]]:
            async with self._engine.connect() as connection:
                return (await connection.execute(query)).all()

        return await self._outlive(self._patiently(fetch, monotonic() + self._patience_s))

    async def execute(self, *statements: Executable | Upsert) -> int:
        """Write `statements` in one transaction: all or none. How many rows the last of them changed."""

        async def run(connection: AsyncConnection) -> int:
            changed = 0
            for statement in statements:
                what, row = statement if isinstance(statement, Upsert) else (statement, None)
                changed = (await connection.execute(what, row)).rowcount
            return changed

        return await self.write(run)

    async def put(self, table: Table, row: Mapping[str, Any]) -> None:
        """Write `row`, over the one that has the same primary key."""
        await self.execute(self.upsert(table, row))

    def upsert(self, table: Table, row: Mapping[str, Any], *, add: Sequence[str] = ()) -> Upsert:
        """Insert `row`, or take it for the one with the same key; columns of `add` grow by what it says."""
        return Upsert(_upsert(self._engine.dialect.name, table, tuple(row), tuple(add)), row)

    async def write(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What `work` gives, once what it wrote is on the disk. It may be run again, from the beginning."""

        until = monotonic() + self._patience_s  # from now: those who wait in line would add theirs up

        async def in_turn() -> T:
            async with self._turn:
                return await self._patiently(transaction, until)

        async def transaction() -> T:
            async with self._engine.connect() as connection:
                await connection.execution_options(**{WRITES: True})
                begun = await connection.begin()
                result = await work(connection)
                try:
                    await begun.commit()
                except Exception as error:
                    raise _Uncertain from error
                return result

        return await self._outlive(in_turn())

    async def _patiently(self, work: Callable[[], Awaitable[T]], until: float) -> T:
        """Try `work` until it succeeds or fails for good; what may pass, `until` then."""
        while True:
            try:
                return await work()
            except StoreError:
                raise
            except Exception as error:
                in_commit = isinstance(error, _Uncertain)
                cause = error.__cause__ or error if in_commit else error
                failure = self._backend.failure(cause)
                if failure is None:  # of our own; SQLAlchemy wraps what a column refuses
                    raise getattr(cause, "orig", None) or cause from None
                # A commit whose answer was lost may have been carried out: doing it again could double it.
                if in_commit or not failure.passing or monotonic() >= until:
                    raise failure.error from cause
            await asyncio.sleep(PAUSE_S)

    async def _outlive(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` gives; it ends also when we are cancelled."""
        if self._closed:  # a connection made now would be nobody's to close
            work.close()
            raise StoreError(f"{self._backend.place} is closed already.")
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_report)
            raise


@cache  # to make one costs a third of what executing it does
def _upsert(dialect: str, table: Table, columns: tuple[str, ...], add: tuple[str, ...]) -> Executable:
    new = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    keys = [column.name for column in table.primary_key]
    changes = {
        name: table.c[name] + new.excluded[name] if name in add else new.excluded[name]
        for name in columns
        if name not in keys
    }
    return new.on_conflict_do_update(index_elements=keys, set_=changes)


class _Uncertain(Exception):
    """The commit failed; its cause says how."""


def _report(task: asyncio.Task[Any]) -> None:
    """What nobody waits for any more has failed."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("unattended query failed", error=str(error))
