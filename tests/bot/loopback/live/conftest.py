"""A Live stand-in with short tones for answers, and two clients for it: a raw socket and google-genai."""

from __future__ import annotations

import math
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from google import genai
from google.genai import types
from live_wire import PATH, Dial, Raw
from websockets.asyncio.client import connect

from audio.formats import LIVE_IN_HZ, LIVE_OUT_HZ
from bot.loopback import speech
from bot.loopback.certificates import Certificates
from bot.loopback.live import LiveServer
from bot.loopback.live.answer import AnswerBook, Clip, Pace
from bot.loopback.live.recognise import Recogniser
from bot.loopback.live.service import Service

SHORT_S, LONG_S = 0.12, 10.0


def tone(seconds: float) -> Clip:
    times = np.arange(int(LIVE_OUT_HZ * seconds)) / LIVE_OUT_HZ
    return Clip("one two three four", np.sin(2 * math.pi * 440 * times).astype(np.float32) / 4)


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    return Certificates.create()


@pytest.fixture
def trust(certificates: Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=certificates.ca_pem.decode())


@pytest.fixture(scope="session")
def answers() -> AnswerBook:
    clips = {name: tone(SHORT_S) for name in speech.names("live")}
    return AnswerBook(clips | {"answer_long": tone(LONG_S)})


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    return Recogniser({name: speech.load(name, LIVE_IN_HZ) for name in speech.names("member")})


@pytest.fixture
async def live(
    certificates: Certificates, answers: AnswerBook, recogniser: Recogniser
) -> AsyncIterator[LiveServer]:
    pace = Pace(delay_ms=0.0, speed=math.inf)
    server = LiveServer(Service(answers=answers, pace=pace, make_recogniser=lambda: recogniser))
    await server.start(certificates.server_context())
    yield server
    await server.close()


@pytest.fixture
def dial(live: LiveServer, trust: ssl.SSLContext) -> Dial:
    """Connects a raw client; with a setup, it waits for setupComplete."""

    @asynccontextmanager
    async def dial(
        first: dict[str, Any] | None = None, *, key: str = "test-key", path: str = PATH
    ) -> AsyncIterator[Raw]:
        url = live.base_url.replace("https", "wss") + path
        headers = {"x-goog-api-key": key} if key else {}
        async with connect(url, ssl=trust, additional_headers=headers, max_size=None) as socket:
            raw = Raw(socket)
            if first is not None:
                await raw.send(first)
                assert "setupComplete" in await raw.next()
            yield raw

    return dial


@pytest.fixture
def client(live: LiveServer, trust: ssl.SSLContext) -> genai.Client:
    options = types.HttpOptions(
        base_url=live.base_url, api_version="v1beta", async_client_args={"ssl": trust}
    )
    return genai.Client(api_key="test-key", http_options=options)
