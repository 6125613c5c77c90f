"""One MCP server for as long as the bot runs: started or reached, listed once, and again after it died.

What a server offers is read when it first answers and stays: one that describes its tools otherwise later on,
when somebody has got used to them, is not asked again before the bot is restarted.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TextIO

import httpx2
import structlog
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_REQUEST,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    PaginatedRequestParams,
)

from bot.tools.external.answers import HIDDEN
from bot.tools.external.entries import McpEntry
from bot.tools.external.mcp_tools import Offered, result_of
from bot.tools.registry import Result, error

log = structlog.get_logger(__name__)

# The package logs a traceback for every line that a program writes and that is no message.
logging.getLogger("mcp").setLevel(logging.CRITICAL)

CONNECT_S = 25.0
"""Some servers say nothing to the first question of the newest protocol. The package waits ten seconds for
them, and then asks as the older ones have it."""
FIRST_DELAY_S, LAST_DELAY_S = 1.0, 60.0
SETTLED_S = 60.0
"""A server that has run for so long begins with the first delay again."""
MAX_PAGES = 5
MAX_LINE = 500
LOST = {CONNECTION_CLOSED, INVALID_REQUEST}
"""JSON-RPC errors for which the package has a connection that ended, and a session that the server forgot."""

Streams = tuple[Any, Any]
Connect = Callable[[], AbstractAsyncContextManager[Streams]]


class Server:
    """Run it as a task. `offered` is None until the server has answered for the first time; `seen` is set
    then."""

    def __init__(self, entry: McpEntry, connect: Connect, secrets: Sequence[str]) -> None:
        self.entry = entry
        self.offered: Sequence[Offered] | None = None
        self.seen = asyncio.Event()
        self._connect = connect
        self._secrets = secrets
        self._client: Client | None = None
        self._lost = asyncio.Event()

    async def run(self) -> None:
        """Keep it running until cancelled."""
        loop = asyncio.get_running_loop()
        delay = FIRST_DELAY_S
        while True:
            began = loop.time()
            # A task of its own: what the package raises while it closes can take the place of a cancellation.
            life = asyncio.create_task(self._live(), name=f"mcp connection {self.entry.name}")
            try:
                await asyncio.wait({life})
            finally:
                life.cancel()
                await asyncio.wait({life})
                self._client = None
                reason = "cancelled" if life.cancelled() else self._hidden(life.exception())
            log.warning("mcp server lost", server=self.entry.name, reason=reason)
            delay = FIRST_DELAY_S if loop.time() - began > SETTLED_S else delay
            await asyncio.sleep(delay)
            delay = min(2 * delay, LAST_DELAY_S)

    async def _live(self) -> None:
        """One connection, from its beginning until it is lost."""
        self._lost.clear()
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(CONNECT_S):
                watched = self._watched()
                client = Client(watched, cache=None, read_timeout_seconds=CONNECT_S)
                await stack.enter_async_context(client)
                if self.offered is None:
                    self.offered = await _listed(client)
            self._client = client
            self.seen.set()
            log.info("mcp server ready", server=self.entry.name)
            await self._lost.wait()

    async def call(self, tool: str, args: Mapping[str, Any]) -> Result:
        """What came of it, for the model. The request goes out as it is, without the package's check against
        the schema of the result: that schema is the server's too, and a pattern in it can take for ever."""
        client = self._client
        if client is None or self._lost.is_set():
            return error(f"{self.entry.name} is not available at the moment.", retryable=True)
        request = CallToolRequest(params=CallToolRequestParams(name=tool, arguments=dict(args)))
        try:
            async with asyncio.timeout(self.entry.timeout_s):
                answer = await client.session.send_request(
                    request, CallToolResult, request_read_timeout_seconds=2 * self.entry.timeout_s
                )
        except TimeoutError:
            return self._unknown("did not answer in time")
        except MCPError as problem:
            if problem.code not in LOST:
                said = [{"type": "text", "text": problem.message}]
                return result_of(self.entry, None, said, True, self._secrets)
            self._lost.set()
            return self._unknown("broke off")
        except Exception as problem:  # an answer that is none: pydantic's errors among others
            log.warning("mcp call failed", server=self.entry.name, tool=tool, reason=self._hidden(problem))
            return self._unknown("did not give a proper answer")
        blocks = [block.model_dump(mode="json", include={"type", "text"}) for block in answer.content]
        return result_of(self.entry, answer.structured_content, blocks, bool(answer.is_error), self._secrets)

    def _unknown(self, what: str) -> Result:
        return error(
            f"{self.entry.name} {what}. It may have been done all the same: look before you try again."
        )

    def _hidden(self, problem: BaseException | None) -> str:
        """The innermost reason, without secrets."""
        if problem is None:
            return "the connection ended"
        while isinstance(problem, BaseExceptionGroup):
            problem = problem.exceptions[0]
        text = f"{type(problem).__name__}: {problem}"[:MAX_LINE]
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[Streams]:
        async with self._connect() as (incoming, outgoing):
            yield _Watched(incoming, self._lost), outgoing


class _Watched:
    """The stream of what the server sends; `lost` is set when it ends. The package tells only those who wait
    for an answer just then."""

    def __init__(self, stream: Any, lost: asyncio.Event) -> None:
        self._stream = stream
        self._lost = lost

    def __aiter__(self) -> _Watched:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except BaseException:
            self._lost.set()
            raise

    async def __aenter__(self) -> _Watched:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> bool | None:
        result: bool | None = await self._stream.__aexit__(*raised)
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


async def _listed(client: Client) -> list[Offered]:
    found: list[Offered] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await client.session.list_tools(params=PaginatedRequestParams(cursor=cursor))
        found += [Offered(tool.name, tool.description or "", tool.input_schema) for tool in page.tools]
        cursor = page.next_cursor
        if not cursor:
            break
    return found


def by_command(entry: McpEntry, given: Mapping[str, str]) -> Connect:
    """`given`: variables of the environment for the program."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[Streams]:
        assert entry.command is not None
        program = StdioServerParameters(
            command=entry.command, args=entry.args, env=dict(given), encoding_error_handler="replace"
        )
        async with _logged(entry.name) as complaints, stdio_client(program, complaints) as streams:
            yield streams

    return connect


def by_url(
    url: str, headers: Mapping[str, str], transport: Callable[[], httpx2.AsyncBaseTransport]
) -> Connect:
    @asynccontextmanager
    async def connect() -> AsyncIterator[Streams]:
        timeout = httpx2.Timeout(CONNECT_S, read=300.0)  # a stream of events may be silent for long
        async with (
            httpx2.AsyncClient(
                transport=transport(), headers=dict(headers), timeout=timeout, trust_env=False
            ) as client,
            streamable_http_client(url, http_client=client) as streams,
        ):
            yield streams

    return connect


@asynccontextmanager
async def _logged(server: str) -> AsyncIterator[TextIO]:
    """A file for the program's complaints, which go into the log at level debug."""
    reading, writing = os.pipe()
    incoming = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    pipe, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(incoming), os.fdopen(reading, "rb", buffering=0)
    )

    async def pump() -> None:
        while piece := await incoming.read(4096):
            for line in piece.decode(errors="replace").splitlines():
                log.debug("mcp server says", server=server, line=line[:MAX_LINE])

    pumping = asyncio.create_task(pump(), name=f"stderr of {server}")
    try:
        with os.fdopen(writing, "w") as file:
            yield file
    finally:
        pumping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pumping
        pipe.close()
