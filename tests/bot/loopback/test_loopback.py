from __future__ import annotations

import asyncio
import json
import signal
import socket
import ssl
import sys
from pathlib import Path

import aiohttp
import pytest

from bot.loopback.certificates import Certificates
from bot.loopback.discord.entities import ChannelKind
from bot.loopback.loopback import Loopback
from bot.loopback.serve import PortTaken, main

ENV = {
    "DISCORD_TOKEN",
    "GEMINI_API_KEY",
    "DISCORD_API_BASE",
    "DISCORD_GATEWAY_URL",
    "PARLEY_CA_FILE",
    "GEMINI_API_BASE",
}


async def test_all_parts_serve_and_end() -> None:
    async with Loopback(guilds=3) as loopback:
        said = loopback.describe()
        assert set(said["env"]) == ENV
        assert said["discord_api_base"] == loopback.discord.api_base
        assert said["gemini_api_base"] == loopback.live.base_url
        assert said["guild_id"] == loopback.guild_id == loopback.guilds[0].guild_id
        assert len(said["guild_ids"]) == 3
        world = loopback.discord.world
        kinds = {
            "text_channel_id": ChannelKind.TEXT,
            "voice_channel_id": ChannelKind.VOICE,
            "second_voice_channel_id": ChannelKind.VOICE,
            "stage_channel_id": ChannelKind.STAGE,
        }
        for name, kind in kinds.items():
            assert world.channel(said[name]).kind is kind
            assert getattr(loopback, name) == said[name]
        assert b"BEGIN CERTIFICATE" in loopback.ca_file.read_bytes()
        assert loopback.voice.endpoint
    assert not loopback.ca_file.exists()


async def test_tls_for_everything() -> None:
    async with Loopback(tls=True) as loopback:
        assert loopback.discord.api_base.startswith("https://")
        assert loopback.discord.gateway_url.startswith("wss://")
        context = ssl.create_default_context(cafile=loopback.ca_file)
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{loopback.discord.api_base}/gateway", ssl=context) as answer:
                assert (await answer.json())["url"] == loopback.discord.gateway_url
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await http.get(f"{loopback.discord.api_base}/gateway")


async def test_a_taken_port_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for wanted in ({"api_port": port}, {"live_port": port}):
            with pytest.raises(PortTaken) as caught:
                await main(**wanted)
            assert f"Port {port} " in str(caught.value)
            assert "\n" not in str(caught.value)


async def test_the_program_says_one_line_and_serves_until_told_to_stop() -> None:
    # The program itself and not its main(): whoever is started in the background inherits an ignored SIGINT,
    # and asyncio.run then leaves it ignored.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "loopback"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = json.loads(await process.stdout.readline())
    async with aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bot {said['env']['DISCORD_TOKEN']}"}
        async with http.get(f"{said['discord_api_base']}/users/@me", headers=headers) as answer:
            assert (await answer.json(content_type="application/json"))["username"] == "Parley"
    process.send_signal(signal.SIGINT)
    rest, _ = await process.communicate()
    assert rest == b""
    assert not Path(said["ca_file"]).exists()  # noqa: ASYNC240 - the process is gone


def test_certificates_are_for_this_machine(tmp_path: Path) -> None:
    certificates = Certificates.create("10.0.0.1")
    path = certificates.write_ca(tmp_path / "ca.pem")
    assert path.read_bytes() == certificates.ca_pem
    assert certificates.client_context().verify_mode is ssl.CERT_REQUIRED
    other = certificates.write_ca()
    assert other.read_bytes() == certificates.ca_pem
    other.unlink()
