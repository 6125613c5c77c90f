"""REST routes of scheduled events."""

from __future__ import annotations

from aiohttp import web

from bot.loopback.discord.entities import Guild
from bot.loopback.discord.rest import (
    API,
    WORLD,
    Handler,
    account,
    answer,
    authorized,
    no_content,
    object_body,
    snowflake_of,
)
from bot.loopback.discord.scheduled import ScheduledEvent


def _guild(request: web.Request) -> Guild:
    return request.app[WORLD].guild(snowflake_of(request, "guild_id"))


def _event(request: web.Request) -> ScheduledEvent:
    event_id = snowflake_of(request, "event_id")
    return request.app[WORLD].events.get(_guild(request), event_id, account(request).id)


def _with_count(request: web.Request) -> bool:
    return request.query.get("with_user_count", "").lower() in ("true", "1")


async def listing(request: web.Request) -> web.Response:
    found = request.app[WORLD].events.of(_guild(request), account(request).id)
    return answer([event.payload(with_count=_with_count(request)) for event in found])


async def create(request: web.Request) -> web.Response:
    guild, body = _guild(request), await object_body(request)
    return answer(request.app[WORLD].events.create(guild, account(request), body).payload())


async def show(request: web.Request) -> web.Response:
    return answer(_event(request).payload(with_count=_with_count(request)))


async def edit(request: web.Request) -> web.Response:
    event, body = _event(request), await object_body(request)
    request.app[WORLD].events.edit(_guild(request), event, account(request), body)
    return answer(event.payload())


async def delete(request: web.Request) -> web.Response:
    request.app[WORLD].events.delete(_guild(request), _event(request), account(request))
    return no_content()


def routes() -> list[web.RouteDef]:
    """Scheduled events."""
    events = "/guilds/{guild_id}/scheduled-events"
    handlers: list[tuple[str, str, Handler]] = [
        ("GET", events, listing),
        ("POST", events, create),
        ("GET", f"{events}/{{event_id}}", show),
        ("PATCH", f"{events}/{{event_id}}", edit),
        ("DELETE", f"{events}/{{event_id}}", delete),
    ]
    return [web.route(verb, API + path, authorized(handler)) for verb, path, handler in handlers]
