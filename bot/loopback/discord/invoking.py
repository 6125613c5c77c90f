"""`POST /interactions`: what the real client sends when a member types a command or presses a button."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.loopback.discord import errors
from bot.loopback.discord.commands import COMMANDS, Command
from bot.loopback.discord.entities import Channel, Json
from bot.loopback.discord.errors import ApiError
from bot.loopback.discord.interactions import INTERACTIONS, Interaction, Kind, resolved
from bot.loopback.discord.permissions import Permission
from bot.loopback.discord.rest import API, WORLD, account, authorized, no_content, object_body

_PYTHON_TYPES: dict[int, type | tuple[type, ...]] = {
    3: str,
    4: int,
    5: bool,
    6: (str, int),
    7: (str, int),
    8: (str, int),
    9: (str, int),
    10: (int, float),
}


async def invoke(request: web.Request) -> web.Response:
    """Opens an interaction; 204 means only that the bot has been asked."""
    user, world, body = account(request), request.app[WORLD], await object_body(request)
    if user.bot:
        raise ApiError(403, 20001, "Bots cannot use this endpoint")
    kind, bot_id = _kind(body), _id(body, "application_id")
    channel = world.channel(_id(body, "channel_id"))
    world.require(user, channel, Permission.VIEW_CHANNEL)
    guild = world.guild(channel.guild_id)
    bot = world.accounts.users.get(bot_id)
    if bot is None or bot_id not in guild.members:
        raise errors.unknown("Application")
    session = world.sessions.get(str(body.get("session_id")))
    if session is None or session.user is not user:
        raise errors.form_error("session_id", "SESSION_INVALID", "Not a session of yours")
    data = body.get("data")
    if not isinstance(data, dict):
        raise errors.required("data")
    interaction = Interaction(
        kind, bot, guild.members[user.id], guild, channel, session.id, body.get("nonce"), data
    )
    if kind in (Kind.COMMAND, Kind.AUTOCOMPLETE):
        world.require(user, channel, Permission.USE_APPLICATION_COMMANDS)
        interaction.data = _command_data(request, interaction)
    if kind is Kind.COMPONENT:
        message = interaction.source = world.chat.get(channel, _id(body, "message_id"))
        if message.only_for not in (None, user.id) or message.author is not bot:
            raise errors.unknown("Message")
    request.app[INTERACTIONS].open(interaction)
    return no_content()


def _kind(body: Json) -> Kind:
    try:
        return Kind(int(body["type"]))
    except (KeyError, TypeError, ValueError):
        raise errors.form_error("type", "BASE_TYPE_CHOICES", "Value must be one of {2, 3, 4, 5}.") from None


def _id(body: Json, name: str) -> int:
    value = str(body.get(name, ""))
    if not value:
        raise errors.required(name)
    if not value.isascii() or not value.isdecimal():
        raise errors.not_a_snowflake(name, value)
    return int(value)


def _command_data(request: web.Request, interaction: Interaction) -> Json:
    """Check what was typed against what is registered; the `data` that the bot gets."""
    typed, channel = interaction.data, interaction.channel
    command = request.app[COMMANDS].get(_id(typed, "id"), interaction.bot.id)
    if command.guild_id not in (None, channel.guild_id):
        raise errors.unknown("application command")
    if str(typed.get("version")) != str(command.version):
        raise errors.form_error(
            "data.version",
            "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION",
            "This command is outdated, please try again in a few minutes",
        )
    _require_allowed(request, command, channel)
    options = typed.get("options") or []
    if interaction.kind is Kind.COMMAND:
        _check(command.body.get("options") or [], options)
    data: Json = {
        "id": str(command.id),
        "name": command.body["name"],
        "type": command.body["type"],
        "options": options,
    }
    for name in ("guild_id", "target_id"):
        if name in typed:
            data[name] = typed[name]
    if found := resolved(interaction.guild, options):
        data["resolved"] = found
    return data


def _require_allowed(request: web.Request, command: Command, channel: Channel) -> None:
    held = request.app[WORLD].guild(channel.guild_id).permissions(account(request).id, channel)
    if held & command.needed != command.needed:
        raise ApiError(403, 50013, "You do not have permission to use this command")


def _check(registered: list[Json], typed: list[Json]) -> None:
    """The client lets nobody send what is not registered, lacks a required option or has a wrong type."""
    by_name: dict[str, Json] = {option["name"]: option for option in registered}
    given = {option.get("name"): option for option in typed}
    for name in given.keys() - by_name.keys():
        raise _invalid(f"Unknown option {name}")
    for name, option in by_name.items():
        if name not in given:
            if option.get("required"):
                raise errors.required(f"data.options.{name}")
            continue
        if given[name].get("type") != option["type"]:
            raise _invalid(f"Option {name} has another type")
        if option["type"] in (1, 2):
            _check(option.get("options") or [], given[name].get("options") or [])
        else:
            _check_value(option, given[name].get("value"))


def _check_value(option: Json, value: Any) -> None:
    expected = _PYTHON_TYPES.get(option["type"], object)
    if not isinstance(value, expected) or (isinstance(value, bool) and option["type"] != 5):
        raise _invalid(f"Option {option['name']} has a value of the wrong type")
    choices = option.get("choices")
    if choices and value not in [choice["value"] for choice in choices]:
        raise _invalid(f"{value!r} is none of the choices of {option['name']}")


def _invalid(message: str) -> ApiError:
    return errors.form_error("data.options", "INTERACTION_OPTION_INVALID", message)


def routes() -> list[web.RouteDef]:
    """The members' side of interactions."""
    return [web.post(f"{API}/interactions", authorized(invoke))]
