"""MCP servers: one by hand over a pipe, and the package's own over both ways."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from outside import File, Outside, reply
from peers import Peer

from bot.tools.external import mcp_server
from bot.tools.external.file import Loaded
from bot.tools.registry import Registry, Result, Tool

OFFICIAL = Path(__file__).with_name("mcp_official.py")


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  what a program of its own has done
            await asyncio.sleep(0.01)


async def call(loaded: Loaded, name: str, args: dict[str, Any] | None = None) -> Result:
    context: Any = None
    return await Registry(loaded.tools).call(name, args or {}, context)


def named(loaded: Loaded) -> dict[str, Tool]:
    return {tool.name: tool for tool in loaded.tools}


async def test_its_tools_are_tools(peer: Peer) -> None:
    peer.lists("say", "get_thing")
    async with peer.load('reads = ["get_*"]\nwho = ["manage_guild"]') as loaded:
        tools = named(loaded)
        assert set(tools) == {"peer_say", "peer_get_thing"}
        assert (tools["peer_say"].changes, tools["peer_get_thing"].changes) == (True, False)
        assert tools["peer_say"].group == "peer"
        assert tools["peer_say"].description.endswith("Invocation Condition: only when asked.")
        result = await call(loaded, "peer_say", {"x": "hello"})
        assert json.loads(result["data"]) == {"name": "say", "args": {"x": "hello"}}
        assert (result["status"], result["source"]) == ("ok", "peer")
        wrong = await call(loaded, "peer_say", {"x": 1})
        assert "x must be of type string" in wrong["error"]
    assert loaded.problems == []


async def test_only_what_a_pattern_allows(peer: Peer) -> None:
    peer.lists("get_a", "get_b", "delete_a")
    async with peer.load(allow=["get_*", "x"]) as loaded:
        assert set(named(loaded)) == {"peer_get_a", "peer_get_b"}


async def test_words_of_our_own_replace_the_servers(peer: Peer) -> None:
    peer.lists("say")
    async with peer.load('descriptions = { say = "Says it aloud." }') as loaded:
        [tool] = loaded.tools
        assert tool.summary == "Says it aloud."
        assert tool.description == "Says it aloud. Invocation Condition: only when asked."


async def test_results_of_every_kind(peer: Peer) -> None:
    peer.lists("fail", "refuse", "nonsense", "picture", "structured")
    async with peer.load() as loaded:
        assert await call(loaded, "peer_structured") == {
            "status": "ok",
            "source": "peer",
            "data": {"answer": 42},
        }
        failed = await call(loaded, "peer_fail")
        assert (failed["status"], failed["data"]) == ("error", "No such thing.")
        refused = await call(loaded, "peer_refuse")
        assert (refused["status"], refused["data"]) == ("error", "Out of order today.")
        picture = await call(loaded, "peer_picture")
        assert picture["data"] == "There is nothing there."
        assert picture["not_shown"] == "1 pictures, sounds or files"
        assert (await call(loaded, "peer_nonsense"))["status"] == "error"
        assert (await call(loaded, "peer_structured"))["status"] == "ok"


async def test_one_that_dies_is_started_again(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_server, "FIRST_DELAY_S", 0.3)
    peer.lists("die", "say")
    async with peer.load() as loaded:
        broken = await call(loaded, "peer_die")
        assert broken["status"] == "error"
        assert "may have been done" in broken["error"]
        meanwhile = await call(loaded, "peer_say")
        assert meanwhile == {
            "status": "error",
            "retryable": True,
            "error": "peer is not available at the moment.",
        }
        await until(lambda: peer.starts == 2)
        results: list[Result] = []
        while not results or results[-1]["status"] == "error":
            results.append(await call(loaded, "peer_say"))
            await asyncio.sleep(0.02)
        assert results[-1]["status"] == "ok"


async def test_one_that_comes_late_is_welcome(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_server, "FIRST_DELAY_S", 0.05)
    monkeypatch.setattr("bot.tools.external.file.START_S", 0.2)
    came: list[str] = []
    async with peer.load() as loaded:  # tools.json is not there yet
        assert loaded.tools == []
        loaded.on_tools = lambda tools: came.extend(tool.name for tool in tools)
        peer.lists("say")
        await until(lambda: came)
        assert came == ["peer_say"]
        assert (await call(loaded, "peer_say"))["status"] == "ok"


async def test_a_program_that_is_not_there_is_no_obstacle(
    file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.tools.external.file.START_S", 0.2)
    text = '[[mcp]]\nname = "x"\ncondition = "c"\nallow = ["*"]\ncommand = "no-such-program"\n'
    fine = '[[http]]\nname = "a"\ndescription = "b"\ncondition = "c"\nurl = "https://example.com/"\n'
    async with file.load(text + fine) as loaded:
        assert set(named(loaded)) == {"a"}


async def test_one_that_says_nothing_to_the_newest_protocol(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp.client.session.DISCOVER_TIMEOUT_SECONDS", 0.3)
    (tmp_path / "silent").touch()
    peer.lists("say")
    async with peer.load() as loaded:
        assert (await call(loaded, "peer_say"))["status"] == "ok"


async def test_a_slow_call_ends(peer: Peer) -> None:
    peer.lists("slow")
    async with peer.load("timeout_s = 0.3") as loaded:
        result = await call(loaded, "peer_slow")
        assert "did not answer in time" in result["error"]


async def test_nothing_is_left_running(peer: Peer, tmp_path: Path) -> None:
    peer.lists("say")
    async with peer.load() as loaded:
        assert (await call(loaded, "peer_say"))["status"] == "ok"
    assert programs(tmp_path) == []
    [task] = asyncio.all_tasks()
    assert task is asyncio.current_task()


def programs(folder: Path) -> list[Path]:
    """Processes that were started with something in `folder`."""
    lines = Path("/proc").glob("[0-9]*/cmdline")
    return [line for line in lines if str(folder).encode() in _read(line)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


async def test_the_packages_own_server_by_pipe(file: File) -> None:
    text = (
        '[[mcp]]\nname = "sums"\ncondition = "only when asked."\nallow = ["*"]\n'
        f"command = {json.dumps(sys.executable)}\nargs = {json.dumps([str(OFFICIAL)])}\n"
    )
    async with file.load(text) as loaded:
        await until(lambda: loaded.tools)
        assert (await call(loaded, "sums_add", {"a": 2, "b": 3}))["data"] == {"result": 5}


async def test_the_packages_own_server_by_http(
    file: File, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, str(OFFICIAL), str(unused_tcp_port), stderr=asyncio.subprocess.DEVNULL
    )
    monkeypatch.setattr(mcp_server, "LAST_DELAY_S", 0.5)
    try:
        text = (
            '[[mcp]]\nname = "sums"\ncondition = "only when asked."\nallow = ["*"]\n'
            f'url = "http://127.0.0.1:{unused_tcp_port}/mcp"\n'
        )
        async with file.load(text) as loaded:
            await until(lambda: loaded.tools)
            assert (await call(loaded, "sums_add", {"a": 2, "b": 3}))["data"] == {"result": 5}
            program.kill()
            await program.wait()
            assert (await call(loaded, "sums_add", {"a": 2, "b": 3}))["status"] == "error"
    finally:
        if program.returncode is None:
            program.kill()
        await program.wait()


async def test_a_web_page_is_no_server(file: File, service: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.tools.external.file.START_S", 0.5)
    service.answers["*"] = reply(b"<html></html>", content_type="text/html")
    text = f'[[mcp]]\nname = "x"\ncondition = "c"\nallow = ["*"]\nurl = "{service.url}/mcp"\n'
    async with file.load(text) as loaded:
        assert loaded.tools == []
        assert service.seen
