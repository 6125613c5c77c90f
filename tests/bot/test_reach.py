"""Whether anybody is there is told before anything else, and with the setting to check."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from bot.errors import Unreachable
from bot.loopback.certificates import Certificates
from bot.loopback.live.server import LiveServer
from bot.reach import check_reachable

WHOM = {"whom": "Google Gemini", "setting": "GEMINI_API_BASE"}


async def test_with_tls(tmp_path: Path) -> None:
    certificates = Certificates.create()
    context = ssl.create_default_context(cafile=certificates.write_ca(tmp_path / "ca.pem"))
    server = LiveServer()
    await server.start(certificates.server_context(), "127.0.0.1", 0)
    address = server.base_url
    await check_reachable(address, context, **WHOM)
    with pytest.raises(Unreachable, match="TLS"):
        await check_reachable(address, ssl.create_default_context(), **WHOM)
    await server.close()
    with pytest.raises(Unreachable, match="GEMINI_API_BASE"):
        await check_reachable(address, context, **WHOM)


async def test_without_tls_where_the_address_says_so() -> None:
    context = ssl.create_default_context()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"ws://127.0.0.1:{listener.getsockname()[1]}/?v=10"
        await check_reachable(address, context, whom="Discord's gateway", setting="DISCORD_GATEWAY_URL")
    with pytest.raises(
        Unreachable, match=r"Discord's gateway cannot be reached at ws://.*DISCORD_GATEWAY_URL"
    ):
        await check_reachable(address, context, whom="Discord's gateway", setting="DISCORD_GATEWAY_URL")
