"""Whatever people do in whatever order: nothing is done that those who asked, and whoever confirmed it, could
not do at that moment, nothing twice, and nothing to anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tools.question import State
from bot.tools.registry import Result, ToolContext
from tests.bot.tools.court import ADMIN, ANA, BEN, BOT, MOD, Court

PEOPLE = (ADMIN, MOD, ANA, BEN)
NAMES = ("Ada", "Mo", "Ana", "Ben")

people = st.sampled_from(PEOPLE)
names = st.sampled_from(NAMES)
numbers = st.integers(0, 5)
speakers = st.sampled_from([(MOD,), (ADMIN,), (MOD, ADMIN), (MOD,), (ANA,), (MOD, ANA), ()])
events = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), speakers, st.sampled_from([True, True, True, False]), names),
        st.tuples(st.sampled_from(["confirm", "confirm", "confirm", "refuse", "undo"]), numbers, people),
        st.tuples(st.sampled_from(["promote", "demote"]), st.sampled_from((*PEOPLE, MOD, BOT))),
        st.tuples(st.just("swap names"), people, people),
        st.tuples(st.just("wait"), st.integers(1, 20)),
    ),
    min_size=8,
    max_size=30,
)


class Story(Court):
    """`pressing` is who presses at the moment. What is done is judged as it is done; `wrongs` are kept, for
    whatever a tool raises is answered."""

    def __init__(self) -> None:
        super().__init__()
        self.pressing: int | None = None
        self.number: int | None = None
        self.done: dict[int, int] = {}
        self.undone: set[int] = set()
        self.wrongs: list[str] = []
        self.teller = self.keeper(self.watched())

    def watched(self) -> Any:
        tool = self.move(confirm="changes")

        async def run(context: ToolContext, args: Mapping[str, Any]) -> Result:
            result = await tool.run(context, args)
            if self.number is None:
                self.wrongs.append("done without a question")
                return result
            self.right(self.number not in self.done, "done twice")
            self.right(context.asked.clear, "done for it is not known whom")
            self.may(*context.asked.speakers)
            self.done[self.number] = int(result["id"])
            (shown,) = self.board.questions[self.number - 1].concerns
            self.right(shown == self.done[self.number], "done to somebody else")
            return result

        async def undo(context: ToolContext, args: Mapping[str, Any], result: Result) -> Result:
            number = self.number or 0
            self.right(number not in self.undone, "undone twice")
            self.right(int(result["id"]) == self.done.get(number), "undone to somebody else")
            self.may()
            self.undone.add(number)
            return {}

        return self.move(confirm="changes", run=run, undo=undo)

    def may(self, *askers: int) -> None:
        for each in (*askers, self.pressing or 0, BOT):
            held = self.server.members[each].permissions
            self.right("administrator" in held or "move_members" in held, f"{each} may not")

    def right(self, is_so: bool, wrong: str) -> None:
        if not is_so:
            self.wrongs.append(wrong)

    async def happen(self, what: str, *details: Any) -> None:
        server = self.server
        match what, details:
            case "ask", (speakers, clear, name):
                self.pressing = self.number = None
                self.room.speaks(*speakers, clear=clear)
                result = await self.teller.call("move_member", {"who": name}, self.room)
                assert result["status"] in ("waiting", "error")
            case "promote", (who,):
                server.allow(who, "view_channel", "move_members")
            case "demote", (who,):
                server.allow(who, "view_channel")
            case "swap names", (one, other):
                name = server.members[one].name
                server.rename(one, server.members[other].name)
                server.rename(other, name)
            case "wait", (seconds,):
                self.now += seconds
            case _, (number, who):
                if self.board.questions:
                    number = number % len(self.board.questions) + 1
                    self.pressing, self.number = who, number
                    # in the audit it has another number: presses that were denied are counted there, too
                    pressed = await getattr(self.teller, what)(self.board.questions[number - 1].id, who)
                    self.right((pressed.state is State.DONE) <= (number in self.done), "said to be done")


@settings(max_examples=300, deadline=None)
@given(events)
def test_nothing_is_done_that_may_not_be(story: list[tuple[Any, ...]]) -> None:
    async def play() -> None:
        court = Story()
        for event in story:
            await court.happen(*event)
        assert court.wrongs == []

    asyncio.run(play())
