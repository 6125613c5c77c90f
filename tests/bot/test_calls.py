"""Every tool call of a room gets exactly one answer, on the connection that asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from bot.calls import Calls
from bot.live.events import ToolCall
from bot.tools.registry import Registry, Result, Tool, ToolContext
from bot.turns.exchange import Verdict

Answer = tuple[int, str, str]


class RecordingLine:
    """Stands where the room's line does."""

    def __init__(self) -> None:
        self.generation = 1
        self.answers: list[Answer] = []
        self.statuses: list[str] = []

    def respond(self, generation: int, call_id: str, name: str, result: dict[str, Any]) -> None:
        self.answers.append((generation, call_id, name))
        self.statuses.append(result["status"])


class Context:
    speakers = frozenset({1})

    def who_is_speaking(self) -> Mapping[str, Any]:
        raise AssertionError("nobody asked who")

    def leave_when_quiet(self, reason: str) -> None:
        raise AssertionError("nobody asked it to leave")


class Scene:
    """Calls in a task group, and two tools: one that answers at once, one that waits for `go`."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.line = RecordingLine()
        self.go = asyncio.Event()
        self.runs = 0
        condition = "Invocation Condition: always."
        registry = Registry(
            [Tool("quick", condition, self._quick), Tool("slow", condition, self._slow, timeout_s=5)]
        )
        self.settled = 0
        self.working: list[bool] = []
        self.idle = True
        line: Any = self.line
        self.calls = Calls(
            tasks,
            registry,
            line,
            Context(),
            settled=self._has_settled,
            working=self.working.append,
            idle=lambda: self.idle,
        )

    def _has_settled(self) -> None:
        self.settled += 1

    async def _quick(self, context: ToolContext, args: Mapping[str, Any]) -> Result:
        self.runs += 1
        return {}

    async def _slow(self, context: ToolContext, args: Mapping[str, Any]) -> Result:
        self.runs += 1
        await self.go.wait()
        return {}

    def call(self, name: str, call_id: str = "a") -> None:
        self.calls.called(ToolCall(call_id, name, {}))
        self.calls.decide(Verdict.ANSWER)

    async def answers(self, count: int) -> list[Answer]:
        """What has been answered, once all that can run has run."""
        async with asyncio.timeout(2):
            while len(self.line.answers) < count:  # noqa: ASYNC110  nothing else to wait for
                await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)
        return self.line.answers


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with asyncio.TaskGroup() as tasks:
        scene = Scene(tasks)
        yield scene
        scene.calls.cancel_all()


async def test_an_unknown_tool_is_answered(scene: Scene) -> None:
    scene.call("dance")
    assert await scene.answers(1) == [(1, "a", "dance")]
    assert scene.line.statuses == ["error"]


async def test_a_slow_tool_holds_up_nobody(scene: Scene) -> None:
    scene.call("slow", "a")
    scene.call("quick", "b")
    assert await scene.answers(1) == [(1, "b", "quick")]
    scene.go.set()
    assert (await scene.answers(2))[1] == (1, "a", "slow")


async def test_a_call_repeated_while_it_runs_or_after_is_one_call(scene: Scene) -> None:
    scene.call("slow")
    scene.call("slow")
    scene.go.set()
    await scene.answers(1)
    scene.call("slow")
    assert len(await scene.answers(1)) == 1
    assert scene.runs == 1


async def test_the_next_turn_may_use_the_ids_again(scene: Scene) -> None:
    scene.call("quick")
    await scene.answers(1)
    scene.calls.turn_over()
    scene.call("quick")
    assert await scene.answers(2) == [(1, "a", "quick")] * 2
    scene.call("slow", "b")
    await scene.answers(2)
    scene.calls.turn_over()  # what still runs is not asked twice
    scene.call("slow", "b")
    scene.go.set()
    assert (await scene.answers(3))[2:] == [(1, "b", "slow")]


async def test_a_cancelled_call_is_not_answered(scene: Scene) -> None:
    scene.call("slow", "a")
    scene.call("slow", "b")
    scene.calls.cancel(["a", "never heard of"])
    scene.go.set()
    assert await scene.answers(1) == [(1, "b", "slow")]


async def test_a_call_cancelled_before_it_began_may_come_again(scene: Scene) -> None:
    scene.call("quick")
    scene.calls.cancel(["a"])
    scene.call("quick")
    assert await scene.answers(1) == [(1, "a", "quick")]
    assert scene.runs == 1


async def test_a_new_connection_may_use_old_ids_at_once(scene: Scene) -> None:
    scene.call("slow", "a")
    scene.call("quick", "b")
    await scene.answers(1)
    scene.calls.cancel_all()
    scene.line.generation = 2
    scene.call("quick", "a")
    scene.call("quick", "b")
    scene.go.set()
    assert (await scene.answers(3))[1:] == [(2, "a", "quick"), (2, "b", "quick")]
