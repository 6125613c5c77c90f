"""REST routes of a channel's chat: write, read, edit, delete, react; files come as multipart forms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.web_request import FileField

from bot.loopback.discord import errors
from bot.loopback.discord.entities import Channel, ChannelKind, Json, MessageFlag, User, timestamp
from bot.loopback.discord.errors import ApiError
from bot.loopback.discord.messages import REPLY, Attachment, Message, without_content
from bot.loopback.discord.permissions import Permission
from bot.loopback.discord.polls import Poll
from bot.loopback.discord.rest import (
    API,
    FAULTS,
    WORLD,
    Handler,
    account,
    answer,
    authorized,
    channel_of,
    no_content,
    object_body,
    snowflake_of,
)
from bot.loopback.discord.threads import Thread

NONCE_REMEMBERED = timedelta(minutes=5)
_FILE = re.compile(r"files\[(\d+)\]")


async def received_files(request: web.Request, channel: Channel) -> list[Json]:
    """Keep the ``files[n]`` of a form; the attachment objects to put into the message."""
    if request.content_type != "multipart/form-data":
        return []
    chat = request.app[WORLD].chat
    kept = []
    for name, part in (await request.post()).items():
        if _FILE.fullmatch(name) and isinstance(part, FileField):
            attachment = Attachment(part.filename, part.content_type, part.file.read())
            chat.attachments[attachment.id] = attachment
            kept.append(attachment.payload(f"{request.scheme}://{request.host}", channel.id))
    return kept


def without_uploads(body: Json) -> Json:
    """The body without the placeholders of uploads: their ids are small numbers, not snowflakes."""
    if "attachments" not in body:
        return body
    listed: list[Any] = body["attachments"] or []
    return body | {"attachments": [entry for entry in listed if int(entry.get("id", 0)) > 1 << 22]}


def _may_write(request: web.Request) -> Channel:
    channel = request.app[WORLD].channel(snowflake_of(request, "channel_id"))
    needed = Permission.SEND_MESSAGES
    if channel.kind is ChannelKind.PUBLIC_THREAD:
        needed = Permission.SEND_MESSAGES_IN_THREADS
    elif channel.vocal:
        needed |= Permission.CONNECT  # the chat of a voice channel is for who may enter it
    if request.content_type == "multipart/form-data":
        needed |= Permission.ATTACH_FILES
    held = request.app[WORLD].require(account(request), channel, needed)
    if isinstance(channel, Thread) and channel.locked and not held & Permission.MANAGE_THREADS:
        raise ApiError(400, 160005, "Thread is locked")
    return channel


async def create(request: web.Request) -> web.Response:
    channel, body = _may_write(request), await object_body(request)
    chat = request.app[WORLD].chat
    if body.get("enforce_nonce") and (sent := _sent(request, channel, body.get("nonce"))):
        return answer(sent.payload())
    message = Message(channel, account(request), nonce=body.get("nonce"))
    if body.get("poll") is not None:
        request.app[WORLD].require(account(request), channel, Permission.SEND_POLLS)
        message.poll = Poll.of(body["poll"])
    message.write(without_uploads(body), await received_files(request, channel))
    if reference := body.get("message_reference"):
        _refer(request, message, reference)
    chat.publish(message, "MESSAGE_CREATE")
    if isinstance(channel, Thread):
        request.app[WORLD].threads.written(channel)
    return answer(message.payload())


def _sent(request: web.Request, channel: Channel, nonce: object) -> Message | None:
    """What the same author has sent there with the same nonce "in the past few minutes" (Discord API docs,
    "Create Message"): it is not sent again."""
    latest = datetime.now(UTC) - NONCE_REMEMBERED
    for message in request.app[WORLD].chat.history(channel):
        same = nonce is not None and message.author is account(request) and str(message.nonce) == str(nonce)
        if same and datetime.fromisoformat(message.created_at) > latest:
            return message
    return None


def _shown(request: web.Request, message: Message) -> Json:
    """An application that was not given the message-content intent in the developer portal is not shown what
    others write by REST either, whatever its session asked for (Discord API docs, "HTTP Restrictions")."""
    reader = account(request)
    given = not reader.bot or request.app[FAULTS].privileged_intents or reader.id in message.readers
    return message.payload() if given else without_content(message.payload())


def _refer(request: web.Request, message: Message, reference: Json) -> None:
    """Make it a reply. What it replies to may be gone: then it is none, if the author does not mind."""
    world = request.app[WORLD]
    held = world.require(message.author, message.channel, Permission.VIEW_CHANNEL)
    if not held & Permission.READ_MESSAGE_HISTORY:
        raise ApiError(403, 160002, "Cannot reply without permission to read message history")
    try:
        message.reference = world.chat.get(message.channel, int(reference["message_id"]))
        message.kind = REPLY
    except ApiError:
        if reference.get("fail_if_not_exists", True):
            raise errors.form_error(
                "message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message"
            ) from None


async def history(request: web.Request) -> web.Response:
    """Newest first, as the real API lists them."""
    channel = channel_of(request, Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY)
    try:
        limit = int(request.query.get("limit", "50"))
        before, after = (int(request.query.get(name, "0")) for name in ("before", "after"))
    except ValueError:
        raise errors.not_a_snowflake("before", request.query_string) from None
    if not 1 <= limit <= 100:
        raise errors.form_error("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    found = [
        message
        for message in request.app[WORLD].chat.history(channel)
        if message.id > after and (not before or message.id < before)
    ]
    page = found[:limit] if after else found[-limit:]
    return answer([_shown(request, message) for message in reversed(page)])


def _message_of(request: web.Request) -> Message:
    message = request.app[WORLD].chat.get(channel_of(request), snowflake_of(request, "message_id"))
    if message.only_for is not None:
        raise errors.unknown("Message")
    return message


async def show(request: web.Request) -> web.Response:
    return answer(_shown(request, _message_of(request)))


async def edit(request: web.Request) -> web.Response:
    message = _message_of(request)
    if message.author is not account(request):
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    if message.poll is not None:
        raise ApiError(400, 520003, "Cannot edit a poll message")
    await rewrite(request, message)
    return answer(message.payload())


async def rewrite(request: web.Request, message: Message) -> None:
    """Apply an edit request and tell of it; a deferred response stops being "thinking"."""
    message.write(without_uploads(await object_body(request)), await received_files(request, message.channel))
    message.flags &= ~MessageFlag.LOADING
    message.edited_at = timestamp()
    request.app[WORLD].chat.publish(message, "MESSAGE_UPDATE")


async def delete(request: web.Request) -> web.Response:
    message, user = _message_of(request), account(request)
    if message.author is not user:
        request.app[WORLD].require(user, message.channel, Permission.MANAGE_MESSAGES)
    request.app[WORLD].chat.delete(message)
    if isinstance(message.channel, Thread):
        message.channel.deleted += 1
    return no_content()


async def typing(request: web.Request) -> web.Response:
    channel, user, world = _may_write(request), account(request), request.app[WORLD]
    guild = world.guild(channel.guild_id)
    data = {
        "channel_id": str(channel.id),
        "guild_id": str(guild.id),
        "user_id": str(user.id),
        "timestamp": 0,
        "member": guild.members[user.id].payload(),
    }
    world.tell(guild, "TYPING_START", data, guild.viewers(channel))
    return no_content()


async def react(request: web.Request) -> web.Response:
    """Told to everybody, but not kept: `GET` shows no reactions."""
    message, user, world = _message_of(request), account(request), request.app[WORLD]
    if request.method == "PUT":
        world.require(user, message.channel, Permission.ADD_REACTIONS | Permission.READ_MESSAGE_HISTORY)
    guild = world.guild(message.channel.guild_id)
    event = "MESSAGE_REACTION_ADD" if request.method == "PUT" else "MESSAGE_REACTION_REMOVE"
    data = _reaction(message, user, request.match_info["emoji"])
    world.tell(
        guild, event, data | {"member": guild.members[user.id].payload()}, guild.viewers(message.channel)
    )
    return no_content()


def _reaction(message: Message, user: User, emoji: str) -> Json:
    name, _, emoji_id = emoji.partition(":")
    return {
        "user_id": str(user.id),
        "channel_id": str(message.channel.id),
        "message_id": str(message.id),
        "guild_id": str(message.channel.guild_id),
        "message_author_id": str(message.author.id),
        "emoji": {"id": emoji_id or None, "name": name},
        "burst": False,
        "type": 0,
    }


async def attachment(request: web.Request) -> web.Response:
    """The file itself; on the real service it lies on a CDN that asks for no token."""
    status = request.app[FAULTS].cdn_status
    kept = request.app[WORLD].chat.attachments.get(snowflake_of(request, "attachment_id"))
    if kept is None or status is not None:
        return web.Response(text="This content is no longer available.", status=status or 404)
    return web.Response(body=kept.content, content_type=kept.content_type)


def routes() -> list[web.RouteDef]:
    """Chat."""
    messages = "/channels/{channel_id}/messages"
    handlers: list[tuple[str, str, Handler]] = [
        ("POST", messages, create),
        ("GET", messages, history),
        ("GET", f"{messages}/{{message_id}}", show),
        ("PATCH", f"{messages}/{{message_id}}", edit),
        ("DELETE", f"{messages}/{{message_id}}", delete),
        ("PUT", f"{messages}/{{message_id}}/reactions/{{emoji}}/@me", react),
        ("DELETE", f"{messages}/{{message_id}}/reactions/{{emoji}}/@me", react),
        ("POST", "/channels/{channel_id}/typing", typing),
    ]
    return [web.get("/attachments/{channel_id}/{attachment_id}/{filename}", attachment)] + [
        web.route(verb, API + path, authorized(handler)) for verb, path, handler in handlers
    ]
