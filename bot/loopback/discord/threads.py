"""Public threads: started from a message or without one, written in, archived, deleted.

Private ones are not there: asking for one is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.loopback.discord import errors
from bot.loopback.discord.entities import Channel, ChannelKind, Guild, Json, User, snowflake, timestamp
from bot.loopback.discord.errors import ApiError
from bot.loopback.discord.permissions import Permission

if TYPE_CHECKING:
    from bot.loopback.discord.world import World

NAME_MAX = 100
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)


@dataclass(slots=True, kw_only=True)
class Thread(Channel):
    """`overwrites` are those of the channel that it belongs to: threads have no permissions of their own."""

    parent_id: int
    owner_id: int
    archive_minutes: int
    archived: bool = False
    locked: bool = False
    messages: int = 0
    deleted: int = 0
    created_at: str = field(default_factory=timestamp)
    archive_timestamp: str = field(default_factory=timestamp)

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "guild_id": str(self.guild_id),
            "parent_id": str(self.parent_id),
            "owner_id": str(self.owner_id),
            "type": int(self.kind),
            "name": self.name,
            "last_message_id": None if self.last_message_id is None else str(self.last_message_id),
            "rate_limit_per_user": 0,
            "message_count": self.messages - self.deleted,
            "total_message_sent": self.messages,
            "member_count": 1,
            "flags": 0,
            "thread_metadata": {
                "archived": self.archived,
                "archive_timestamp": self.archive_timestamp,
                "auto_archive_duration": self.archive_minutes,
                "locked": self.locked,
                "create_timestamp": self.created_at,
            },
        }


class Threads:
    """All threads of all guilds, and who is told of them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._threads: dict[int, Thread] = {}

    def get(self, thread_id: int) -> Thread | None:
        return self._threads.get(thread_id)

    def active(self, guild: Guild, user_id: int) -> list[Thread]:
        """Those that a member can see, in the order in which they were started."""
        view = int(Permission.VIEW_CHANNEL)
        return [
            thread
            for thread in self._threads.values()
            if thread.guild_id == guild.id
            and not thread.archived
            and guild.permissions(user_id, thread) & view
        ]

    def seen_by(self, guild: Guild, user_id: int) -> list[Json]:
        """For GUILD_CREATE."""
        return [thread.payload() for thread in self.active(guild, user_id)]

    def start(self, parent: Channel, owner: User, body: Json, message_id: int | None = None) -> Thread:
        """Start one; from a message it has that message's id. Raises `ApiError` 400."""
        if parent.kind is not ChannelKind.TEXT:
            raise ApiError(400, 50024, "Cannot execute action on this channel type")
        if message_id is not None and message_id in self._threads:
            raise ApiError(400, 160004, "A thread has already been created for this message")
        if message_id is None and body.get("type", 12) != ChannelKind.PUBLIC_THREAD:
            raise errors.form_error("type", "BASE_TYPE_CHOICES", "Value must be one of {11}.")
        thread = Thread(
            message_id or snowflake(),
            parent.guild_id,
            ChannelKind.PUBLIC_THREAD,
            _name(body.get("name")),
            overwrites=parent.overwrites,
            parent_id=parent.id,
            owner_id=owner.id,
            archive_minutes=_minutes(body.get("auto_archive_duration", 4320)),
        )
        self._threads[thread.id] = thread
        self._tell(thread, "THREAD_CREATE", thread.payload() | {"newly_created": True})
        return thread

    def edit(self, thread: Thread, body: Json) -> None:
        """Take over what a PATCH says, or raise `ApiError` 400 and leave it as it was."""
        name = _name(body.get("name", thread.name))
        thread.archive_minutes = _minutes(body.get("auto_archive_duration", thread.archive_minutes))
        thread.name, thread.locked = name, bool(body.get("locked", thread.locked))
        self._archive(thread, archived=bool(body.get("archived", thread.archived)))
        self._tell(thread, "THREAD_UPDATE", thread.payload())

    def written(self, thread: Thread) -> None:
        """Somebody has written in it; that brings it back from the archive."""
        thread.messages += 1
        if thread.archived:
            self._archive(thread, archived=False)
            self._tell(thread, "THREAD_UPDATE", thread.payload())

    def delete(self, thread: Thread) -> None:
        del self._threads[thread.id]
        named = ("id", "guild_id", "parent_id", "type")
        payload = thread.payload()
        self._tell(thread, "THREAD_DELETE", {name: payload[name] for name in named})

    def _archive(self, thread: Thread, *, archived: bool) -> None:
        if archived != thread.archived:
            thread.archived, thread.archive_timestamp = archived, timestamp()

    def _tell(self, thread: Thread, event: str, data: Json) -> None:
        guild = self._world.guild(thread.guild_id)
        self._world.tell(guild, event, data, guild.viewers(thread))


def _name(value: Any) -> str:
    if value is None:
        raise errors.required("name")
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= NAME_MAX:
        raise errors.form_error(
            "name", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {NAME_MAX} in length."
        )
    return value.strip()


def _minutes(value: Any) -> int:
    if value not in ARCHIVE_MINUTES:
        raise errors.form_error(
            "auto_archive_duration", "BASE_TYPE_CHOICES", f"Value must be one of {set(ARCHIVE_MINUTES)}."
        )
    return int(value)
