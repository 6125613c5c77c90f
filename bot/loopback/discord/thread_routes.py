"""REST routes of threads, and those that edit or delete a channel."""

from __future__ import annotations

from aiohttp import web

from bot.loopback.discord.entities import MessageFlag
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
    no_content,
    object_body,
    snowflake_of,
)
from bot.loopback.discord.threads import Thread


async def start(request: web.Request) -> web.Response:
    """`POST /channels/{id}/threads`: not from a message."""
    parent = channel_of(request, Permission.CREATE_PUBLIC_THREADS)
    body = await object_body(request)
    return answer(request.app[WORLD].threads.start(parent, account(request), body).payload(), 201)


async def start_from_message(request: web.Request) -> web.Response:
    """`POST …/messages/{id}/threads`: the message shows from then on that it has one."""
    world = request.app[WORLD]
    parent = channel_of(request, Permission.CREATE_PUBLIC_THREADS | Permission.READ_MESSAGE_HISTORY)
    message = world.chat.get(parent, snowflake_of(request, "message_id"))
    thread = world.threads.start(parent, account(request), await object_body(request), message.id)
    message.flags |= MessageFlag.HAS_THREAD
    world.chat.publish(message, "MESSAGE_UPDATE")
    return answer(thread.payload(), 201)


async def active(request: web.Request) -> web.Response:
    """`GET /guilds/{id}/threads/active`."""
    world, user = request.app[WORLD], account(request)
    found = world.threads.active(world.guild(snowflake_of(request, "guild_id")), user.id)
    return answer({"threads": [thread.payload() for thread in found], "members": []})


async def edit(request: web.Request) -> web.Response:
    """`PATCH /channels/{id}`, of a thread: by who started it, except what only moderators may."""
    channel, body = channel_of(request), await object_body(request)
    if not isinstance(channel, Thread):
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    owner = channel.owner_id == account(request).id
    if not owner or channel.locked or body.keys() & {"locked", "rate_limit_per_user"}:
        request.app[WORLD].require(account(request), channel, Permission.MANAGE_THREADS)
    request.app[WORLD].threads.edit(channel, body)
    return answer(channel.payload())


async def delete(request: web.Request) -> web.Response:
    """`DELETE /channels/{id}`."""
    world, channel = request.app[WORLD], channel_of(request)
    if isinstance(channel, Thread):
        world.require(account(request), channel, Permission.MANAGE_THREADS)
        world.threads.delete(channel)
    else:
        world.require(account(request), channel, Permission.MANAGE_CHANNELS)
        await world.delete_channel(channel.id)
    return answer(channel.payload())


async def join(request: web.Request) -> web.Response:
    """`PUT` and `DELETE …/thread-members/@me`: who is in a thread is not kept."""
    if not isinstance(channel_of(request), Thread):
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return no_content()


def routes() -> list[web.RouteDef]:
    """Threads, and channels to be edited."""
    handlers: list[tuple[str, str, Handler]] = [
        ("POST", "/channels/{channel_id}/threads", start),
        ("POST", "/channels/{channel_id}/messages/{message_id}/threads", start_from_message),
        ("GET", "/guilds/{guild_id}/threads/active", active),
        ("PATCH", "/channels/{channel_id}", edit),
        ("DELETE", "/channels/{channel_id}", delete),
        ("PUT", "/channels/{channel_id}/thread-members/@me", join),
        ("DELETE", "/channels/{channel_id}/thread-members/@me", join),
    ]
    return [web.route(verb, API + path, authorized(handler)) for verb, path, handler in handlers]
