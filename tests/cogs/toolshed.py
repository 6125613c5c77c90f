"""Three tools, and a cast in whose server the bot has them, with the real gatekeeper before them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import discord
from cast import BOT, GUILD, Cast

from bot.audit import Audit
from bot.grants import Grants
from bot.store.store import Store
from bot.tools.gatekeeper import Gatekeeper
from bot.tools.registry import (
    INVOCATION_CONDITION,
    Asked,
    Need,
    Registry,
    Result,
    Standing,
    Tool,
    ToolContext,
)
from cogs.confirmations import Questions


class Moves:
    """A member, and where they are: what `move_member` changes."""

    def __init__(self) -> None:
        self.at = "Lounge"
        self.broken = False

    async def there(self, _: ToolContext, args: Mapping[str, Any]) -> Result:
        if self.broken:
            raise RuntimeError("broken")
        was, self.at = self.at, args["channel"]
        return {"was": was}

    async def back(self, _: ToolContext, args: Mapping[str, Any], result: Result) -> Result:
        self.at = result["was"]
        return {}


async def _roll(_: ToolContext, args: Mapping[str, Any]) -> Result:
    return {"thrown": [4] * args["dice"]}


async def _hush(context: ToolContext, _: Mapping[str, Any]) -> Result:
    context.hush(None)
    return {"hushed": True}


class Toolshed(Cast):
    """Everybody may move members but `weak`; the bot may."""

    def __init__(self, store: Store, grants: Grants) -> None:
        super().__init__()
        self.moves, self.now = Moves(), 1000.0
        self.weak: set[int] = set()
        self.bot.store, self.bot.grants = store, grants
        self.bot.audit = Audit(store)
        self.bot.gatekeeper = Gatekeeper(
            Registry(self._tools()), grants.policy, self._rights, self.bot.audit, lambda: self.now
        )
        self.questions = Questions(self.bot)
        self.bot.get_cog.return_value = self.questions
        self.bot.get_channel.side_effect = self.channels.get
        self.bot.get_guild.return_value = self.guild
        self.guild.get_member.return_value = None
        self.guild.get_channel_or_thread.side_effect = self.channels.get

    @classmethod
    async def open(cls, store: Store) -> Toolshed:
        return cls(store, await Grants.load(store))

    def channel(self, channel_id: int) -> Any:
        channel = super().channel(channel_id)

        async def send(content: str, **_: Any) -> Any:
            return Mock(spec=discord.Message, content=content, edit=AsyncMock())

        channel.send = AsyncMock(side_effect=send)
        return channel

    def _tools(self) -> list[Tool]:
        return [
            Tool(
                name="roll_dice",
                description=f"Rolls dice. {INVOCATION_CONDITION} somebody asks.",
                run=_roll,
                parameters={
                    "type": "object",
                    "properties": {"dice": {"type": "integer", "minimum": 1, "maximum": 2000}},
                    "required": ["dice"],
                },
                summary="Rolls dice.",
                group="fun",
            ),
            Tool(
                name="hush",
                description=f"Hushes. {INVOCATION_CONDITION} somebody asks.",
                run=_hush,
                summary="Falls silent.",
            ),
            Tool(
                name="move_member",
                description=f"Moves. {INVOCATION_CONDITION} somebody asks.",
                run=self.moves.there,
                undo=self.moves.back,
                parameters={
                    "type": "object",
                    "properties": {"channel": {"type": "string"}},
                    "required": ["channel"],
                },
                summary="Moves a member into another voice channel.",
                group="voice",
                changes=True,
                needs=lambda context, args: [Need(frozenset({"move_members"}), concerns=2)],
            ),
        ]

    async def _rights(self, _: int, __: Collection[int]) -> Any:
        def standing(user_id: int, channel_id: int | None = None) -> Standing:
            held = {"view_channel"} if user_id in self.weak else {"view_channel", "move_members"}
            return Standing(name=f"Member {user_id}", permissions=frozenset(held))

        return SimpleNamespace(bot_id=BOT, standing=standing, role_name=lambda role_id: "")

    async def ask(self, *speakers: int, channel: str = "Workshop") -> Result:
        """The model calls `move_member` on behalf of these, and the question is posted in the lounge."""
        await self.questions.cog_load()
        self.told: list[str] = []
        context = SimpleNamespace(
            asked=Asked(speakers, clear=True, turn=len(speakers)),
            guild_id=GUILD,
            channel_id=self.lounge.id,
            tell=self.told.append,
        )
        return await self.bot.gatekeeper.call("move_member", {"channel": channel}, context)  # type: ignore[no-any-return]

    def pressed_below(self, by: Any, text: str) -> Any:
        """A button under the message with this text."""
        pressed = self.pressed(by)
        pressed.message.content = text
        return pressed
