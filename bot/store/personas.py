"""Personas: every edit is a version, and none is ever changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.rows import Persona, PersonaVersion
from bot.store.tables import persona_versions as versions


class Personas:
    """Names are the same whatever their case."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def everywhere(self) -> dict[int, list[Persona]]:
        """Those there are now, by server and name."""
        found: defaultdict[int, list[Persona]] = defaultdict(list)
        for row in await self._current():
            if row.content is not None:
                found[row.guild_id].append(_persona(row.name, row.content))
        return dict(found)

    async def all(self, guild_id: int) -> list[Persona]:
        """Those there are now, by name."""
        rows = await self._current(versions.c.guild_id == guild_id)
        return [_persona(row.name, row.content) for row in rows if row.content is not None]

    async def _current(self, *where: ColumnElement[bool]) -> Sequence[Row[Any]]:
        """The newest version of each, by name, in the same order on every database."""
        last = func.max(versions.c.version).label("version")
        newest = (
            select(versions.c.guild_id, versions.c.key, last)
            .where(*where)
            .group_by(versions.c.guild_id, versions.c.key)
            .subquery()
        )
        same = and_(*(versions.c[name] == newest.c[name] for name in ("guild_id", "key", "version")))
        rows = await self._database.read(select(versions).join(newest, same))
        return sorted(rows, key=lambda row: str(row.key))

    async def save(self, guild_id: int, persona: Persona, by: int, at: datetime) -> int:
        """Write `persona` as a new version, the first of them or one that follows; its number, from 1."""
        content = asdict(persona)
        name = content.pop("name")

        async def append(connection: AsyncConnection) -> int:
            newest = await _newest(connection, guild_id, name)
            version = 1 if newest is None else newest.version + 1
            row = _row(guild_id, name, version, content, by, at)
            await connection.execute(versions.insert().values(**row))
            return version

        return await self._database.write(append)

    async def delete(self, guild_id: int, name: str, by: int, at: datetime) -> bool:
        """Write that there is none of this name from now on; its versions stay. False: there was none."""

        async def append(connection: AsyncConnection) -> bool:
            newest = await _newest(connection, guild_id, name)
            if newest is None or newest.content is None:
                return False
            row = _row(guild_id, newest.name, newest.version + 1, None, by, at)
            await connection.execute(versions.insert().values(**row))
            return True

        return await self._database.write(append)

    async def versions(self, guild_id: int, name: str) -> list[PersonaVersion]:
        """Every edit of the persona of this name, newest first."""
        rows = await self._database.read(
            select(versions).where(_is(guild_id, name)).order_by(versions.c.version.desc())
        )
        return [_version(row) for row in rows]


def _is(guild_id: int, name: str) -> Any:
    return and_(versions.c.guild_id == guild_id, versions.c.key == name.casefold())


async def _newest(connection: AsyncConnection, guild_id: int, name: str) -> Row[Any] | None:
    query = select(versions).where(_is(guild_id, name)).order_by(versions.c.version.desc()).limit(1)
    return (await connection.execute(query)).one_or_none()


def _row(
    guild_id: int, name: str, version: int, content: dict[str, Any] | None, by: int, at: datetime
) -> dict[str, Any]:
    return {
        "guild_id": guild_id,
        "key": name.casefold(),
        "version": version,
        "name": name,
        "content": content,
        "changed_by": by,
        "changed_at": at,
    }


def _version(row: Row[Any]) -> PersonaVersion:
    return PersonaVersion(
        guild_id=row.guild_id,
        name=row.name,
        version=row.version,
        persona=None if row.content is None else _persona(row.name, row.content),
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )


def _persona(name: str, content: dict[str, Any]) -> Persona:
    """Fields that a persona no longer has are passed over; those it has got since are as by default."""
    known = {field.name for field in fields(Persona)} & content.keys()
    values = {field: content[field] for field in known}
    return Persona(name=name, **{**values, "aliases": tuple(values.get("aliases", ()))})
