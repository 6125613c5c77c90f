"""Chat messages: what is written, kept and told to whom."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.loopback.discord import embeds as embed_rules
from bot.loopback.discord import errors, layouts
from bot.loopback.discord.components import walk
from bot.loopback.discord.entities import Channel, Guild, Json, MessageFlag, User, snowflake, timestamp
from bot.loopback.discord.polls import Poll
from bot.loopback.discord.sessions import Intent

if TYPE_CHECKING:
    from bot.loopback.discord.world import World

CONTENT_MAX = 2000
_MENTION = re.compile(r"<@!?(\d+)>")
DEFAULT = 0
REPLY = 19
CHAT_INPUT_COMMAND = 20

_CONTENT: Json = {"content": "", "embeds": [], "attachments": [], "components": []}


def without_content(payload: Json) -> Json:
    """What a bot without the MESSAGE_CONTENT intent gets of other people's messages."""
    return {name: value for name, value in payload.items() if name != "poll"} | _CONTENT


@dataclass(slots=True)
class Attachment:
    filename: str
    content_type: str
    content: bytes = field(repr=False)
    id: int = field(default_factory=snowflake)

    def payload(self, base_url: str, channel_id: int) -> Json:
        """The address looks like the CDN's: by channel, with a signature that expires (here never)."""
        url = f"{base_url}/attachments/{channel_id}/{self.id}/{self.filename}?ex=7fffffff&is=0&hm={self.id:x}"
        return {
            "id": str(self.id),
            "filename": self.filename,
            "size": len(self.content),
            "url": url,
            "proxy_url": url,
            "content_type": self.content_type,
        }


@dataclass(slots=True)
class Message:
    channel: Channel
    author: User
    content: str = ""
    kind: int = DEFAULT
    flags: int = 0
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    poll: Poll | None = None
    mentions: list[User] = field(default_factory=list)
    nonce: str | int | None = None
    application_id: int | None = None  # of the interaction that it answers
    interaction: Json | None = None  # interaction_metadata
    reference: Message | None = None  # what it replies to
    allowed_mentions: Json | None = None  # None: whatever the content names
    only_for: int | None = None  # user id, for an ephemeral one
    id: int = field(default_factory=snowflake)
    created_at: str = field(default_factory=timestamp)
    edited_at: str | None = None

    def payload(self) -> Json:
        payload: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": self.kind,
            "author": self.author.payload(),
            "content": self.content,
            "timestamp": self.created_at,
            "edited_timestamp": self.edited_at,
            "tts": False,
            "mention_everyone": False,
            "mentions": [user.payload() for user in self.mentions],
            "mention_roles": [],
            "attachments": self.attachments,
            "embeds": self.embeds,
            "components": self.components,
            "pinned": False,
            "flags": self.flags,
        }
        if self.poll is not None:
            payload["poll"] = self.poll.payload()
        if self.nonce is not None:
            payload["nonce"] = self.nonce
        if self.application_id is not None:
            payload |= {"application_id": str(self.application_id), "webhook_id": str(self.application_id)}
        if self.interaction is not None:
            payload["interaction_metadata"] = self.interaction
        if self.reference is not None:
            payload["message_reference"] = {
                "type": 0,
                "message_id": str(self.reference.id),
                "channel_id": str(self.channel.id),
                "guild_id": str(self.channel.guild_id),
            }
            original = self.reference.payload()
            original.pop("referenced_message", None)  # one level deep
            payload["referenced_message"] = original
        return payload

    @property
    def readers(self) -> set[int]:
        """Who is always shown its content: who wrote it and whom it mentions."""
        return {self.author.id, *(user.id for user in self.mentions)}

    def mention(self, guild: Guild) -> None:
        """Find out whom it mentions: who is named in it, and to whom it replies, as far as its author allows
        (Discord API docs, "Allowed Mentions Object")."""
        allowed: Json = {"parse": ["users"], "replied_user": True}
        if self.allowed_mentions is not None:
            allowed = self.allowed_mentions
        shown = [self.content, *(part.get("content") or "" for part in walk(self.components))]
        named = dict.fromkeys(map(int, _MENTION.findall("\n".join(shown))))
        if "users" not in allowed.get("parse", ()):
            listed = set(map(int, allowed.get("users", ())))
            named = {user: None for user in named if user in listed}
        if self.reference is not None and allowed.get("replied_user"):
            named[self.reference.author.id] = None
        self.mentions = [guild.members[user].user for user in named if user in guild.members]

    def write(self, body: Json, attachments: list[Json]) -> None:
        """Take over the fields of a create or edit request, or raise `ApiError` 400 and stay as it is."""
        flags = self.flags | int(body.get("flags") or 0) & MessageFlag.COMPONENTS_V2
        v2 = bool(flags & MessageFlag.COMPONENTS_V2)
        content = _content(body["content"]) if "content" in body else self.content
        embeds = embed_rules.checked(body["embeds"]) if "embeds" in body else self.embeds
        if v2:
            _without_legacy(body, content, embeds)
        if "attachments" in body or attachments:
            kept = {str(entry.get("id")) for entry in body.get("attachments") or []}
            attachments = [entry for entry in self.attachments if entry["id"] in kept] + attachments
        else:
            attachments = self.attachments
        components = self.components
        if "components" in body:
            files = {entry["filename"] for entry in attachments}
            components = layouts.checked(body["components"], v2=v2, files=files)
        if not (components or (not v2 and (content or embeds or attachments or self.poll))):
            raise errors.ApiError(400, 50006, "Cannot send an empty message")
        self.content, self.embeds, self.components = content, embeds, components
        self.attachments, self.flags = attachments, flags
        self.allowed_mentions = body.get("allowed_mentions", self.allowed_mentions)


def _without_legacy(body: Json, content: str, embeds: list[Json]) -> None:
    """Components v2 are all that such a message consists of: even an empty text is refused."""
    for name, value in (("content", content or body.get("content")), ("embeds", embeds)):
        if value or (name in body and body[name] is not None and value != []):
            raise errors.form_error(
                name,
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
            )


def _content(value: object) -> str:
    content = "" if value is None else value
    if not isinstance(content, str):
        raise errors.form_error("content", "STRING_TYPE_CONVERT", f"Could not interpret {value!r} as string.")
    if len(content) > CONTENT_MAX:
        raise errors.form_error(
            "content", "BASE_TYPE_MAX_LENGTH", f"Must be {CONTENT_MAX} or fewer in length."
        )
    return content.strip()


class Chat:
    """All messages, by channel, and who is told of them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._messages: dict[int, dict[int, Message]] = defaultdict(dict)
        self.attachments: dict[int, Attachment] = {}

    def history(self, channel: Channel) -> list[Message]:
        """Oldest first, without ephemeral ones, which no history has."""
        return [message for message in self._messages[channel.id].values() if message.only_for is None]

    def get(self, channel: Channel, message_id: int) -> Message:
        """Raises `ApiError` 10008 for a message that is not, or no longer, there."""
        try:
            return self._messages[channel.id][message_id]
        except KeyError:
            raise errors.unknown("Message") from None

    def publish(self, message: Message, event: str) -> None:
        """Keep a message and tell of it (MESSAGE_CREATE or MESSAGE_UPDATE)."""
        world = self._world
        guild = world.guild(message.channel.guild_id)
        message.mention(guild)
        self._messages[message.channel.id][message.id] = message
        told = message.payload() | {"guild_id": str(guild.id)}
        told["mentions"] = [
            user.payload() | {"member": guild.members[user.id].without_user()} for user in message.mentions
        ]
        if author := guild.members.get(message.author.id):
            told["member"] = author.without_user()
        if message.only_for is not None:
            world.tell(guild, event, told, {message.only_for})
            return
        message.channel.last_message_id = max(message.channel.last_message_id or 0, message.id)
        viewers = guild.viewers(message.channel)
        blind = viewers & self._blind(message)
        world.tell(guild, event, told, viewers - blind)
        if blind:
            world.tell(guild, event, without_content(told), blind)

    def _blind(self, message: Message) -> set[int]:
        """Bots that may not read this message: no MESSAGE_CONTENT intent, not theirs, not mentioned."""
        exempt = message.readers
        return {
            session.user.id
            for session in self._world.sessions
            if session.user.bot
            and not session.intents & Intent.MESSAGE_CONTENT
            and session.user.id not in exempt
        }

    def delete(self, message: Message) -> None:
        guild: Guild = self._world.guild(message.channel.guild_id)
        self._messages[message.channel.id].pop(message.id, None)
        data = {"id": str(message.id), "channel_id": str(message.channel.id), "guild_id": str(guild.id)}
        audience = guild.viewers(message.channel) if message.only_for is None else {message.only_for}
        self._world.tell(guild, "MESSAGE_DELETE", data, audience)
