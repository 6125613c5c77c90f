"""Databases for the tests: a file, or one of their own on the server that PARLEY_TEST_POSTGRES names."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import pytest

SERVER = os.environ.get("PARLEY_TEST_POSTGRES", "")

needs_postgres = pytest.mark.skipif(not SERVER, reason="PARLEY_TEST_POSTGRES names no server")


@asynccontextmanager
async def postgres_database() -> AsyncIterator[str]:
    """The URL of an empty database, which is gone afterwards."""
    import asyncpg  # may not be installed where there is no server

    name = f"test_{uuid.uuid4().hex}"
    server = await asyncpg.connect(SERVER)
    try:
        await server.execute(f"CREATE DATABASE {name}")
        yield urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await server.close()
