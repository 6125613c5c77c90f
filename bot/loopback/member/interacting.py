"""Commands, buttons, menus and forms, sent to the bot as the real client sends them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bot.loopback.member.changes import Changes
from bot.loopback.member.errors import MemberError
from bot.loopback.member.form import Form, FormOpened, Value
from bot.loopback.member.gateway import Gateway
from bot.loopback.member.http import File, Http
from bot.loopback.member.message import Message
from bot.loopback.member.widgets import BUTTON, Json

_COMMAND, _COMPONENT, _AUTOCOMPLETE, _SUBMISSION = 2, 3, 4, 5  # interaction types
_SUBCOMMANDS = (1, 2)  # option types
_ATTACHMENT = 11
_OPTION_TYPES: dict[type, int] = {str: 3, bool: 5, int: 4, float: 10}


class Choice(NamedTuple):
    """A suggestion: what is shown, and what is sent if it is taken."""

    name: str
    value: str | int | float


class Interacting:
    """One member's interactions, and what came of them."""

    def __init__(self, gateway: Gateway, http: Http, messages: Sequence[Message], changes: Changes) -> None:
        self._gateway = gateway
        self._http = http
        self._messages = messages
        self._changes = changes
        self._opened: dict[str, int] = {}  # nonce → interaction id
        self._forms: dict[str, Form] = {}
        self._choices: dict[str, list[Choice]] = {}
        self._failed: set[str] = set()
        gateway.listeners.append(self._on_dispatch)

    async def type(
        self, channel_id: int, command: str, options: Mapping[str, Any], timeout: float
    ) -> Message:
        """Type a command, or (with spaces) a subcommand, with its options."""
        found, path = _named(command, await self._index(channel_id))
        files: list[File] = []
        data = _typed(found, path, options, files)
        nonce = await self._send(_COMMAND, channel_id, int(found["application_id"]), data, files)
        return await self._answer_to(f"/{command}", nonce, timeout)

    async def complete(
        self,
        channel_id: int,
        command: str,
        option: str,
        text: str,
        options: Mapping[str, Any],
        timeout: float,
    ) -> list[Choice]:
        """What is suggested while `text` is typed into an option."""
        found, path = _named(command, await self._index(channel_id))
        data = _typed(found, path, {**options, option: text}, [], focused=option)
        nonce = await self._send(_AUTOCOMPLETE, channel_id, int(found["application_id"]), data)
        await self._until(lambda: nonce in self._choices, nonce, f"/{command} {option}", timeout)
        return self._choices.pop(nonce)

    async def press(self, message: Message, face: str, beside: str, timeout: float) -> Message:
        now = self._current(message)
        data = {"component_type": BUTTON, "custom_id": now.button(face, beside).custom_id}
        return await self._work(now, data, f"[{face}]", timeout)

    async def choose(
        self, message: Message, title: str, wanted: tuple[str | int, ...], timeout: float
    ) -> Message:
        now = self._current(message)
        menu = now.menu(title)
        data = {"component_type": menu.kind, "custom_id": menu.custom_id, "values": menu.values(wanted)}
        return await self._work(now, data, f"[{title}]", timeout)

    async def submit(self, form: Form, values: Mapping[str, Value], timeout: float) -> Message:
        data, files = form.filled(values)
        source = None if form.source is None else self._current(form.source)
        nonce = await self._send(_SUBMISSION, form.channel_id, form.application_id, data, files)
        return await self._answer_to(form.title, nonce, timeout, source)

    async def application(self, channel_id: int) -> int:
        """The bot whose commands can be typed here; a bot's user has the id of its application."""
        index = await self._index(channel_id)
        if not index:
            raise MemberError("no bot to mention in this channel")
        return int(index[0]["application_id"])

    async def _work(self, message: Message, data: Json, what: str, timeout: float) -> Message:
        """A component under a message. Only an answer to an interaction names its application; a bot goes by
        the same id."""
        application = int(message.raw.get("application_id", message.author_id))
        about = {"message_id": str(message.id), "message_flags": message.raw.get("flags", 0)}
        nonce = await self._send(_COMPONENT, message.channel_id, application, data, (), about)
        return await self._answer_to(what, nonce, timeout, message)

    async def _send(
        self,
        kind: int,
        channel_id: int,
        application_id: int,
        data: Json,
        files: Sequence[File] = (),
        about: Mapping[str, Any] | None = None,
    ) -> str:
        """Open an interaction; its nonce."""
        nonce = str(secrets.randbits(62))
        body = {
            "type": kind,
            "application_id": str(application_id),
            "guild_id": str(self._gateway.guild_of(channel_id)),
            "channel_id": str(channel_id),
            "session_id": self._gateway.session_id,
            "nonce": nonce,
            "analytics_location": "slash_ui",
            "data": data,
            **(about or {}),
        }
        await self._http.call("POST", "/interactions", body, files)
        return nonce

    async def _answer_to(
        self, what: str, nonce: str, timeout: float, source: Message | None = None
    ) -> Message:
        """The answer, once it is more than "thinking": a new message, or `source`, edited."""
        found: list[Message] = []

        def answered() -> bool:
            if form := self._forms.pop(nonce, None):
                form.source = source
                raise FormOpened(what, form)
            found[:] = [
                message
                for message in self._messages
                if not message.pending and (self._answers(message, nonce) or message.is_edit_of(source))
            ]
            return bool(found)

        await self._until(answered, nonce, what, timeout)
        return found[0]

    async def _until(self, condition: Any, nonce: str, what: str, timeout: float) -> None:
        def settled() -> bool:
            if nonce in self._failed:
                raise MemberError(f"{what}: the application did not respond")
            return bool(condition())

        await self._changes.until(settled, timeout)

    def _answers(self, message: Message, nonce: str) -> bool:
        interaction_id = self._opened.get(nonce)
        mine = interaction_id is not None and message.interaction_id == interaction_id
        return mine or message.nonce == nonce

    def _current(self, message: Message) -> Message:
        """The message as it is on the screen by now."""
        return next((seen for seen in self._messages if seen.id == message.id), message)

    async def _index(self, channel_id: int) -> list[Json]:
        """The commands that can be typed there."""
        index = await self._http.call("GET", f"/channels/{channel_id}/application-command-index")
        commands: list[Json] = index["application_commands"]
        return commands

    def _on_dispatch(self, event: str, data: Json) -> None:
        nonce = str(data.get("nonce"))
        match event:
            case "INTERACTION_CREATE" | "INTERACTION_SUCCESS":
                self._opened[nonce] = int(data["id"])
            case "INTERACTION_FAILURE":
                self._failed.add(nonce)
            case "INTERACTION_MODAL_CREATE":
                self._forms[nonce] = Form(data, int(data["application"]["id"]))
            case "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE":
                self._choices[nonce] = [Choice(one["name"], one["value"]) for one in data["choices"]]
            case _:
                return
        self._changes.notify()


def _named(command: str, offered: list[Json]) -> tuple[Json, list[Json]]:
    """The command of that name, and the options that lead to its subcommand."""
    name, *below = command.split()
    for found in offered:
        if found["name"] != name:
            continue
        path: list[Json] = []
        for step in below:
            inner = (path[-1] if path else found).get("options") or ()
            named = [option for option in inner if option["name"] == step]
            if not named or named[0]["type"] not in _SUBCOMMANDS:
                raise MemberError(f"no subcommand {step!r} of /{name}")
            path.append(named[0])
        return found, path
    raise MemberError(f"no command /{name} in this channel")


def _typed(
    command: Json, path: list[Json], options: Mapping[str, Any], files: list[File], focused: str = ""
) -> Json:
    """`data` of a command as the client fills it in; `files` grows by what is attached."""
    declared = (path[-1] if path else command).get("options") or ()
    kinds = {option["name"]: option["type"] for option in declared}
    filled = []
    for name, value in options.items():
        kind = kinds.get(name) or _OPTION_TYPES[type(value)]
        if kind == _ATTACHMENT:
            files.append(value)
            value = len(files) - 1
        sent = {"type": kind, "name": name, "value": str(value) if kind in (6, 7, 8, 9, 11) else value}
        filled.append(sent | ({"focused": True} if name == focused else {}))
    for step in reversed(path):
        filled = [{"type": step["type"], "name": step["name"], "options": filled}]
    return {
        "version": command["version"],
        "id": command["id"],
        "name": command["name"],
        "type": 1,
        "options": filled,
        "application_command": command,
        "attachments": [{"id": str(n), "filename": name} for n, (name, _, _) in enumerate(files)],
    }
