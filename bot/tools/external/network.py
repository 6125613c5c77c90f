"""The one way out for tools of the file: to the hosts named there, and to no address that was not checked.

A name is resolved here and the connection made to the address that was looked at, so an answer of the
name server that changes in between (DNS rebinding) changes nothing; TLS and the Host header still carry the
name. Proxies of the environment, cookies and .netrc are not used.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpcore2
import httpx2

from bot.tools.external.reach import Reach, reach

MAX_REDIRECTS = 3
MAX_CONNECTIONS = 20

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host; OSError if there are none."""


class NotAllowed(httpcore2.ConnectError):
    """The address, or the host, is none that a tool may connect to."""


class TooLarge(httpx2.StreamError):
    """The answer was cut off: it is larger than what was allowed."""


class Elsewhere(httpx2.RequestError):
    """The answer is a redirect that is not followed."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one tool, or one server, may connect to. `private`: also if that is a private address."""

    host: str
    port: int
    private: bool = False


async def resolve(host: str, port: int) -> Sequence[str]:
    """By the system's resolver, which also reads literal addresses."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class _CheckedBackend(httpcore2.AsyncNetworkBackend):
    def __init__(self, allowed: Origin, resolver: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolver
        self._dial = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._checked(host, port, timeout)
        failed: Exception | None = None
        for address in addresses:
            try:
                return await self._dial.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore2.ConnectError(f"{host} has no address")

    async def _checked(self, host: str, port: int, timeout: float | None) -> list[str]:
        if (host, port) != (self._allowed.host, self._allowed.port):
            raise NotAllowed(f"{host}:{port} is not named in the file")
        try:
            async with asyncio.timeout(timeout):
                addresses = list(dict.fromkeys(await self._resolve(host, port)))
        except TimeoutError:
            raise httpcore2.ConnectTimeout(f"the address of {host} was not found in time") from None
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"{host} has no address: {error}") from error
        fine = {Reach.PUBLIC, Reach.PRIVATE} if self._allowed.private else {Reach.PUBLIC}
        # All of them: a name with one public and one private address has been made for an attack.
        if any(reach(address) not in fine for address in addresses):
            raise NotAllowed(f"{host} has an address that tools may not connect to")
        return addresses

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        raise NotAllowed("tools connect by TCP only")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class CheckedTransport(httpx2.AsyncBaseTransport):
    """HTTP/1.1 to `allowed`. A body of more than `max_bytes` is cut off with TooLarge; one with a content
    encoding is refused, for a few kilobytes of it can unpack to gigabytes. `events`: a stream of events,
    which has no end, is let through without a limit; whoever reads it has to limit each event."""

    def __init__(
        self,
        allowed: Origin,
        *,
        max_bytes: int,
        tls: ssl.SSLContext,
        resolver: Resolve = resolve,
        events: bool = False,
    ) -> None:
        self._max_bytes = max_bytes
        self._events = events
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=5.0,
            network_backend=_CheckedBackend(allowed, resolver),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        url = request.url
        outgoing = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            answer = await self._pool.handle_async_request(outgoing)
        headers = httpx2.Headers(answer.headers)
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            await answer.aclose()
            raise TooLarge("the answer is compressed, although that was not asked for")
        endless = self._events and headers.get("Content-Type", "").lower().startswith("text/event-stream")
        body = _Body(answer, None if endless else self._max_bytes)
        return httpx2.Response(answer.status, headers=headers, stream=body, request=request)

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, answer: httpcore2.Response, max_bytes: int | None) -> None:
        self._answer = answer
        self._left = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._answer.aiter_stream():
                if self._left is not None:
                    self._left -= len(part)
                    if self._left < 0:
                        raise TooLarge("the answer is too large")
                yield part

    async def aclose(self) -> None:
        await self._answer.aclose()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """What the connection raises, as what a transport of httpx2 may raise."""
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise httpx2.ReadTimeout(str(error)) from error
    except (httpcore2.ConnectError, httpcore2.UnsupportedProtocol) as error:
        raise httpx2.ConnectError(str(error)) from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise httpx2.RemoteProtocolError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    """In lower case, without parameters."""
    body: bytes


async def fetch(transport: httpx2.AsyncBaseTransport, request: httpx2.Request) -> Answer:
    """The answer to `request`, after at most three redirects within its origin. Raises httpx2.HTTPError, or
    StreamError for one that is too large."""
    for _ in range(MAX_REDIRECTS + 1):
        response = await transport.handle_async_request(request)
        try:
            if not response.has_redirect_location:
                body = b"".join([part async for part in response.aiter_raw()])
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                return Answer(response.status_code, kind, body)
        finally:
            await response.aclose()
        request = _redirected(request, response)
    raise Elsewhere("the answer is one redirect after the other")


def _redirected(request: httpx2.Request, response: httpx2.Response) -> httpx2.Request:
    try:
        target = request.url.join(response.headers["Location"])
    except (httpx2.InvalidURL, ValueError):
        raise Elsewhere("the answer is a redirect to no address") from None
    if _origin(target) != _origin(request.url) or target.userinfo:
        raise Elsewhere("the answer is a redirect to another host")
    headers = request.headers.copy()
    if response.status_code in (307, 308) or request.method == "GET":
        return httpx2.Request(
            request.method, target, headers=headers, stream=request.stream, extensions=request.extensions
        )
    if response.status_code == 303:
        for name in ("Content-Length", "Content-Type"):
            headers.pop(name, None)
        return httpx2.Request("GET", target, headers=headers, extensions=request.extensions)
    raise Elsewhere("the answer is a redirect that would lose what was sent")


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
