from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import gateway_client
import pytest
from gateway_client import RawClient, channels

from bot.loopback.discord.entities import ChannelKind
from bot.loopback.discord.permissions import Permission

server, connect = gateway_client.server, gateway_client.connect


def poll(**changes: Any) -> dict[str, Any]:
    answers = [{"poll_media": {"text": text}} for text in ("Pizza", "Pasta")]
    return {"question": {"text": "Dinner?"}, "answers": answers, "duration": 2, **changes}


def text_channel(server: Any) -> str:
    return f"/channels/{channels(server, ChannelKind.TEXT)[0].id}"


async def posted(client: RawClient, server: Any, **changes: Any) -> tuple[dict[str, Any], str]:
    _, message = await client.rest("POST", f"{text_channel(server)}/messages", {"poll": poll(**changes)})
    return message, f"{text_channel(server)}/polls/{message['id']}"


async def test_posted_and_told(connect: Any, server: Any) -> None:
    bot, ana = await connect("x"), await connect("user-Ana")
    message, _ = await posted(bot, server)
    seen = (await ana.event("MESSAGE_CREATE"))["poll"]
    assert seen == message["poll"]
    assert [answer["answer_id"] for answer in seen["answers"]] == [1, 2]
    hours = (datetime.fromisoformat(seen["expiry"]) - datetime.now(UTC)) / timedelta(hours=1)
    assert 1.9 < hours <= 2
    assert seen["results"] == {"is_finalized": False, "answer_counts": []}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"question": {"text": "x" * 301}}, "question"),
        ({"question": None}, "question"),
        ({"answers": []}, "answers"),
        ({"answers": [{"poll_media": {"text": "x"}}] * 11}, "answers"),
        ({"answers": [{"poll_media": {"text": "x" * 56}}]}, "answers"),
        ({"answers": [{}]}, "answers"),
        ({"duration": 0}, "duration"),
        ({"duration": 32 * 24 + 1}, "duration"),
        ({"layout_type": 2}, "layout_type"),
    ],
)
async def test_what_is_no_poll(connect: Any, server: Any, changes: dict[str, Any], field: str) -> None:
    ana = await connect("user-Ana")
    path = f"{text_channel(server)}/messages"
    status, body = await ana.rest("POST", path, {"poll": poll(**changes)})
    assert (status, body["code"], [*body["errors"]["poll"]]) == (400, 50035, [field])
    assert (await ana.rest("POST", path, {"poll": []}))[1]["code"] == 50035


async def test_voted_changed_and_withdrawn(connect: Any, server: Any) -> None:
    bot, ana = await connect("x", intents=1 << 24), await connect("user-Ana")
    message, path = await posted(bot, server)
    assert (await ana.rest("PUT", f"{path}/answers/@me", {"answer_ids": ["1"]}))[0] == 204
    assert (await bot.event("MESSAGE_POLL_VOTE_ADD"))["answer_id"] == 1
    _, voters = await bot.rest("GET", f"{path}/answers/1")
    assert [user["username"] for user in voters["users"]] == ["Ana"]
    await ana.rest("PUT", f"{path}/answers/@me", {"answer_ids": [2]})
    assert (await bot.event("MESSAGE_POLL_VOTE_REMOVE"))["answer_id"] == 1
    _, shown = await bot.rest("GET", f"{text_channel(server)}/messages/{message['id']}")
    assert shown["poll"]["results"]["answer_counts"] == [{"id": 2, "count": 1, "me_voted": False}]
    status, body = await ana.rest("PUT", f"{path}/answers/@me", {"answer_ids": [1, 2]})
    assert (status, body["code"]) == (400, 50035)
    assert (await ana.rest("PUT", f"{path}/answers/@me", {"answer_ids": [3]}))[1]["code"] == 50035
    assert (await ana.rest("PUT", f"{path}/answers/@me", {"answer_ids": []}))[0] == 204
    assert (await bot.rest("PUT", f"{path}/answers/@me", {"answer_ids": [1]}))[1]["code"] == 20001


async def test_ended_by_its_author(connect: Any, server: Any) -> None:
    bot, ana = await connect("x"), await connect("user-Ana")
    message, path = await posted(bot, server, allow_multiselect=True)
    assert (await ana.rest("PUT", f"{path}/answers/@me", {"answer_ids": [1, 2]}))[0] == 204
    assert (await ana.rest("POST", f"{path}/expire"))[0] == 403
    _, ended = await bot.rest("POST", f"{path}/expire")
    assert ended["poll"]["results"]["is_finalized"] is True
    assert (await ana.rest("PUT", f"{path}/answers/@me", {"answer_ids": [1]}))[1]["code"] == 520001
    edit = f"{text_channel(server)}/messages/{message['id']}"
    assert (await bot.rest("PATCH", edit, {"content": "x"}))[1]["code"] == 520003


async def test_who_may(connect: Any, server: Any) -> None:
    ana = await connect("user-Ana")
    server.world.deny(ana.id, channels(server, ChannelKind.TEXT)[0].id, Permission.SEND_POLLS)
    status, body = await ana.rest("POST", f"{text_channel(server)}/messages", {"poll": poll()})
    assert (status, body["code"]) == (403, 50013)
    _, message = await ana.rest("POST", f"{text_channel(server)}/messages", {"content": "no poll"})
    path = f"{text_channel(server)}/polls/{message['id']}/expire"
    assert (await ana.rest("POST", path))[1]["code"] == 520006


async def test_one_nonce_is_one_message(connect: Any, server: Any) -> None:
    bot, other = await connect("x"), await connect("bot-Other")
    path = f"{text_channel(server)}/messages"
    body = {"content": "once", "nonce": "reminder-1", "enforce_nonce": True}
    first, again = await bot.rest("POST", path, body), await bot.rest("POST", path, body)
    assert first[1]["id"] == again[1]["id"]
    assert (await other.rest("POST", path, body))[1]["id"] != first[1]["id"]
    unenforced = {"content": "twice", "nonce": "reminder-1"}
    assert (await bot.rest("POST", path, unenforced))[1]["content"] == "twice"


async def test_content_without_the_intent_in_the_portal(connect: Any, server: Any) -> None:
    bot, ana = await connect("x", intents=1), await connect("user-Ana")
    path = f"{text_channel(server)}/messages"
    _, plain = await ana.rest("POST", path, {"content": "secret"})
    await ana.rest("POST", path, {"content": f"<@{bot.id}> open"})
    await ana.rest("POST", path, {"poll": poll()})
    await bot.rest("POST", path, {"content": "mine"})
    assert [each["content"] for each in (await bot.rest("GET", path))[1]][1:] == [
        "",
        f"<@{bot.id}> open",
        "secret",
    ]
    server.faults.privileged_intents = False
    _, messages = await bot.rest("GET", path)
    assert [each["content"] for each in messages] == ["mine", "", f"<@{bot.id}> open", ""]
    assert "poll" not in messages[1]
    assert (await bot.rest("GET", f"{path}/{plain['id']}"))[1]["content"] == ""
    assert [each["content"] for each in (await ana.rest("GET", path))[1]][-1] == "secret"
