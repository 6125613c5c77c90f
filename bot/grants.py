"""What moderators have said about tools, at hand: read at the start, written through."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Self

from bot.store.rows import ToolGrant
from bot.store.store import Store
from bot.tools.policy import GROUP, Policy, resolve
from bot.tools.registry import Tool

NOTHING = {"enabled": None, "roles": None, "confirm": None, "per_minute": None}
"""As an argument of `change`: what was said there is taken back."""


class Grants:
    """Of all servers. What was said in a channel counts before what was said in the server, and there what
    was said about the tool before what was said about its group (``group:NAME``)."""

    def __init__(self, store: Store, grants: Iterable[ToolGrant]) -> None:
        self._store = store
        self._said = {(grant.guild_id, grant.channel_id, grant.tool): grant for grant in grants}
        self._writing = asyncio.Lock()

    @classmethod
    async def load(cls, store: Store) -> Self:
        """Raises StoreError."""
        return cls(store, await store.grants.all())

    def policy(self, tool: Tool, guild_id: int, channel_id: int | None) -> Policy:
        """What holds for `tool` in a channel; `channel_id` None: where no channel has its own rules."""
        return resolve(tool, self._about(tool, guild_id, channel_id))

    def said(self, guild_id: int, channel_id: int | None, tool: str) -> ToolGrant:
        """What was said in exactly this place about exactly this tool, or ``group:NAME``."""
        key = (guild_id, channel_id, tool)
        return self._said.get(key) or ToolGrant(guild_id=guild_id, channel_id=channel_id, tool=tool)

    async def change(self, guild_id: int, channel_id: int | None, tool: str, **changes: Any) -> ToolGrant:
        """Say so about a tool, or ``group:NAME``, in the server or in one channel; None takes it back.
        TypeError for a field that is none, StoreError if it could not be kept: then nothing has changed."""
        async with self._writing:  # two moderators at once must not undo each other's choices
            grant = replace(self.said(guild_id, channel_id, tool), **changes)
            key = (guild_id, channel_id, tool)
            if all(getattr(grant, name) is None for name in NOTHING):
                await self._store.grants.drop(guild_id, channel_id, tool)
                self._said.pop(key, None)
            else:
                await self._store.grants.put(grant)
                self._said[key] = grant
        return grant

    def forget(self, guild_id: int) -> None:
        """The bot was removed from this server; the store forgets by itself."""
        self._said = {key: grant for key, grant in self._said.items() if key[0] != guild_id}

    def _about(self, tool: Tool, guild_id: int, channel_id: int | None) -> Iterator[ToolGrant]:
        for place in dict.fromkeys((channel_id, None)):
            for name in (tool.name, GROUP + tool.group):
                grant = self._said.get((guild_id, place, name))
                if grant is not None:
                    yield grant
