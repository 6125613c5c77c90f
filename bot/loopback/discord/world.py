"""The state of the stand-in: accounts, servers, channels, members, messages; and what tests change in it.

Everything happens on one event loop, so a method either raises `ApiError` or has changed the state and
told every session that may know of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.loopback.discord import errors, permissions
from bot.loopback.discord.calls import Calls, GatewayFaults, Voice
from bot.loopback.discord.entities import (
    Channel,
    ChannelKind,
    Guild,
    Json,
    Member,
    Role,
    User,
    snowflake,
)
from bot.loopback.discord.messages import Chat
from bot.loopback.discord.permissions import Overwrite, Permission, Target
from bot.loopback.discord.scheduled import ScheduledEvents
from bot.loopback.discord.sessions import Sessions
from bot.loopback.discord.threads import Threads

_REFUSED = ("", "invalid")
_USER_TOKEN = re.compile(r"user-(.+)")
_BOT_TOKEN = re.compile(r"bot-(.+)")


class Accounts:
    """Tokens and whom they belong to. ``user-NAME`` is the member NAME, ``bot-NAME`` the bot NAME, any other
    token a bot called Parley (then Parley 2, …). Empty, ``invalid`` and ``bad-…`` are refused."""

    def __init__(self) -> None:
        self.users: dict[int, User] = {}
        self._by_token: dict[str, User] = {}

    def by_token(self, token: str) -> User | None:
        """The account of a token, made at its first use; None for a token that is refused."""
        if token in _REFUSED or token.startswith("bad-") or not token.isprintable():
            return None
        if token not in self._by_token:
            user = User(snowflake(), *self._name(token))
            self._by_token[token] = self.users[user.id] = user
        return self._by_token[token]

    def named(self, name: str) -> User:
        """The account of that name; KeyError if nobody with it has logged in."""
        for user in self.users.values():
            if user.name == name:
                return user
        raise KeyError(name)

    def _name(self, token: str) -> tuple[str, bool]:
        if member := _USER_TOKEN.fullmatch(token):
            return member[1], False
        if bot := _BOT_TOKEN.fullmatch(token):
            return bot[1], True
        others = sum(user.bot for user in self.users.values())
        return ("Parley" if not others else f"Parley {others + 1}"), True


class World:
    """Servers and what happens in them. The guilds are made at construction, all with the same channels: text
    "general", voice "Lounge" and "Workshop", stage "Theatre"; their owner is the account ``user-Owner``."""

    def __init__(
        self, sessions: Sessions, voice: Voice, faults: GatewayFaults, guilds: int, bot_permissions: int
    ) -> None:
        self.sessions = sessions
        self.accounts = Accounts()
        self.bot_permissions = int(bot_permissions)
        self._channels: dict[int, Channel] = {}
        self.guilds: dict[int, Guild] = {}
        for number in range(1, guilds + 1):
            self._found("Loopback" if number == 1 else f"Loopback {number}")
        self.login("user-Owner")
        self.chat = Chat(self)
        self.threads = Threads(self)
        self.events = ScheduledEvents(self)
        self.calls = Calls(self, voice, faults)

    def _found(self, name: str) -> None:
        owner = self.accounts.by_token("user-Owner")
        assert owner is not None
        guild = Guild(snowflake(), name, owner.id)
        guild.roles[guild.id] = Role(guild.id, "@everyone", int(permissions.EVERYONE))
        self.guilds[guild.id] = guild
        for kind, title in (
            (ChannelKind.TEXT, "general"),
            (ChannelKind.VOICE, "Lounge"),
            (ChannelKind.VOICE, "Workshop"),
            (ChannelKind.STAGE, "Theatre"),
        ):
            self.create_channel(guild, kind, title)

    # Lookups

    def login(self, token: str) -> User | None:
        """The account of a token, a member of every guild from its first login on; None: refused."""
        user = self.accounts.by_token(token)
        if user is not None:
            for guild in self.guilds.values():
                if user.id not in guild.members:
                    self._enter(guild, user)
        return user

    def guild(self, guild_id: int) -> Guild:
        try:
            return self.guilds[guild_id]
        except KeyError:
            raise errors.unknown("Guild") from None

    def channel(self, channel_id: int) -> Channel:
        """A channel or a thread; `ApiError` 10003 if there is none."""
        found = self._channels.get(channel_id) or self.threads.get(channel_id)
        if found is None:
            raise errors.unknown("Channel")
        return found

    def require(self, user: User, channel: Channel, needed: Permission) -> int:
        """The user's permissions in a channel: 50001 if it is hidden from them, 50013 if one is missing."""
        held = self.guild(channel.guild_id).permissions(user.id, channel)
        if not held & Permission.VIEW_CHANNEL:
            raise errors.missing_access()
        if held & needed != needed:
            raise errors.missing_permissions()
        return held

    # What happens

    def _enter(self, guild: Guild, user: User) -> None:
        member = guild.members[user.id] = Member(user)
        if user.bot:
            role = Role(snowflake(), user.name, self.bot_permissions, len(guild.roles), bot_id=user.id)
            guild.roles[role.id] = role
            member.roles.append(role.id)
            self.tell(guild, "GUILD_ROLE_CREATE", {"guild_id": str(guild.id), "role": role.payload()})
        others = guild.members.keys() - {user.id}
        self.sessions.dispatch(
            "GUILD_MEMBER_ADD", member.payload() | {"guild_id": str(guild.id)}, guild.id, others
        )

    def tell(self, guild: Guild, event: str, data: Json, audience: Collection[int] | None = None) -> None:
        """Dispatch to the members of a guild, or to some of them."""
        self.sessions.dispatch(event, data, guild.id, guild.members.keys() if audience is None else audience)

    def create_channel(self, guild: Guild, kind: ChannelKind, name: str) -> Channel:
        channel = Channel(snowflake(), guild.id, kind, name, position=len(guild.channels))
        guild.channels[channel.id] = self._channels[channel.id] = channel
        self.tell(guild, "CHANNEL_CREATE", channel.payload(), guild.viewers(channel))
        return channel

    # What tests and scenarios do to it

    async def move(self, user_id: int, channel_id: int) -> None:
        """Move a member who is in a voice channel, as a moderator does."""
        await self.calls.move(user_id, self.channel(channel_id))

    async def disconnect(self, user_id: int, guild_id: int | None = None) -> None:
        """Throw a member out of voice, in one guild or in all."""
        for guild in list(self.guilds.values()):
            if guild_id in (None, guild.id):
                await self.calls.leave(guild, user_id)

    async def delete_channel(self, channel_id: int) -> None:
        """Delete a channel; the call in it ends for everybody (voice close code 4022)."""
        channel = self.channel(channel_id)
        guild = self.guild(channel.guild_id)
        viewers = guild.viewers(channel)
        del guild.channels[channel_id], self._channels[channel_id]
        for user_id in guild.occupants(channel_id):
            await self.calls.leave(guild, user_id, code=4022)
        self.tell(guild, "CHANNEL_DELETE", channel.payload(), viewers)

    def deny(self, user_id: int, channel_id: int, permission: Permission) -> None:
        """Take permissions from one member in one channel."""
        channel = self.channel(channel_id)
        overwrite = channel.overwrites.setdefault(user_id, Overwrite(user_id, Target.MEMBER))
        overwrite.deny |= int(permission)
        overwrite.allow &= ~int(permission)
        guild = self.guild(channel.guild_id)
        self.tell(guild, "CHANNEL_UPDATE", channel.payload(), guild.viewers(channel) | {user_id})

    def grant(self, user_id: int, permission: Permission) -> None:
        """Give permissions to one member in every guild, by a role of their own."""
        for guild in self.guilds.values():
            role = Role(snowflake(), "granted", int(permission), len(guild.roles))
            guild.roles[role.id] = role
            member = guild.members[user_id]
            member.roles.append(role.id)
            here = {"guild_id": str(guild.id)}
            self.tell(guild, "GUILD_ROLE_CREATE", here | {"role": role.payload()})
            self.tell(guild, "GUILD_MEMBER_UPDATE", here | member.payload())

    def limit_users(self, channel_id: int, user_limit: int) -> None:
        """Set how many may be in a voice channel; 0: any number."""
        channel = self.channel(channel_id)
        channel.user_limit = user_limit
        guild = self.guild(channel.guild_id)
        self.tell(guild, "CHANNEL_UPDATE", channel.payload(), guild.viewers(channel))
