"""Who typed or pressed: where they are, and what they may decide."""

from __future__ import annotations

from typing import Any

import discord

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


def may_arrange(member: discord.Member) -> bool:
    """Whether they may set how the bot behaves in this server.

    Asked here and not by `default_permissions`, of which a member needs all that are named (Discord API
    docs, "Application Command Permissions"). Administrators have every permission.
    """
    rights = member.guild_permissions
    return rights.move_members or rights.manage_channels or rights.manage_guild
