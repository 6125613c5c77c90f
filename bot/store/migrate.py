"""The database's tables, brought to this program's version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

VERSION_TABLE = "parley_schema"  # Alembic's own name is taken where programs share a database

_STEPS = Path(__file__).parent / "migrations"


class Newer(Exception):
    """The database is of a version that this program does not know: the one there, and the newest here."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(f"schema {found}, but only {known} is known")
        self.found = found
        self.known = known


def latest() -> str:
    """The version that this program writes."""
    return _steps().get_current_head() or ""


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run the steps that are missing, in the transaction that `connection` is in. Raises Newer."""
    steps = _steps()
    known = {step.revision for step in steps.walk_revisions()}

    def missing(found: Any, context: MigrationContext) -> Any:
        return steps._upgrade_revs(to, found)

    context = MigrationContext.configure(
        connection,
        # Alembic thinks that SQLite cannot undo DDL; with a BEGIN of our own it can.
        opts={"fn": missing, "version_table": VERSION_TABLE, "transactional_ddl": True},
    )
    found = context.get_current_revision()
    if found is not None and found not in known:
        raise Newer(found, latest())
    with Operations.context(context):
        context.run_migrations()
    # A database that cannot be written shows it now, not when the first moderator changes something.
    connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = version_num")  # noqa: S608


def _steps() -> ScriptDirectory:
    return ScriptDirectory(str(_STEPS), version_locations=[str(_STEPS)])
