"""Nobody without a microphone is left out: who mentions the bot in the channel's chat is answered, too."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, nullcontext, suppress

import aiohttp
import discord
import structlog
from discord.ext import commands

from bot.app import Parley
from bot.errors import ParleyError
from bot.room import Room
from cogs import wording
from cogs.written import pictures_of, words_of

log = structlog.get_logger(__name__)

ANSWER_S = 120.0
"""Ten pictures take ten seconds to be shown, a slow tool a minute. After this it is no answer any more."""

MESSAGE_MAX = 2_000  # Discord API docs, "Create Message"

LOOKING_MAX = 2
"""Who may send pictures at the same time, in all servers: each is up to 25 MB and, for a moment, 40
megapixels. Decoding lets go of Python's lock, so the beat of the rooms does not wait for it."""

LOOK = "What do you see?"
"""What a picture without words asks."""

ONE_MOMENT = "One moment: I am still at your last question."
NO_WORDS = "Yes? Write your question behind my name, or speak to me."
NO_ANSWER = "I have no answer to that. Ask me again, perhaps in other words."
NOT_HERE = "I am not in a voice channel. `/join` brings me in; then mention me in its chat."

_BROKEN = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)


def elsewhere(channel_id: int) -> str:
    return f"I am talking in <#{channel_id}>. Mention me in the chat of that channel."


class Mention(commands.Cog):
    """Mentions, and replies to what the bot has written: a bot needs no privileged intent to read these."""

    def __init__(self, bot: Parley) -> None:
        self._bot = bot
        self._rooms = bot.rooms
        self._at_work: set[int] = set()  # user ids
        self._looking = asyncio.Semaphore(LOOKING_MAX)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        author, me = message.author, self._bot.user
        if author.bot or me is None or me not in message.mentions or message.guild is None:
            return
        if message.is_system():
            return
        if author.id in self._at_work:
            await _reply(message, ONE_MOMENT)
            return
        self._at_work.add(author.id)
        try:
            await _reply(message, await self._answer(message, message.guild.id))
        finally:
            self._at_work.discard(author.id)

    async def _answer(self, message: discord.Message, guild_id: int) -> str:
        room = self._rooms.get(guild_id)
        if room is None:
            going_to = self._rooms.channel_id(guild_id)
            return NOT_HERE if going_to is None else wording.on_the_way(going_to)
        if room.channel_id != message.channel.id:
            return elsewhere(room.channel_id)
        try:
            return await self._ask(room, message, guild_id)
        except ParleyError as error:
            log.info("mention not answered", guild=guild_id, error=str(error))
            return error.sentence
        except Exception:  # whoever asked is waiting
            log.exception("mention failed", guild=guild_id)
            return ParleyError.sentence

    async def _ask(self, room: Room, message: discord.Message, guild_id: int) -> str:
        """The model's words. Raises ParleyError."""
        words = words_of(message)
        if not words and not message.attachments:
            return NO_WORDS
        async with AsyncExitStack() as typing:
            if _rights(message).send_messages:
                with suppress(*_BROKEN):
                    await typing.enter_async_context(message.channel.typing())
            async with self._looking if message.attachments else nullcontext():
                pictures = await pictures_of(message)
            if self._rooms.get(guild_id) is not room:  # it was sent away in the meantime
                return NOT_HERE
            with suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_S):
                    name = message.author.display_name
                    return (
                        await room.manners.ask(message.author.id, name, words or LOOK, pictures) or NO_ANSWER
                    )
        return NO_ANSWER


async def _reply(message: discord.Message, text: str) -> None:
    """Under the message if it is still there, without pinging anybody. Where the bot may not write, its voice
    is all there is."""
    rights = _rights(message)
    if not rights.send_messages:
        return
    if len(text) > MESSAGE_MAX:
        text = text[: MESSAGE_MAX - 1] + "…"
    # Without Read Message History a reply is refused (JSON error code 160002), a message is not.
    reference = message.to_reference(fail_if_not_exists=False) if rights.read_message_history else None
    try:
        await message.channel.send(
            text,
            reference=reference,  # type: ignore[arg-type]  # the overloads know no None
            allowed_mentions=discord.AllowedMentions.none(),
            suppress_embeds=True,
        )
    except _BROKEN as error:
        log.warning("reply not posted", error=str(error) or type(error).__name__)


def _rights(message: discord.Message) -> discord.Permissions:
    assert message.guild is not None
    return message.channel.permissions_for(message.guild.me)


async def setup(bot: Parley) -> None:
    await bot.add_cog(Mention(bot))
