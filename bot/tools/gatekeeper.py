"""The one way from the model to a tool.

    unknown, or wrong arguments ─► an error that says so
    the same call in this turn  ─► its answer once more
    switched off, or not allowed ─► a sentence to be said
    too often                   ─► how long to wait
    wants confirming            ─► "waiting"; what comes of it is told later
    otherwise it runs, with a timeout, and its result is cleaned, marked and cut

Every call gets a result, and each ends in the audit, duplicates excepted.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, NoReturn

import structlog

from bot.tools.authority import Denied
from bot.tools.behalf import OnBehalf
from bot.tools.call import Call
from bot.tools.confirmation import Confirmations
from bot.tools.judge import CHANGED, Judge, PolicyOf, RightsOf, switched_off
from bot.tools.ledger import Book, Ledger, Outcome
from bot.tools.limits import SlidingMinute
from bot.tools.policy import Policy
from bot.tools.question import Asker, Pressed
from bot.tools.registry import Need, Registry, Result, Tool, ToolContext, Unclear, answered, error, failed
from bot.tools.repeats import Repeats
from bot.tools.results import presented
from bot.tools.undo import Undos

log = structlog.get_logger(__name__)

BROKEN = "That failed because of an internal error."
MAX_NAME = 64
"""Characters of a tool's name that the model made up, in the audit."""


class Gatekeeper:
    """Of all servers. `run` takes back, as long as the bot runs, what nobody confirms.

    `clock` is monotonic seconds. Until `asker` is set, nothing that wants confirming is done.
    """

    def __init__(
        self,
        registry: Registry,
        policy_of: PolicyOf,
        rights_of: RightsOf,
        ledger: Ledger,
        clock: Callable[[], float],
    ) -> None:
        self._registry = registry
        self._judge = Judge(policy_of, rights_of)
        self._book = Book(ledger)
        self._clock = clock
        self._undos = Undos(self._judge, self._book, clock)
        self._confirmations = Confirmations(self._judge, self._book, self._undos, clock)
        self._repeats = Repeats()
        self._minute = SlidingMinute()

    async def run(self) -> NoReturn:
        """Until cancelled."""
        await self._confirmations.run()

    @property
    def asker(self) -> Asker | None:
        return self._confirmations.asker

    @asker.setter
    def asker(self, asker: Asker | None) -> None:
        self._confirmations.asker = asker

    def add(self, tools: Iterable[Tool]) -> None:
        """There are more of them now. ValueError for a name that is taken."""
        self._registry.add(tools)

    @property
    def tools(self) -> tuple[Tool, ...]:
        """All there are, switched on or not."""
        return tuple(self._registry)

    def policy(self, tool: Tool, guild_id: int, channel_id: int) -> Policy:
        """What moderators have said about it for this channel."""
        return self._judge.policy(tool, guild_id, channel_id)

    def declarations(self, guild_id: int, channel_id: int) -> list[dict[str, Any]]:
        """Of the tools that are switched on there, as plain JSON for the session's settings."""
        on = (tool for tool in self._registry if self.policy(tool, guild_id, channel_id).enabled)
        return Registry(on).declarations()

    async def call(self, name: str, args: Mapping[str, Any], context: ToolContext) -> Result:
        """The result of one call on behalf of `context.asked` as it is now. Raises nothing but
        CancelledError."""
        bound = OnBehalf(context, context.asked)
        try:
            key, keep = _same(name, args, bound)
            return await self._repeats.once(key, lambda: self._answer(name, args, bound), keep=keep)
        except Exception:
            log.exception("call failed", tool=name)
            return error(BROKEN)

    async def confirm(self, number: int, member_id: int) -> Pressed:
        """Somebody has pressed Confirm under the question with this number."""
        return await self._confirmations.confirm(number, member_id)

    async def refuse(self, number: int, member_id: int) -> Pressed:
        """Somebody has pressed Refuse."""
        return await self._confirmations.refuse(number, member_id)

    async def undo(self, number: int, member_id: int) -> Pressed:
        """Somebody has pressed Undo for the call with this number in the audit."""
        return await self._undos.undo(number, member_id)

    def can_be_undone(self, number: int) -> bool:
        """Whether an Undo button makes sense for this entry of the audit."""
        return self._undos.possible(number)

    # --- one call ---

    async def _answer(self, name: str, args: Mapping[str, Any], context: OnBehalf) -> Result:
        objection = self._registry.objection(name, args)
        if objection is not None:
            await self._book.write(context, name[:MAX_NAME], args, "error", objection)
            return presented(objection, foreign=False)
        tool = self._registry[name]
        call = Call(tool, args, context)
        try:
            verdict = await self._judged(call)
        except Unclear as unclear:
            return await self._closed(call, "error", error(str(unclear), retryable=True))
        if isinstance(verdict, Denied):
            return await self._closed(call, "denied", error(verdict.sentence))
        needs, policy = verdict
        wait_s = self._minute.admit((context.guild_id, name), policy.per_minute, self._clock())
        if wait_s:
            return await self._closed(call, "denied", error(_too_often(name, wait_s)))
        # who calls a tool by hand has decided already
        if policy.wants_confirming(tool) and context.asked.how != "try":
            return await self._confirmations.ask(call, needs, policy)
        return await self._carry_out(call, needs)

    async def _judged(self, call: Call) -> Denied | tuple[tuple[Need, ...], Policy]:
        """What it needs, if it is allowed. Raises Unclear."""
        tool, context = call.tool, call.context
        policy = self.policy(tool, context.guild_id, context.channel_id)
        if not policy.enabled:  # whatever else is wrong
            return Denied(switched_off(tool))
        needs = call.needs()
        (verdict,) = await self._judge.verdicts(call, needs, context.asked)
        if isinstance(verdict, Denied):
            return verdict
        if call.needs() != needs:  # a name has passed to somebody else while Discord was asked
            return Denied(CHANGED)
        return needs, self.policy(tool, context.guild_id, context.channel_id)

    async def _carry_out(self, call: Call, needs: tuple[Need, ...]) -> Result:
        try:
            result = await answered(call.tool, call.args, call.context)
        except asyncio.CancelledError:
            await self._book.write(call.context, call.tool.name, call.args, "cancelled", {})
            raise
        outcome: Outcome = "error" if failed(result) else "ok"
        number = await self._book.write(call.context, call.tool.name, call.args, outcome, result)
        self._undos.remember(number, call, needs, result)
        return presented(result, foreign=call.tool.foreign)

    async def _closed(self, call: Call, outcome: Outcome, result: Result) -> Result:
        await self._book.write(call.context, call.tool.name, call.args, outcome, result)
        return presented(result, foreign=False)


def _same(name: str, args: Mapping[str, Any], context: OnBehalf) -> tuple[Hashable, bool]:
    """What makes two calls one, and whether its answer holds for the whole turn."""
    asked = context.asked
    if asked.how == "try":
        return object(), False
    canonical = json.dumps(args, sort_keys=True, default=str)
    return (context.guild_id, context.channel_id, asked, name, canonical), asked.turn is not None


def _too_often(name: str, wait_s: float) -> str:
    return f"{name} was called too often in this minute. Try again in {math.ceil(wait_s)} seconds."
