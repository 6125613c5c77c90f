"""Who typed or pressed: where they are, and what they may decide."""

from __future__ import annotations

from typing import Any

import discord

from bot.guilds import GuildSettings
from bot.voice.entry import VoiceRoom


def member_of(interaction: discord.Interaction[Any]) -> discord.Member:
    """The person, as a member of the server; the commands are for servers only."""
    assert isinstance(interaction.user, discord.Member)
    return interaction.user


def channel_of(member: discord.Member) -> VoiceRoom | None:
    """The voice channel they are in, as far as the bot is shown it."""
    return member.voice.channel if member.voice is not None else None


def is_in(member: discord.Member, channel_id: int) -> bool:
    own = channel_of(member)
    return own is not None and own.id == channel_id


def has_a_say(member: discord.Member, channel_id: int) -> bool:
    """Whether they may silence the bot or send it away: whoever is in its channel, and from outside those who
    may move members anyway, or all if it is empty."""
    if member.guild_permissions.move_members or is_in(member, channel_id):
        return True
    channel = member.guild.get_channel(channel_id)
    return isinstance(channel, VoiceRoom) and set(channel.voice_states) <= {member.guild.me.id}


def may_use(member: discord.Member, settings: GuildSettings) -> bool:
    """Whether they may call the bot, hush it and send it away: everybody, unless this server has named roles
    for it; moderators always."""
    roles = settings.member_roles
    return not roles or _has_one(member, roles) or may_arrange(member, settings)


def may_arrange(member: discord.Member, settings: GuildSettings) -> bool:
    """Whether they may set how the bot behaves in this server: by permission, or by a role named for it.

    Asked here besides `default_permissions`, of which a member needs all that are named (Discord API docs,
    "Application Command Permissions"), and which an administrator may have changed. Administrators have
    every permission.
    """
    rights = member.guild_permissions
    permitted = rights.move_members or rights.manage_channels or rights.manage_guild
    return permitted or _has_one(member, settings.moderator_roles)


def may_appoint(member: discord.Member) -> bool:
    """Whether they may say who may use which commands: nobody is to widen by a command of ours the circle
    that an administrator drew."""
    return member.guild_permissions.manage_guild


def _has_one(member: discord.Member, roles: frozenset[int]) -> bool:
    return any(role.id in roles for role in member.roles)
