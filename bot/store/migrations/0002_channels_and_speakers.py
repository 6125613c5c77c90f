"""A channel may choose for itself, several people may ask for a call, and a hush outlives a restart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "channel_choices",
        sa.Column("channel_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("guild_id", sa.BigInteger, nullable=False),
        sa.Column("choices", sa.JSON, nullable=False),
    )
    op.add_column("stays", sa.Column("hushed_until", sa.DateTime))
    grants_by_channel()
    several_askers()


def grants_by_channel() -> None:
    """The channel becomes part of the key, so the table is built anew; 0: the whole server."""
    op.rename_table("tool_grants", "tool_grants_0001")
    key = "tool_grants_2_pkey"  # PostgreSQL leaves the old key its name
    op.create_table(
        "tool_grants",
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean),
        sa.Column("roles", sa.JSON),
        sa.Column("confirm", sa.Text),
        sa.Column("per_minute", sa.Integer),
        sa.PrimaryKeyConstraint("guild_id", "channel_id", "tool", name=key),
    )
    op.execute(
        "INSERT INTO tool_grants (guild_id, channel_id, tool, enabled, roles, confirm, per_minute) "
        "SELECT guild_id, 0, tool, enabled, roles, confirm, per_minute FROM tool_grants_0001"
    )
    op.drop_table("tool_grants_0001")


def several_askers() -> None:
    """Who asked becomes a list; nobody was known: an empty one."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    # SQLite would take a cast to JSON for one to a number; its JSON is text.
    askers = "'[' || asked_by || ']'" if is_sqlite else "CAST('[' || asked_by || ']' AS JSON)"
    with op.batch_alter_table("audit") as audit:
        audit.add_column(sa.Column("askers", sa.JSON, nullable=False, server_default="[]"))
    op.execute(f"UPDATE audit SET askers = {askers} WHERE asked_by IS NOT NULL")  # noqa: S608 - constants
    with op.batch_alter_table("audit", table_kwargs={"sqlite_autoincrement": True}) as audit:
        audit.drop_column("asked_by")
        audit.alter_column("askers", new_column_name="asked_by", server_default=None)
    op.create_index("audit_by_time", "audit", ["at"])
