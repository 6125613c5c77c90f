"""The discord.py client: logs in, loads the commands, owns the rooms; and starting and stopping it all."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import NoReturn

import aiohttp
import discord
import structlog
import yarl
from discord.ext import commands

from bot import memory
from bot.errors import LiveError, ParleyError, StoreError
from bot.homecoming import come_home
from bot.house import House, at_work
from bot.live.models import model
from bot.live.session import LiveClient
from bot.live.voices import VOICES
from bot.log import conceal
from bot.preview import Preview
from bot.reach import check_reachable
from bot.rooms import Rooms
from bot.settings import Settings, environment
from bot.store.rows import Reminder, Stay
from bot.store.store import Store
from bot.tools.external.file import Loaded, load
from bot.tools.guild import GUILD_TOOLS
from bot.tools.guild.place import Place
from bot.tools.guild.reminders import NAMES as REMINDER_NAMES
from bot.tools.guild.reminders import post_reminder
from bot.tools.leave import LEAVE_CHANNEL
from bot.tools.registry import Rights, Tool
from bot.tools.search import GOOGLE_SEARCH
from bot.tools.who import WHO_IS_SPEAKING
from bot.voice.entry import VoiceRoom

log = structlog.get_logger(__name__)

INTENTS = discord.Intents(guilds=True, voice_states=True, guild_messages=True)
"""None is privileged: nothing has to be switched on in the developer portal. Without the privileged intent a
bot is shown the text of a message only where it is mentioned, which is all that it wants."""

EXTENSIONS = (
    "cogs.conversation",
    "cogs.floor",
    "cogs.presence",
    "cogs.mention",
    "cogs.persona",
    "cogs.tools",
    "cogs.settings",
    "cogs.confirmations",
    "cogs.outdated",
)

TOOLS: tuple[Tool, ...] = (LEAVE_CHANNEL, WHO_IS_SPEAKING, GOOGLE_SEARCH, *GUILD_TOOLS)
"""Besides those of reminders, and what the tools file declares."""

CLOSE_TIMEOUT_S = 10.0

AUTHENTICATION_FAILED = 4004  # Discord API docs, "Gateway Close Event Codes"

REFUSED = (
    "Discord refused DISCORD_TOKEN. Copy it again from the developer portal (your application, Bot, "
    "Reset Token); it is not the client secret."
)


class StartError(ParleyError):
    """The bot could not start; the text is the one line the terminal shows."""


class Parley(commands.Bot):
    """The application's client. `rooms` are the conversations under way, `house` what they have in common."""

    def __init__(
        self, rooms: Rooms, house: House, preview: Preview, connector: aiohttp.BaseConnector
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=INTENTS,
            connector=connector,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self.rooms = rooms
        self.house = house
        self.preview = preview
        self.personas = house.personas
        self.grants = house.grants
        self.audit = house.audit
        self.gatekeeper = house.gatekeeper
        self._left: Sequence[Stay] = ()

    async def setup_hook(self) -> None:
        self._left = await self.house.store.stays.all()
        for extension in EXTENSIONS:
            await self.load_extension(extension)
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        """There are no commands but slash commands; discord.py would take every mention for one of the other
        kind. Mentions are heard by `cogs.mention`."""

    async def on_ready(self) -> None:
        assert self.user is not None
        log.info("ready", user=str(self.user), guilds=len(self.guilds))
        left, self._left = self._left, ()  # it is ready again after each long break of its connection
        await come_home(self.rooms, self.house.store.stays, left, self._voice_room)

    def _voice_room(self, guild_id: int, channel_id: int) -> VoiceRoom | None:
        guild = self.get_guild(guild_id)
        channel = guild.get_channel(channel_id) if guild is not None else None
        return channel if isinstance(channel, VoiceRoom) else None

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        try:
            await self.house.forget(guild.id)
        except StoreError as error:
            log.error("server not forgotten", guild=guild.id, error=str(error))

    async def close(self) -> None:
        """Leave the channels, end the sessions, then log out."""
        if not self.is_closed():
            await self.rooms.close_all()
        await super().close()


async def run(settings: Settings) -> None:
    """Run until cancelled. Raises Unreachable or StartError if Discord or Gemini cannot be reached or refuse
    us, also later on: a token that was reset ends the gateway's session."""
    _point_at(settings)
    context = _tls(settings)
    _check_names(settings)
    await check_reachable(settings.gemini_api_base, context, whom="Google Gemini", setting="GEMINI_API_BASE")
    async with AsyncExitStack() as stack:
        live = LiveClient(
            settings.gemini_api_key.get_secret_value(), settings.gemini_api_base, settings.parley_ca_file
        )
        stack.push_async_callback(live.close)

        bot = await _assembled(live, settings, context, stack)
        stack.push_async_callback(_close, bot)
        await _log_in(bot, settings)
        # discord.py 2.7.1 fails with an AttributeError when its very first connection does.
        await check_reachable(
            settings.discord_gateway_url, context, whom="Discord's gateway", setting="DISCORD_GATEWAY_URL"
        )
        await stack.enter_async_context(at_work("reminders", _remind(bot)))
        memory.settle()
        await stack.enter_async_context(at_work("memory", memory.keep_tidy(lambda: bot.rooms.idle)))
        await _stay_connected(bot)


async def _assembled(
    live: LiveClient, settings: Settings, tls: ssl.SSLContext, stack: AsyncExitStack
) -> Parley:
    """The client with all that it needs, which `stack` takes down again. Raises StoreError."""

    async def rights_of(guild_id: int, user_ids: Iterable[int]) -> Rights:
        guild = bot.get_guild(guild_id)
        if guild is None:
            raise LookupError(f"not in server {guild_id}")
        return await Place(guild).rights(user_ids)

    store = await stack.enter_async_context(Store.open(settings.parley_database_url))
    own = await stack.enter_async_context(_tools_of_ones_own(settings, tls))
    secrets = [*settings.secrets, *own.secrets]
    house = await House.open(store, settings, (*TOOLS, *own.tools), secrets, rights_of)
    await stack.enter_async_context(house.kept())
    rooms = await stack.enter_async_context(Rooms(live, settings, house))

    def more_tools(tools: Sequence[Tool]) -> None:
        there = {tool.name for tool in house.gatekeeper.tools}
        house.gatekeeper.add(tool for tool in tools if tool.name not in there)
        rooms.changed()

    own.on_tools = more_tools
    more_tools(own.tools)  # of servers that answered meanwhile
    preview = Preview(live, settings.gemini_model, house.spending.add)
    bot = Parley(rooms, house, preview, aiohttp.TCPConnector(limit=0, ssl=tls))
    return bot


def _tools_of_ones_own(settings: Settings, tls: ssl.SSLContext) -> Loaded:
    """What the tools file declares; what is wrong with it is in the log."""
    taken = {*(tool.name for tool in TOOLS), *REMINDER_NAMES}
    own = load(settings.parley_tools_file, environment(), taken=taken, tls=tls)
    conceal(own.secrets)
    for problem in own.problems:
        log.warning("a tool of your own is left out", problem=problem)
    return own


async def _remind(bot: Parley) -> NoReturn:
    """Reminders, spoken where people are with the bot, else posted."""

    async def say(reminder: Reminder, late: timedelta) -> bool:
        room = bot.rooms.get(reminder.guild_id)
        return room is not None and await room.manners.remind(reminder, late)

    async def post(reminder: Reminder, text: str) -> None:
        await post_reminder(bot, reminder, text)

    await bot.house.reminders.run(say, post)


async def _log_in(bot: Parley, settings: Settings) -> None:
    try:
        await bot.login(settings.discord_token.get_secret_value())
    except discord.LoginFailure:
        raise StartError(REFUSED) from None
    except (aiohttp.ClientError, discord.HTTPException, OSError, TimeoutError) as error:
        raise StartError(
            f"Discord cannot be reached at {settings.discord_api_base} ({_reason(error)}). "
            "Check the network and DISCORD_API_BASE."
        ) from error


async def _stay_connected(bot: Parley) -> None:
    """The main gateway, again and again, until it says for good that it does not want us."""
    try:
        await bot.connect(reconnect=True)
    except discord.PrivilegedIntentsRequired as error:
        raise StartError("Discord refused the intents, although none of them is privileged.") from error
    except discord.ConnectionClosed as error:
        if error.code == AUTHENTICATION_FAILED:
            raise StartError(REFUSED) from error
        raise StartError(f"Discord's gateway closed the connection for good: {error.code}.") from error


def _check_names(settings: Settings) -> None:
    try:
        model(settings.gemini_model)
    except LiveError as error:
        raise StartError(str(error)) from error
    if settings.gemini_voice not in VOICES:
        known = ", ".join(VOICES)
        raise StartError(f"GEMINI_VOICE is {settings.gemini_voice!r}, which is no voice. Known: {known}.")


async def _close(bot: Parley) -> None:
    """Bounded: a network that is gone must not keep the process from ending."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await bot.close()
    except TimeoutError:
        log.warning("closing took too long, gave up", seconds=CLOSE_TIMEOUT_S)


def _point_at(settings: Settings) -> None:
    """discord.py keeps both addresses as class attributes and has no other way to set them."""
    discord.http.Route.BASE = settings.discord_api_base
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway_url)


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.parley_ca_file is not None:
        try:
            context.load_verify_locations(settings.parley_ca_file)
        except (ssl.SSLError, OSError) as error:
            raise StartError("PARLEY_CA_FILE: not a PEM file of certificates.") from error
    return context


def _reason(error: Exception) -> str:
    if isinstance(error, discord.HTTPException):
        return f"HTTP {error.status}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.strerror or "no connection"
    return str(error) or type(error).__name__
