"""One member's HTTP and websocket connections, trusting the loopback's certificate authority and no other."""

from __future__ import annotations

import json
import ssl
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import aiohttp

from bot.loopback.member.errors import MemberError, RestError

File = tuple[str, bytes, str]
"""What is attached to a message: name, content, content type."""


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

    async def call(self, method: str, path: str, body: Any = None, files: Sequence[File] = ()) -> Any:
        """REST: the decoded answer, None for an empty one. RestError for a status of 400 and above."""
        sent: dict[str, Any] = {"data": _form(body, files)} if files else {"json": body}
        request = self._opened.request(
            method, self._api_base + path, headers={"Authorization": self._token}, ssl=self._tls, **sent
        )
        async with request as answer:
            if answer.status >= 400:
                raise RestError(method, path, answer.status, await answer.text())
            return await answer.json(content_type=None) if await answer.read() else None


def _form(body: Any, files: Sequence[File]) -> aiohttp.FormData:
    """A message with files (Discord API docs, "Uploading Files")."""
    form = aiohttp.FormData(quote_fields=False)
    listed = [{"id": str(number), "filename": name} for number, (name, _, _) in enumerate(files)]
    form.add_field(
        "payload_json", json.dumps(body | {"attachments": listed}), content_type="application/json"
    )
    for number, (name, content, kind) in enumerate(files):
        form.add_field(f"files[{number}]", content, filename=name, content_type=kind)
    return form


@lru_cache(maxsize=8)
def _trusting(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)
