"""The whole bot on the loopback, in this process: Discord, Live API, members, all on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from bot import app
from bot.loopback.live.record import Kind, LiveEvent
from bot.loopback.loopback import BOT_TOKEN, Loopback
from bot.loopback.member.member import Member
from bot.settings import Settings


async def until(condition: Callable[[], Any], timeout_s: float = 10.0) -> None:
    """Wait for a condition of the world outside; TimeoutError names it by its line in the traceback."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110  conditions of many kinds, seen from outside
            await asyncio.sleep(0.01)


PLAIN: dict[str, Any] = {"parley_addressing": "open", "parley_greeting": "off", "parley_goodbye": "off"}


class Stage:
    """One loopback, the bot on it, and members as they are called."""

    def __init__(self, world: Loopback, stack: AsyncExitStack) -> None:
        self.world = world
        self.events: list[LiveEvent] = []
        self.world.live.observer = self.events.append
        self._stack = stack

    @property
    def bot_id(self) -> int:
        account = self.world.discord.world.accounts.by_token(BOT_TOKEN)
        assert account is not None
        return account.id

    def of(self, kind: Kind) -> list[LiveEvent]:
        return [event for event in self.events if event.kind is kind]

    @property
    def recognised(self) -> list[str]:
        """The recorded utterances that the Live server understood, in order."""
        return [heard.name for event in self.of(Kind.RECOGNISED) for heard in event.detail]

    def bot_channel(self, guild_id: int | None = None) -> int | None:
        """The voice channel the bot is in."""
        guild = self.world.discord.world.guilds[guild_id or self.world.guild_id]
        state = guild.voice_states.get(self.bot_id)
        return state.channel_id if state is not None else None

    async def member(self, name: str, *, join: bool = True, guild: int = 0) -> Member:
        world = self.world
        member = await self._stack.enter_async_context(Member.of(world, name))
        if join:
            place = world.guilds[guild]
            await member.join(place.guild_id, place.voice_channel_id)
        return member

    async def answered(self, member: Member, since: float, timeout_s: float = 10.0) -> None:
        """Until `member` has heard the bot after `since`."""
        await until(lambda: (member.heard.last_voiced(self.bot_id) or 0.0) > since, timeout_s)

    async def quiet(self, member: Member) -> None:
        """Until the bot has said nothing for 0.6 s."""
        loop = asyncio.get_running_loop()
        await until(lambda: loop.time() - (member.heard.last_voiced(self.bot_id) or 0.0) > 0.6, 30.0)


@asynccontextmanager
async def running_bot(world: Loopback, **changes: Any) -> AsyncIterator[asyncio.Task[None]]:
    """The bot as `python -m bot` runs it, but in this process; `changes` are settings. Unless they say
    otherwise it answers everybody and says nothing by itself, so that a test hears what it asked for."""
    own: dict[str, Any] = {"parley_database_url": f"sqlite:///{world.ca_file.parent / 'parley.db'}"}
    settings = Settings(
        **{name.lower(): value for name, value in world.env().items()} | PLAIN | own | changes
    )
    task = asyncio.create_task(app.run(settings), name="bot")
    account = world.discord.world.accounts.by_token(BOT_TOKEN)
    assert account is not None
    try:
        await until(lambda: task.done() or world.discord.world.sessions.of(account.id), 20.0)
        if task.done():
            task.result()
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


StartStage = Callable[..., Awaitable[Stage]]
