"""Scheduled events of a server (Discord API docs, "Guild Scheduled Event"), without recurrence and users."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from bot.loopback.discord import errors
from bot.loopback.discord.entities import ChannelKind, Guild, Json, User, snowflake
from bot.loopback.discord.errors import ApiError, form_error
from bot.loopback.discord.permissions import Permission

if TYPE_CHECKING:
    from bot.loopback.discord.world import World

MOST_EVENTS = 100
GUILD_ONLY = 2


class Entity(IntEnum):
    STAGE = 1
    VOICE = 2
    EXTERNAL = 3


class Status(IntEnum):
    SCHEDULED = 1
    ACTIVE = 2
    COMPLETED = 3
    CANCELED = 4


_KIND = {Entity.STAGE: ChannelKind.STAGE, Entity.VOICE: ChannelKind.VOICE}
_NEXT = {Status.SCHEDULED: {Status.ACTIVE, Status.CANCELED}, Status.ACTIVE: {Status.COMPLETED}}
_NEEDED = {
    Entity.STAGE: Permission.MANAGE_CHANNELS | Permission.MUTE_MEMBERS | Permission.MOVE_MEMBERS,
    Entity.VOICE: Permission.VIEW_CHANNEL | Permission.CONNECT,
    Entity.EXTERNAL: Permission(0),
}


@dataclass(slots=True, kw_only=True)
class ScheduledEvent:
    guild_id: int
    creator: User
    name: str
    entity: Entity
    start: datetime
    end: datetime | None = None
    description: str | None = None
    channel_id: int | None = None
    location: str | None = None
    status: Status = Status.SCHEDULED
    id: int = field(default_factory=snowflake)

    def payload(self, *, with_count: bool = False) -> Json:
        payload: Json = {
            "id": str(self.id),
            "guild_id": str(self.guild_id),
            "channel_id": None if self.channel_id is None else str(self.channel_id),
            "creator_id": str(self.creator.id),
            "creator": self.creator.payload(),
            "name": self.name,
            "description": self.description,
            "scheduled_start_time": self.start.isoformat(),
            "scheduled_end_time": None if self.end is None else self.end.isoformat(),
            "privacy_level": GUILD_ONLY,
            "status": int(self.status),
            "entity_type": int(self.entity),
            "entity_id": None,
            "entity_metadata": None if self.location is None else {"location": self.location},
            "image": None,
            "recurrence_rule": None,
            "guild_scheduled_event_exceptions": [],
        }
        return payload | {"user_count": 0} if with_count else payload


class ScheduledEvents:
    """Those of all guilds. Every method that changes something raises `ApiError` or tells of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events: dict[int, ScheduledEvent] = {}

    def of(self, guild: Guild, user_id: int) -> list[ScheduledEvent]:
        """Those to come or under way that a member can see."""
        return [
            event
            for event in self._events.values()
            if event.guild_id == guild.id
            and event.status in (Status.SCHEDULED, Status.ACTIVE)
            and self._visible(guild, event, user_id)
        ]

    def seen_by(self, guild: Guild, user_id: int) -> list[Json]:
        """For GUILD_CREATE."""
        return [event.payload() for event in self.of(guild, user_id)]

    def get(self, guild: Guild, event_id: int, user_id: int) -> ScheduledEvent:
        event = self._events.get(event_id)
        if event is None or event.guild_id != guild.id or not self._visible(guild, event, user_id):
            raise ApiError(404, 10070, "Unknown Guild Scheduled Event")
        return event

    def create(self, guild: Guild, creator: User, body: Json) -> ScheduledEvent:
        if len(self.of(guild, guild.owner_id)) >= MOST_EVENTS:
            raise ApiError(400, 30038, f"Maximum number of guild scheduled events reached ({MOST_EVENTS})")
        for name in ("name", "privacy_level", "scheduled_start_time", "entity_type"):
            if body.get(name) is None:
                raise errors.required(name)
        event = ScheduledEvent(guild_id=guild.id, creator=creator, **self._fields(guild, body))
        self._require(guild, creator, event, Permission.CREATE_EVENTS)
        self._events[event.id] = event
        self._tell(event, "GUILD_SCHEDULED_EVENT_CREATE")
        return event

    def edit(self, guild: Guild, event: ScheduledEvent, user: User, body: Json) -> None:
        self._require_own(guild, event, user)
        status = body.get("status", int(event.status))
        if status != event.status and status not in _NEXT.get(event.status, ()):
            raise ApiError(400, 180000, "Cannot update a finished event")
        if body.keys() - {"status"}:
            merged = event.payload() | body
            for name, value in self._fields(guild, merged, anew="scheduled_start_time" in body).items():
                setattr(event, name, value)
        event.status = Status(status)
        self._tell(event, "GUILD_SCHEDULED_EVENT_UPDATE")

    def delete(self, guild: Guild, event: ScheduledEvent, user: User) -> None:
        self._require_own(guild, event, user)
        del self._events[event.id]
        self._tell(event, "GUILD_SCHEDULED_EVENT_DELETE")

    def _fields(self, guild: Guild, body: Json, *, anew: bool = True) -> Json:
        if body["privacy_level"] != GUILD_ONLY:
            raise form_error("privacy_level", "BASE_TYPE_CHOICES", "Value must be one of {2}.")
        if body["entity_type"] not in tuple(Entity):
            raise form_error("entity_type", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3}.")
        entity = Entity(body["entity_type"])
        start, end = _time(body, "scheduled_start_time"), _time(body, "scheduled_end_time")
        if start is not None and anew and start <= datetime.now(UTC):
            raise form_error(
                "scheduled_start_time",
                "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST",
                "Cannot schedule event in the past.",
            )
        if start is not None and end is not None and end <= start:
            raise form_error(
                "scheduled_end_time",
                "GUILD_SCHEDULED_EVENT_END_BEFORE_START",
                "Cannot schedule event to end before start.",
            )
        return {
            "name": _text(body["name"] or "", "name", 100),
            "description": _text(body["description"], "description", 1000)
            if body.get("description")
            else None,
            "entity": entity,
            "start": start,
            "end": end,
            **self._where(guild, entity, body, end),
        }

    def _where(self, guild: Guild, entity: Entity, body: Json, end: datetime | None) -> Json:
        if entity is Entity.EXTERNAL:
            if end is None:
                raise errors.required("scheduled_end_time")
            place = (body.get("entity_metadata") or {}).get("location")
            if place is None:
                raise errors.required("entity_metadata.location")
            if body.get("channel_id") is not None:
                raise form_error("channel_id", "BASE_TYPE_NONE", "Must be null for external events.")
            return {"location": _text(place, "entity_metadata.location", 100), "channel_id": None}
        if body.get("channel_id") is None:
            raise errors.required("channel_id")
        channel = guild.channels.get(int(body["channel_id"]))
        if channel is None or channel.kind is not _KIND[entity]:
            raise form_error("channel_id", "INVALID_CHANNEL", "Not a channel for such an event")
        return {"location": None, "channel_id": channel.id}

    def _require(self, guild: Guild, user: User, event: ScheduledEvent, any_of: Permission) -> None:
        channel = None if event.channel_id is None else guild.channels[event.channel_id]
        held = guild.permissions(user.id, channel)
        needed = int(_NEEDED[event.entity])
        if not held & int(any_of) or held & needed != needed:
            raise errors.missing_permissions()

    def _require_own(self, guild: Guild, event: ScheduledEvent, user: User) -> None:
        """With CREATE_EVENTS one may change one's own, with MANAGE_EVENTS all."""
        own = Permission.CREATE_EVENTS if event.creator.id == user.id else Permission(0)
        self._require(guild, user, event, Permission.MANAGE_EVENTS | own)

    def _visible(self, guild: Guild, event: ScheduledEvent, user_id: int) -> bool:
        channel = guild.channels.get(event.channel_id or 0)
        return channel is None or bool(guild.permissions(user_id, channel) & Permission.VIEW_CHANNEL)

    def _tell(self, event: ScheduledEvent, name: str) -> None:
        guild = self._world.guild(event.guild_id)
        audience = {user_id for user_id in guild.members if self._visible(guild, event, user_id)}
        self._world.tell(guild, name, event.payload(), audience)


def _time(body: Json, name: str) -> datetime | None:
    value = body.get(name)
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        raise form_error(
            name, "DATE_TIME_TYPE_PARSE", f"Could not parse {value}. Should be ISO8601."
        ) from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _text(value: Any, name: str, most: int) -> str | None:
    """None stays None."""
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= most:
        raise form_error(name, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {most} in length.")
    return value.strip()
