"""What a Discord server consists of, each thing with the JSON that the real API gives for it.

Ids are integers here and strings on the wire; times are ISO 8601 strings in UTC.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Any

from bot.loopback.discord import permissions
from bot.loopback.discord.permissions import Overwrite, Permission

if TYPE_CHECKING:
    from bot.loopback.discord.soundboard import Sound

Json = dict[str, Any]

# What a server may have, and these have not.
_UNSET = (
    *("icon", "splash", "discovery_splash", "banner", "description", "afk_channel_id", "application_id"),
    *("system_channel_id", "rules_channel_id", "public_updates_channel_id", "vanity_url_code"),
    "safety_alerts_channel_id",
)

DISCORD_EPOCH_MS = 1_420_070_400_000
_increments = itertools.count()


def snowflake() -> int:
    """A new id: milliseconds since 2015 above 22 bits of a process-wide counter, so never the same twice."""
    return (int(time.time() * 1000) - DISCORD_EPOCH_MS) << 22 | next(_increments) & 0x3FFFFF


def timestamp() -> str:
    return datetime.now(UTC).isoformat()


class ChannelKind(IntEnum):
    TEXT = 0
    VOICE = 2
    PUBLIC_THREAD = 11
    STAGE = 13


class MessageFlag(IntFlag):
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    COMPONENTS_V2 = 1 << 15


@dataclass(slots=True)
class User:
    """One account. A bot's application has the id of its user, as for every bot made since 2016."""

    id: int
    name: str
    bot: bool

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "username": self.name,
            "global_name": None if self.bot else self.name,
            "discriminator": "0",
            "avatar": None,
            "banner": None,
            "accent_color": None,
            "avatar_decoration_data": None,
            "bot": self.bot,
            "public_flags": 0,
            "flags": 0,
        }

    def private_payload(self) -> Json:
        """`GET /users/@me` and READY."""
        return self.payload() | {"email": None, "verified": True, "mfa_enabled": True, "locale": "en-US"}


@dataclass(slots=True)
class Role:
    id: int
    name: str
    permissions: int
    position: int = 0
    bot_id: int | None = None

    def payload(self) -> Json:
        payload: Json = {
            "id": str(self.id),
            "name": self.name,
            "permissions": str(int(self.permissions)),
            "position": self.position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "icon": None,
            "unicode_emoji": None,
            "managed": self.bot_id is not None,
            "mentionable": False,
            "flags": 0,
        }
        if self.bot_id is not None:
            payload["tags"] = {"bot_id": str(self.bot_id)}
        return payload


@dataclass(slots=True)
class Member:
    user: User
    roles: list[int] = field(default_factory=list)
    nick: str | None = None
    mute: bool = False
    deaf: bool = False
    timed_out_until: datetime | None = None
    joined_at: str = field(default_factory=timestamp)

    def payload(self) -> Json:
        return {"user": self.user.payload(), **self.without_user()}

    def without_user(self) -> Json:
        """As in a message, where the author stands beside it."""
        return {
            "nick": self.nick,
            "avatar": None,
            "banner": None,
            "roles": [str(role) for role in self.roles],
            "joined_at": self.joined_at,
            "premium_since": None,
            "deaf": self.deaf,
            "mute": self.mute,
            "flags": 0,
            "pending": False,
            "communication_disabled_until": self.timed_out_until and self.timed_out_until.isoformat(),
        }


@dataclass(slots=True)
class Channel:
    id: int
    guild_id: int
    kind: ChannelKind
    name: str
    position: int = 0
    user_limit: int = 0  # 0: none
    topic: str | None = None
    status: str | None = None
    last_message_id: int | None = None
    overwrites: dict[int, Overwrite] = field(default_factory=dict)

    @property
    def vocal(self) -> bool:
        return self.kind in (ChannelKind.VOICE, ChannelKind.STAGE)

    def payload(self) -> Json:
        payload: Json = {
            "id": str(self.id),
            "guild_id": str(self.guild_id),
            "type": int(self.kind),
            "name": self.name,
            "position": self.position,
            "parent_id": None,
            "topic": self.topic,
            "nsfw": False,
            "flags": 0,
            "rate_limit_per_user": 0,
            "last_message_id": None if self.last_message_id is None else str(self.last_message_id),
            "permission_overwrites": [overwrite.payload() for overwrite in self.overwrites.values()],
        }
        if self.vocal:
            payload |= {
                "bitrate": 64_000,
                "user_limit": self.user_limit,
                "rtc_region": None,
                "video_quality_mode": 1,
                "status": self.status,
            }
        return payload


@dataclass(slots=True)
class VoiceState:
    """Where a member is connected, and through which gateway session."""

    user_id: int
    guild_id: int
    channel_id: int | None
    session_id: str
    self_mute: bool = False
    self_deaf: bool = False
    self_video: bool = False
    suppress: bool = False
    request_to_speak_timestamp: str | None = None

    def payload(self, member: Member) -> Json:
        return {
            "guild_id": str(self.guild_id),
            "channel_id": None if self.channel_id is None else str(self.channel_id),
            "user_id": str(self.user_id),
            "member": member.payload(),
            "session_id": self.session_id,
            "deaf": member.deaf,
            "mute": member.mute,
            "self_deaf": self.self_deaf,
            "self_mute": self.self_mute,
            "self_video": self.self_video,
            "suppress": self.suppress,
            "request_to_speak_timestamp": self.request_to_speak_timestamp,
        }


@dataclass(slots=True)
class Guild:
    """One server. The role with the guild's own id is @everyone, as on the real service."""

    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    voice_states: dict[int, VoiceState] = field(default_factory=dict)
    sounds: dict[int, Sound] = field(default_factory=dict)
    created_at: str = field(default_factory=timestamp)

    def permissions(self, user_id: int, channel: Channel | None = None) -> int:
        """A member's permissions in the guild or in one channel; 0 for who is not a member."""
        member = self.members.get(user_id)
        if member is None:
            return 0
        if user_id == self.owner_id:
            return permissions.ALL
        roles = [self.roles[role].permissions for role in member.roles]
        total = permissions.base(self.roles[self.id].permissions, roles)
        if channel is not None:
            total = permissions.in_channel(total, channel.overwrites, self.id, member.roles, user_id)
        until = member.timed_out_until
        out = until is not None and until > datetime.now(UTC) and not total & Permission.ADMINISTRATOR
        return total & permissions.TIMED_OUT if out else total

    def viewers(self, channel: Channel) -> set[int]:
        view = int(Permission.VIEW_CHANNEL)
        return {user for user in self.members if self.permissions(user, channel) & view}

    def occupants(self, channel_id: int) -> list[int]:
        return [state.user_id for state in self.voice_states.values() if state.channel_id == channel_id]

    def payload(self) -> Json:
        """`GET /guilds/{id}`: without members, channels and voice states."""
        return {
            **dict.fromkeys(_UNSET),
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner_id),
            "region": "deprecated",
            "afk_timeout": 300,
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "premium_progress_bar_enabled": False,
            "preferred_locale": "en-US",
            "features": [],
            "emojis": [],
            "stickers": [],
            "roles": [role.payload() for role in self.roles.values()],
            "system_channel_flags": 0,
            "max_members": 500_000,
            "max_video_channel_users": 25,
            "max_stage_video_channel_users": 50,
        }

    def create_payload(self, viewer_id: int, *, everybody: bool) -> Json:
        """GUILD_CREATE. Unless the session has the presences intent, only itself and who is in voice
        (Discord API docs, "Guild Create")."""
        listed = self.members if everybody else {viewer_id, *self.voice_states}
        visible = [
            c for c in self.channels.values() if self.permissions(viewer_id, c) & Permission.VIEW_CHANNEL
        ]
        states = (state.payload(self.members[user]) for user, state in self.voice_states.items())
        return self.payload() | {
            "unavailable": False,
            "joined_at": self.members[viewer_id].joined_at,
            "large": False,
            "member_count": len(self.members),
            "members": [self.members[user].payload() for user in listed],
            "channels": [channel.payload() for channel in visible],
            "voice_states": [{k: v for k, v in state.items() if k != "guild_id"} for state in states],
            "presences": [],
            "stage_instances": [],
            "soundboard_sounds": [sound.payload() for sound in self.sounds.values()],
        }
