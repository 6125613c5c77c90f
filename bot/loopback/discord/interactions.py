"""Interactions: a member types a slash command, the bot has three seconds to answer.

The member's request is the one of the real client (`POST /interactions` with its gateway `session_id`);
the client learns what became of it by INTERACTION_SUCCESS or INTERACTION_FAILURE with its nonce.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from typing import Any

from aiohttp import web

from bot.loopback.discord import errors
from bot.loopback.discord.entities import Channel, Guild, Json, Member, User, snowflake
from bot.loopback.discord.errors import ApiError
from bot.loopback.discord.messages import Message
from bot.loopback.discord.sessions import encode
from bot.loopback.discord.suggestions import leaves
from bot.loopback.discord.world import World

ACKNOWLEDGE_WITHIN_S = 3.0
TOKEN_LIVES_S = 900.0
_TIMED_OUT = 2  # reason_code of INTERACTION_FAILURE


class Kind(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Status(Enum):
    WAITING = auto()  # for the bot's callback
    ACKNOWLEDGED = auto()
    FAILED = auto()  # three seconds are over


@dataclass(slots=True)
class Interaction:
    kind: Kind
    bot: User
    member: Member
    guild: Guild
    channel: Channel
    session_id: str
    nonce: Any
    data: Json
    source: Message | None = None  # the message whose button was pressed, or from which the form came
    modal: Json | None = None  # the form that answered it
    id: int = field(default_factory=snowflake)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(96), repr=False)
    status: Status = Status.WAITING
    original: Message | None = None
    expires_at: float = 0.0  # loop time
    deadline: asyncio.TimerHandle | None = None

    def payload(self) -> Json:
        """INTERACTION_CREATE, as the bot gets it."""
        user, guild, channel = self.member.user, self.guild, self.channel
        held = str(guild.permissions(user.id, channel))
        payload: Json = {
            "id": str(self.id),
            "application_id": str(self.bot.id),
            "type": int(self.kind),
            "data": self.data,
            "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
            "guild_id": str(guild.id),
            "channel": channel.payload() | {"permissions": held},
            "channel_id": str(channel.id),
            "member": self.member.payload() | {"permissions": held},
            "token": self.token,
            "version": 1,
            "app_permissions": str(guild.permissions(self.bot.id, channel)),
            "locale": "en-US",
            "guild_locale": "en-US",
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": {"0": str(guild.id)},
            "context": 0,
            "attachment_size_limit": 10 << 20,
        }
        return payload if self.source is None else payload | {"message": self.source.payload()}

    def metadata(self) -> Json:
        """`interaction_metadata` of the messages that answer it."""
        metadata: Json = {
            "id": str(self.id),
            "type": int(self.kind),
            "user": self.member.user.payload(),
            "authorizing_integration_owners": {"0": str(self.guild.id)},
        }
        if "name" in self.data:
            metadata["name"] = self.data["name"]
        return metadata


class Interactions:
    """All interactions of the last fifteen minutes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._by_id: dict[int, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}

    def open(self, interaction: Interaction) -> None:
        """Bring it to the bot and start its three seconds."""
        loop = asyncio.get_running_loop()
        self._forget_expired(loop.time())
        self._by_id[interaction.id] = self._by_token[interaction.token] = interaction
        interaction.expires_at = loop.time() + TOKEN_LIVES_S
        interaction.deadline = loop.call_later(ACKNOWLEDGE_WITHIN_S, self._expire, interaction)
        self.tell_member(interaction, "INTERACTION_CREATE")
        sessions = [
            s for s in self.world.sessions.of(interaction.bot.id) if s.wants("", interaction.guild.id)
        ]
        if sessions:  # one of them, as with a bot that runs twice
            sessions[-1].dispatch("INTERACTION_CREATE", encode(interaction.payload()))

    def _forget_expired(self, now: float) -> None:
        """Keep expired ones for as long again, so that their tokens are refused as expired, not unknown."""
        for interaction in tuple(self._by_id.values()):
            if now < interaction.expires_at + TOKEN_LIVES_S:
                return
            del self._by_id[interaction.id], self._by_token[interaction.token]

    def tell_member(self, interaction: Interaction, event: str, extra: Json | None = None) -> None:
        """Only the client that typed hears of it."""
        if session := self.world.sessions.get(interaction.session_id):
            data = {"id": str(interaction.id), "nonce": interaction.nonce}
            session.dispatch(event, encode(data | (extra or {})))

    def _expire(self, interaction: Interaction) -> None:
        interaction.status = Status.FAILED
        self.tell_member(interaction, "INTERACTION_FAILURE", {"reason_code": _TIMED_OUT})

    def waiting(self, interaction_id: int, token: str) -> Interaction:
        """The interaction of a callback: 10062 too late or unknown, 40060 the second time."""
        interaction = self._by_id.get(interaction_id)
        if interaction is None or interaction.token != token or interaction.status is Status.FAILED:
            raise errors.unknown("interaction")
        if interaction.status is Status.ACKNOWLEDGED:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        return interaction

    def acknowledge(self, interaction: Interaction) -> None:
        """The bot has answered in a form that Discord takes."""
        interaction.status = Status.ACKNOWLEDGED
        if interaction.deadline is not None:
            interaction.deadline.cancel()
        self.tell_member(interaction, "INTERACTION_SUCCESS")

    def opened(self, interaction_id: int, user_id: int) -> Interaction:
        """The interaction whose form a member fills; 10062 if none was opened for this member."""
        interaction = self._by_id.get(interaction_id)
        if interaction is None or interaction.modal is None or interaction.member.user.id != user_id:
            raise errors.unknown("interaction")
        return interaction

    def by_token(self, application_id: int, token: str) -> Interaction:
        """For follow-ups: 10015 unless acknowledged, 50027 after fifteen minutes."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.bot.id != application_id:
            raise errors.unknown("Webhook")
        if interaction.status is not Status.ACKNOWLEDGED:
            raise errors.unknown("Webhook")
        if asyncio.get_running_loop().time() > interaction.expires_at:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return interaction

    def close(self) -> None:
        for interaction in self._by_id.values():
            if interaction.deadline is not None:
                interaction.deadline.cancel()


INTERACTIONS: web.AppKey[Interactions] = web.AppKey("interactions", Interactions)


def resolved(guild: Guild, options: list[Json]) -> Json:
    """The users, members, channels and roles that the options name, whole."""
    found: dict[str, Json] = {}
    for option in leaves(options):
        kind, value = option["type"], str(option.get("value"))
        target = int(value) if value.isdecimal() else 0
        if kind in (6, 9) and (member := guild.members.get(target)):
            found.setdefault("users", {})[value] = member.user.payload()
            held = {"permissions": str(guild.permissions(target))}
            found.setdefault("members", {})[value] = member.without_user() | held
        elif kind in (8, 9) and (role := guild.roles.get(target)):
            found.setdefault("roles", {})[value] = role.payload()
        elif kind == 7 and (channel := guild.channels.get(target)):
            found.setdefault("channels", {})[value] = channel.payload() | {"permissions": "0"}
        elif kind in (6, 7, 8, 9):
            raise errors.form_error(
                "data.options", "INTERACTION_OPTION_INVALID", f"{value} is not known here"
            )
    return found
