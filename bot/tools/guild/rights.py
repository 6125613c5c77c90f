"""What members and the bot may do in a server, by Discord's own rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import discord

from bot.foreign import data
from bot.tools.registry import Need


class MemberRights:
    """`bot.tools.registry.Rights` of one moment. Who is not among `members` is no member: may nothing, and
    nobody outranks them."""

    def __init__(self, guild: discord.Guild, members: Mapping[int, discord.Member]) -> None:
        self._guild = guild
        self._members = members

    def name(self, user_id: int) -> str:
        """As Discord shows it, as data; empty for who is no member."""
        member = self._members.get(user_id)
        return data(member.display_name) if member is not None else ""

    def missing(self, user_id: int, need: Need) -> frozenset[str]:
        """Which of the permissions needed a member lacks."""
        return _missing(self._guild, self._members.get(user_id), need)

    def bot_missing(self, need: Need) -> frozenset[str]:
        """Which of them the bot lacks."""
        return _missing(self._guild, self._guild.me, need)

    def has_role(self, user_id: int, roles: Collection[int]) -> bool:
        """Whether a member has one of these roles."""
        member = self._members.get(user_id)
        return member is not None and any(role.id in roles for role in member.roles)

    def outranks(self, user_id: int, target_id: int) -> bool:
        """Whether a member's highest role is above that of the target; the owner is above all."""
        return self._above(self._members.get(user_id), target_id)

    def bot_outranks(self, target_id: int) -> bool:
        return self._above(self._guild.me, target_id)

    def is_administrator(self, user_id: int) -> bool:
        """Administrators, the owner among them, cannot be timed out."""
        member = self._members.get(user_id)
        return member is not None and member.guild_permissions.administrator

    def _above(self, member: discord.Member | None, target_id: int) -> bool:
        if member is None or target_id == self._guild.owner_id:
            return False
        if member.id == self._guild.owner_id:
            return True
        target = self._members.get(target_id)
        return target is not None and member.top_role > target.top_role


def _missing(guild: discord.Guild, member: discord.Member | None, need: Need) -> frozenset[str]:
    if member is None:
        return need.permissions
    if need.channel_id is None:
        held = member.guild_permissions
    else:
        channel = guild.get_channel_or_thread(need.channel_id)
        held = discord.Permissions.none() if channel is None else channel.permissions_for(member)
    # a name that discord.py does not know is nobody's
    return frozenset(name for name in need.permissions if not getattr(held, name, False))
