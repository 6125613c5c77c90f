"""REST routes of polls: to vote, as people's clients do; to see who voted; to end one."""

from __future__ import annotations

from aiohttp import web

from bot.loopback.discord import errors
from bot.loopback.discord.entities import Json
from bot.loopback.discord.errors import ApiError
from bot.loopback.discord.messages import Message
from bot.loopback.discord.permissions import Permission
from bot.loopback.discord.polls import Poll
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


def _poll_of(request: web.Request) -> tuple[Message, Poll]:
    channel = channel_of(request, Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY)
    message = request.app[WORLD].chat.get(channel, snowflake_of(request, "message_id"))
    if message.poll is None:
        raise ApiError(400, 520006, "Cannot expire a non-poll message")
    return message, message.poll


async def vote(request: web.Request) -> web.Response:
    """`PUT …/answers/@me` with all that one votes for; not for applications."""
    user, world = account(request), request.app[WORLD]
    if user.bot:
        raise ApiError(403, 20001, "Bots cannot use this endpoint")
    message, poll = _poll_of(request)
    body = await object_body(request)
    came, went = poll.vote(user.id, {int(each) for each in body.get("answer_ids") or ()})
    guild = world.guild(message.channel.guild_id)
    for event, answers in (("MESSAGE_POLL_VOTE_ADD", came), ("MESSAGE_POLL_VOTE_REMOVE", went)):
        for each in sorted(answers):
            told: Json = {
                "user_id": str(user.id),
                "channel_id": str(message.channel.id),
                "message_id": str(message.id),
                "guild_id": str(guild.id),
                "answer_id": each,
            }
            world.tell(guild, event, told, guild.viewers(message.channel))
    return no_content()


async def voters(request: web.Request) -> web.Response:
    """`GET …/answers/{id}`."""
    _, poll = _poll_of(request)
    users = request.app[WORLD].accounts.users
    after, limit = int(request.query.get("after", "0")), int(request.query.get("limit", "25"))
    if not 1 <= limit <= 100:
        raise errors.form_error("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    voted = sorted(user for user in poll.votes.get(snowflake_of(request, "answer_id"), ()) if user > after)
    return answer({"users": [users[user].payload() for user in voted[:limit]]})


async def end(request: web.Request) -> web.Response:
    """`POST …/expire`: by its author."""
    message, poll = _poll_of(request)
    if message.author is not account(request):
        raise errors.missing_permissions()
    poll.end()
    request.app[WORLD].chat.publish(message, "MESSAGE_UPDATE")
    return answer(message.payload())


def routes() -> list[web.RouteDef]:
    """Polls."""
    poll = "/channels/{channel_id}/polls/{message_id}"
    handlers: list[tuple[str, str, Handler]] = [
        ("PUT", f"{poll}/answers/@me", vote),
        ("GET", f"{poll}/answers/{{answer_id}}", voters),
        ("POST", f"{poll}/expire", end),
    ]
    return [web.route(verb, API + path, authorized(handler)) for verb, path, handler in handlers]
