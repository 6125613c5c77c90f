"""One call before the law: what it needs, what moderators say, and who the people are, at this moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeAlias

import structlog

from bot.tools.authority import Allowed, Denied, anybody_may, decide
from bot.tools.call import Call
from bot.tools.policy import Policy
from bot.tools.registry import Asked, Need, Rights, Tool

log = structlog.get_logger(__name__)

RIGHTS_S = 5.0
"""Discord has answered who the speakers are by then, or nobody counts as one who may."""

UNCHECKED = "I could not find out who may have that done. Try again in a moment."
CHANGED = "Something has changed in the server meanwhile. Ask again."

PolicyOf: TypeAlias = Callable[[Tool, int, int], Policy]
"""Of a tool, in a server and a channel."""

RightsOf: TypeAlias = Callable[[int, Collection[int]], Awaitable[Rights]]
"""Of a server, for these members and the bot. May raise."""


class Judge:
    """Gathers what `authority.decide` has to know."""

    def __init__(self, policy_of: PolicyOf, rights_of: RightsOf) -> None:
        self._policy_of = policy_of
        self._rights_of = rights_of

    def policy(self, tool: Tool, guild_id: int, channel_id: int) -> Policy:
        return self._policy_of(tool, guild_id, channel_id)

    async def verdicts(self, call: Call, needs: Sequence[Need], *asked: Asked) -> list[Allowed | Denied]:
        """Whether `call`, of which this is needed, may be made on behalf of each of these."""
        tool, context = call.tool, call.context
        policy = self.policy(tool, context.guild_id, context.channel_id)
        if not policy.enabled:
            return [Denied(switched_off(tool)) for _ in asked]
        if anybody_may(needs, policy, changes=tool.changes):
            return [Allowed() for _ in asked]
        people = {speaker for each in asked for speaker in each.speakers}
        targets = {need.target_id for need in needs if need.target_id is not None}
        try:
            async with asyncio.timeout(RIGHTS_S):
                rights = await self._rights_of(context.guild_id, people | targets)
        except Exception:  # whatever it is: without an answer nobody may
            log.exception("rights unknown", tool=tool.name)
            return [Denied(UNCHECKED) for _ in asked]
        policy = self.policy(tool, context.guild_id, context.channel_id)  # moderators do not wait for Discord
        if not policy.enabled:
            return [Denied(switched_off(tool)) for _ in asked]
        return [decide(needs, each, rights, policy, changes=tool.changes) for each in asked]


def switched_off(tool: Tool) -> str:
    return f"{tool.name} is switched off here. A moderator can switch it on with /tools enable."
