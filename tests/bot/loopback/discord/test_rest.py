from __future__ import annotations

from typing import Any

import aiohttp
import gateway_client
import pytest
from gateway_client import RawClient, channels, guild_of

from bot.loopback.discord.entities import ChannelKind
from bot.loopback.discord.permissions import Permission

server, connect = gateway_client.server, gateway_client.connect


def text_channel(server: Any) -> str:
    return f"/channels/{channels(server, ChannelKind.TEXT)[0].id}"


class TestWhoCalls:
    @pytest.mark.parametrize(
        "token", ["", "Bot ", "Bot invalid", "Bot bad-one", "a-bot-token-without-scheme"]
    )
    async def test_unauthorized(self, connect: Any, token: str) -> None:
        client = await connect("x", identify=False)
        answer = await client.rest("GET", "/users/@me", token=token)
        assert answer == (401, {"message": "401: Unauthorized", "code": 0})

    @pytest.mark.parametrize("token", ["user-Ana", "Bot user-Ana"])
    async def test_a_member_with_or_without_scheme(self, connect: Any, token: str) -> None:
        client = await connect("user-Ana", identify=False)
        _, body = await client.rest("GET", "/users/@me", token=token)
        assert (body["username"], body["bot"]) == ("Ana", False)

    async def test_the_same_account_as_on_the_gateway(self, connect: Any) -> None:
        client = await connect("x")
        _, body = await client.rest("GET", "/users/@me")
        assert body["id"] == client.ready["user"]["id"]
        _, application = await client.rest("GET", "/oauth2/applications/@me")
        assert (application["id"], application["owner"]["username"]) == (body["id"], "Owner")


class TestReading:
    @pytest.mark.parametrize(
        ("path", "code"),
        [
            ("/channels/1", 10003),
            ("/guilds/1", 10004),
            ("/users/1", 10013),
            ("/guilds/{guild}/members/1", 10007),
            ("/guilds/{guild}/voice-states/@me", 10065),
            ("/channels/{channel}/messages/1", 10008),
            ("/nothing/like/this", 0),
        ],
    )
    async def test_what_is_not_there(self, connect: Any, server: Any, path: str, code: int) -> None:
        client = await connect("x")
        channel = channels(server, ChannelKind.TEXT)[0].id
        status, body = await client.rest("GET", path.format(guild=guild_of(server).id, channel=channel))
        assert (status, body["code"]) == (404, code)

    async def test_an_id_that_is_none(self, connect: Any) -> None:
        status, body = await (await connect("x")).rest("GET", "/channels/lounge")
        assert (status, body["code"]) == (400, 50035)
        assert body["errors"]["channel_id"]["_errors"][0]["code"] == "NUMBER_TYPE_COERCE"

    async def test_the_server(self, connect: Any, server: Any) -> None:
        client = await connect("x")
        guild = guild_of(server)
        for path, count in (("channels", 4), ("roles", 2), ("members", 2)):
            status, body = await client.rest("GET", f"/guilds/{guild.id}/{path}")
            assert (status, len(body)) == (200, count)
        assert (await client.rest("GET", f"/guilds/{guild.id}"))[1]["name"] == "Loopback"
        assert (await client.rest("GET", f"/guilds/{guild.id}/members/{client.id}"))[0] == 200
        assert (await client.rest("GET", f"/users/{client.id}"))[1]["bot"] is True
        assert len((await client.rest("GET", "/users/@me/guilds"))[1]) == 2
        assert (await client.rest("GET", f"/channels/{channels(server)[0].id}"))[1]["type"] == 2

    async def test_where_the_gateway_is(self, connect: Any, server: Any) -> None:
        client = await connect("x", identify=False)
        assert await client.rest("GET", "/gateway", token="") == (200, {"url": server.gateway_url})
        assert (await client.rest("GET", "/gateway/bot"))[1]["shards"] == 1

    async def test_a_hidden_channel(self, connect: Any, server: Any) -> None:
        ana = await connect("user-Ana")
        channel = channels(server, ChannelKind.TEXT)[0]
        server.world.deny(ana.id, channel.id, Permission.VIEW_CHANNEL)
        answer = await ana.rest("GET", f"/channels/{channel.id}")
        assert answer == (403, {"message": "Missing Access", "code": 50001})
        again = await connect("user-Ana")
        listed = await again.event("GUILD_CREATE", id=str(channel.guild_id))
        assert str(channel.id) not in [each["id"] for each in listed["channels"]]


class TestChat:
    async def test_write_read_edit_delete(self, connect: Any, server: Any) -> None:
        bot, ana = await connect("x"), await connect("user-Ana")
        path = f"{text_channel(server)}/messages"
        _, sent = await ana.rest("POST", path, {"content": "hello", "nonce": "7"})
        seen = await bot.event("MESSAGE_CREATE")
        assert (seen["content"], seen["nonce"], seen["author"]["username"]) == ("hello", "7", "Ana")
        assert seen["member"]["roles"] == []
        assert (await bot.rest("GET", f"{path}/{sent['id']}"))[1]["content"] == "hello"
        status, body = await bot.rest("PATCH", f"{path}/{sent['id']}", {"content": "mine"})
        assert (status, body["code"]) == (403, 50005)
        await ana.rest("PATCH", f"{path}/{sent['id']}", {"content": "hi"})
        assert (await bot.event("MESSAGE_UPDATE"))["content"] == "hi"
        assert (await bot.rest("DELETE", f"{path}/{sent['id']}"))[0] == 403
        assert (await ana.rest("DELETE", f"{path}/{sent['id']}"))[0] == 204
        assert (await bot.event("MESSAGE_DELETE"))["id"] == sent["id"]

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"content": "x" * 2001}, 50035),
            ({"content": 7}, 50035),
            ({"content": "  "}, 50006),
            ({}, 50006),
            ([], 50035),
            ({"content": "old", "flags": 1 << 15}, 50035),
        ],
    )
    async def test_what_cannot_be_written(self, connect: Any, server: Any, body: Any, code: int) -> None:
        ana = await connect("user-Ana")
        status, refusal = await ana.rest("POST", f"{text_channel(server)}/messages", body)
        assert (status, refusal["code"]) == (400, code)

    async def test_json_that_is_none(self, connect: Any, server: Any) -> None:
        ana = await connect("user-Ana")
        async with ana.http.post(
            f"{server.api_base}{text_channel(server)}/messages",
            data=b"{",
            headers={"Authorization": ana.token, "Content-Type": "application/json"},
        ) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, 50109)

    async def test_history_is_newest_first(self, connect: Any, server: Any) -> None:
        ana = await connect("user-Ana")
        path = f"{text_channel(server)}/messages"
        ids = [(await ana.rest("POST", path, {"content": str(n)}))[1]["id"] for n in range(5)]

        async def listed(query: str) -> list[str]:
            return [message["id"] for message in (await ana.rest("GET", path + query))[1]]

        assert await listed("") == ids[::-1]
        assert await listed(f"?limit=2&before={ids[3]}") == [ids[2], ids[1]]
        assert await listed(f"?limit=2&after={ids[0]}") == [ids[2], ids[1]]
        assert (await ana.rest("GET", path + "?limit=1000"))[0] == 400
        assert (await ana.rest("GET", path + "?before=x"))[0] == 400

    async def test_content_is_for_who_may_read_it(self, connect: Any, server: Any) -> None:
        bot, ana = await connect("x", intents=1 << 9), await connect("user-Ana")
        path = f"{text_channel(server)}/messages"
        await ana.rest("POST", path, {"content": "secret"})
        assert (await bot.event("MESSAGE_CREATE"))["content"] == ""
        await ana.rest("POST", path, {"content": f"hey <@{bot.id}>"})
        seen = await bot.event("MESSAGE_CREATE")
        assert seen["content"].startswith("hey")
        assert int(seen["mentions"][0]["id"]) == bot.id

    async def test_replies_reactions_typing(self, connect: Any, server: Any) -> None:
        bot, ana = await connect("x"), await connect("user-Ana")
        path = f"{text_channel(server)}/messages"
        _, first = await ana.rest("POST", path, {"content": "one"})
        _, reply = await bot.rest(
            "POST", path, {"content": "two", "message_reference": {"message_id": first["id"]}}
        )
        assert (reply["type"], reply["message_reference"]["message_id"]) == (19, first["id"])
        assert (await bot.rest("PUT", f"{path}/{first['id']}/reactions/👍/@me"))[0] == 204
        assert (await ana.event("MESSAGE_REACTION_ADD"))["emoji"]["name"] == "👍"
        assert (await bot.rest("DELETE", f"{path}/{first['id']}/reactions/👍/@me"))[0] == 204
        assert (await bot.rest("POST", f"{text_channel(server)}/typing"))[0] == 204
        assert int((await ana.event("TYPING_START"))["user_id"]) == bot.id

    async def test_whom_a_message_mentions(self, connect: Any, server: Any) -> None:
        bot, ana = await connect("x", intents=1 << 9), await connect("user-Ana")
        path = f"{text_channel(server)}/messages"

        async def mentions(body: dict[str, Any]) -> list[int]:
            assert (await bot.rest("POST", path, body))[0] == 200
            return [int(user["id"]) for user in (await ana.event("MESSAGE_CREATE"))["mentions"]]

        _, question = await ana.rest("POST", path, {"content": f"<@{bot.id}> <@!{bot.id}> <@1>"})
        heard = await bot.event("MESSAGE_CREATE")
        assert [user["member"]["nick"] for user in heard["mentions"]] == [None]
        await ana.event("MESSAGE_CREATE")

        named = {"content": f"hello <@{ana.id}>"}
        assert await mentions(named) == [ana.id]
        assert await mentions(named | {"allowed_mentions": {"parse": []}}) == []
        assert await mentions(named | {"allowed_mentions": {"users": [str(ana.id)]}}) == [ana.id]
        reply = {"content": "hello", "message_reference": {"message_id": question["id"]}}
        assert await mentions(reply) == [ana.id]
        assert await mentions(reply | {"allowed_mentions": {"parse": [], "replied_user": False}}) == []

    async def test_a_reply_to_what_is_gone_or_may_not_be_read(self, connect: Any, server: Any) -> None:
        bot, ana = await connect("x"), await connect("user-Ana")
        path = f"{text_channel(server)}/messages"
        _, first = await ana.rest("POST", path, {"content": "one"})
        reply = {"content": "two", "message_reference": {"message_id": first["id"]}}
        assert (await bot.rest("POST", path, reply))[1]["referenced_message"]["content"] == "one"
        await ana.rest("DELETE", f"{path}/{first['id']}")
        status, body = await bot.rest("POST", path, reply)
        assert (status, body["code"]) == (400, 50035)
        reply["message_reference"]["fail_if_not_exists"] = False
        assert "message_reference" not in (await bot.rest("POST", path, reply))[1]
        channel = channels(server, ChannelKind.TEXT)[0]
        server.world.deny(bot.id, channel.id, Permission.READ_MESSAGE_HISTORY)
        assert (await bot.rest("POST", path, reply))[1]["code"] == 160002

    async def test_files(self, connect: Any, server: Any) -> None:
        ana = await connect("user-Ana")
        form = aiohttp.FormData(quote_fields=False)
        placeholder = '{"content":"","attachments":[{"id":0,"filename":"a.txt"}]}'
        form.add_field("payload_json", placeholder, content_type="application/json")
        form.add_field("files[0]", b"abc", filename="a.txt", content_type="text/plain")  # as discord.py does
        url = f"{server.api_base}{text_channel(server)}/messages"
        async with ana.http.post(url, data=form, headers={"Authorization": ana.token}) as answer:
            (attachment,) = (await answer.json())["attachments"]
        assert (attachment["filename"], attachment["size"]) == ("a.txt", 3)
        async with ana.http.get(attachment["url"]) as answer:
            assert await answer.read() == b"abc"
        server.faults.cdn_status = 404
        async with ana.http.get(attachment["url"]) as answer:
            assert answer.status == 404
        server.world.deny(ana.id, channels(server, ChannelKind.TEXT)[0].id, Permission.ATTACH_FILES)
        form = aiohttp.FormData({"payload_json": placeholder})
        form.add_field("files[0]", b"abc", filename="a.txt")
        async with ana.http.post(url, data=form, headers={"Authorization": ana.token}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, 50013)

    async def test_the_chat_of_a_voice_channel_is_for_who_may_enter(self, connect: Any, server: Any) -> None:
        ana = await connect("user-Ana")
        lounge = channels(server)[0]
        path = f"/channels/{lounge.id}/messages"
        assert (await ana.rest("POST", path, {"content": "hi"}))[0] == 200
        server.world.deny(ana.id, lounge.id, Permission.CONNECT)
        answer = await ana.rest("POST", path, {"content": "hi"})
        assert answer == (403, {"message": "Missing Permissions", "code": 50013})


class TestModeration:
    async def seated(self, client: RawClient, kind: ChannelKind = ChannelKind.VOICE) -> int:
        channel_id = channels(client.server, kind)[0].id
        await client.voice(channel_id)
        await client.event("VOICE_STATE_UPDATE", user_id=str(client.id))
        return channel_id

    async def test_a_stage(self, connect: Any, server: Any) -> None:
        bot = await connect("x")
        path = f"/guilds/{guild_of(server).id}/voice-states/@me"
        assert (await bot.rest("PATCH", path, {"suppress": False}))[1]["code"] == 10065
        stage = await self.seated(bot, ChannelKind.STAGE)
        assert (await bot.rest("PATCH", path, {"suppress": False}))[1]["code"] == 50013
        assert (await bot.rest("PATCH", path, {"request_to_speak_timestamp": "2026-01-01T00:00:00Z"}))[
            0
        ] == 204
        assert (await bot.event("VOICE_STATE_UPDATE"))["request_to_speak_timestamp"]
        server.world.grant(bot.id, Permission.MUTE_MEMBERS)
        assert (await bot.rest("PATCH", path, {"channel_id": str(stage), "suppress": False}))[0] == 204
        assert (await bot.event("VOICE_STATE_UPDATE"))["suppress"] is False
        assert (await bot.rest("GET", path))[1]["channel_id"] == str(stage)

    async def test_voice_status(self, connect: Any, server: Any) -> None:
        bot, ana = await connect("x"), await connect("user-Ana")
        path = f"/channels/{channels(server)[0].id}/voice-status"
        assert (await bot.rest("PUT", path, {"status": "listening"}))[1]["code"] == 50013
        await self.seated(bot)
        assert (await bot.rest("PUT", path, {"status": "x" * 501}))[1]["code"] == 50035
        assert (await bot.rest("PUT", path, {"status": "listening"}))[0] == 204
        assert (await ana.event("VOICE_CHANNEL_STATUS_UPDATE"))["status"] == "listening"

    async def test_moving_and_muting_others(self, connect: Any, server: Any) -> None:
        bot, ana = await connect("x"), await connect("user-Ana")
        path = f"/guilds/{guild_of(server).id}/members/{ana.id}"
        server.world.grant(bot.id, Permission.MOVE_MEMBERS | Permission.MUTE_MEMBERS)
        target = channels(server)[1]
        assert (await bot.rest("PATCH", path, {"channel_id": str(target.id)}))[1]["code"] == 40032
        assert (await bot.rest("PATCH", path, {"mute": True}))[1]["code"] == 40032
        await self.seated(ana)
        assert (await bot.rest("PATCH", path, {"deaf": True}))[1]["code"] == 50013
        text = channels(server, ChannelKind.TEXT)[0].id
        assert (await bot.rest("PATCH", path, {"channel_id": str(text)}))[1]["code"] == 50035
        assert (await bot.rest("PATCH", path, {"channel_id": str(target.id), "mute": True}))[0] == 200
        await ana.event("VOICE_STATE_UPDATE", channel_id=str(target.id), mute=True)
        await bot.rest("PATCH", path, {"channel_id": None})
        await ana.event("VOICE_STATE_UPDATE", channel_id=None)
        assert (await bot.rest("PATCH", path + "0", {"mute": True}))[1]["code"] == 10007

    async def test_ones_own_nickname(self, connect: Any, server: Any) -> None:
        bot = await connect("x")
        path = f"/guilds/{guild_of(server).id}/members/@me"
        assert (await bot.rest("PATCH", path, {"nick": "Parley (listening)"}))[1]["nick"]
        assert (await bot.event("GUILD_MEMBER_UPDATE"))["nick"] == "Parley (listening)"


class TestFaults:
    async def test_only_bots_meet_them(self, connect: Any, server: Any) -> None:
        server.faults.rest_status = 503
        server.faults.rest_delay_s = 0.001
        bot, ana = await connect("x"), await connect("user-Ana")
        assert (await bot.rest("GET", "/users/@me"))[0] == 503
        assert (await ana.rest("GET", "/users/@me"))[0] == 200
