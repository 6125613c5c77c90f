"""What members and the bot may do in a server, by Discord's own rules."""

from __future__ import annotations

from collections.abc import Mapping

import discord

from bot.foreign import data
from bot.tools.registry import Standing


class MemberRights:
    """`bot.tools.registry.Rights` of one moment, for the members that were asked for."""

    def __init__(self, guild: discord.Guild, members: Mapping[int, discord.Member]) -> None:
        self._guild = guild
        self._members = {**members, guild.me.id: guild.me}

    @property
    def bot_id(self) -> int:
        return self._guild.me.id

    def standing(self, user_id: int, channel_id: int | None = None) -> Standing | None:
        """None: not a member. In a channel that is gone nobody has permissions."""
        member = self._members.get(user_id)
        if member is None:
            return None
        highest = member.top_role
        return Standing(
            name=data(member.display_name),
            permissions=_names(self._permissions(member, channel_id)),
            roles=frozenset(role.id for role in member.roles),
            rank=(highest.position, -highest.id),
            is_owner=member.id == self._guild.owner_id,
        )

    def role_name(self, role_id: int) -> str:
        """Empty: there is no such role any more."""
        role = self._guild.get_role(role_id)
        return data(role.name) if role is not None else ""

    def _permissions(self, member: discord.Member, channel_id: int | None) -> discord.Permissions:
        if channel_id is None:
            return member.guild_permissions
        channel = self._guild.get_channel_or_thread(channel_id)
        if channel is None or (isinstance(channel, discord.Thread) and channel.parent is None):
            return discord.Permissions.none()  # gone, or of a channel that is
        permissions = channel.permissions_for(member)
        if isinstance(channel, discord.Thread) and channel.is_private() and member != self._guild.me:
            # Who else is in it a bot without the members intent is not told.
            return permissions if permissions.manage_threads else discord.Permissions.none()
        return permissions


def _names(permissions: discord.Permissions) -> frozenset[str]:
    """By every name that discord.py knows them: it calls View Channel ``read_messages``, the documentation
    ``view_channel``."""
    value = permissions.value
    return frozenset(name for name, bit in discord.Permissions.VALID_FLAGS.items() if value & bit == bit)
