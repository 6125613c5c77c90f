"""The store: one database, opened once, and what is kept in it by subject."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import delete

from bot.errors import StoreError
from bot.store.audit import Audit
from bot.store.database import PATIENCE_S, Backend, Database
from bot.store.grants import Grants
from bot.store.guilds import Guilds
from bot.store.personas import Personas
from bot.store.postgres import PostgreSQL
from bot.store.reminders import Reminders
from bot.store.sqlite import SQLite
from bot.store.stays import Stays
from bot.store.tables import metadata
from bot.store.usage import Usage

FILE = "sqlite:///"
SERVERS = ("postgresql://", "postgres://")


class Store:
    """What outlives a restart. A write has reached the disk when its method returns; what could not be
    written, or read, raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.personas = Personas(database)
        self.guilds = Guilds(database)
        self.grants = Grants(database)
        self.audit = Audit(database)
        self.reminders = Reminders(database)
        self.stays = Stays(database)
        self.usage = Usage(database)

    @staticmethod
    def open(url: str, *, patience_s: float = PATIENCE_S) -> Opening:
        """``await Store.open(url)``, or ``async with Store.open(url) as store``.

        `url` is ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``postgresql://…`` as libpq has it.
        The tables are made, or brought to this version. Raises StoreError with one line that says what to do;
        what may pass by itself, such as a lock, is tried for `patience_s`.
        """
        return Opening(url, patience_s)

    async def forget_guild(self, guild_id: int) -> None:
        """Delete all that is kept of a server, because the bot was removed from it."""
        await self._database.execute(
            *(delete(table).where(table.c.guild_id == guild_id) for table in reversed(metadata.sorted_tables))
        )

    async def close(self) -> None:
        """Let the writes that were begun end, and close the database."""
        await self._database.close()


class Opening:
    """A store that is being opened: to be awaited, or entered."""

    def __init__(self, url: str, patience_s: float) -> None:
        self._url = url
        self._patience_s = patience_s
        self._store: Store | None = None

    def __await__(self) -> Generator[Any, None, Store]:
        return self._open().__await__()

    async def __aenter__(self) -> Store:
        self._store = await self._open()
        return self._store

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._store is not None:
            await self._store.close()

    async def _open(self) -> Store:
        database = Database(_backend(self._url), patience_s=self._patience_s)
        try:
            await database.prepare()
        except BaseException:
            await database.close()
            raise
        return Store(database)


def _backend(url: str) -> Backend:
    if url.startswith(SERVERS):
        with contextlib.suppress(ValueError):  # of a port that is no number
            return PostgreSQL(url)
    path = url.removeprefix(FILE)
    if path == url or not path or path.startswith((":memory:", "file:")):
        raise StoreError(
            f"PARLEY_DATABASE_URL must be {FILE}FILE (a fourth slash makes it absolute) or "
            f"{SERVERS[0]}USER:PASSWORD@HOST/NAME."
        )
    return SQLite(Path(path))
