"""What a member does with the chat on the screen: reads, types, presses, chooses, fills in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bot.loopback.member.chat import Chat
from bot.loopback.member.errors import MemberError
from bot.loopback.member.form import Form, FormOpened, Value
from bot.loopback.member.http import File
from bot.loopback.member.interacting import Choice
from bot.loopback.member.message import Message


class Screen:
    """Whatever is answered is waited for, a deferred answer too: MemberError if none comes within Discord's
    three seconds, FormOpened if it is a form, RestError if Discord refuses what is sent."""

    chat: Chat

    @property
    def here(self) -> int:
        """The channel in which one types if none is named. MemberError if there is none."""
        raise NotImplementedError

    @property
    def messages(self) -> list[Message]:
        """The chat messages seen, oldest first, with their edits."""
        return list(self.chat.messages)

    async def type(
        self,
        command: str,
        options: Mapping[str, Any] | None = None,
        *,
        channel_id: int | None = None,
        timeout: float = 15.0,
    ) -> Message:
        """Type ``/command``, or ``/command subcommand``, in a channel (default: the chat of one's voice
        channel); the bot's answer. A file for an option is (name, content, content type)."""
        where = channel_id or self.here
        return await self.chat.asked.type(where, command.lstrip("/"), options or {}, timeout)

    async def complete(
        self,
        command: str,
        option: str,
        text: str = "",
        options: Mapping[str, Any] | None = None,
        *,
        channel_id: int | None = None,
        timeout: float = 5.0,
    ) -> list[Choice]:
        """What the bot suggests while `text` is typed into an option, `options` being filled in already."""
        where, name = channel_id or self.here, command.lstrip("/")
        return await self.chat.asked.complete(where, name, option, text, options or {}, timeout)

    async def press(
        self, message: Message, label: str, timeout: float = 15.0, *, beside: str = ""
    ) -> Message:
        """Press a button (by its label, or its emoji) under a message; the bot's answer, which may be that
        message, edited. `beside`: the one in the section with this text."""
        return await self.chat.asked.press(message, label, beside, timeout)

    async def choose(self, message: Message, menu: str, *wanted: str | int, timeout: float = 15.0) -> Message:
        """Choose from a select menu (by its placeholder): labels of options, or ids of members, roles or
        channels; the bot's answer, as for `press`."""
        return await self.chat.asked.choose(message, menu, wanted, timeout)

    async def form(self, act: Awaitable[Message]) -> Form:
        """The form that something opens: ``await ana.form(ana.press(panel, "Edit"))``."""
        try:
            answer = await act
        except FormOpened as opened:
            return opened.form
        raise MemberError(f"a message came instead of a form: {answer.content}")

    async def submit(
        self, form: Form, values: Mapping[str, Value] | None = None, timeout: float = 15.0
    ) -> Message:
        """Fill a form in, by the labels of its fields, and send it; the bot's answer."""
        return await self.chat.asked.submit(form, values or {}, timeout)

    async def mention(
        self,
        text: str,
        attachments: Sequence[File] = (),
        *,
        channel_id: int | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        """Write to the bot in a channel (default: the chat of one's voice channel), by name or as a reply.

        `attachments` are (name, content, content type). The bot's answer has the id of what is returned as
        its `reply_to`."""
        return await self.chat.write(channel_id or self.here, text, attachments, reply_to)

    async def wait_message(self, predicate: Callable[[Message], bool], timeout: float = 10.0) -> Message:
        """The first message of all seen that the predicate likes, now or when it comes."""
        return await self.chat.wait_message(predicate, timeout)
