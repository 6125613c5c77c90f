"""The worked examples of docs/tools.md by voice: what somebody says leads to the call, and the answer is
heard."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from stage import Stage, StartStage, until

from bot.loopback.live.record import Kind
from bot.loopback.live.script import EXAMPLES
from bot.loopback.member import Member

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[3] / "examples"

StartExample = Callable[[str], Awaitable[Stage]]


@pytest.fixture
async def example(
    start: StartStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[StartExample]:
    """`await example("todo")`: the bot with the tools of that file, and their server."""
    async with AsyncExitStack() as stack:

        async def begin(name: str) -> Stage:
            port = await _serve(stack)
            file = tmp_path / f"{name}.toml"
            text = (FOLDER / file.name).read_text(encoding="utf-8")
            file.write_text(text.replace(":8765/", f":{port}/"), encoding="utf-8")
            monkeypatch.setenv("EXAMPLES_KEY", "let-me-in")
            return await start(parley_tools_file=file)

        yield begin


async def _serve(stack: AsyncExitStack) -> int:
    spec = importlib.util.spec_from_file_location("examples_server", FOLDER / "server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    runner = web.AppRunner(module.application())
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    return port


async def says(stage: Stage, member: Member, name: str) -> Any:
    """They say it; what the model got of the tool, once its answer has been heard to the end."""
    called, answered = len(stage.of(Kind.TOOL_CALL)), len(stage.of(Kind.ANSWER))
    said = await member.say(name)
    await until(lambda: len(stage.of(Kind.TOOL_CALL)) > called)
    await until(lambda: len(stage.of(Kind.ANSWER)) > answered)
    answer = stage.of(Kind.ANSWER)[-1]
    assert answer.detail == EXAMPLES[name].then
    await stage.answered(member, max(said.ended_at, answer.at))
    await stage.quiet(member)
    result = stage.world.live.sessions[-1].tool_responses[-1].response
    assert result["status"] == "ok", result
    assert "data" in result["caution"]
    return result["data"]


async def test_a_to_do_list_by_voice(example: StartExample) -> None:
    stage = await example("todo")
    ana = await stage.member("Ana")
    await ana.type("join")
    assert await says(stage, ana, "todo_add") == {"added": "tomatoes", "count": 3}
    assert (await says(stage, ana, "todo_list"))["left"] == ["a birthday card", "light bulbs", "tomatoes"]
    assert (await says(stage, ana, "todo_done"))["left"] == ["a birthday card", "tomatoes"]


async def test_a_table_by_voice(example: StartExample) -> None:
    stage = await example("restaurant")
    ben = await stage.member("Ben")
    await ben.type("join")
    assert (await says(stage, ben, "restaurant_table"))["tables"][0] == {"at": "window", "seats": 4}
    booking = await says(stage, ben, "restaurant_book")
    assert (booking["name"], booking["table"], booking["code"]) == ("Ben", "window", "lime 1")


async def test_a_restaurant_by_voice(example: StartExample) -> None:
    stage = await example("restaurant")
    ben = await stage.member("Ben")
    await ben.type("join")
    assert await says(stage, ben, "restaurant_hours") == {"friday": "12:00 to 23:00"}
    assert (await says(stage, ben, "restaurant_menu"))[0]["dish"] == "mushroom pie"


async def test_an_order_by_voice(example: StartExample) -> None:
    stage = await example("orders")
    cleo = await stage.member("Cleo")
    await cleo.type("join")
    found = await says(stage, cleo, "order_status")
    assert (found["number"], found["expected"]) == ("4711", "tomorrow")
