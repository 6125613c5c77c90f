from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import discord
import gateway_client
import pytest
import yarl
from discord import app_commands
from gateway_client import RawClient, channels, guild_of

from bot.loopback.discord import interactions
from bot.loopback.discord.entities import ChannelKind
from bot.loopback.discord.permissions import Permission

server, connect = gateway_client.server, gateway_client.connect

JOIN = {
    "name": "join",
    "description": "Bring me into a channel",
    "options": [
        {"type": 7, "name": "channel", "description": "Where to", "required": True},
        {"type": 3, "name": "mood", "description": "How", "choices": [{"name": "good", "value": "good"}]},
        {"type": 4, "name": "minutes", "description": "How long"},
    ],
}


class Pair:
    """A bot with one command, and a member who types it."""

    def __init__(self, bot: RawClient, ana: RawClient, command: dict[str, Any]) -> None:
        self.bot, self.ana, self.command = bot, ana, command
        self.channel = channels(bot.server, ChannelKind.TEXT)[0]

    def typed(self, **fields: Any) -> dict[str, Any]:
        lounge = str(channels(self.bot.server)[0].id)
        return {
            "type": 2,
            "application_id": str(self.bot.id),
            "guild_id": str(self.channel.guild_id),
            "channel_id": str(self.channel.id),
            "session_id": self.ana.session_id,
            "nonce": "42",
            "data": {
                "id": self.command["id"],
                "version": self.command["version"],
                "name": "join",
                "type": 1,
                "options": [{"type": 7, "name": "channel", "value": lounge}],
            },
            **fields,
        }

    async def invoke(self, **fields: Any) -> dict[str, Any]:
        """The bot's INTERACTION_CREATE."""
        assert await self.ana.rest("POST", "/interactions", self.typed(**fields)) == (204, None)
        return await self.bot.event("INTERACTION_CREATE")

    async def refused(self, **fields: Any) -> tuple[int, int]:
        status, body = await self.ana.rest("POST", "/interactions", self.typed(**fields))
        return status, body["code"]

    async def callback(self, got: dict[str, Any], kind: int, data: Any = None, query: str = "") -> Any:
        path = f"/interactions/{got['id']}/{got['token']}/callback{query}"
        return await self.bot.rest("POST", path, {"type": kind, "data": data}, token="")

    async def webhook(self, method: str, got: dict[str, Any], tail: str = "", body: Any = None) -> Any:
        path = f"/webhooks/{self.bot.id}/{got['token']}{tail}"
        return await self.bot.rest(method, path, body, token="")


@pytest.fixture
async def pair(connect: Any) -> Pair:
    bot, ana = await connect("x"), await connect("user-Ana")
    _, (command,) = await bot.rest("PUT", f"/applications/{bot.id}/commands", [JOIN])
    return Pair(bot, ana, command)


class TestCommands:
    async def test_ids_stay_and_versions_change_with_the_content(self, pair: Pair) -> None:
        path = f"/applications/{pair.bot.id}/commands"
        _, (same,) = await pair.bot.rest("PUT", path, [JOIN])
        assert same == pair.command
        _, (changed,) = await pair.bot.rest("PUT", path, [JOIN | {"description": "Other"}])
        assert changed["id"] == same["id"]
        assert changed["version"] != same["version"]
        assert (await pair.bot.rest("PUT", path, []))[1] == []
        assert (await pair.bot.rest("GET", path))[1] == []

    async def test_one_by_one(self, pair: Pair) -> None:
        path = f"/applications/{pair.bot.id}/guilds/{pair.channel.guild_id}/commands"
        status, created = await pair.bot.rest("POST", path, {"name": "leave", "description": "Go"})
        assert (status, created["guild_id"]) == (201, str(pair.channel.guild_id))
        assert (await pair.bot.rest("POST", path, {"name": "leave", "description": "Go"}))[0] == 200
        one = f"{path}/{created['id']}"
        assert (await pair.bot.rest("PATCH", one, {"description": "Away"}))[1]["description"] == "Away"
        assert (await pair.bot.rest("GET", one))[1]["name"] == "leave"
        assert (await pair.bot.rest("DELETE", one))[0] == 204
        assert (await pair.bot.rest("GET", one))[1]["code"] == 10063

    @pytest.mark.parametrize(
        ("body", "where"),
        [
            ({"description": "x"}, "name"),
            ({"name": "Join", "description": "x"}, "name"),
            ({"name": "a b", "description": "x"}, "name"),
            ({"name": "join"}, "description"),
            ({"name": "join", "description": "x", "options": [{"type": 3, "name": "A"}]}, "options"),
            ({"name": "join", "description": "x", "options": [{"type": 3, "name": "a"}]}, "options"),
        ],
    )
    async def test_form_errors_name_the_field(self, pair: Pair, body: Any, where: str) -> None:
        status, refusal = await pair.bot.rest("PUT", f"/applications/{pair.bot.id}/commands", [body])
        assert (status, refusal["code"]) == (400, 50035)
        assert where in refusal["errors"]["0"]

    async def test_required_options_come_first(self, pair: Pair) -> None:
        optional = {"type": 3, "name": "a", "description": "x"}
        body = JOIN | {"options": [optional, optional | {"name": "b", "required": True}]}
        path = f"/applications/{pair.bot.id}/commands"
        assert (await pair.bot.rest("PUT", path, [body]))[0] == 400
        assert (await pair.bot.rest("PUT", path, {}))[0] == 400
        assert (await pair.bot.rest("PUT", path, ["x"]))[0] == 400
        many = [JOIN | {"name": f"c{n}"} for n in range(101)]
        assert (await pair.bot.rest("PUT", path, many))[1]["code"] == 30032

    async def test_only_ones_own_application(self, pair: Pair) -> None:
        assert (await pair.bot.rest("GET", f"/applications/{pair.ana.id}/commands"))[1]["code"] == 20012
        assert (await pair.ana.rest("GET", f"/applications/{pair.bot.id}/commands"))[1]["code"] == 20002

    async def test_the_index_of_the_real_client(self, pair: Pair) -> None:
        restricted = {"name": "admin", "description": "x", "default_member_permissions": "0"}
        await pair.bot.rest("POST", f"/applications/{pair.bot.id}/commands", restricted)
        for scope in (f"/channels/{pair.channel.id}", f"/guilds/{pair.channel.guild_id}"):
            _, index = await pair.ana.rest("GET", f"{scope}/application-command-index")
            assert [command["name"] for command in index["application_commands"]] == ["join"]
            assert index["applications"][0]["bot"]["username"] == "Parley"


class TestInvoking:
    async def test_what_the_bot_gets(self, pair: Pair) -> None:
        got = await pair.invoke()
        lounge = channels(pair.bot.server)[0]
        assert (got["type"], got["data"]["name"]) == (2, "join")
        assert got["data"]["resolved"]["channels"][str(lounge.id)]["name"] == "Lounge"
        assert int(got["member"]["user"]["id"]) == pair.ana.id
        assert int(got["member"]["permissions"]) & Permission.CONNECT
        assert int(got["app_permissions"]) & Permission.SPEAK
        assert got["channel"]["id"] == str(pair.channel.id)
        created = await pair.ana.event("INTERACTION_CREATE")
        assert created == {"id": got["id"], "nonce": "42"}

    @pytest.mark.parametrize(
        "options",
        [
            [],
            [{"type": 3, "name": "channel", "value": "1"}],
            [{"type": 7, "name": "channel", "value": "1"}],
            [{"type": 7, "name": "other", "value": "1"}],
            [{"type": 7, "name": "channel", "value": "LOUNGE"}, {"type": 3, "name": "mood", "value": "bad"}],
            [{"type": 7, "name": "channel", "value": "LOUNGE"}, {"type": 4, "name": "minutes", "value": "3"}],
        ],
    )
    async def test_options_as_registered(self, pair: Pair, options: list[dict[str, Any]]) -> None:
        lounge = str(channels(pair.bot.server)[0].id)
        filled = [option | {"value": option["value"].replace("LOUNGE", lounge)} for option in options]
        data = pair.typed()["data"] | {"options": filled}
        assert await pair.refused(data=data) == (400, 50035)

    async def test_users_and_roles_are_resolved(self, pair: Pair) -> None:
        options = [
            {"type": kind, "name": name, "description": "x"}
            for kind, name in ((6, "who"), (8, "role"), (9, "any"))
        ]
        command = {
            "name": "rights",
            "description": "x",
            "options": [{"type": 1, "name": "show", "description": "x", "options": options}],
        }
        _, made = await pair.bot.rest("POST", f"/applications/{pair.bot.id}/commands", command)
        everyone = str(pair.channel.guild_id)
        values = [(6, "who", str(pair.ana.id)), (8, "role", everyone), (9, "any", str(pair.bot.id))]
        given = [{"type": kind, "name": name, "value": value} for kind, name, value in values]
        data = {
            "id": made["id"],
            "version": made["version"],
            "name": "rights",
            "type": 1,
            "options": [{"type": 1, "name": "show", "options": given}],
        }
        got = await pair.invoke(data=data)
        assert set(got["data"]["resolved"]["users"]) == {str(pair.ana.id), str(pair.bot.id)}
        assert got["data"]["resolved"]["roles"][everyone]["name"] == "@everyone"

    async def test_refusals(self, pair: Pair, connect: Any) -> None:
        outdated = pair.typed()["data"] | {"version": "1"}
        assert await pair.refused(data=outdated) == (400, 50035)
        assert await pair.refused(data=pair.typed()["data"] | {"id": "1"}) == (404, 10063)
        assert await pair.refused(data=None) == (400, 50035)
        assert await pair.refused(type=9) == (400, 50035)
        assert await pair.refused(application_id="1") == (404, 10002)
        assert await pair.refused(channel_id="1") == (404, 10003)
        assert await pair.refused(channel_id="x") == (400, 50035)
        assert await pair.refused(session_id=pair.bot.session_id) == (400, 50035)
        assert (await pair.bot.rest("POST", "/interactions", pair.typed()))[1]["code"] == 20001
        pair.bot.server.world.deny(pair.ana.id, pair.channel.id, Permission.USE_APPLICATION_COMMANDS)
        assert await pair.refused() == (403, 50013)

    async def test_a_command_for_moderators(self, pair: Pair) -> None:
        body = JOIN | {"default_member_permissions": str(int(Permission.MANAGE_GUILD))}
        _, (command,) = await pair.bot.rest("PUT", f"/applications/{pair.bot.id}/commands", [body])
        pair.command = command
        assert await pair.refused() == (403, 50013)
        pair.bot.server.world.grant(pair.ana.id, Permission.MANAGE_GUILD)
        await pair.invoke()

    async def test_the_real_client_also_sends_a_form(self, pair: Pair) -> None:
        form = aiohttp.MultipartWriter("form-data")
        form.append(json.dumps(pair.typed())).set_content_disposition("form-data", name="payload_json")
        url, headers = f"{pair.ana.server.api_base}/interactions", {"Authorization": pair.ana.token}
        async with pair.ana.http.post(url, data=form, headers=headers) as answer:
            assert answer.status == 204
        await pair.bot.event("INTERACTION_CREATE")


class TestAnswering:
    async def test_a_message_at_once(self, pair: Pair) -> None:
        got = await pair.invoke()
        status, body = await pair.callback(got, 4, {"content": "Here I am"}, "?with_response=1")
        assert status == 200
        assert body["interaction"]["response_message_id"] == body["resource"]["message"]["id"]
        seen = await pair.ana.event("MESSAGE_CREATE")
        assert (seen["content"], seen["type"]) == ("Here I am", 20)
        assert seen["interaction_metadata"]["id"] == got["id"]
        assert await pair.ana.event("INTERACTION_SUCCESS") == {"id": got["id"], "nonce": "42"}
        assert (await pair.callback(got, 4, {"content": "again"}))[1]["code"] == 40060

    async def test_deferred_edited_followed_up_deleted(self, pair: Pair) -> None:
        got = await pair.invoke()
        assert await pair.callback(got, 5) == (204, None)
        thinking = await pair.ana.event("MESSAGE_CREATE")
        assert thinking["flags"] & 128
        await pair.webhook("PATCH", got, "/messages/@original", {"content": "Done"})
        done = await pair.ana.event("MESSAGE_UPDATE", id=thinking["id"])
        assert (done["content"], done["flags"] & 128) == ("Done", 0)
        _, more = await pair.webhook("POST", got, "?wait=1", {"content": "More"})
        assert more["message_reference"]["message_id"] == thinking["id"]
        assert (await pair.webhook("GET", got, f"/messages/{more['id']}"))[1]["content"] == "More"
        assert (await pair.webhook("DELETE", got, "/messages/@original"))[0] == 204
        await pair.ana.event("MESSAGE_DELETE", id=thinking["id"])
        assert (await pair.webhook("GET", got, "/messages/@original"))[1]["code"] == 10008

    async def test_the_first_follow_up_fills_a_deferred_answer(self, pair: Pair) -> None:
        got = await pair.invoke()
        await pair.callback(got, 5, {"flags": 64})
        thinking = await pair.ana.event("MESSAGE_CREATE")
        _, filled = await pair.webhook("POST", got, "?wait=1", {"content": "For you"})
        assert (filled["id"], filled["flags"]) == (thinking["id"], 64)

    async def test_ephemeral_is_for_one(self, pair: Pair, connect: Any) -> None:
        ben = await connect("user-Ben")
        got = await pair.invoke()
        await pair.callback(got, 4, {"content": "psst", "flags": 64})
        seen = await pair.ana.event("MESSAGE_CREATE")
        await ben.settle()
        assert not [frame for frame in ben.frames if frame.get("t") == "MESSAGE_CREATE"]
        path = f"/channels/{pair.channel.id}/messages"
        assert (await pair.ana.rest("GET", path))[1] == []
        assert (await ben.rest("GET", f"{path}/{seen['id']}"))[1]["code"] == 10008

    async def test_a_refused_answer_leaves_the_interaction_open(self, pair: Pair) -> None:
        got = await pair.invoke()
        assert (await pair.callback(got, 4, {"content": "x" * 2001}))[1]["code"] == 50035
        assert (await pair.callback(got, 4, {}))[1]["code"] == 50006
        assert (await pair.callback(got, 7, {"content": "x"}))[1]["code"] == 50035
        assert (await pair.callback(got, 4, {"content": "now"}))[0] == 204

    async def test_three_seconds(self, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(interactions, "ACKNOWLEDGE_WITHIN_S", 0.0)
        got = await pair.invoke()
        failure = await pair.ana.event("INTERACTION_FAILURE")
        assert failure == {"id": got["id"], "nonce": "42", "reason_code": 2}
        assert (await pair.callback(got, 4, {"content": "late"}))[1]["code"] == 10062
        assert (await pair.webhook("POST", got, "", {"content": "late"}))[1]["code"] == 10015

    async def test_fifteen_minutes(self, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(interactions, "TOKEN_LIVES_S", 0.0)
        got = await pair.invoke()
        await pair.callback(got, 4, {"content": "x"})
        assert await pair.webhook("POST", got, "", {"content": "late"}) == (
            401,
            {"message": "Invalid Webhook Token", "code": 50027},
        )
        await pair.invoke()
        assert (await pair.webhook("POST", got, "", {"content": "late"}))[1]["code"] == 10015

    async def test_tokens_that_are_none(self, pair: Pair) -> None:
        got = await pair.invoke()
        forged = got | {"token": "forged"}
        assert (await pair.callback(forged, 4, {"content": "x"}))[1]["code"] == 10062
        assert (await pair.webhook("POST", forged, "", {"content": "x"}))[1]["code"] == 10015
        assert (await pair.webhook("POST", got, "", {"content": "before"}))[1]["code"] == 10015
        await pair.callback(got, 4, {"content": "x"})
        _, other = await pair.ana.rest("POST", f"/channels/{pair.channel.id}/messages", {"content": "mine"})
        answer = await pair.webhook("PATCH", got, f"/messages/{other['id']}", {"content": "yours"})
        assert answer[1]["code"] == 50005


class TestComponents:
    async def pressed(self, pair: Pair) -> tuple[dict[str, Any], dict[str, Any]]:
        got = await pair.invoke()
        button = {"type": 2, "style": 1, "label": "Leave", "custom_id": "leave"}
        await pair.callback(got, 4, {"content": "?", "components": [{"type": 1, "components": [button]}]})
        message = await pair.ana.event("MESSAGE_CREATE")
        data = {"component_type": 2, "custom_id": "leave"}
        return message, await pair.invoke(type=3, message_id=message["id"], data=data)

    async def test_update(self, pair: Pair) -> None:
        message, got = await self.pressed(pair)
        assert (got["message"]["id"], got["data"]["custom_id"]) == (message["id"], "leave")
        assert await pair.callback(got, 7, {"content": "!", "components": []}) == (204, None)
        assert (await pair.ana.event("MESSAGE_UPDATE"))["content"] == "!"

    async def test_deferred_update(self, pair: Pair) -> None:
        message, got = await self.pressed(pair)
        await pair.callback(got, 6)
        await pair.webhook("PATCH", got, "/messages/@original", {"content": "later"})
        assert (await pair.ana.event("MESSAGE_UPDATE"))["id"] == message["id"]

    async def test_a_press_of_what_is_not_there(self, pair: Pair) -> None:
        message, _ = await self.pressed(pair)
        for data in ({"component_type": 2, "custom_id": "stay"}, {"component_type": 3, "custom_id": "leave"}):
            assert await pair.refused(type=3, message_id=message["id"], data=data) == (400, 50035)

    async def test_a_form(self, pair: Pair) -> None:
        message, got = await self.pressed(pair)
        assert (await pair.callback(got, 9, {"custom_id": "ask", "title": "Ask"}))[0] == 400
        why = {"type": 4, "custom_id": "why", "style": 1, "max_length": 5}
        asked = [{"type": 18, "label": "Why?", "component": why}]
        await pair.callback(got, 9, {"custom_id": "ask", "title": "Ask", "components": asked})
        form = await pair.ana.event("INTERACTION_MODAL_CREATE")
        assert (form["custom_id"], form["components"][0]["component"]["id"]) == ("ask", 2)

        def filled(value: str) -> dict[str, Any]:
            answer = [{"type": 18, "component": {"type": 4, "custom_id": "why", "value": value}}]
            return {"id": form["id"], "custom_id": "ask", "components": answer}

        assert await pair.refused(type=5, data=filled("")) == (400, 50035)
        assert await pair.refused(type=5, data=filled("because")) == (400, 50035)
        assert await pair.refused(type=5, data=filled("so") | {"id": "1"}) == (404, 10062)
        assert await pair.refused(type=5, data=filled("so") | {"custom_id": "x"}) == (400, 50035)
        submitted = await pair.invoke(type=5, data=filled("so"))
        assert submitted["data"]["components"][0]["component"]["value"] == "so"
        assert submitted["message"]["id"] == message["id"]
        assert await pair.callback(submitted, 9, form) != (204, None)
        assert await pair.callback(submitted, 7, {"content": "so it is"}) == (204, None)

    async def test_autocomplete(self, pair: Pair) -> None:
        day = {"type": 3, "name": "day", "description": "When", "autocomplete": True}
        path = f"/applications/{pair.bot.id}/commands"
        _, pair.command = await pair.bot.rest("POST", path, JOIN | {"options": [*JOIN["options"], day]})  # type: ignore[misc]

        def typed(name: str) -> dict[str, Any]:
            option = {"type": 3, "name": name, "value": "mo", "focused": True}
            return pair.typed()["data"] | {"options": [option], "version": pair.command["version"]}

        assert await pair.refused(type=4, data=typed("mood")) == (400, 50035)
        got = await pair.invoke(type=4, data=typed("day"))
        for wrong in ([{"name": "Monday", "value": 1}], [{"name": "", "value": "x"}]):
            assert (await pair.callback(got, 8, {"choices": wrong}))[1]["code"] == 50035
        many = [{"name": str(n), "value": str(n)} for n in range(26)]
        assert (await pair.callback(got, 8, {"choices": many}))[1]["code"] == 50035
        await pair.callback(got, 8, {"choices": [{"name": "Monday", "value": "1"}]})
        offered = await pair.ana.event("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE")
        assert offered["choices"] == [{"name": "Monday", "value": "1"}]

    async def test_somebody_elses_message(self, pair: Pair) -> None:
        _, mine = await pair.ana.rest("POST", f"/channels/{pair.channel.id}/messages", {"content": "x"})
        answer = await pair.refused(type=3, message_id=mine["id"], data={"custom_id": "x"})
        assert answer == (404, 10008)


async def test_stock_discord_py_answers(connect: Any, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defer, edit, follow up, ephemeral, by the library and not by hand."""
    monkeypatch.setattr(discord.http.Route, "BASE", server.api_base)
    monkeypatch.setattr(discord.webhook.async_.Route, "BASE", server.api_base)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))
    bot = discord.Client(intents=discord.Intents(guilds=True, voice_states=True), guild_ready_timeout=0.1)
    tree = app_commands.CommandTree(bot)

    @tree.command(description="Bring me in")
    async def join(interaction: discord.Interaction, channel: discord.VoiceChannel) -> None:
        assert isinstance(interaction.user, discord.Member)
        await interaction.response.defer(thinking=True)
        await interaction.edit_original_response(content=f"In {channel.mention} for {interaction.user.name}")
        await interaction.followup.send("psst", ephemeral=True)

    ana = await connect("user-Ana")
    task = asyncio.create_task(bot.start("a-token"))
    try:
        async with asyncio.timeout(10):
            while not bot.is_ready():
                assert not task.done(), task.exception()
                await asyncio.sleep(0)
            await tree.sync()
            channel = channels(server, ChannelKind.TEXT)[0]
            _, index = await ana.rest("GET", f"/channels/{channel.id}/application-command-index")
            (command,) = index["application_commands"]
            raw = RawClient(server, "unused")
            assert bot.user is not None
            raw.id = bot.user.id
            await ana.rest("POST", "/interactions", Pair(raw, ana, command).typed())
            await ana.event("MESSAGE_CREATE")
            lounge = channels(server)[0].id
            assert (await ana.event("MESSAGE_UPDATE"))["content"] == f"In <#{lounge}> for Ana"
            whispered = await ana.event("MESSAGE_CREATE")
            assert (whispered["content"], whispered["flags"] & 64) == ("psst", 64)
    finally:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)
    assert guild_of(server).members
