"""The server as tools see it: who and what is meant by a spoken name, and what people may do there.

discord.py replaces its guild objects when the gateway identifies anew, so a `Place` is made for each call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias, TypeVar

import discord

from bot.foreign import data
from bot.tools.guild.rights import MemberRights
from bot.tools.guild.spoken import best, mentioned, only
from bot.tools.registry import Asked, ToolContext, Unclear

Vocal: TypeAlias = discord.VoiceChannel | discord.StageChannel
Written: TypeAlias = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
"""What has a chat. The chat of a voice channel is one, too."""

Channel = TypeVar("Channel", bound=Written)

MAX_FOUND = 10
"""So many members one search asks Discord for."""


class Place:
    """One server, at the moment of a call."""

    def __init__(self, guild: discord.Guild) -> None:
        self.guild = guild

    @classmethod
    def of(cls, context: ToolContext) -> Place:
        """The server of the room in which a tool is called."""
        return cls(context.place)

    # --- channels ---

    def vocal(self, spoken: str) -> Vocal:
        """The voice channel or stage of that name. Raises Unclear."""
        return self._channel("voice channel", spoken, self.all_vocal)

    def written(self, spoken: str) -> Written:
        """The channel, or thread, in whose chat something can be written or read. Text channels come before
        voice channels of the same name. Raises Unclear."""
        guild = self.guild
        text: tuple[Written, ...] = (*guild.text_channels, *guild.threads)
        if mentioned(spoken) is not None or not best(spoken, _named(text)):
            text = (*text, *self.all_vocal)
        return self._channel("channel", spoken, text)

    def text(self, spoken: str) -> discord.TextChannel:
        """The text channel of that name, which can have threads. Raises Unclear."""
        return self._channel("text channel", spoken, tuple(self.guild.text_channels))

    def thread(self, spoken: str) -> discord.Thread:
        """The active thread of that name. Raises Unclear."""
        return self._channel("active thread", spoken, tuple(self.guild.threads))

    def written_or_here(self, spoken: str | None, context: ToolContext) -> Written:
        """The channel of that name; None: the chat of the voice channel of the conversation. Raises
        Unclear."""
        return self.here(context.channel_id) if spoken is None else self.written(spoken)

    def here(self, channel_id: int) -> Vocal:
        """The voice channel of the conversation. Raises Unclear if it is gone."""
        channel = self.guild.get_channel(channel_id)
        if not isinstance(channel, discord.VoiceChannel | discord.StageChannel):
            raise Unclear("The voice channel of this conversation is gone.")
        return channel

    @property
    def all_vocal(self) -> tuple[Vocal, ...]:
        """Voice channels, then stages."""
        return (*self.guild.voice_channels, *self.guild.stage_channels)

    def _channel(self, kind: str, spoken: str, channels: Collection[Channel]) -> Channel:
        wanted = mentioned(spoken)
        if wanted is not None:
            found = [channel for channel in channels if channel.id == wanted]
        else:
            found = best(spoken, _named(channels))
        # which channels there are is nothing that a refusal should tell: some are hidden from who asks
        return only(kind, spoken, found, (), [_with_category(channel) for channel in found])

    # --- members ---

    def member(self, spoken: str) -> discord.Member:
        """The member of that name among those in voice, and those whom `find` has found. Raises Unclear."""
        wanted = mentioned(spoken)
        if wanted is not None:
            found = [member for member in self.guild.members if member.id == wanted]
        else:
            found = best(spoken, _called(self.guild.members))
        in_voice = [member.display_name for member in self.guild.members if member.voice and not member.bot]
        return only("member", spoken, found, in_voice, [_told_apart(member) for member in found])

    async def find(self, spoken: str) -> list[discord.Member]:
        """Members of that name, best first, whether in voice or not. Discord is asked for names that begin
        so, which needs no privileged intent; who was found is known to `member` afterwards."""
        wanted = mentioned(spoken)
        if wanted is not None:
            return await self.guild.query_members(user_ids=[wanted])
        known = best(spoken, _called(self.guild.members))
        begins = spoken.strip()[:32]
        asked = await self.guild.query_members(begins, limit=MAX_FOUND) if begins else []
        fitting = best(spoken, _called(asked)) or asked
        return list({member.id: member for member in (*known, *fitting)}.values())[:MAX_FOUND]

    # --- what people may do ---

    async def rights(self, user_ids: Iterable[int]) -> MemberRights:
        """What these members, and the bot, may do now; name the targets of needs among them as well.

        Their roles are asked of Discord each time: without the privileged members intent discord.py is not
        told of changes, and somebody who was demoted would keep their rights as long as they stay in voice.
        """
        return MemberRights(self.guild, await self._fetch(user_ids))

    async def seen_by(self, asked: Asked) -> Callable[[Vocal | Written], bool]:
        """Which channels all who asked can see; what everybody sees, if it is not clear who asked. What is
        told of others would be told to the whole room."""
        members = await self._fetch(asked.speakers) if asked.clear else {}
        known = len(members) == len(set(asked.speakers)) and members
        seekers = tuple(members.values()) if known else (self.guild.default_role,)
        return lambda channel: all(_sees(seeker, channel) for seeker in seekers)

    async def _fetch(self, user_ids: Iterable[int]) -> dict[int, discord.Member]:
        members: dict[int, discord.Member] = {}
        for user_id in dict.fromkeys(user_ids):
            try:
                members[user_id] = await self.guild.fetch_member(user_id)
            except discord.NotFound:
                continue  # not a member: has no rights
        return members


def _sees(seeker: discord.Member | discord.Role, channel: Vocal | Written) -> bool:
    if isinstance(channel, discord.Thread) and (channel.parent is None or channel.is_private()):
        return False
    return channel.permissions_for(seeker).view_channel


def _named(channels: Iterable[Channel]) -> list[tuple[Channel, tuple[str, ...]]]:
    return [(channel, (channel.name,)) for channel in channels]


def _called(members: Iterable[discord.Member]) -> list[tuple[discord.Member, tuple[str, ...]]]:
    return [(member, (member.display_name, member.global_name or "", member.name)) for member in members]


def _told_apart(member: discord.Member) -> str:
    """Two members may show the same name; their account names differ."""
    if member.display_name == member.name:
        return member.name
    return f"{data(member.display_name)}, account {data(member.name)}"


def _with_category(channel: Written) -> str:
    under = channel.parent if isinstance(channel, discord.Thread) else channel.category
    return channel.name if under is None else f"{data(channel.name)} in {data(under.name)}"
