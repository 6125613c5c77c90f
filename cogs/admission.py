"""May the bot enter this channel? Asked before trying: Discord answers a full channel with silence."""

from __future__ import annotations

import discord

from bot.voice.entry import VoiceRoom

_REMEDY = (
    "A moderator can allow me **View Channel**, **Connect** and **Speak** in the channel's settings, "
    "under Permissions."
)


def obstacle(channel: VoiceRoom) -> str | None:
    """What keeps the bot out of `channel`, as a sentence with the remedy; None if nothing does."""
    rights = channel.permissions_for(channel.guild.me)
    missing = _missing(rights, stage=isinstance(channel, discord.StageChannel))
    if missing is not None:
        return f"I may not join {channel.mention}: I lack the permission **{missing}**. {_REMEDY}"
    people = len(channel.voice_states)
    inside = channel.guild.me.id in channel.voice_states
    if channel.user_limit and people >= channel.user_limit and not inside and not rights.move_members:
        return (
            f"{channel.mention} is full ({people} of {channel.user_limit}). Raise its user limit, "
            "give me **Move Members**, or choose another channel."
        )
    return None


def hidden(mention: str) -> str:
    """The same for a channel that Discord does not even show to the bot."""
    return f"I cannot see {mention}: I lack the permission **View Channel**. {_REMEDY}"


def not_invited(channel: VoiceRoom, member: discord.Member) -> str | None:
    """The bot goes nowhere at the word of somebody who could not go there, too; who was moved in is there."""
    if member.id in channel.voice_states or channel.permissions_for(member).connect:
        return None
    return f"You may not join {channel.mention} yourself, so I do not go there for you."


def _missing(rights: discord.Permissions, *, stage: bool) -> str | None:
    """The first that is missing. Who may not view may not connect, and who may not connect may not speak, so
    those after it are unknown. On a stage one asks to speak, and Speak is no condition."""
    if not rights.view_channel:
        return "View Channel"
    if not rights.connect:
        return "Connect"
    return None if rights.speak or stage else "Speak"
