"""No secret appears in any log at any level."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from bot import log


@pytest.fixture(params=["console", "json"])
def stream(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.configure(level="debug", style=request.param, secrets=["token-in-full", "key-in-full"], stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_known_secrets_are_redacted_wherever_they_stand(stream: io.StringIO) -> None:
    structlog.get_logger("parley").info("started", token="token-in-full")
    logging.getLogger("other").debug("header %s", {"X": "key-in-full"})
    try:
        raise ValueError("key-in-full")
    except ValueError:
        logging.getLogger("other").exception("failed")
    text = stream.getvalue()
    assert "in-full" not in text
    assert text.count(log.REDACTED) >= 3
    assert "started" in text
    assert "failed" in text


@pytest.mark.parametrize(
    "message",
    [
        "Voice websocket frame received: {'op': 4, 'd': {'mode': 'x', 'secret_key': [11, 22, 33], 'v': 1}}",
        'frame: {"op": 4, "d": {"secret_key": [11, 22, 33]}}',
        "For Shard ID None: {'op': 2, 'd': {'token': '112233', 'properties': {}}}",
        "> x-goog-api-key: 112233",
        "headers={'Authorization': 'Bot 112233.x-y'}",
        "GET /v1beta/models?key=112233",
        "POST https://discord.com/api/v10/webhooks/1/112233aaaaaaaa with {}",
        "{'sessionResumptionUpdate': {'newHandle': '112233', 'resumable': True}}",
        "{'token': '112233', 'guild_id': '1', 'endpoint': 'x'}",
    ],
)
def test_what_libraries_log_is_redacted(stream: io.StringIO, message: str) -> None:
    logging.getLogger("discord.gateway").debug(message)
    text = stream.getvalue()
    assert log.REDACTED in text
    assert "112233" not in text
    assert "11, 22, 33" not in text


def test_a_lost_connection_is_one_line(stream: io.StringIO) -> None:
    logger = logging.getLogger("discord.client")
    try:
        raise ConnectionRefusedError("Connect call failed")
    except OSError:
        logger.exception("Attempting a reconnect in %.2fs", 1.5)
        logger.exception("Ignoring exception in %s", "on_ready")
    lost, _, rest = stream.getvalue().partition("\n")
    assert "Attempting a reconnect in 1.50s (ConnectionRefusedError: Connect call failed)" in lost
    assert "warning" in lost
    assert rest.count("Traceback") == 1  # a bug keeps its own


def test_json_lines_stay_json() -> None:
    stream = io.StringIO()
    log.configure(style="json", stream=stream)
    structlog.get_logger("parley").info("joined", guild=1)
    line = json.loads(stream.getvalue())
    assert line["event"] == "joined"
    assert line["guild"] == 1
    structlog.reset_defaults()
