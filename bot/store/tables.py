"""The tables as they are now; `migrations` says how they came to be, and a test that the two agree."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Float, ForeignKeyConstraint, Index, Integer, MetaData, Table

from bot.store.columns import Moment, Plain, Serial, Snowflake, Words

EVERYWHERE = 0
"""`channel_id` of what holds in the whole server: NULL would not be equal to itself in a key."""

metadata = MetaData()

persona_versions = Table(
    "persona_versions",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("key", Words, primary_key=True),  # the name, casefolded
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("name", Words, nullable=False),
    Column("content", Plain),  # NULL: deleted
    Column("changed_by", Snowflake, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

guild_choices = Table(
    "guild_choices",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("choices", Plain, nullable=False),
)

channel_choices = Table(
    "channel_choices",
    metadata,
    Column("channel_id", Snowflake, primary_key=True, autoincrement=False),
    Column("guild_id", Snowflake, nullable=False),
    Column("choices", Plain, nullable=False),
)

tool_grants = Table(
    "tool_grants",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("channel_id", Snowflake, primary_key=True, autoincrement=False),  # or EVERYWHERE
    Column("tool", Words, primary_key=True),
    Column("enabled", Boolean),
    Column("roles", Plain),
    Column("confirm", Words),
    Column("per_minute", Integer),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("guild_id", Snowflake, nullable=False),
    Column("channel_id", Snowflake, nullable=False),
    Column("at", Moment, nullable=False),
    Column("tool", Words, nullable=False),
    Column("asked_by", Plain, nullable=False),
    Column("how", Words, nullable=False),
    Column("outcome", Words, nullable=False),
    Column("arguments", Plain),
    Column("result", Plain),
    Index("audit_of_guild", "guild_id", "id"),
    Index("audit_by_time", "at"),
    sqlite_autoincrement=True,  # an id is never given twice: an old button must not undo a new call
)

reminders = Table(
    "reminders",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("guild_id", Snowflake, nullable=False),
    Column("channel_id", Snowflake, nullable=False),
    Column("user_id", Snowflake, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("text", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("reminders_by_time", "due_at"),
    sqlite_autoincrement=True,  # nor is a reminder's: cancelling one twice must not cancel another
)

stays = Table(
    "stays",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("channel_id", Snowflake, nullable=False),
    Column("joined_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("model", Words, nullable=False),
    Column("handle", Words),
    Column("handle_at", Moment),
    Column("summary", Words, nullable=False),
    Column("hushed_until", Moment),
)

usage_days = Table(
    "usage_days",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("model", Words, primary_key=True),
    Column("dollars", Float, nullable=False),
)

usage_tokens = Table(
    "usage_tokens",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("model", Words, primary_key=True),
    Column("kind", Words, primary_key=True),
    Column("tokens", Snowflake, nullable=False),
    ForeignKeyConstraint(
        ["guild_id", "day", "model"],
        ["usage_days.guild_id", "usage_days.day", "usage_days.model"],
        ondelete="CASCADE",
    ),
)
