import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from bot.tools.leave import LEAVE_CHANNEL
from bot.tools.registry import Asked, Registry, Result, Run, Tool, ToolContext


class Room:
    asked = Asked((1,), clear=True)

    def __init__(self) -> None:
        self.left: list[str] = []

    def leave_when_quiet(self, reason: str) -> None:
        self.left.append(reason)


def tool(run: Run, name: str = "play", **more: Any) -> Tool:
    return Tool(name, "Play. Invocation Condition: on request.", run, **more)


async def play(context: ToolContext, args: Mapping[str, Any]) -> Result:
    return {"played": args["title"], "for": list(context.asked.speakers)}


TITLE = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}


async def test_a_result_is_never_empty() -> None:
    async def nothing(context: ToolContext, args: Mapping[str, Any]) -> Result:
        return {}

    assert await Registry([tool(nothing)]).call("play", {}, Room()) == {"status": "ok"}


async def test_a_tool_sees_its_arguments_and_who_spoke() -> None:
    registry = Registry([tool(play, parameters=TITLE)])
    result = await registry.call("play", {"title": "x"}, Room())
    assert result == {"status": "ok", "played": "x", "for": [1]}


async def test_a_tool_may_report_its_own_failure() -> None:
    async def fails(context: ToolContext, args: Mapping[str, Any]) -> Result:
        return {"status": "error", "retryable": False, "error": "There is no such song."}

    result = await Registry([tool(fails)]).call("play", {}, Room())
    assert result["status"] == "error"


async def test_an_unknown_tool_is_answered() -> None:
    result = await Registry([tool(play)]).call("dance", {}, Room())
    assert result["status"] == "error"
    assert "play" in result["error"]
    assert "none" in (await Registry([]).call("dance", {}, Room()))["error"]


async def test_wrong_arguments_are_answered_with_what_is_wrong() -> None:
    registry = Registry([tool(play, parameters=TITLE)])
    result = await registry.call("play", {"titel": "x"}, Room())
    assert result == {
        "status": "error",
        "retryable": True,
        "error": "Wrong arguments: title is missing; titel is not known.",
    }


async def test_a_tool_that_hangs_is_cut_off() -> None:
    async def hangs(context: ToolContext, args: Mapping[str, Any]) -> Result:
        await asyncio.Event().wait()
        return {}

    result = await Registry([tool(hangs, timeout_s=0.01)]).call("play", {}, Room())
    assert result["status"] == "error"
    assert "0.01 seconds" in result["error"]


@pytest.mark.parametrize(
    ("error", "retryable"), [(RuntimeError("secret detail"), False), (TimeoutError("secret detail"), True)]
)
async def test_a_bug_is_answered_without_its_details(error: Exception, retryable: bool) -> None:
    async def breaks(context: ToolContext, args: Mapping[str, Any]) -> Result:
        raise error

    result = await Registry([tool(breaks)]).call("play", {}, Room())
    assert result["status"] == "error"
    assert result["retryable"] is retryable
    assert "secret detail" not in result["error"]


async def test_a_cancelled_call_stays_cancelled() -> None:
    begun = asyncio.Event()

    async def hangs(context: ToolContext, args: Mapping[str, Any]) -> Result:
        begun.set()
        await asyncio.Event().wait()
        return {}

    call = asyncio.create_task(Registry([tool(hangs)]).call("play", {}, Room()))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


def test_declarations_are_plain_json() -> None:
    assert Registry([tool(play, parameters=TITLE)]).declarations() == [
        {"name": "play", "description": "Play. Invocation Condition: on request.", "parameters": TITLE}
    ]


def test_a_description_says_when_to_call() -> None:
    with pytest.raises(ValueError, match="Invocation Condition"):
        Tool("play", "Play.", play)


def test_names_are_unique() -> None:
    with pytest.raises(ValueError, match="two tools"):
        Registry([tool(play), tool(play)])


async def test_leave_channel_leaves_once_the_goodbye_has_been_said() -> None:
    room = Room()
    result = await Registry([LEAVE_CHANNEL]).call("leave_channel", {}, room)
    assert result["status"] == "ok"
    assert "goodbye" in result["message"]
    assert room.left == ["asked to by voice"]
