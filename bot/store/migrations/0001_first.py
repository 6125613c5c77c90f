"""What the bot keeps: personas, choices, grants, audit, reminders, stays, usage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Id = sa.BigInteger
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    choices()
    events()
    usage()


def choices() -> None:
    op.create_table(
        "persona_versions",
        sa.Column("guild_id", Id, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("content", sa.JSON),
        sa.Column("changed_by", Id, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "guild_choices",
        sa.Column("guild_id", Id, primary_key=True, autoincrement=False),
        sa.Column("choices", sa.JSON, nullable=False),
    )
    op.create_table(
        "tool_grants",
        sa.Column("guild_id", Id, primary_key=True, autoincrement=False),
        sa.Column("tool", sa.Text, primary_key=True),
        sa.Column("enabled", sa.Boolean),
        sa.Column("roles", sa.JSON),
        sa.Column("confirm", sa.Text),
        sa.Column("per_minute", sa.Integer),
    )


def events() -> None:
    op.create_table(
        "audit",
        sa.Column("id", Serial, primary_key=True),
        sa.Column("guild_id", Id, nullable=False),
        sa.Column("channel_id", Id, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("asked_by", Id),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("arguments", sa.JSON),
        sa.Column("result", sa.JSON),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_of_guild", "audit", ["guild_id", "id"])
    op.create_table(
        "reminders",
        sa.Column("id", Serial, primary_key=True),
        sa.Column("guild_id", Id, nullable=False),
        sa.Column("channel_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("due_at", sa.DateTime, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("reminders_by_time", "reminders", ["due_at"])
    op.create_table(
        "stays",
        sa.Column("guild_id", Id, primary_key=True, autoincrement=False),
        sa.Column("channel_id", Id, nullable=False),
        sa.Column("joined_at", sa.DateTime, nullable=False),
        sa.Column("seen_at", sa.DateTime, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("handle", sa.Text),
        sa.Column("handle_at", sa.DateTime),
        sa.Column("summary", sa.Text, nullable=False),
    )


def usage() -> None:
    op.create_table(
        "usage_days",
        sa.Column("guild_id", Id, primary_key=True, autoincrement=False),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("dollars", sa.Float, nullable=False),
    )
    op.create_table(
        "usage_tokens",
        sa.Column("guild_id", Id, primary_key=True, autoincrement=False),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id", "day", "model"],
            ["usage_days.guild_id", "usage_days.day", "usage_days.model"],
            ondelete="CASCADE",
        ),
    )
