"""`POST /interactions`: what the real client sends when a member types a command, presses a button, chooses
from a menu or fills a form."""

from __future__ import annotations

from aiohttp import web

from bot.loopback.discord import errors, modals, options, selections
from bot.loopback.discord.channels import received_files
from bot.loopback.discord.commands import COMMANDS, Command
from bot.loopback.discord.components import walk
from bot.loopback.discord.entities import Channel, Json
from bot.loopback.discord.errors import ApiError
from bot.loopback.discord.interactions import INTERACTIONS, Interaction, Kind, resolved
from bot.loopback.discord.permissions import Permission
from bot.loopback.discord.rest import API, WORLD, account, authorized, no_content, object_body
from bot.loopback.discord.suggestions import leaves

_ATTACHMENT = 11


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
    uploads = {str(n): file for n, file in enumerate(await received_files(request, channel))}
    if kind in (Kind.COMMAND, Kind.AUTOCOMPLETE):
        world.require(user, channel, Permission.USE_APPLICATION_COMMANDS)
        interaction.data = _command_data(request, interaction, uploads)
    elif kind is Kind.COMPONENT:
        _press(request, interaction, _id(body, "message_id"))
    else:
        _submit(request, interaction, uploads)
    request.app[INTERACTIONS].open(interaction)
    return no_content()


def _press(request: web.Request, interaction: Interaction, message_id: int) -> None:
    """A button or a menu under a message of the bot's that this member sees."""
    chat, user, data = request.app[WORLD].chat, interaction.member.user, interaction.data
    message = interaction.source = chat.get(interaction.channel, message_id)
    if message.only_for not in (None, user.id) or message.author is not interaction.bot:
        raise errors.unknown("Message")
    named = [part for part in walk(message.components) if part.get("custom_id") == data.get("custom_id")]
    interaction.data = selections.pressed(named[0] if named else None, data, interaction.guild)


def _submit(request: web.Request, interaction: Interaction, uploads: Json) -> None:
    """A form that was opened for this member; `data.id` is the interaction that it answered."""
    typed = interaction.data
    opener = request.app[INTERACTIONS].opened(_id(typed, "id"), interaction.member.user.id)
    if opener.modal is None or opener.modal["custom_id"] != typed.get("custom_id"):
        raise selections.refused("data.custom_id")
    interaction.source = opener.source
    interaction.data = modals.submitted(opener.modal, typed.get("components"), interaction.guild, uploads)


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


def _command_data(request: web.Request, interaction: Interaction, uploads: Json) -> Json:
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
    typed_options = typed.get("options") or []
    attached = _attach(typed_options, uploads)
    if interaction.kind is Kind.COMMAND:
        kinds = {str(one.id): int(one.kind) for one in interaction.guild.channels.values()}
        options.check(command.body.get("options") or [], typed_options, kinds)
    else:
        options.check_focus(command.body.get("options") or [], typed_options)
    data: Json = {
        "id": str(command.id),
        "name": command.body["name"],
        "type": command.body["type"],
        "options": typed_options,
    }
    for name in ("guild_id", "target_id"):
        if name in typed:
            data[name] = typed[name]
    found = resolved(interaction.guild, typed_options) | ({"attachments": attached} if attached else {})
    if found:
        data["resolved"] = found
    return data


def _attach(typed: list[Json], uploads: Json) -> Json:
    """Put the files sent along in place of their numbers; the attachment objects by id."""
    attached: Json = {}
    for option in leaves(typed):
        if option["type"] == _ATTACHMENT:
            if (file := uploads.get(str(option.get("value")))) is None:
                raise errors.required(f"data.options.{option.get('name')}")
            option["value"] = file["id"]
            attached[file["id"]] = file | {"ephemeral": True}
    return attached


def _require_allowed(request: web.Request, command: Command, channel: Channel) -> None:
    held = request.app[WORLD].guild(channel.guild_id).permissions(account(request).id, channel)
    if held & command.needed != command.needed:
        raise ApiError(403, 50013, "You do not have permission to use this command")


def routes() -> list[web.RouteDef]:
    """The members' side of interactions."""
    return [web.post(f"{API}/interactions", authorized(invoke))]
