"""Reads `tools.toml`. A table that is wrong is left out, with a sentence that names the line and the field;
the others are tools all the same."""

from __future__ import annotations

import asyncio
import ssl
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import structlog
from pydantic import ValidationError

from bot.tools.external import declared
from bot.tools.external.entries import HttpEntry, McpEntry
from bot.tools.external.http import http_tool
from bot.tools.external.mcp_tools import tools_of
from bot.tools.external.network import CheckedTransport, Resolve, resolve
from bot.tools.external.positions import Positions
from bot.tools.external.reach import host_problem
from bot.tools.registry import Tool

if TYPE_CHECKING:
    from bot.tools.external.mcp_server import Server

log = structlog.get_logger(__name__)

MAX_FILE = 256 * 1024
START_S = 5.0
"""So long the start of the bot waits for MCP servers; tools of one that comes later are added then."""
MCP_MAX_BYTES = 1_048_576

_E = TypeVar("_E", HttpEntry, McpEntry)


class Loaded:
    """The tools of the file. Use it as a context manager around whatever calls them: servers are started and
    stopped, connections closed.

    `problems`: sentences for whoever runs the bot. `secrets`: what was taken from the environment and must
    not be in a log. `on_tools` is called with the tools of a server when it answers for the first time.
    """

    def __init__(self) -> None:
        self.tools: list[Tool] = []
        self.problems: list[str] = []
        self.secrets: list[str] = []
        self.on_tools: Callable[[Sequence[Tool]], None] | None = None
        self.taken: set[str] = set()
        self.transports: list[CheckedTransport] = []
        self.servers: list[Server] = []

    async def __aenter__(self) -> Self:
        self._tasks = asyncio.TaskGroup()
        await self._tasks.__aenter__()
        self._running = [
            self._tasks.create_task(server.run(), name=f"mcp {server.entry.name}") for server in self.servers
        ]
        waiting = [
            self._tasks.create_task(self._introduce(server), name=f"mcp tools of {server.entry.name}")
            for server in self.servers
        ]
        self._running += waiting
        if waiting:
            await asyncio.wait(waiting, timeout=START_S)
        return self

    async def __aexit__(self, *raised: object) -> None:
        for task in self._running:
            task.cancel()
        await self._tasks.__aexit__(None, None, None)
        for transport in self.transports:
            await transport.aclose()

    async def _introduce(self, server: Server) -> None:
        await server.seen.wait()
        tools, problems = tools_of(server.entry, server.offered or (), server.call, self.taken)
        for problem in problems:
            log.warning("mcp tool left out", problem=problem)
        self.problems += problems
        self.taken |= {tool.name for tool in tools}
        self.tools += tools
        if self.on_tools is not None:
            self.on_tools(tools)


def load(
    path: Path,
    environ: Mapping[str, str],
    *,
    taken: Collection[str] = (),
    tls: ssl.SSLContext | None = None,
    resolver: Resolve = resolve,
) -> Loaded:
    """What `path` declares; nothing at all if there is no such file. Never raises. `environ`: what `${NAME}`
    stands for; `taken`: names of tools that are there already."""
    loaded = Loaded()
    loaded.taken = set(taken)
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= MAX_FILE else None
    except FileNotFoundError:
        return loaded
    except (OSError, UnicodeDecodeError):
        loaded.problems.append(f"{path} cannot be read as UTF-8 text; there are no tools of your own.")
        return loaded
    if text is None:
        loaded.problems.append(
            f"{path} is larger than {MAX_FILE // 1024} kB; there are no tools of your own."
        )
        return loaded
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        loaded.problems.append(f"{path}: {problem}. There are no tools of your own until that is mended.")
        return loaded
    reading = _Reading(path, Positions(text), environ, loaded, tls or ssl.create_default_context(), resolver)
    reading.read(content)
    return loaded


class _Reading:
    def __init__(
        self,
        path: Path,
        positions: Positions,
        environ: Mapping[str, str],
        loaded: Loaded,
        tls: ssl.SSLContext,
        resolver: Resolve,
    ) -> None:
        self._path = path
        self._positions = positions
        self._environ = environ
        self._loaded = loaded
        self._tls = tls
        self._resolver = resolver
        self._private: set[str] = set()

    def read(self, content: Mapping[str, Any]) -> None:
        for key in content:
            if key not in ("allow_private", "http", "mcp"):
                self._problem((key,), key, "is not known here; there are allow_private, [[http]] and [[mcp]]")
        self._read_private(content.get("allow_private", []))
        for number, entry in self._entries(content, "http", HttpEntry):
            with self._reporting(("http", number), entry.name):
                self._http(entry)
        for number, server in self._entries(content, "mcp", McpEntry):
            with self._reporting(("mcp", number), server.name):
                self._mcp(server)

    def _http(self, entry: HttpEntry) -> None:
        endpoint = declared.endpoint(entry, self._environ, self._private)
        if entry.name in self._loaded.taken:
            raise declared.Wrong(("name",), "there is a tool of this name already")
        transport = self._transport(declared.origin(endpoint.url, self._private), entry.max_bytes)
        self._loaded.taken.add(entry.name)
        self._loaded.secrets += endpoint.secrets
        self._loaded.transports.append(transport)
        self._loaded.tools.append(http_tool(endpoint, transport))

    def _mcp(self, entry: McpEntry) -> None:
        # Imported here: it takes a second, and most people have no such server.
        from bot.tools.external.mcp_server import Server, by_command, by_url

        if any(server.entry.name == entry.name for server in self._loaded.servers):
            raise declared.Wrong(("name",), "there is a server of this name already")
        if entry.command is not None:
            given = declared.variables(entry.env, self._environ)
            connect, secrets = by_command(entry, given), list(given.values())
        else:
            url = declared.server_url(entry, self._private)
            headers, secrets = declared.with_secrets(entry.headers, self._environ)
            origin = declared.origin(url, self._private)
            connect = by_url(
                str(url.fill({}, {})), headers, lambda: self._transport(origin, MCP_MAX_BYTES, events=True)
            )
        self._loaded.secrets += secrets
        self._loaded.servers.append(Server(entry, connect, secrets))

    def _transport(self, origin: Any, max_bytes: int, *, events: bool = False) -> CheckedTransport:
        return CheckedTransport(
            origin, max_bytes=max_bytes, tls=self._tls, resolver=self._resolver, events=events
        )

    def _read_private(self, hosts: Any) -> None:
        if not isinstance(hosts, list):
            hosts = [hosts]
        for host in hosts:
            if not isinstance(host, str) or host_problem(host.lower()):
                self._problem(
                    ("allow_private",), "allow_private", "must be a list of host names or addresses"
                )
            else:
                self._private.add(host.lower())

    def _entries(self, content: Mapping[str, Any], table: str, kind: type[_E]) -> Iterator[tuple[int, _E]]:
        entries = content.get(table, [])
        if not isinstance(entries, list):
            self._problem((table,), table, f"must be written with two brackets, [[{table}]]")
            return
        for number, entry in enumerate(entries):
            name = entry.get("name", "") if isinstance(entry, Mapping) else ""
            try:
                yield number, kind.model_validate(entry)
            except ValidationError as error:
                for each in error.errors(include_url=False, include_input=False):
                    field: tuple[str | int, ...] = each["loc"]
                    self._problem((table, number, *field), _called(field, name), _sentence(each))

    @contextmanager
    def _reporting(self, where: tuple[str | int, ...], name: str) -> Iterator[None]:
        try:
            yield
        except declared.Wrong as problem:
            self._problem((*where, *problem.field), _called(problem.field, name), str(problem))

    def _problem(self, where: Sequence[str | int], field: str, text: str) -> None:
        line = self._positions.line(where)
        self._loaded.problems.append(f"{self._path}, line {line}: {field} {text}. It is left out.")


def _called(field: Sequence[str | int], name: Any) -> str:
    dotted = ".".join(map(str, field))
    of = f" of {name}" if isinstance(name, str) and name else ""
    return f"{dotted}{of}:" if dotted else f"{name or 'this table'}:"


_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "there is no such field; docs/tools.md has all there are",
    "string_pattern_mismatch": "must be small letters and digits (of a tool also _), a letter first",
}
"""Where pydantic speaks to programmers."""


def _sentence(problem: Mapping[str, Any]) -> str:
    """As it goes on after a colon."""
    message = _SENTENCES.get(problem["type"]) or problem["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
