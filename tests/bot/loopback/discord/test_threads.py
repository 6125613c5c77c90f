from __future__ import annotations

from typing import Any

import gateway_client
import pytest
from gateway_client import RawClient, channels, guild_of

from bot.loopback.discord.entities import ChannelKind
from bot.loopback.discord.permissions import Permission

server, connect = gateway_client.server, gateway_client.connect


def text_channel(server: Any) -> str:
    return f"/channels/{channels(server, ChannelKind.TEXT)[0].id}"


async def started(client: RawClient, server: Any, **body: Any) -> dict[str, Any]:
    status, thread = await client.rest(
        "POST", f"{text_channel(server)}/threads", {"name": "plans", "type": 11, **body}
    )
    assert status == 201
    result: dict[str, Any] = thread
    return result


async def test_started_without_a_message_and_told(connect: Any, server: Any) -> None:
    ana, ben = await connect("user-Ana"), await connect("user-Ben")
    thread = await started(ana, server, auto_archive_duration=60)
    assert (thread["type"], thread["name"], thread["owner_id"]) == (11, "plans", str(ana.id))
    assert thread["thread_metadata"]["auto_archive_duration"] == 60
    seen = await ben.event("THREAD_CREATE")
    assert (seen["id"], seen["newly_created"]) == (thread["id"], True)
    late = await connect("user-Cem")
    assert [each["id"] for each in (await late.event("GUILD_CREATE"))["threads"]] == [thread["id"]]
    _, active = await late.rest("GET", f"/guilds/{guild_of(server).id}/threads/active")
    assert [each["id"] for each in active["threads"]] == [thread["id"]]


async def test_started_from_a_message_has_its_id(connect: Any, server: Any) -> None:
    ana = await connect("user-Ana")
    _, message = await ana.rest("POST", f"{text_channel(server)}/messages", {"content": "dinner?"})
    path = f"{text_channel(server)}/messages/{message['id']}/threads"
    status, thread = await ana.rest("POST", path, {"name": "dinner"})
    assert (status, thread["id"]) == (201, message["id"])
    assert (await ana.event("MESSAGE_UPDATE"))["flags"] == 1 << 5
    status, body = await ana.rest("POST", path, {"name": "dinner"})
    assert (status, body["code"]) == (400, 160004)


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": None},
        {"type": 12},
        {"auto_archive_duration": 61},
    ],
)
async def test_what_is_no_thread(connect: Any, server: Any, body: dict[str, Any]) -> None:
    ana = await connect("user-Ana")
    status, answer = await ana.rest(
        "POST", f"{text_channel(server)}/threads", {"name": "plans", "type": 11} | body
    )
    assert (status, answer["code"]) == (400, 50035)


async def test_voice_channels_have_none(connect: Any, server: Any) -> None:
    ana = await connect("user-Ana")
    path = f"/channels/{channels(server)[0].id}/threads"
    status, answer = await ana.rest("POST", path, {"name": "plans", "type": 11})
    assert (status, answer["code"]) == (400, 50024)


async def test_who_may_start_and_write(connect: Any, server: Any) -> None:
    ana, ben = await connect("user-Ana"), await connect("user-Ben")
    parent = channels(server, ChannelKind.TEXT)[0]
    thread = await started(ana, server)
    messages = f"/channels/{thread['id']}/messages"
    server.world.deny(ben.id, parent.id, Permission.SEND_MESSAGES)
    assert (await ben.rest("POST", messages, {"content": "in threads I may"}))[0] == 200
    server.world.deny(ben.id, parent.id, Permission.SEND_MESSAGES_IN_THREADS)
    assert (await ben.rest("POST", messages, {"content": "no more"}))[1]["code"] == 50013
    server.world.deny(ben.id, parent.id, Permission.CREATE_PUBLIC_THREADS)
    status, body = await ben.rest("POST", f"{text_channel(server)}/threads", {"name": "x", "type": 11})
    assert (status, body["code"]) == (403, 50013)
    server.world.deny(ben.id, parent.id, Permission.VIEW_CHANNEL)
    assert (await ben.rest("GET", messages))[1]["code"] == 50001


async def test_written_in_archived_and_brought_back(connect: Any, server: Any) -> None:
    ana, ben = await connect("user-Ana"), await connect("user-Ben")
    thread = await started(ana, server)
    path = f"/channels/{thread['id']}"
    await ben.rest("POST", f"{path}/messages", {"content": "one"})
    assert (await ana.event("MESSAGE_CREATE"))["channel_id"] == thread["id"]
    assert (await ben.rest("PATCH", path, {"archived": True}))[1]["code"] == 50013
    _, edited = await ana.rest("PATCH", path, {"archived": True, "name": "old plans"})
    assert (edited["name"], edited["message_count"]) == ("old plans", 1)
    assert (await ben.event("THREAD_UPDATE"))["thread_metadata"]["archived"] is True
    await ben.rest("POST", f"{path}/messages", {"content": "two"})
    assert (await ben.event("THREAD_UPDATE"))["thread_metadata"]["archived"] is False
    assert (await ana.rest("PATCH", path, {"locked": True}))[1]["code"] == 50013


async def test_locked_and_deleted_by_moderators(connect: Any, server: Any) -> None:
    ana, owner = await connect("user-Ana"), await connect("user-Owner")
    thread = await started(ana, server)
    path = f"/channels/{thread['id']}"
    await owner.rest("PATCH", path, {"locked": True})
    status, body = await ana.rest("POST", f"{path}/messages", {"content": "hello?"})
    assert (status, body["code"]) == (400, 160005)
    assert (await ana.rest("DELETE", path))[1]["code"] == 50013
    assert (await owner.rest("DELETE", path))[0] == 200
    assert (await ana.event("THREAD_DELETE"))["id"] == thread["id"]
    assert (await ana.rest("GET", path))[1]["code"] == 10003


async def test_channels_are_deleted_by_who_manages_them(connect: Any, server: Any) -> None:
    ana, owner = await connect("user-Ana"), await connect("user-Owner")
    path = text_channel(server)
    assert (await ana.rest("DELETE", path))[1]["code"] == 50013
    assert (await owner.rest("DELETE", path))[0] == 200
    assert (await owner.rest("GET", path))[1]["code"] == 10003


async def test_joining_is_for_threads(connect: Any, server: Any) -> None:
    ana = await connect("user-Ana")
    thread = await started(ana, server)
    assert (await ana.rest("PUT", f"/channels/{thread['id']}/thread-members/@me"))[0] == 204
    assert (await ana.rest("PUT", f"{text_channel(server)}/thread-members/@me"))[1]["code"] == 50024
    assert (await ana.rest("PATCH", text_channel(server), {"name": "x"}))[1]["code"] == 50024
