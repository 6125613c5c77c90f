"""A server with a voice channel, people and a bot in it, as mocks of discord.py's objects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from unittest.mock import AsyncMock, Mock

import discord

from bot.company import Company
from bot.guilds import Guilds, GuildSettings
from bot.store.rows import Persona
from bot.voice.entry import VoiceRoom

GUILD, BOT = 10, 99
PARLEY = Persona(name="Parley", instruction="Be kind.")


class Cast:
    """`lounge` and `workshop` are voice channels; the bot has a room in none until `opened`."""

    def __init__(self) -> None:
        self.channels: dict[int, Any] = {}
        self.guild = Mock(spec=discord.Guild, id=GUILD, me=Mock(id=BOT, bot=True))
        self.guild.get_channel.side_effect = self.channels.get
        self.lounge, self.workshop = self.channel(1), self.channel(2)
        self.rooms = Mock(guilds=Guilds(GuildSettings()), open=AsyncMock(side_effect=self._open))
        self.company = Company(dict, lambda: self.settings, lambda: PARLEY, ("Parley",))
        self.room = Mock(company=self.company)
        self.rooms.dismiss = AsyncMock()
        self.rooms.get.return_value = None
        self.rooms.channel_id.return_value = None
        self.rooms.changed.side_effect = lambda _: self.company.rules_changed()
        self.bot = Mock(rooms=self.rooms)

    @property
    def settings(self) -> GuildSettings:
        return self.rooms.guilds.of(GUILD)  # type: ignore[no-any-return]

    def channel(self, channel_id: int) -> Any:
        channel = Mock(spec=discord.VoiceChannel, id=channel_id, guild=self.guild, mention=f"<#{channel_id}>")
        channel.members, channel.voice_states, channel.user_limit = [], {}, 0
        channel.permissions_for.return_value = discord.Permissions.all()
        channel.send = AsyncMock()
        self.channels[channel_id] = channel
        return channel

    def member(
        self,
        user_id: int,
        channel: Any = None,
        *,
        bot: bool = False,
        roles: Sequence[int] = (),
        **rights: bool,
    ) -> Any:
        """Somebody, in `channel` if one is given."""
        member = Mock(spec=discord.Member, id=user_id, guild=self.guild, bot=bot, mention=f"<@{user_id}>")
        member.guild_permissions = discord.Permissions(**rights)
        member.roles = [Mock(spec=discord.Role, id=role_id) for role_id in roles]
        member.voice = None if channel is None else Mock(channel=channel)
        if channel is not None:
            channel.members.append(member)
            channel.voice_states[user_id] = Mock()
        return member

    def leave(self, member: Any) -> None:
        channel = member.voice.channel
        channel.members.remove(member)
        del channel.voice_states[member.id]
        member.voice = None

    def opened(self, channel: VoiceRoom) -> None:
        """The bot can be talked to in `channel`."""
        self.room.channel_id = channel.id
        self.rooms.get.return_value = self.room
        self.rooms.channel_id.return_value = channel.id

    def closed(self) -> None:
        self.rooms.get.return_value = self.rooms.channel_id.return_value = None

    async def _open(self, channel: VoiceRoom) -> Any:
        self.opened(channel)
        return self.room

    def typed(self, by: Any) -> Any:
        """A command, not yet acknowledged."""
        return self._interaction(by, discord.InteractionType.application_command, message=None)

    def pressed(self, by: Any) -> Any:
        """A button under a message that everybody sees."""
        message = Mock(flags=discord.MessageFlags())
        return self._interaction(by, discord.InteractionType.component, message=message)

    def sent(self, by: Any) -> Any:
        """A form that was opened from a message which only they see."""
        message = Mock(flags=discord.MessageFlags(ephemeral=True))
        return self._interaction(by, discord.InteractionType.modal_submit, message=message)

    def _interaction(self, by: Any, kind: discord.InteractionType, message: Any) -> Any:
        return Mock(
            type=kind,
            user=by,
            client=self.bot,
            message=message,
            created_at=datetime(2026, 9, 1, 12, 0, tzinfo=UTC),
            response=Mock(defer=AsyncMock(), is_done=Mock(return_value=False)),
            edit_original_response=AsyncMock(),
            followup=Mock(send=AsyncMock()),
        )


def said(interaction: Any) -> str:
    """What the answer reads in the end."""
    return str(interaction.edit_original_response.await_args.kwargs["content"])


def whispered(interaction: Any) -> str:
    """What the person who pressed was told, and nobody else."""
    interaction.edit_original_response.assert_not_awaited()
    assert interaction.followup.send.await_args.kwargs["ephemeral"]
    return str(interaction.followup.send.await_args.args[0])


def posts(channel: Any) -> list[str]:
    """What was written into the channel's chat."""
    return [str(call.args[0]) for call in channel.send.await_args_list]
