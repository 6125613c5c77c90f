"""One member's HTTP and websocket connections, trusting the loopback's certificate authority and no other."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any

import aiohttp

from bot.loopback.member.errors import MemberError, RestError


class Http:
    """`open` and `close` it; the token goes bare into the header, as the real client's does."""

    def __init__(self, api_base: str, ca_file: str | Path, token: str) -> None:
        self._api_base = api_base.rstrip("/")
        self._tls = _trusting(str(ca_file))
        self._token = token
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise MemberError("the member is not logged in: use async with")
        return self._session

    async def websocket(self, url: str) -> aiohttp.ClientWebSocketResponse:
        """The caller closes it: aiohttp's autoclose would say 1000, which ends a gateway session."""
        return await self._opened.ws_connect(url, ssl=self._tls, autoclose=False, max_msg_size=0, compress=0)

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """REST: the decoded answer, None for an empty one. RestError for a status of 400 and above."""
        headers = {"Authorization": self._token}
        url = self._api_base + path
        async with self._opened.request(method, url, json=body, headers=headers, ssl=self._tls) as answer:
            if answer.status >= 400:
                raise RestError(method, path, answer.status, await answer.text())
            return await answer.json(content_type=None) if await answer.read() else None


@lru_cache(maxsize=8)
def _trusting(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)
