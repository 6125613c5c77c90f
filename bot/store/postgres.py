"""A PostgreSQL database: how it is reached, and what its failures mean."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import StoreError
from bot.store.database import Failure

CONNECT_S = 5.0
ANSWER_S = 10.0
LOCK_MS = 1_000  # of waiting inside the server; `database` tries again after it

PORT = 5432

# By SQLSTATE, the longest beginning that is here: class 53 is "insufficient resources".
LINES = {
    "28": "{place} refuses the user {user}, or the password. Correct PARLEY_DATABASE_URL.",
    "3D": "{place} does not exist on that server. Make it (createdb {name}), or correct PARLEY_DATABASE_URL.",
    "42501": "{place}: the user {user} may not do that. Make {user} its owner.",
    "53": "{place} has no connection or memory to spare. Close other programs that use it, then try again.",
    "53100": "{place} cannot be written: the server's disk is full. Free some space, then try again.",
    "25006": "{place} is read-only (a standby?). Name the primary server in PARLEY_DATABASE_URL.",
    "55P03": "{place} is locked by another program. Close what else uses it (another Parley, a database "
    "browser), then try again.",
    "40": "{place} is in use by another program in a way that excludes this one. Try again.",
    "23505": "{place} is in use by another program in a way that excludes this one. Try again.",
    "57P": "{place} is shutting down or starting. Try again in a minute.",
    "08": "{place} cannot be reached ({cause}). Start the server, or correct PARLEY_DATABASE_URL.",
}
PASSING = ("55P03", "40", "23505", "57P", "08")
CURABLE = (*PASSING, "53")
NO_DRIVER = (
    "PostgreSQL needs the package asyncpg. Install it with: pip install 'parley[postgres]' "
    "(or keep to SQLite: PARLEY_DATABASE_URL=sqlite:///parley.db)."
)


class PostgreSQL:
    """The database that `url` names, in libpq's form (``postgresql://user:password@host:port/name?…``)."""

    migration_lock = "SELECT pg_advisory_xact_lock(7239453912)"  # any number of our own

    def __init__(self, url: str) -> None:
        self._url = url
        parts = urlsplit(url)
        self._user = parts.username or "of this account"
        self._name = parts.path.lstrip("/") or self._user
        self._host = f"{parts.hostname or 'this machine'}:{parts.port or PORT}"

    @property
    def place(self) -> str:
        return f"The PostgreSQL database {self._name} at {self._host}"

    def engine(self) -> AsyncEngine:
        """Raises StoreError without asyncpg."""
        try:
            import asyncpg
        except ImportError:
            raise StoreError(NO_DRIVER) from None

        async def connect() -> Any:
            # asyncpg reads the URL as libpq does, with sslmode and sockets; SQLAlchemy would not.
            try:
                return await asyncpg.connect(
                    self._url,
                    timeout=CONNECT_S,
                    command_timeout=ANSWER_S,
                    server_settings={"application_name": "parley", "lock_timeout": str(LOCK_MS)},
                )
            except ValueError as error:  # of what follows the ? in the URL, such as an unknown sslmode
                raise StoreError(f"{self.place}: {error}. Correct PARLEY_DATABASE_URL.") from None

        return create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            pool_pre_ping=True,
            hide_parameters=True,  # what people said does not go into a log
        )

    def failure(self, error: BaseException) -> Failure | None:
        state, cause = _state(error)
        if state is None:
            return None
        known = next((state[:n] for n in (5, 3, 2) if state[:n] in LINES), None)
        line = LINES[known] if known else "{place} failed: {cause}."
        text = line.format(place=self.place, user=self._user, name=self._name, cause=cause)
        return Failure(StoreError(text, retry=state.startswith(CURABLE)), passing=state.startswith(PASSING))


def _state(error: BaseException) -> tuple[str | None, str]:
    """The SQLSTATE of what went wrong (08000 for a connection that failed without one; None: nothing of the
    database's), and its cause in one line."""
    state: str | None = None
    inner: BaseException | None = error
    while inner is not None:  # SQLAlchemy's error, its driver's in the form of all drivers, asyncpg's own
        error = inner
        if isinstance(code := getattr(error, "sqlstate", None), str):
            state = state or code
        elif isinstance(error, OSError | TimeoutError) or (
            isinstance(error, exc.DBAPIError) and error.connection_invalidated
        ):
            state = state or "08000"
        inner = getattr(error, "orig", None) or error.__cause__
    cause = str(error).partition("\n")[0] or "no answer in time"
    return state, cause.rstrip(".")
