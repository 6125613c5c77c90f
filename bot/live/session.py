"""One conversation with the Live API: the google-genai SDK, and what it leaves to its caller.

The SDK awaits the setup reply without a timeout, ends its receive generator with every turn, raises TypeError
on a message it does not know, and lets three families of exceptions through. Here that becomes: connected
within 15 s or a LiveError; one stream of events for the whole session; one tree of errors.

Two things happen 25 to 50 times a second in every room and go past the SDK, to the socket that it opened:
sending a frame (15 µs instead of 75, measured over TLS on google-genai 3.4.0) and receiving a chunk (26 µs
instead of 76). Everything else is the SDK's public interface. `_ws` is used here only, and pinned by a test.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from google import genai
from google.genai import types
from google.genai.live import AsyncSession

from audio.formats import LIVE_IN_HZ
from bot.errors import LiveRefused
from bot.live.config import LiveSettings, connect_config
from bot.live.events import LiveEvent, Ready, parse
from bot.live.failures import from_error_message, translate
from bot.live.models import model
from bot.live.outgoing import Scheduling

log = structlog.get_logger(__name__)

API_VERSION = "v1beta"
"""The SDK's default is v1 since 3.0; the Live API is documented on v1beta only."""

CONNECT_TIMEOUT_S = 15.0
"""TCP, TLS, HTTP upgrade and setup reply together. The setup handshake alone takes about 0.7 s."""

CLOSE_TIMEOUT_S = 1.0
"""How long the closing handshake may take; then the socket is aborted. The library's default is 10 s."""

MAX_MESSAGE_BYTES = 16 * 2**20
"""The library's default of 1 MiB ends the session on one long message (20 s of audio in base64)."""

_AUDIO_HEAD = b'{"realtime_input": {"audio": {"data": "'
_AUDIO_TAIL = b'", "mime_type": "audio/pcm;rate=%d"}}}' % LIVE_IN_HZ


class LiveClient:
    """The way to the Live API, shared by all rooms: one TLS context, one SDK client, no open connection.

    `base_url` and `ca_file` (PEM, trusted besides the system's) point it at a stand-in; it is always TLS.
    """

    def __init__(self, api_key: str, base_url: str | None = None, ca_file: Path | None = None) -> None:
        if not api_key:
            raise LiveRefused("no API key", sentence="There is no Gemini API key. Set GEMINI_API_KEY.")
        socket_options: dict[str, Any] = {
            "open_timeout": None,  # CONNECT_TIMEOUT_S bounds it, together with the setup reply
            "close_timeout": CLOSE_TIMEOUT_S,
            # Pongs come 8 to 30 s late under load, and the library then drops a healthy connection (1011).
            "ping_interval": None,
            "max_size": MAX_MESSAGE_BYTES,
            # Base64 of PCM hardly shrinks; deflate would cost CPU and some 300 kB per socket.
            "compression": None,
        }
        if ca_file is not None:
            context = ssl.create_default_context()
            context.load_verify_locations(ca_file)
            socket_options["ssl"] = context
        if base_url is not None:
            base_url = base_url.rstrip("/")  # with it the SDK would ask for //ws/…
            if _on_this_machine(base_url):
                socket_options["proxy"] = None  # a proxy from the environment cannot reach it
        self._sdk = genai.Client(
            vertexai=False,  # else GOOGLE_GENAI_USE_VERTEXAI in the environment decides
            api_key=api_key,
            http_options=types.HttpOptions(
                base_url=base_url, api_version=API_VERSION, async_client_args=socket_options
            ),
        )

    @asynccontextmanager
    async def connect(self, settings: LiveSettings) -> AsyncIterator[LiveSession]:
        """A session that has been accepted, closed at the end of the block within about a second.

        Raises LiveRefused (key, model, configuration), LiveQuota or LiveUnavailable.
        """
        connecting = self._sdk.aio.live.connect(model=settings.model, config=connect_config(settings))
        async with AsyncExitStack() as stack:
            with _as_live_error(in_setup=True):
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    connection = await stack.enter_async_context(connecting)
            stack.push_async_callback(_close, connection)
            if connection.setup_complete is None:
                raise LiveRefused("the first message of the server was not setupComplete")
            yield LiveSession(connection, settings)

    async def close(self) -> None:
        """Release the SDK's HTTP pools. Sessions are closed by the end of their `connect` block."""
        await self._sdk.aio.aclose()
        self._sdk.close()


class LiveSession:
    """An open session. One task reads `events`; sends may come from any task and keep their order.

    Every send raises LiveError once the connection is gone. A send that is cancelled has written its whole
    message or nothing, so the session stays usable.
    """

    def __init__(self, connection: AsyncSession, settings: LiveSettings) -> None:
        self.settings = settings
        self.session_id = connection.session_id
        self.unreadable = 0
        """Messages of the server that were not JSON objects, and skipped."""
        self._connection = connection
        self._socket = connection._ws
        self._model = model(settings.model)

    async def send_audio(self, pcm16: bytes) -> None:
        """Mono little-endian PCM16 at 16 kHz; 20 to 100 ms a message is what the service wants."""
        if not pcm16:
            return
        with _as_live_error():
            await self._socket.send(_AUDIO_HEAD + base64.urlsafe_b64encode(pcm16) + _AUDIO_TAIL, text=True)

    async def activity_start(self) -> None:
        """Somebody begins to speak (local turn detection only). Interrupts the answer in progress."""
        with _as_live_error():
            await self._connection.send_realtime_input(activity_start=types.ActivityStart())

    async def activity_end(self) -> None:
        """The turn is over; the model answers now (local turn detection only)."""
        with _as_live_error():
            await self._connection.send_realtime_input(activity_end=types.ActivityEnd())

    async def send_text(self, text: str) -> None:
        """Text as if somebody had said it; the model answers when it can, without interrupting."""
        with _as_live_error():
            await self._connection.send_realtime_input(text=text)

    async def send_image(self, jpeg: bytes) -> None:
        """A JPEG of at most 768 × 768. The service takes one a second; more is an invalid argument (1007)."""
        with _as_live_error():
            await self._connection.send_realtime_input(video=types.Blob(data=jpeg, mime_type="image/jpeg"))

    async def respond(
        self, call_id: str, name: str, result: Mapping[str, Any], scheduling: Scheduling | None = None
    ) -> None:
        """The result of the tool call `call_id`, a JSON object that is never empty (an empty one makes the
        model call again). `scheduling` says when the model speaks about it, and is left out for the models
        that refuse it."""
        response = types.FunctionResponse(id=call_id, name=name, response=dict(result))
        if scheduling is not None and self._model.scheduling:
            response.scheduling = types.FunctionResponseScheduling(scheduling)
        with _as_live_error():
            await self._connection.send_tool_response(function_responses=[response])

    async def events(self) -> AsyncGenerator[LiveEvent, None]:
        """All that the server says until the connection ends, which raises LiveClosed or a sibling of it."""
        yield Ready(self.session_id)
        while True:
            with _as_live_error():
                received = await self._socket.recv(decode=False)
            for event in self._read(received):
                yield event

    def _read(self, received: bytes) -> list[LiveEvent]:
        try:
            message = json.loads(received)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self.unreadable += 1
            log.warning("unreadable message from the Live API", size=len(received))
            return []
        if isinstance(error := message.get("error"), dict):
            raise from_error_message(error)
        return parse(message)


@contextmanager
def _as_live_error(*, in_setup: bool = False) -> Iterator[None]:
    """Errors of the SDK and the layers below it leave as LiveError; others, our own mistakes, as they are."""
    try:
        yield
    except Exception as error:
        translated = translate(error, in_setup=in_setup)
        if translated is None or translated is error:
            raise
        raise translated from error


async def _close(connection: AsyncSession) -> None:
    """Close within 2 × CLOSE_TIMEOUT_S, whatever the server does."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await connection.close()
    except TimeoutError:
        # A server that no longer reads keeps the first close waiting for room in the send buffer, which the
        # library does not bound. The second finds the connection closing and aborts at the deadline.
        await connection.close()


def _on_this_machine(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
