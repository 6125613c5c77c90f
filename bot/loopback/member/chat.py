"""What a member reads and types: messages, and slash commands as the real client sends them."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.loopback.member.changes import Changes
from bot.loopback.member.errors import MemberError
from bot.loopback.member.gateway import Gateway
from bot.loopback.member.http import File, Http

_EPHEMERAL, _LOADING = 1 << 6, 1 << 7  # message flags
_BUTTON = 2  # component type
_KEPT = 1000
_OPTION_TYPES: dict[type, int] = {str: 3, bool: 5, int: 4, float: 10}


@dataclass(slots=True)
class Message:
    """A chat message as it is now: edits change it in place."""

    id: int
    channel_id: int
    author_id: int
    content: str
    ephemeral: bool
    pending: bool
    """The bot is "thinking": it deferred its answer."""
    interaction_id: int | None
    nonce: str | None
    reply_to: int | None
    """The message that this one answers."""
    raw: dict[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Message:
        flags = data.get("flags", 0)
        interaction = data.get("interaction_metadata") or data.get("interaction") or {}
        reference = data.get("message_reference") or {}
        return cls(
            id=int(data["id"]),
            channel_id=int(data["channel_id"]),
            author_id=int(data["author"]["id"]),
            content=_text(data),
            ephemeral=bool(flags & _EPHEMERAL),
            pending=bool(flags & _LOADING),
            interaction_id=int(interaction["id"]) if "id" in interaction else None,
            nonce=data.get("nonce"),
            reply_to=int(reference["message_id"]) if "message_id" in reference else None,
            raw=data,
        )

    def is_edit_of(self, earlier: Message | None) -> bool:
        """Whether this is `earlier`, changed since."""
        if earlier is None or earlier.id != self.id:
            return False
        return bool(self.raw.get("edited_timestamp") != earlier.raw.get("edited_timestamp"))

    @property
    def buttons(self) -> list[str]:
        """The labels of the buttons that can be pressed."""
        return [part["label"] for part in _components(self.raw) if _is_button(part)]


def _text(data: dict[str, Any]) -> str:
    """Content, embeds and text components: all that a person can read of a message."""
    parts = [data.get("content") or ""]
    for embed in data.get("embeds", ()):
        parts += [embed.get("title") or "", embed.get("description") or ""]
        for entry in embed.get("fields", ()):
            parts += [entry["name"], entry["value"]]
    parts += [part["content"] for part in _components(data) if isinstance(part.get("content"), str)]
    return "\n".join(part for part in parts if part)


def _components(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All components of a message, those inside of others too."""
    pending = deque(data.get("components", ()))
    while pending:
        component = pending.popleft()
        yield component
        pending.extend(component.get("components", ()))


def _is_button(component: dict[str, Any]) -> bool:
    """One that asks the bot: a link opens a page instead, a greyed one does nothing."""
    pressable = component.get("type") == _BUTTON and not component.get("disabled")
    return pressable and "custom_id" in component and bool(component.get("label"))


def _button(message: Message, label: str) -> str:
    """The custom id of the button with that label."""
    for component in _components(message.raw):
        if _is_button(component) and component["label"] == label:
            return str(component["custom_id"])
    raise MemberError(f"no button {label!r} to press, only {message.buttons}")


class Chat:
    """All messages seen, oldest first, and the typing of commands."""

    def __init__(self, gateway: Gateway, http: Http) -> None:
        self.messages: deque[Message] = deque(maxlen=_KEPT)
        self._gateway = gateway
        self._http = http
        self._interactions: dict[str, int] = {}  # nonce → interaction id
        self._failed: set[str] = set()
        self._changes = Changes()
        gateway.listeners.append(self._on_dispatch)

    async def type(
        self,
        guild_id: int,
        channel_id: int,
        name: str,
        options: dict[str, Any] | None = None,
        timeout: float = 15.0,
    ) -> Message:
        """Type a command; the bot's answer, once it is more than "thinking".

        MemberError if the command does not exist or the application does not answer in time."""
        command = await self._find(channel_id, name)
        nonce = str(secrets.randbits(62))
        data = {
            "version": command["version"],
            "id": command["id"],
            "name": command["name"],
            "type": 1,
            "options": _filled(command, options or {}),
            "application_command": command,
            "attachments": [],
        }
        body = {
            "type": 2,
            "application_id": command["application_id"],
            "guild_id": str(guild_id),
            "channel_id": str(channel_id),
            "session_id": self._gateway.session_id,
            "nonce": nonce,
            "analytics_location": "slash_ui",
            "data": data,
        }
        await self._http.call("POST", "/interactions", body)
        return await self._answer_to(f"/{name}", nonce, timeout)

    async def write(
        self, channel_id: int, text: str, files: Sequence[File] = (), reply_to: Message | None = None
    ) -> Message:
        """Write to the bot: with its name in front, or as a reply to a message of its.

        MemberError if there is no bot in this channel, RestError if Discord refuses the message."""
        body: dict[str, Any] = {"content": text, "nonce": str(secrets.randbits(62))}
        if reply_to is None:
            body["content"] = f"<@{await self._bot(channel_id)}> {text}"
        else:
            body["message_reference"] = {"channel_id": str(channel_id), "message_id": str(reply_to.id)}
        return Message.parse(await self._http.call("POST", f"/channels/{channel_id}/messages", body, files))

    async def press(self, guild_id: int, message: Message, label: str, timeout: float = 15.0) -> Message:
        """Press the button with that label; the bot's answer: a new message, or the pressed one, edited.

        MemberError if there is no such button to press or the application does not answer in time."""
        nonce = str(secrets.randbits(62))
        body = {
            "type": 3,
            # Only an answer to an interaction names its application; a bot goes by the same id.
            "application_id": message.raw.get("application_id", str(message.author_id)),
            "guild_id": str(guild_id),
            "channel_id": str(message.channel_id),
            "message_id": str(message.id),
            "message_flags": message.raw.get("flags", 0),
            "session_id": self._gateway.session_id,
            "nonce": nonce,
            "data": {"component_type": _BUTTON, "custom_id": _button(message, label)},
        }
        await self._http.call("POST", "/interactions", body)
        return await self._answer_to(f"[{label}]", nonce, timeout, pressed=message)

    async def _answer_to(
        self, what: str, nonce: str, timeout: float, pressed: Message | None = None
    ) -> Message:
        found: list[Message] = []

        def answered() -> bool:
            if nonce in self._failed:
                raise MemberError(f"{what}: the application did not respond")
            found[:] = [
                message
                for message in self.messages
                if not message.pending and (self._answers(message, nonce) or message.is_edit_of(pressed))
            ]
            return bool(found)

        await self._changes.until(answered, timeout)
        return found[0]

    def _answers(self, message: Message, nonce: str) -> bool:
        interaction_id = self._interactions.get(nonce)
        mine = interaction_id is not None and message.interaction_id == interaction_id
        return mine or message.nonce == nonce

    async def _find(self, channel_id: int, name: str) -> dict[str, Any]:
        index = await self._http.call("GET", f"/channels/{channel_id}/application-command-index")
        for command in index["application_commands"]:
            if command["name"] == name:
                found: dict[str, Any] = command
                return found
        raise MemberError(f"no command /{name} in this channel")

    async def _bot(self, channel_id: int) -> int:
        """The one whose commands can be typed here."""
        index = await self._http.call("GET", f"/channels/{channel_id}/application-command-index")
        if not index["application_commands"]:
            raise MemberError("no bot to mention in this channel")
        return int(index["application_commands"][0]["application_id"])  # of the bot's user, too

    async def wait_message(self, predicate: Callable[[Message], bool], timeout: float = 10.0) -> Message:
        """The first message seen, from the beginning, that the predicate likes, now or when it comes."""
        found: list[Message] = []

        def seen() -> bool:
            found[:] = [message for message in self.messages if predicate(message)]
            return bool(found)

        await self._changes.until(seen, timeout)
        return found[0]

    def _on_dispatch(self, event: str, data: dict[str, Any]) -> None:
        match event:
            case "MESSAGE_CREATE":
                self.messages.append(Message.parse(data))
            case "MESSAGE_UPDATE":
                self._update(data)
            case "INTERACTION_CREATE" | "INTERACTION_SUCCESS" if data.get("nonce"):
                self._interactions[str(data["nonce"])] = int(data["id"])
            case "INTERACTION_FAILURE":
                self._failed.add(str(data.get("nonce")))
            case _:
                return
        self._changes.notify()

    def _update(self, data: dict[str, Any]) -> None:
        for position, message in enumerate(self.messages):
            if message.id == int(data["id"]):
                self.messages[position] = Message.parse(message.raw | data)
                return
        if "author" in data:
            self.messages.append(Message.parse(data))


def _filled(command: dict[str, Any], options: dict[str, Any]) -> list[dict[str, Any]]:
    """Options as the client fills them in: the type is the command's, ids travel as strings."""
    declared = {option["name"]: option for option in command.get("options") or ()}
    filled = []
    for name, value in options.items():
        kind = declared[name]["type"] if name in declared else _OPTION_TYPES[type(value)]
        filled.append({"type": kind, "name": name, "value": str(value) if 6 <= kind <= 9 else value})
    return filled
