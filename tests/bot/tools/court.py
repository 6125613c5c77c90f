"""A server with people in it, a room, a ledger and a notice board: what stands around a call in tests."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.tools.gatekeeper import Gatekeeper
from bot.tools.ledger import Ledger, Outcome, Record
from bot.tools.policy import Policy, resolve
from bot.tools.question import Question
from bot.tools.registry import Asked, Need, Registry, Result, Standing, Tool, ToolContext, Unclear

BOT, OWNER, ADMIN, MOD, ANA, BEN = 1, 2, 3, 4, 5, 6
LOBBY, STAGE = 100, 101
GUILD = 7


def member(name: str, *permissions: str, rank: int = 0, **more: Any) -> Standing:
    return Standing(name=name, permissions=frozenset(permissions), rank=(rank, 0), **more)


class Server:
    """`bot.tools.registry.Rights`, and who can be changed while a call is on its way."""

    bot_id = BOT

    def __init__(self) -> None:
        self.members = {
            BOT: member("Parley", "view_channel", "move_members", "moderate_members", rank=50),
            OWNER: member("Olga", "view_channel", is_owner=True, rank=1),
            ADMIN: member("Ada", "administrator", rank=40),
            MOD: member("Mo", "view_channel", "move_members", "moderate_members", rank=30),
            ANA: member("Ana", "view_channel"),
            BEN: member("Ben", "view_channel"),
        }
        self.roles = {900: "DJ"}
        self.hidden: set[tuple[int, int]] = set()  # (member, channel) who may not see it
        self.reachable = True
        self.questions = 0
        self.meanwhile: list[Any] = []  # what happens while Discord is asked, once each

    def standing(self, user_id: int, channel_id: int | None = None) -> Standing | None:
        standing = self.members.get(user_id)
        if standing is None or (user_id, channel_id) not in self.hidden:
            return standing
        return replace(standing, permissions=standing.permissions - {"view_channel"})

    def role_name(self, role_id: int) -> str:
        return self.roles.get(role_id, "")

    async def rights(self, guild_id: int, user_ids: Collection[int]) -> Server:
        """`bot.tools.judge.RightsOf`."""
        self.questions += 1
        await asyncio.sleep(0)
        if not self.reachable:
            raise ConnectionError("Discord does not answer")
        while self.meanwhile:
            self.meanwhile.pop()()
        return self

    def called(self, name: str) -> int:
        """Who has this name now. Raises Unclear."""
        found = [user_id for user_id, standing in self.members.items() if standing.name == name]
        if len(found) != 1:
            raise Unclear(f"There is no single member called {name}.")
        return found[0]

    def rename(self, user_id: int, name: str) -> None:
        self.members[user_id] = replace(self.members[user_id], name=name)

    def allow(self, user_id: int, *permissions: str) -> None:
        """Exactly these."""
        self.members[user_id] = replace(self.members[user_id], permissions=frozenset(permissions))


class Room:
    """`ToolContext`; `speaks` says who spoke last."""

    guild_id = GUILD
    channel_id = LOBBY

    def __init__(self) -> None:
        self.asked = Asked((), clear=False)
        self.told: list[str] = []
        self.left: list[str] = []
        self._turns = itertools.count(1)

    def speaks(self, *speakers: int, clear: bool = True, how: str = "voice") -> Room:
        self.asked = Asked(speakers, clear=clear, how=how, turn=next(self._turns))
        return self

    @property
    def place(self) -> Any:
        return None

    def who_is_speaking(self) -> Mapping[str, Any]:
        return {}

    def leave_when_quiet(self, reason: str) -> None:
        self.left.append(reason)

    def hush(self, minutes: float | None) -> None:
        raise AssertionError(minutes)

    async def change_persona(self, name: str) -> str:
        raise KeyError(name)

    def tell(self, text: str) -> None:
        self.told.append(text)


class Notebook:
    """`Ledger` in memory. `broken`: it takes nothing."""

    def __init__(self) -> None:
        self.records: dict[int, Record] = {}
        self.broken = False

    async def write(self, record: Record) -> int:
        if self.broken:
            raise OSError("disk full")
        number = len(self.records) + 1
        self.records[number] = record
        return number

    async def settle(self, number: int, outcome: Outcome, result: Mapping[str, Any]) -> None:
        if self.broken:
            raise OSError("disk full")
        self.records[number] = replace(self.records[number], outcome=outcome, result=result)

    @property
    def outcomes(self) -> list[str]:
        return [record.outcome for record in self.records.values()]


class Board:
    """`Asker`."""

    def __init__(self) -> None:
        self.questions: list[Question] = []
        self.taken_away: list[int] = []
        self.took_away = asyncio.Event()
        self.writable = True

    async def ask(self, question: Question) -> None:
        if not self.writable:
            raise PermissionError("Missing Permissions")
        self.questions.append(question)

    async def expired(self, question: Question) -> None:
        self.taken_away.append(question.id)
        self.took_away.set()


@dataclass
class Court:
    """All of them, with tools that write down what they really did: `deeds`."""

    server: Server = field(default_factory=Server)
    room: Room = field(default_factory=Room)
    notebook: Notebook = field(default_factory=Notebook)
    board: Board = field(default_factory=Board)
    deeds: list[Any] = field(default_factory=list)
    policies: dict[str, Policy] = field(default_factory=dict)
    now: float = 1000.0

    def keeper(self, *tools: Tool, ledger: Ledger | None = None) -> Gatekeeper:
        keeper = Gatekeeper(
            Registry(tools or (self.move(), self.timeout(), self.read(), self.dice())),
            lambda tool, guild_id, channel_id: self.policies.get(tool.name, resolve(tool, ())),
            self.server.rights,
            ledger or self.notebook,
            lambda: self.now,
        )
        keeper.asker = self.board
        return keeper

    def move(self, **more: Any) -> Tool:
        """Moves a member by name; confirmed never, unless told otherwise."""

        def needs(context: ToolContext, args: Mapping[str, Any]) -> list[Need]:
            return [
                Need(frozenset({"move_members"}), channel_id=LOBBY, concerns=self.server.called(args["who"]))
            ]

        async def run(context: ToolContext, args: Mapping[str, Any]) -> Result:
            moved = self.server.called(args["who"])
            self.deeds.append(("moved", moved, context.asked.speakers))
            return {"moved": args["who"], "id": str(moved)}

        async def undo(context: ToolContext, args: Mapping[str, Any], result: Result) -> Result:
            self.deeds.append(("moved back", int(result["id"]), context.asked.speakers))
            return {}

        given = {"run": run, "needs": needs, "undo": undo, "confirm": "never", **more}
        return self.tool("move_member", **given)

    def timeout(self, **more: Any) -> Tool:
        """Silences a member whom one outranks; confirmed as usual."""

        def needs(context: ToolContext, args: Mapping[str, Any]) -> list[Need]:
            return [Need(frozenset({"moderate_members"}), target_id=self.server.called(args["who"]))]

        async def run(context: ToolContext, args: Mapping[str, Any]) -> Result:
            self.deeds.append(("silenced", self.server.called(args["who"]), context.asked.speakers))
            return {"silenced": args["who"]}

        return self.tool("timeout_member", run, needs=needs, **more)

    def read(self, text: str = "") -> Tool:
        """Returns what somebody wrote."""

        async def run(context: ToolContext, args: Mapping[str, Any]) -> Result:
            self.deeds.append(("read", args["who"]))
            return {"messages": [{"by": args["who"], "text": text}]}

        return self.tool("read_messages", run, changes=False)

    def dice(self) -> Tool:
        """Another number each time, for anybody."""

        async def run(context: ToolContext, args: Mapping[str, Any]) -> Result:
            self.deeds.append("rolled")
            return {"rolled": len(self.deeds)}

        return self.tool("roll_dice", run, changes=False, parameters={}, foreign=False)

    def tool(self, name: str, run: Any, **more: Any) -> Tool:
        who = {"type": "object", "properties": {"who": {"type": "string"}}, "required": ["who"]}
        return Tool(
            name,
            f"Does {name}. Invocation Condition: on request.",
            run,
            **{"parameters": who, "changes": True, "summary": f"Does {name}.", **more},
        )
