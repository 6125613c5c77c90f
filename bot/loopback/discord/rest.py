"""REST: who calls, how a refusal looks, and the routes about accounts, servers and channels.

`Content-Type` is exactly ``application/json``: discord.py compares it whole and takes anything else for text.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.loopback.discord import errors
from bot.loopback.discord.calls import GatewayFaults
from bot.loopback.discord.entities import Channel, Json, User
from bot.loopback.discord.errors import ApiError
from bot.loopback.discord.permissions import Permission
from bot.loopback.discord.sessions import encode
from bot.loopback.discord.world import World

API = r"/api/v{version:\d+}"
WORLD: web.AppKey[World] = web.AppKey("world", World)
FAULTS: web.AppKey[GatewayFaults] = web.AppKey("faults", GatewayFaults)
_ACCOUNT: web.RequestKey[User] = web.RequestKey("account", User)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger(__name__)


def account(request: web.Request) -> User:
    """Whose token the request carries; only behind `authorized`."""
    return request[_ACCOUNT]


def answer(payload: object, status: int = 200) -> web.Response:
    return web.Response(
        body=encode(payload).encode(), status=status, headers={"Content-Type": "application/json"}
    )


def no_content() -> web.Response:
    return web.Response(status=204)


def snowflake_of(request: web.Request, name: str) -> int:
    """An id in the path; 50035 unless it is a number."""
    value = request.match_info[name]
    if not value.isascii() or not value.isdecimal():
        raise errors.not_a_snowflake(name, value)
    return int(value)


def channel_of(request: web.Request, needed: Permission = Permission.VIEW_CHANNEL) -> Channel:
    """The channel in the path, if the caller may see it and has the permissions needed."""
    world = request.app[WORLD]
    channel = world.channel(snowflake_of(request, "channel_id"))
    world.require(account(request), channel, needed)
    return channel


async def json_body(request: web.Request) -> Any:
    """The body, or the ``payload_json`` part of a form; 50109 if it is not JSON."""
    raw: object
    if request.content_type == "multipart/form-data":
        raw = (await request.post()).get("payload_json")
    else:
        raw = await request.read()
    try:
        return json.loads(raw) if raw and isinstance(raw, str | bytes | bytearray) else {}
    except ValueError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None


async def object_body(request: web.Request) -> Json:
    body = await json_body(request)
    if not isinstance(body, dict):
        raise errors.form_error("", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    return body


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what handlers raise into the bodies of the real API."""
    faults = request.app[FAULTS]
    faulty = "/api/" in request.path and not request.headers.get("Authorization", "").startswith("user-")
    if faulty and faults.rest_delay_s:
        await asyncio.sleep(faults.rest_delay_s)
    if faulty and faults.rest_status is not None:
        return answer({"message": f"{faults.rest_status}: loopback fault", "code": 0}, faults.rest_status)
    try:
        return await handler(request)
    except ApiError as error:
        return answer(error.body, error.status)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return answer({"message": f"{error.status}: {error.reason}", "code": 0}, error.status)
    except Exception:
        _log.exception("%s %s failed", request.method, request.path)
        return answer({"message": "500: Internal Server Error", "code": 0}, 500)


def authorized(handler: Handler) -> Handler:
    """Let in who shows a token: ``Bot TOKEN``, or a bare ``user-NAME`` as the real client does."""

    async def with_account(request: web.Request) -> web.StreamResponse:
        header = request.headers.get("Authorization", "")
        token = header.removeprefix("Bot ")
        user = request.app[WORLD].login(token)
        if user is None or (user.bot and token == header):
            raise errors.unauthorized()
        request[_ACCOUNT] = user
        return await handler(request)

    return with_account


def own_application(request: web.Request) -> User:
    """The bot whose application the path names; only itself may touch it."""
    user = account(request)
    if not user.bot:
        raise ApiError(403, 20002, "Only bots can use this endpoint")
    if snowflake_of(request, "application_id") != user.id:
        raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
    return user


async def gateway(request: web.Request) -> web.Response:
    scheme = "wss" if request.secure else "ws"
    return answer({"url": f"{scheme}://{request.host}"})


async def gateway_bot(request: web.Request) -> web.Response:
    limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
    scheme = "wss" if request.secure else "ws"
    return answer({"url": f"{scheme}://{request.host}", "shards": 1, "session_start_limit": limit})


async def me(request: web.Request) -> web.Response:
    return answer(account(request).private_payload())


async def my_guilds(request: web.Request) -> web.Response:
    user, world = account(request), request.app[WORLD]
    return answer(
        [
            {
                "id": str(guild.id),
                "name": guild.name,
                "icon": None,
                "owner": guild.owner_id == user.id,
                "permissions": str(guild.permissions(user.id)),
                "features": [],
            }
            for guild in world.guilds.values()
        ]
    )


async def user(request: web.Request) -> web.Response:
    found = request.app[WORLD].accounts.users.get(snowflake_of(request, "user_id"))
    if found is None:
        raise errors.unknown("User")
    return answer(found.payload())


async def application(request: web.Request) -> web.Response:
    bot = account(request)
    return answer(
        {
            "id": str(bot.id),
            "name": bot.name,
            "icon": None,
            "description": "",
            "summary": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": 0,
            "owner": request.app[WORLD].accounts.named("Owner").payload(),
            "team": None,
            "bot": bot.payload(),
            "integration_types_config": {"0": {}},
            "approximate_guild_count": len(request.app[WORLD].guilds),
        }
    )


async def guild(request: web.Request) -> web.Response:
    return answer(request.app[WORLD].guild(snowflake_of(request, "guild_id")).payload())


async def guild_channels(request: web.Request) -> web.Response:
    found = request.app[WORLD].guild(snowflake_of(request, "guild_id"))
    return answer([channel.payload() for channel in found.channels.values()])


async def guild_roles(request: web.Request) -> web.Response:
    found = request.app[WORLD].guild(snowflake_of(request, "guild_id"))
    return answer([role.payload() for role in found.roles.values()])


async def guild_members(request: web.Request) -> web.Response:
    found = request.app[WORLD].guild(snowflake_of(request, "guild_id"))
    return answer([member.payload() for member in found.members.values()])


async def guild_member(request: web.Request) -> web.Response:
    found = request.app[WORLD].guild(snowflake_of(request, "guild_id"))
    member = found.members.get(snowflake_of(request, "user_id"))
    if member is None:
        raise errors.unknown("Member")
    return answer(member.payload())


async def channel(request: web.Request) -> web.Response:
    return answer(channel_of(request).payload())


def routes() -> list[web.RouteDef]:
    """Accounts, servers and channels, to be read."""
    gets: dict[str, Handler] = {
        "/gateway/bot": gateway_bot,
        "/users/@me": me,
        "/users/@me/guilds": my_guilds,
        "/users/{user_id}": user,
        "/oauth2/applications/@me": application,
        "/applications/@me": application,
        "/guilds/{guild_id}": guild,
        "/guilds/{guild_id}/channels": guild_channels,
        "/guilds/{guild_id}/roles": guild_roles,
        "/guilds/{guild_id}/members": guild_members,
        "/guilds/{guild_id}/members/{user_id}": guild_member,
        "/channels/{channel_id}": channel,
    }
    return [web.get(f"{API}/gateway", gateway)] + [
        web.get(API + path, authorized(handler)) for path, handler in gets.items()
    ]
