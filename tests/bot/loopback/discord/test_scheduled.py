from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import gateway_client
import pytest
from gateway_client import channels, guild_of

from bot.loopback.discord.permissions import Permission

server, connect = gateway_client.server, gateway_client.connect

TOMORROW = datetime.now(UTC) + timedelta(days=1)


def path(server: Any) -> str:
    return f"/guilds/{guild_of(server).id}/scheduled-events"


def voice(server: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": "Quiz night",
        "privacy_level": 2,
        "scheduled_start_time": TOMORROW.isoformat(),
        "entity_type": 2,
        "channel_id": str(channels(server)[0].id),
        **more,
    }


def elsewhere(**more: Any) -> dict[str, Any]:
    return {
        "name": "Picnic",
        "privacy_level": 2,
        "scheduled_start_time": TOMORROW.isoformat(),
        "scheduled_end_time": (TOMORROW + timedelta(hours=2)).isoformat(),
        "entity_type": 3,
        "entity_metadata": {"location": "The park"},
        **more,
    }


async def test_created_listed_told_and_deleted(connect: Any, server: Any) -> None:
    owner, ana = await connect("user-Owner"), await connect("user-Ana")
    status, event = await owner.rest("POST", path(server), voice(server, description="Bring pens"))
    assert (status, event["name"], event["status"]) == (200, "Quiz night", 1)
    assert event["creator"]["username"] == "Owner"
    assert (await ana.event("GUILD_SCHEDULED_EVENT_CREATE"))["id"] == event["id"]
    _, listed = await ana.rest("GET", f"{path(server)}?with_user_count=true")
    assert [(each["id"], each["user_count"]) for each in listed] == [(event["id"], 0)]
    late = await connect("user-Cem")
    assert len((await late.event("GUILD_CREATE"))["guild_scheduled_events"]) == 1
    assert (await ana.rest("DELETE", f"{path(server)}/{event['id']}"))[1]["code"] == 50013
    assert (await owner.rest("DELETE", f"{path(server)}/{event['id']}"))[0] == 204
    await ana.event("GUILD_SCHEDULED_EVENT_DELETE")
    assert (await ana.rest("GET", f"{path(server)}/{event['id']}"))[1]["code"] == 10070


async def test_elsewhere(connect: Any, server: Any) -> None:
    owner = await connect("user-Owner")
    _, event = await owner.rest("POST", path(server), elsewhere())
    assert (event["channel_id"], event["entity_metadata"]) == (None, {"location": "The park"})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"privacy_level": 1}, "privacy_level"),
        ({"entity_type": 4}, "entity_type"),
        ({"scheduled_start_time": "tomorrow"}, "scheduled_start_time"),
        ({"scheduled_start_time": "2020-01-01T00:00:00+00:00"}, "scheduled_start_time"),
        ({"scheduled_end_time": None}, "scheduled_end_time"),
        ({"scheduled_end_time": TOMORROW.isoformat()}, "scheduled_end_time"),
        ({"entity_metadata": None}, "entity_metadata"),
        ({"channel_id": "1"}, "channel_id"),
        ({"entity_type": 2}, "channel_id"),
        ({"entity_type": 2, "channel_id": "1"}, "channel_id"),
        ({"description": "x" * 1001}, "description"),
    ],
)
async def test_what_is_no_event(connect: Any, server: Any, change: dict[str, Any], field: str) -> None:
    owner = await connect("user-Owner")
    status, body = await owner.rest("POST", path(server), elsewhere() | change)
    assert (status, body["code"], [*body["errors"]]) == (400, 50035, [field])


async def test_who_may(connect: Any, server: Any) -> None:
    ana, ben = await connect("user-Ana"), await connect("user-Ben")
    assert (await ana.rest("POST", path(server), elsewhere()))[1]["code"] == 50013
    server.world.grant(ana.id, Permission.CREATE_EVENTS)
    status, own = await ana.rest("POST", path(server), voice(server))
    assert status == 200
    server.world.deny(ana.id, channels(server)[0].id, Permission.CONNECT)
    assert (await ana.rest("POST", path(server), voice(server)))[1]["code"] == 50013
    server.world.grant(ben.id, Permission.CREATE_EVENTS)
    change = {"name": "Mine now"}
    assert (await ben.rest("PATCH", f"{path(server)}/{own['id']}", change))[1]["code"] == 50013
    server.world.grant(ben.id, Permission.MANAGE_EVENTS)
    assert (await ben.rest("PATCH", f"{path(server)}/{own['id']}", change))[1]["name"] == "Mine now"
    assert (await ana.event("GUILD_SCHEDULED_EVENT_UPDATE"))["name"] == "Mine now"


async def test_one_in_a_hidden_channel_is_hidden(connect: Any, server: Any) -> None:
    owner, ana = await connect("user-Owner"), await connect("user-Ana")
    server.world.deny(ana.id, channels(server)[0].id, Permission.VIEW_CHANNEL)
    _, event = await owner.rest("POST", path(server), voice(server))
    assert (await ana.rest("GET", path(server)))[1] == []
    assert (await ana.rest("GET", f"{path(server)}/{event['id']}"))[1]["code"] == 10070


async def test_what_becomes_of_it(connect: Any, server: Any) -> None:
    owner = await connect("user-Owner")
    _, event = await owner.rest("POST", path(server), voice(server))
    one = f"{path(server)}/{event['id']}"
    assert (await owner.rest("PATCH", one, {"status": 3}))[1]["code"] == 180000
    assert (await owner.rest("PATCH", one, {"status": 2}))[1]["status"] == 2
    assert (await owner.rest("PATCH", one, {"status": 3}))[1]["status"] == 3
    assert (await owner.rest("GET", path(server)))[1] == []


async def test_at_most_a_hundred(connect: Any, server: Any) -> None:
    owner = await connect("user-Owner")
    for _ in range(100):
        assert (await owner.rest("POST", path(server), elsewhere()))[0] == 200
    assert (await owner.rest("POST", path(server), elsewhere()))[1]["code"] == 30038
