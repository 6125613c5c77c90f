"""The worked examples in examples/, against the server that is there too."""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import web

from bot.live.config import LiveSettings, connect_config
from bot.loopback.live.script import EXAMPLES
from bot.tools.external.file import Loaded, load
from bot.tools.registry import Registry, Result

FOLDER = Path(__file__).parents[4] / "examples"
FILES = sorted(FOLDER.glob("*.toml"))
KEY = {"EXAMPLES_KEY": "let-me-in"}


def server_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("examples_server", FOLDER / "server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def served(name: str, tmp_path: Path, environ: Mapping[str, str] = KEY) -> AsyncIterator[Registry]:
    """The tools of an example, with its server on a port of its own."""
    runner = web.AppRunner(server_module().application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    copy = tmp_path / name
    copy.write_text(
        (FOLDER / name).read_text(encoding="utf-8").replace(":8765/", f":{port}/"), encoding="utf-8"
    )
    try:
        async with load(copy, environ) as loaded:
            assert loaded.problems == []
            yield Registry(loaded.tools)
    finally:
        await runner.cleanup()


async def call(registry: Registry, name: str, args: Mapping[str, Any] | None = None) -> Result:
    context: Any = None
    return await registry.call(name, args or {}, context)


async def test_a_to_do_list(tmp_path: Path) -> None:
    async with served("todo.toml", tmp_path) as tools:
        assert (await call(tools, "show_list"))["data"]["left"] == ["a birthday card", "light bulbs"]
        assert (await call(tools, "add_to_list", {"item": "tomatoes"}))["data"] == {
            "added": "tomatoes",
            "count": 3,
        }
        assert (await call(tools, "cross_off", {"item": "the light bulbs"}))["data"]["count"] == 2
        unknown = await call(tools, "cross_off", {"item": "a car"})
        assert (unknown["status"], unknown["retryable"]) == ("error", False)
        assert unknown["data"]["left"] == ["a birthday card", "tomatoes"]


async def test_a_restaurant(tmp_path: Path) -> None:
    wish = {"day": "friday", "time": "19:00", "people": 4.0}
    async with served("restaurant.toml", tmp_path) as tools:
        assert (await call(tools, "opening_hours", {"day": "friday"}))["data"] == {"friday": "12:00 to 23:00"}
        assert (await call(tools, "opening_hours"))["data"]["monday"] == "closed"
        found = (await call(tools, "find_table", wish))["data"]
        assert found == {"free": True, "tables": [{"at": "window", "seats": 4}, {"at": "corner", "seats": 6}]}
        booking = (await call(tools, "book_table", {**wish, "name": "Ben"}))["data"]
        assert booking == {
            "name": "Ben",
            "day": "friday",
            "time": "19:00",
            "people": 4,
            "table": "window",
            "code": "lime 1",
        }
        assert (await call(tools, "book_table", {**wish, "name": "Ana"}))["data"]["table"] == "corner"
        full = await call(tools, "book_table", {**wish, "name": "Dan"})
        assert (full["status"], full["data"]) == (
            "error",
            {"problem": "There is no such table free at that time."},
        )
        closed = (await call(tools, "find_table", {**wish, "day": "monday"}))["data"]
        assert closed["free"] is False
        assert closed["other_days"] == ["tuesday", "wednesday", "thursday"]
        dishes = (await call(tools, "suggest_dish", {"diet": "vegetarian"}))["data"]
        assert [dish["dish"] for dish in dishes] == ["mushroom pie", "lentil stew"]
        wrong = await call(tools, "find_table", {**wish, "people": 40})
        assert "people must be at most 12" in wrong["error"]


async def test_an_order(tmp_path: Path) -> None:
    async with served("orders.toml", tmp_path) as tools:
        found = (await call(tools, "order_status", {"number": "4711"}))["data"]
        assert (found["status"], found["expected"]) == ("on its way", "tomorrow")
        missing = await call(tools, "order_status", {"number": "1"})
        assert missing["error"] == "127.0.0.1 answered 404 (not found)."
        assert missing["data"] == {"problem": "There is no order with this number."}


async def test_with_a_wrong_key(tmp_path: Path) -> None:
    async with served("orders.toml", tmp_path, {"EXAMPLES_KEY": "guessed"}) as tools:
        assert "401" in (await call(tools, "order_status", {"number": "4711"}))["error"]


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_without_their_key_they_say_so(file: Path) -> None:
    loaded = load(file, {})
    assert loaded.tools == []
    assert len(loaded.problems) == len(tomllib.loads(file.read_text(encoding="utf-8"))["http"])
    assert all("the environment has no EXAMPLES_KEY" in problem for problem in loaded.problems)


def everything() -> Loaded:
    [first, *rest] = [load(file, KEY) for file in FILES]
    for each in rest:
        first.tools += each.tools
    return first


def test_they_can_be_declared_together() -> None:
    tools = everything().tools
    connect_config(LiveSettings(tools=Registry(tools).declarations()))
    assert {tool.name for tool in tools if tool.changes} == {"add_to_list", "cross_off", "book_table"}
    assert {tool.group for tool in tools} == {"todo", "restaurant", "orders"}


def test_the_stand_in_knows_how_to_ask_for_each() -> None:
    """What the spoken scenarios call has the arguments that the tools want."""
    assert {use.name for use in EXAMPLES.values()} == {tool.name for tool in everything().tools}
