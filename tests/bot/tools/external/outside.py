"""A service on the internet, as far as a tool can tell: on 127.0.0.1, scripted to the byte."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.tools.external.file import Loaded, load
from bot.tools.registry import Registry, Result

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Seen:
    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def reply(
    body: Any = "ok", status: int = 200, content_type: str = "application/json", headers: str = ""
) -> Reply:
    """`body`: bytes as they are, else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def send(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n"
        writer.write(head.encode() + headers.encode() + b"\r\n" + content)

    return send


def redirect(to: str, status: int = 302) -> Reply:
    return reply(b"", status, headers=f"Location: {to}\r\n")


@dataclass
class Outside:
    """`answers`: target (path and query) or path → how to answer; ``*`` for all others."""

    port: int = 0
    answers: dict[str, Reply] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").split("\r\n")
                method, target, _ = first.split(" ")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.seen.append(Seen(method, target, headers, body))
                answer = self.answers.get(target) or self.answers.get(target.partition("?")[0])
                await (answer or self.answers.get("*") or reply())(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def outside(tls: ssl.SSLContext | None = None) -> AsyncIterator[Outside]:
    service = Outside()
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0, ssl=tls)
    service.port = server.sockets[0].getsockname()[1]
    try:
        yield service
    finally:
        server.close()


def resolves_to(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolver


HEAD = """
[[http]]
name = "thing"
description = "Does a thing."
condition = "only when somebody asks for it."
"""
ONE_TEXT = """
[http.parameters]
required = ["x"]
[http.parameters.properties.x]
type = "string"
"""


class File:
    """A tools.toml that is written and loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(
        self,
        text: str,
        *,
        private: Sequence[str] = ("127.0.0.1",),
        environ: Mapping[str, str] = {},
        **how: Any,
    ) -> Loaded:
        self.path.write_text(f"allow_private = {json.dumps(list(private))}\n{text}", encoding="utf-8")
        return load(self.path, environ, **how)

    async def call(self, text: str, args: Mapping[str, Any] = {}, **how: Any) -> Result:
        """What the first tool answers. The file must be without problems."""
        async with self.load(text, **how) as loaded:
            assert loaded.problems == []
            context: Any = None
            return await Registry(loaded.tools).call(loaded.tools[0].name, args, context)
