"""Application commands: what a bot registers, and the index from which the real client offers them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.loopback.discord import errors, options
from bot.loopback.discord.entities import Guild, Json, User, snowflake
from bot.loopback.discord.errors import ApiError
from bot.loopback.discord.permissions import Permission
from bot.loopback.discord.rest import (
    API,
    WORLD,
    Handler,
    account,
    answer,
    authorized,
    channel_of,
    json_body,
    no_content,
    object_body,
    own_application,
    snowflake_of,
)

CHAT_INPUT = 1
_MAX_COMMANDS = 100
_TEXT_MAX = 8000
_DEFAULTS: Json = {
    "type": CHAT_INPUT,
    "name_localizations": None,
    "description": "",
    "description_localizations": None,
    "default_member_permissions": None,
    "dm_permission": True,
    "contexts": None,
    "integration_types": [0],
    "nsfw": False,
}


@dataclass(slots=True)
class Command:
    """One registered command; `body` is what the bot sent, completed with the defaults."""

    application_id: int
    guild_id: int | None
    body: Json
    id: int
    version: int

    @property
    def key(self) -> tuple[int, str]:
        """Within one application and scope a command is its type and name."""
        return self.body["type"], self.body["name"]

    @property
    def needed(self) -> int:
        """Permissions a member needs; 0 for everybody. "0" on the wire means administrators only."""
        needed = self.body["default_member_permissions"]
        return 0 if needed is None else int(needed) or Permission.ADMINISTRATOR

    def payload(self) -> Json:
        payload = self.body | {
            "id": str(self.id),
            "application_id": str(self.application_id),
            "version": str(self.version),
        }
        return payload if self.guild_id is None else payload | {"guild_id": str(self.guild_id)}


class Commands:
    """All commands of all applications, global ones and those of one guild."""

    def __init__(self) -> None:
        self._commands: dict[int, Command] = {}

    def scope(self, application_id: int, guild_id: int | None) -> list[Command]:
        wanted = (application_id, guild_id)
        return [c for c in self._commands.values() if (c.application_id, c.guild_id) == wanted]

    def get(self, command_id: int, application_id: int) -> Command:
        command = self._commands.get(command_id)
        if command is None or command.application_id != application_id:
            raise errors.unknown("application command")
        return command

    def visible(self, guild: Guild, user_id: int, held: int) -> Iterator[Command]:
        """What a member with these permissions is offered in a guild, of the applications present there."""
        for command in self._commands.values():
            present = command.application_id in guild.members and command.guild_id in (None, guild.id)
            if present and held & command.needed == command.needed:
                yield command

    def put(self, application_id: int, guild_id: int | None, body: Json) -> tuple[Command, bool]:
        """Create a command, or overwrite the one of the same type and name. True if it is new."""
        body = _DEFAULTS | {k: v for k, v in body.items() if k not in ("id", "application_id", "version")}
        for command in self.scope(application_id, guild_id):
            if command.key == (body["type"], body["name"]):
                if command.body != body:  # only a change makes a new version
                    command.body, command.version = body, snowflake()
                return command, False
        if len(self.scope(application_id, guild_id)) >= _MAX_COMMANDS:
            raise ApiError(400, 30032, "Maximum number of application commands reached (100).")
        command = Command(application_id, guild_id, body, snowflake(), snowflake())
        self._commands[command.id] = command
        return command, True

    def overwrite(self, application_id: int, guild_id: int | None, bodies: list[Json]) -> list[Command]:
        """`PUT`: these and no others; a command that stays keeps its id."""
        kept = [self.put(application_id, guild_id, body)[0] for body in bodies]
        for command in self.scope(application_id, guild_id):
            if command not in kept:
                self.delete(command)
        return kept

    def delete(self, command: Command) -> None:
        del self._commands[command.id]


COMMANDS: web.AppKey[Commands] = web.AppKey("commands", Commands)


def validated(body: Any, path: str = "") -> Json:
    """A command as a bot sends it; 50035 naming the field if the real API would not take it."""
    prefix = f"{path}." if path else ""
    if not isinstance(body, dict):
        raise errors.form_error(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    kind = body.get("type") or CHAT_INPUT
    name = body.get("name")
    if name is None:
        raise errors.required(f"{prefix}name")
    lowered = kind != CHAT_INPUT or name == name.lower()
    if kind == CHAT_INPUT and not (options.NAME.fullmatch(name) and lowered):
        raise errors.form_error(
            f"{prefix}name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid"
        )
    description = body.get("description") or ""
    if kind == CHAT_INPUT and not 1 <= len(description) <= 100:
        raise errors.form_error(
            f"{prefix}description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."
        )
    options.validate(body.get("options") or [], f"{prefix}options")
    if _length(body) > _TEXT_MAX:
        raise errors.form_error(path, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")
    return body | {"type": kind}


def _length(part: Json) -> int:
    """Names, descriptions and values together (Discord API docs, "Application Commands")."""
    own = sum(len(str(part.get(name) or "")) for name in ("name", "description", "value"))
    within = [*(part.get("options") or ()), *(part.get("choices") or ())]
    return own + sum(_length(inner) for inner in within)


def _scope(request: web.Request) -> tuple[User, int | None]:
    bot = own_application(request)
    if "guild_id" not in request.match_info:
        return bot, None
    guild = request.app[WORLD].guild(snowflake_of(request, "guild_id"))
    if bot.id not in guild.members:
        raise errors.missing_access()
    return bot, guild.id


async def list_commands(request: web.Request) -> web.Response:
    bot, guild_id = _scope(request)
    return answer([command.payload() for command in request.app[COMMANDS].scope(bot.id, guild_id)])


async def overwrite_commands(request: web.Request) -> web.Response:
    bot, guild_id = _scope(request)
    bodies = await json_body(request)
    if not isinstance(bodies, list):
        raise errors.form_error("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    bodies = [validated(body, str(index)) for index, body in enumerate(bodies)]
    kept = request.app[COMMANDS].overwrite(bot.id, guild_id, bodies)
    return answer([command.payload() for command in kept])


async def create_command(request: web.Request) -> web.Response:
    bot, guild_id = _scope(request)
    command, new = request.app[COMMANDS].put(bot.id, guild_id, validated(await object_body(request)))
    return answer(command.payload(), 201 if new else 200)


async def one_command(request: web.Request) -> web.Response:
    bot, _ = _scope(request)
    commands = request.app[COMMANDS]
    command = commands.get(snowflake_of(request, "command_id"), bot.id)
    if request.method == "DELETE":
        commands.delete(command)
        return no_content()
    if request.method == "PATCH":
        command.body = validated(command.body | await object_body(request))
        command.version = snowflake()
    return answer(command.payload())


def _index(request: web.Request, guild: Guild, held: int) -> web.Response:
    commands = list(request.app[COMMANDS].visible(guild, account(request).id, held))
    users = request.app[WORLD].accounts.users
    bots = [users[bot_id] for bot_id in dict.fromkeys(command.application_id for command in commands)]
    applications = [
        {
            "id": str(bot.id),
            "name": bot.name,
            "icon": None,
            "description": "",
            "flags": 0,
            "bot": bot.payload(),
        }
        for bot in bots
    ]
    return answer(
        {
            "application_commands": [command.payload() for command in commands],
            "applications": applications,
            "version": str(max((command.version for command in commands), default=0)),
        }
    )


async def guild_index(request: web.Request) -> web.Response:
    guild = request.app[WORLD].guild(snowflake_of(request, "guild_id"))
    return _index(request, guild, guild.permissions(account(request).id))


async def channel_index(request: web.Request) -> web.Response:
    channel = channel_of(request)
    guild = request.app[WORLD].guild(channel.guild_id)
    return _index(request, guild, guild.permissions(account(request).id, channel))


def routes() -> list[web.RouteDef]:
    """Registration for bots; the command index of the real client for members."""
    table: list[web.RouteDef] = []
    for scope in ("/applications/{application_id}", "/applications/{application_id}/guilds/{guild_id}"):
        handlers: list[tuple[str, str, Handler]] = [
            ("GET", f"{scope}/commands", list_commands),
            ("PUT", f"{scope}/commands", overwrite_commands),
            ("POST", f"{scope}/commands", create_command),
            *((verb, f"{scope}/commands/{{command_id}}", one_command) for verb in ("GET", "PATCH", "DELETE")),
        ]
        table += [web.route(verb, API + path, authorized(handler)) for verb, path, handler in handlers]
    index = "application-command-index"
    return [
        *table,
        web.get(f"{API}/guilds/{{guild_id}}/{index}", authorized(guild_index)),
        web.get(f"{API}/channels/{{channel_id}}/{index}", authorized(channel_index)),
    ]
