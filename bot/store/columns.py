"""The kinds of column: what the two databases would otherwise keep differently."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Text, TypeDecorator

Snowflake = BigInteger
"""Discord's ids: 64 bits."""

Serial = BigInteger().with_variant(Integer, "sqlite")
"""Numbers given by the database. SQLite counts up only in a column declared INTEGER."""


class Moment(TypeDecorator[datetime]):
    """An aware time, kept in UTC to the microsecond.

    Without a zone in the database: SQLite has none, and PostgreSQL would turn it to the session's.
    """

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone cannot be kept")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Words(TypeDecorator[str]):
    """Text that people or models wrote, without what PostgreSQL refuses: NUL and half surrogates."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else writable(value)


class Plain(TypeDecorator[Any]):
    """Mappings and sequences, as JSON; None is NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return plain(value)


def writable(text: str) -> str:
    """`text` as both databases take it."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def plain(value: Any) -> Any:
    """`value` as JSON has it, whatever it is: what was called with what must not go unwritten because of
    an odd value."""
    if isinstance(value, str):
        return writable(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {writable(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, Set):
        return [plain(item) for item in sorted(value)]
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return writable(str(value))
