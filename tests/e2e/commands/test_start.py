"""Starting and stopping the program itself: what goes wrong is one clear line, never a traceback."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from stage import until

from bot.log import REDACTED
from bot.loopback.loopback import Loopback
from bot.loopback.member.member import Member

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
OURS = ("DISCORD_", "GEMINI_", "GOOGLE_", "PARLEY_")


async def started(*arguments: str, env: Mapping[str, str], cwd: Path) -> asyncio.subprocess.Process:
    """`python -m bot …`, without the settings of whoever runs the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        env=clean | {"PYTHONPATH": str(ROOT)} | env,
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def program(*arguments: str, env: Mapping[str, str], cwd: Path) -> tuple[int, str]:
    """Run `python -m bot …` and return its exit code and what it printed."""
    process = await started(*arguments, env=env, cwd=cwd)
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def refusal(cwd: Path, **settings: str) -> str:
    """The one line with which it ends on a loopback where nothing is wrong but these."""
    async with Loopback() as world:
        return one_line(*await program(env=world.env() | settings, cwd=cwd))


def one_line(code: int, output: str) -> str:
    assert code == 1
    assert "Traceback" not in output
    lines = output.strip().splitlines()
    assert len(lines) == 1, output
    return lines[0]


async def test_garbage_in_env_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=t\nGEMINI_API_KEY=k\n%%% what is this\n")
    line = one_line(*await program(env={}, cwd=tmp_path))
    assert ".env, line 3" in line


async def test_missing_key(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=t\n")
    assert one_line(*await program(env={}, cwd=tmp_path)).startswith("GEMINI_API_KEY is not set.")


async def test_wrong_token(tmp_path: Path) -> None:
    line = await refusal(tmp_path, DISCORD_TOKEN="bad-token-of-mine")
    assert line.startswith("Discord refused DISCORD_TOKEN.")
    assert "bad-token-of-mine" not in line


async def test_unreachable_live_server(tmp_path: Path) -> None:
    line = await refusal(tmp_path, GEMINI_API_BASE=f"https://127.0.0.1:{free_port()}")
    assert line.startswith("Google Gemini cannot be reached at https://127.0.0.1")
    assert "GEMINI_API_BASE" in line


async def test_unreachable_discord(tmp_path: Path) -> None:
    line = await refusal(tmp_path, DISCORD_API_BASE=f"http://127.0.0.1:{free_port()}/api/v10")
    assert line.startswith("Discord cannot be reached at http://127.0.0.1")


async def test_unreachable_gateway(tmp_path: Path) -> None:
    line = await refusal(tmp_path, DISCORD_GATEWAY_URL=f"ws://127.0.0.1:{free_port()}")
    assert line.startswith("Discord's gateway cannot be reached at ws://127.0.0.1")
    assert "DISCORD_GATEWAY_URL" in line


@pytest.mark.parametrize(
    ("code", "says"),
    [(4004, "Discord refused DISCORD_TOKEN."), (4013, "closed the connection for good")],
)
async def test_a_gateway_that_does_not_want_us(tmp_path: Path, code: int, says: str) -> None:
    async def refuse(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 41250}})
        await socket.receive()
        await socket.close(code=code)
        return socket

    application = web.Application()
    application.router.add_get("/", refuse)
    async with TestServer(application) as gateway:
        url = str(gateway.make_url("/").with_scheme("ws"))
        assert says in await refusal(tmp_path, DISCORD_GATEWAY_URL=url)


async def test_unknown_model(tmp_path: Path) -> None:
    line = await refusal(tmp_path, GEMINI_MODEL="gemini-9-telepathy")
    assert "gemini-9-telepathy" in line
    assert "gemini-3.8-live" in line


async def test_unknown_voice(tmp_path: Path) -> None:
    line = await refusal(tmp_path, GEMINI_VOICE="alloy")
    assert "GEMINI_VOICE is 'alloy'" in line
    assert "Puck" in line


async def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    line = await refusal(tmp_path, PARLEY_CA_FILE=str(tmp_path / "ca.pem"))
    assert line.startswith("PARLEY_CA_FILE")


async def test_loopback_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = one_line(*await program("loopback", "--live-port", str(port), env={}, cwd=tmp_path))
    assert str(port) in line
    assert "in use" in line


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
async def test_leaves_channel_and_session_on_a_signal_and_logs_no_secret(
    tmp_path: Path, signal_number: signal.Signals
) -> None:
    async with Loopback() as world:
        env = world.env() | {"PARLEY_LOG_LEVEL": "debug"}
        process = await started(env=env, cwd=tmp_path)
        output = asyncio.create_task(process.communicate())
        account = world.discord.world.accounts.by_token(env["DISCORD_TOKEN"])
        assert account is not None
        await until(lambda: world.discord.world.sessions.of(account.id), 20)
        member = Member.of(world, "Ana")
        async with member as ana:
            await ana.join(world.guild_id, world.voice_channel_id)
            await ana.type("join")
            guild = world.discord.world.guilds[world.guild_id]
            assert account.id in guild.voice_states
            process.send_signal(signal_number)
            async with asyncio.timeout(10):
                text = (await output)[0].decode()
            assert process.returncode == 0
            assert account.id not in guild.voice_states
            assert all(session.close is not None for session in world.live.sessions)
        assert "Traceback" not in text
        for secret in secrets_of(world, env):
            assert secret not in text
        assert "discord.gateway" in text, "the log was not at debug level: nothing was tested"
        assert REDACTED in text


def secrets_of(world: Loopback, env: Mapping[str, str]) -> list[str]:
    """Everything that must not be in a log: token, key, resumption handles."""
    handles = [
        str(event.detail)
        for session in world.live.sessions
        for event in session.events
        if event.kind.value == "handle"
    ]
    return [env["DISCORD_TOKEN"], env["GEMINI_API_KEY"], *handles]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
