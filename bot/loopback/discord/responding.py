"""The bot's side of interactions: the callback, the original response and the follow-ups.

None of these carries the bot's token: the interaction token in the path is the right to answer.
"""

from __future__ import annotations

from aiohttp import web

from bot.loopback.discord import errors, modals, suggestions
from bot.loopback.discord.channels import received_files, rewrite, without_uploads
from bot.loopback.discord.entities import Json, MessageFlag, timestamp
from bot.loopback.discord.errors import ApiError
from bot.loopback.discord.interactions import INTERACTIONS, Interaction, Kind
from bot.loopback.discord.messages import CHAT_INPUT_COMMAND, DEFAULT, REPLY, Message
from bot.loopback.discord.rest import API, WORLD, answer, no_content, object_body, snowflake_of

MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9

# Which answers the kinds of interaction admit (Discord API docs, "Interaction Callback Type").
_ADMITTED = {
    Kind.COMMAND: {MESSAGE, DEFERRED_MESSAGE, MODAL},
    Kind.COMPONENT: {MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, MODAL},
    Kind.AUTOCOMPLETE: {CHOICES},
    Kind.MODAL: {MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE},
}


async def callback(request: web.Request) -> web.Response:
    """The one response within three seconds."""
    interactions, body = request.app[INTERACTIONS], await object_body(request)
    kind = body.get("type")
    interaction = interactions.waiting(snowflake_of(request, "interaction_id"), request.match_info["token"])
    if kind not in _ADMITTED[interaction.kind]:
        admitted = ", ".join(map(str, sorted(_ADMITTED[interaction.kind])))
        raise errors.form_error("type", "BASE_TYPE_CHOICES", f"Value must be one of {{{admitted}}}.")
    data: Json = body.get("data") or {}
    if kind == CHOICES:
        data = {"choices": suggestions.checked(data, interaction.data.get("options") or [])}
    elif kind == MODAL:
        data = interaction.modal = modals.checked(data)
    try:
        message = await _responded(request, interaction, kind, data)
    except ApiError as refusal:
        raise refusal.within("data") from None
    interactions.acknowledge(interaction)
    if message is not None:
        event = "MESSAGE_CREATE" if kind in (MESSAGE, DEFERRED_MESSAGE) else "MESSAGE_UPDATE"
        interactions.world.chat.publish(message, event)
    elif kind == CHOICES:
        interactions.tell_member(interaction, "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE", data)
    elif kind == MODAL:
        about = {
            "channel_id": str(interaction.channel.id),
            "application": {"id": str(interaction.bot.id), "name": interaction.bot.name},
        }
        interactions.tell_member(interaction, "INTERACTION_MODAL_CREATE", about | data)
    if request.query.get("with_response", "").lower() not in ("1", "true"):
        return no_content()
    return answer(_resource(interaction, kind, message))


async def _responded(request: web.Request, interaction: Interaction, kind: int, data: Json) -> Message | None:
    """The message that the answer makes or changes; `ApiError` leaves the interaction unanswered."""
    if kind == UPDATE:
        if (source := interaction.source) is None:
            raise errors.form_error("type", "BASE_TYPE_CHOICES", "There is no message to update.")
        source.write(without_uploads(data), await received_files(request, source.channel))
        source.edited_at = timestamp()
        interaction.original = source
        return source
    if kind == DEFERRED_UPDATE:
        interaction.original = interaction.source
    if kind not in (MESSAGE, DEFERRED_MESSAGE):
        return None
    message = _new_message(interaction, data)
    if kind == DEFERRED_MESSAGE:
        message.flags |= MessageFlag.LOADING
    else:
        message.write(without_uploads(data), await received_files(request, message.channel))
    interaction.original = message
    return message


def _new_message(interaction: Interaction, data: Json) -> Message:
    ephemeral = bool(int(data.get("flags") or 0) & MessageFlag.EPHEMERAL)
    return Message(
        interaction.channel,
        interaction.bot,
        kind=CHAT_INPUT_COMMAND if interaction.kind is Kind.COMMAND else DEFAULT,
        flags=MessageFlag.EPHEMERAL if ephemeral else 0,
        only_for=interaction.member.user.id if ephemeral else None,
        application_id=interaction.bot.id,
        interaction=interaction.metadata(),
    )


def _resource(interaction: Interaction, kind: int, message: Message | None) -> Json:
    """The body for ``with_response=1``."""
    about: Json = {
        "id": str(interaction.id),
        "type": int(interaction.kind),
        "channel_id": str(interaction.channel.id),
        "guild_id": str(interaction.guild.id),
    }
    resource: Json = {"type": kind}
    if message is not None:
        about |= {
            "response_message_id": str(message.id),
            "response_message_loading": bool(message.flags & MessageFlag.LOADING),
            "response_message_ephemeral": message.only_for is not None,
        }
        resource["message"] = message.payload()
    return {"interaction": about, "resource": resource}


def _interaction(request: web.Request) -> Interaction:
    return request.app[INTERACTIONS].by_token(
        snowflake_of(request, "application_id"), request.match_info["token"]
    )


async def follow_up(request: web.Request) -> web.Response:
    """A further message; the first one after a deferred response takes that response's place."""
    interaction, body = _interaction(request), await object_body(request)
    chat, original = request.app[WORLD].chat, interaction.original
    if original is not None and original.flags & MessageFlag.LOADING:
        await rewrite(request, original)
        return answer(original.payload())
    message = _new_message(interaction, body)
    if original is not None:
        message.kind, message.reference = REPLY, original
    message.write(without_uploads(body), await received_files(request, message.channel))
    chat.publish(message, "MESSAGE_CREATE")
    return answer(message.payload())


def _response(request: web.Request, interaction: Interaction) -> Message:
    named = request.match_info["message_id"]
    if named == "@original":
        if interaction.original is None:
            raise errors.unknown("Message")
        return interaction.original
    message = request.app[WORLD].chat.get(interaction.channel, snowflake_of(request, "message_id"))
    if message.application_id != interaction.bot.id:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    return message


async def response(request: web.Request) -> web.Response:
    """`GET`, `PATCH` and `DELETE` of the original response or of a follow-up."""
    interaction = _interaction(request)
    message = _response(request, interaction)
    if request.method == "DELETE":
        request.app[WORLD].chat.delete(message)
        if message is interaction.original:
            interaction.original = None
        return no_content()
    if request.method == "PATCH":
        await rewrite(request, message)
    return answer(message.payload())


def routes() -> list[web.RouteDef]:
    """Callback and webhook; discord.py sends no Authorization to either."""
    webhook = f"{API}/webhooks/{{application_id}}/{{token}}"
    message = f"{webhook}/messages/{{message_id}}"
    return [
        web.post(f"{API}/interactions/{{interaction_id}}/{{token}}/callback", callback),
        web.post(webhook, follow_up),
        *(web.route(verb, message, response) for verb in ("GET", "PATCH", "DELETE")),
    ]
