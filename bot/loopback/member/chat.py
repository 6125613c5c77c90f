"""What a member reads and writes in the channels."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from bot.loopback.member.changes import Changes
from bot.loopback.member.gateway import Gateway
from bot.loopback.member.http import File, Http
from bot.loopback.member.interacting import Interacting
from bot.loopback.member.message import Message

_KEPT = 1000


class Chat:
    """All messages seen, oldest first, and the writing of new ones; `asked` are the interactions."""

    def __init__(self, gateway: Gateway, http: Http) -> None:
        self.messages: deque[Message] = deque(maxlen=_KEPT)
        self._http = http
        self._changes = Changes()
        self.asked = Interacting(gateway, http, self.messages, self._changes)
        gateway.listeners.append(self._on_dispatch)

    async def write(
        self, channel_id: int, text: str, files: Sequence[File] = (), reply_to: Message | None = None
    ) -> Message:
        """Write to the bot: with its name in front, or as a reply to a message of its.

        MemberError if there is no bot in this channel, RestError if Discord refuses the message."""
        body: dict[str, Any] = {"content": text, "nonce": str(secrets.randbits(62))}
        if reply_to is None:
            body["content"] = f"<@{await self.asked.application(channel_id)}> {text}"
        else:
            body["message_reference"] = {"channel_id": str(channel_id), "message_id": str(reply_to.id)}
        return Message.parse(await self._http.call("POST", f"/channels/{channel_id}/messages", body, files))

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
