from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import discord
import gateway_client
import pytest
import yarl
from discord import app_commands
from gateway_client import SilentVoice, channels, guild_of

from bot.loopback.discord.calls import GatewayFaults
from bot.loopback.discord.entities import ChannelKind
from bot.loopback.discord.permissions import Permission
from bot.loopback.discord.server import DiscordServer
from bot.loopback.discord.sessions import Session

server, connect = gateway_client.server, gateway_client.connect


class TestLogin:
    async def test_hello_ready_and_every_guild(self, connect: Any, server: Any) -> None:
        client = await connect("some-bot-token")
        hello = await client.frame(op=10)
        assert hello["d"]["heartbeat_interval"] == 41_250
        assert client.ready["user"]["bot"] is True
        assert client.ready["application"]["id"] == client.ready["user"]["id"]
        assert [guild["unavailable"] for guild in client.ready["guilds"]] == [True, True]
        first = await client.event("GUILD_CREATE")
        assert {channel["type"] for channel in first["channels"]} == {0, 2, 13}
        assert first["roles"][0]["id"] == first["id"], "@everyone has the id of the guild"
        await client.event("GUILD_CREATE")

    async def test_a_token_is_one_account(self, connect: Any) -> None:
        first, again = await connect("user-Ana"), await connect("user-Ana")
        other, bot = await connect("user-Ben"), await connect("bot-Music")
        assert first.id == again.id != other.id
        assert first.ready["user"]["username"] == "Ana"
        assert first.ready["user"]["bot"] is False
        assert (bot.ready["user"]["username"], bot.ready["user"]["bot"]) == ("Music", True)

    @pytest.mark.parametrize("token", ["", "invalid", "bad-token"])
    async def test_a_refused_token(self, connect: Any, token: str) -> None:
        client = await connect(token, identify=False)
        await client.send(2, {"token": token, "intents": 0, "properties": {}})
        assert await client.closed() == 4004

    @pytest.mark.parametrize(
        ("frames", "code"),
        [
            ([(4, {})], 4003),
            ([(99, None)], 4001),
            ([(2, "no")], 4002),
            ([(2, {"token": "x", "intents": "all"})], 4013),
            ([(2, {"token": "x"})], 4013),
            ([(2, {"token": "x", "intents": 0, "shard": [1, 1]})], 4010),
            ([(2, {"token": "x", "intents": 0}), (2, {"token": "x", "intents": 0})], 4005),
        ],
    )
    async def test_close_codes(self, connect: Any, frames: list[tuple[int, Any]], code: int) -> None:
        client = await connect("x", identify=False)
        for op, data in frames:
            await client.send(op, data)
        assert await client.closed() == code

    async def test_what_is_not_json(self, connect: Any) -> None:
        client = await connect("x", identify=False)
        await client.socket.send_str("{")
        assert await client.closed() == 4002

    async def test_an_old_version(self, connect: Any) -> None:
        client = await connect("x", identify=False)
        await client.socket.close()
        await client.connect("?v=6")
        assert await client.closed() == 4012

    async def test_privileged_intents_may_be_off(self, connect: Any, server: Any) -> None:
        server.faults.privileged_intents = False
        client = await connect("x", identify=False)
        await client.send(2, {"token": "x", "intents": 1 << 15})
        assert await client.closed() == 4014

    async def test_more_than_120_frames_a_minute(self, connect: Any) -> None:
        client = await connect("x")
        for _ in range(121):
            await client.send(3, {})
        assert await client.closed() == 4008

    async def test_a_client_without_heart(self, connect: Any, server: Any) -> None:
        server.faults.heartbeat_interval_ms = 5
        client = await connect("x", identify=False)
        assert await client.closed() == 4009

    async def test_intents_filter_events(self, connect: Any, server: Any) -> None:
        deaf, ana = await connect("x", intents=1), await connect("user-Ana")
        await ana.voice(channels(server)[0].id)
        await ana.event("VOICE_STATE_UPDATE")
        await deaf.settle()
        assert not [frame for frame in deaf.frames if frame.get("t") == "VOICE_STATE_UPDATE"]

    async def test_of_ones_own_member_one_hears_without_any_intent(self, connect: Any, server: Any) -> None:
        bot, ana = await connect("x", intents=1), await connect("user-Ana")
        server.world.grant(ana.id, Permission.MOVE_MEMBERS)
        server.world.grant(bot.id, Permission.MOVE_MEMBERS)
        told = await bot.event("GUILD_MEMBER_UPDATE", guild_id=str(guild_of(server).id))
        assert int(told["user"]["id"]) == bot.id

    async def test_shards_share_the_guilds(self, connect: Any) -> None:
        ids = []
        for shard in (0, 1):
            client = await connect("x", shard=[shard, 2])
            ids += [int(guild["id"]) for guild in client.ready["guilds"]]
            assert all((int(guild["id"]) >> 22) % 2 == shard for guild in client.ready["guilds"])
        assert len(set(ids)) == 2

    async def test_members_without_presences_are_oneself_and_who_is_in_voice(
        self, connect: Any, server: Any
    ) -> None:
        ana = await connect("user-Ana")
        await connect("user-Ben")
        await ana.voice(channels(server)[0].id)
        await ana.event("VOICE_STATE_UPDATE")
        bot = await connect("x", intents=129)
        listed = await bot.event("GUILD_CREATE", id=str(guild_of(server).id))
        assert {int(member["user"]["id"]) for member in listed["members"]} == {ana.id, bot.id}
        assert [int(state["user_id"]) for state in listed["voice_states"]] == [ana.id]

    async def test_chunks(self, connect: Any, server: Any) -> None:
        bot = await connect("x")
        await bot.send(
            8,
            {"guild_id": str(guild_of(server).id), "user_ids": [str(bot.id), "1"], "limit": 0, "nonce": "n"},
        )
        chunk = await bot.event("GUILD_MEMBERS_CHUNK")
        assert [int(member["user"]["id"]) for member in chunk["members"]] == [bot.id]
        assert (chunk["not_found"], chunk["nonce"]) == (["1"], "n")


class TestResume:
    async def test_what_was_missed_is_replayed(self, connect: Any, server: Any) -> None:
        bot, ana = await connect("x"), await connect("user-Ana")
        await bot.settle()
        sequence = max(frame["s"] or 0 for frame in bot.frames)
        await bot.socket.close(code=4000)
        await ana.voice(channels(server)[0].id)
        await ana.event("VOICE_STATE_UPDATE")
        bot.frames.clear()
        await bot.connect()
        await bot.send(6, {"token": "x", "session_id": bot.session_id, "seq": sequence})
        assert int((await bot.event("VOICE_STATE_UPDATE"))["user_id"]) == ana.id
        await bot.event("RESUMED")

    async def test_an_unknown_session_is_invalid(self, connect: Any) -> None:
        client = await connect("x", identify=False)
        await client.send(6, {"token": "x", "session_id": "none", "seq": 1})
        assert (await client.frame(op=9))["d"] is False
        await client.identify()

    async def test_a_sequence_from_the_future(self, connect: Any) -> None:
        client = await connect("x")
        await client.connect()
        await client.send(6, {"token": "x", "session_id": client.session_id, "seq": 10_000})
        assert await client.closed() == 4007

    async def test_a_sequence_too_old(self) -> None:
        session = Session(discord.Object(1), 0)  # type: ignore[arg-type]
        session.outbox = asyncio.Queue()
        for _ in range(1100):
            session.dispatch("X", "{}")
        assert not session.replay_after(50)
        assert session.replay_after(1050)

    async def test_a_resume_that_comes_too_late(self, connect: Any, server: Any) -> None:
        bot = await connect("x")
        await bot.socket.close(code=4000)
        (session,) = server.world.sessions.of(bot.id)
        for _ in range(1100):
            session.dispatch("TYPING_START", "{}")
        await bot.connect()
        await bot.send(6, {"token": "x", "session_id": bot.session_id, "seq": 1})
        assert (await bot.frame(op=9))["d"] is False
        await bot.identify()

    async def test_resuming_takes_the_session_from_the_old_connection(self, connect: Any) -> None:
        bot = await connect("x")
        old, old_reader = bot.socket, bot._reader
        await bot.connect()
        await bot.send(6, {"token": "x", "session_id": bot.session_id, "seq": 1})
        await bot.event("RESUMED")
        await bot.settle()
        async with asyncio.timeout(5):
            await old_reader
        assert old.close_code == 4000

    @pytest.mark.parametrize("token", ["bad-one", "user-Eve"])
    async def test_resuming_with_another_token(self, connect: Any, token: str) -> None:
        bot = await connect("x")
        await bot.connect()
        await bot.send(6, {"token": token, "session_id": bot.session_id, "seq": 1})
        if token == "user-Eve":
            assert (await bot.frame(op=9))["d"] is False
        else:
            assert await bot.closed() == 4004

    async def test_a_lost_session_leaves_voice_in_the_end(self, connect: Any, server: Any) -> None:
        server.faults.resume_window_s = 0.0
        ana, ben = await connect("user-Ana"), await connect("user-Ben")
        await ana.voice(channels(server)[0].id)
        await ana.event("VOICE_SERVER_UPDATE")
        await ana.socket.close(code=4000)
        await ben.event("VOICE_STATE_UPDATE", user_id=str(ana.id), channel_id=None)

    async def test_a_normal_close_ends_the_session_at_once(self, connect: Any, server: Any) -> None:
        ana, ben = await connect("user-Ana"), await connect("user-Ben")
        await ana.voice(channels(server)[0].id)
        await ana.event("VOICE_SERVER_UPDATE")
        await ana.socket.close(code=1000)
        await ben.event("VOICE_STATE_UPDATE", user_id=str(ana.id), channel_id=None)

    async def test_a_session_that_timed_out_is_over_at_once(self, connect: Any, server: Any) -> None:
        ana, ben = await connect("user-Ana"), await connect("user-Ben")
        await ana.voice(channels(server)[0].id)
        await ana.event("VOICE_SERVER_UPDATE")
        server.gateway.drop(ana.id, 4009)
        assert await ana.closed() == 4009
        await ben.event("VOICE_STATE_UPDATE", user_id=str(ana.id), channel_id=None)

    async def test_what_the_server_may_ask_for(self, connect: Any, server: Any) -> None:
        bot = await connect("x")
        server.gateway.reconnect(bot.id)
        await bot.frame(op=7)
        server.gateway.invalidate(bot.id, resumable=True)
        assert (await bot.frame(op=9))["d"] is True
        server.gateway.drop(bot.id, 4000)
        assert await bot.closed() == 4000
        await bot.connect()
        await bot.identify()
        server.gateway.invalidate(bot.id)
        assert (await bot.frame(op=9))["d"] is False


class TestVoice:
    async def test_both_dispatches_and_the_seat(self, connect: Any, server: Any) -> None:
        bot, ana = await connect("x"), await connect("user-Ana")
        channel, guild = channels(server)[0], guild_of(server)
        await bot.voice(channel.id, self_mute=True)
        state = await bot.event("VOICE_STATE_UPDATE")
        assert (state["session_id"], state["self_mute"]) == (bot.session_id, True)
        assert int(state["member"]["user"]["id"]) == bot.id
        update = await bot.event("VOICE_SERVER_UPDATE")
        assert update == {"token": "voice-token-1", "guild_id": str(guild.id), "endpoint": "127.0.0.1:9"}
        seat = {"guild_id": guild.id, "channel_id": channel.id, "user_id": bot.id}
        assert server.voice.asked == [("allocate", seat | {"session_id": bot.session_id, "dave": True})]
        await ana.event("VOICE_STATE_UPDATE", user_id=str(bot.id))
        assert not [frame for frame in ana.frames if frame.get("t") == "VOICE_SERVER_UPDATE"]

    async def test_leaving(self, connect: Any, server: Any) -> None:
        bot = await connect("x")
        await bot.voice(channels(server)[0].id)
        await bot.voice(None)
        await bot.event("VOICE_STATE_UPDATE", channel_id=None)
        assert server.voice.asked[-1][0] == "release"
        await bot.voice(None)
        await bot.settle()
        assert len(server.voice.asked) == 2

    async def test_muting_is_no_new_connection_but_the_same_again_is(self, connect: Any, server: Any) -> None:
        bot = await connect("x")
        channel = channels(server)[0]
        await bot.voice(channel.id)
        await bot.event("VOICE_SERVER_UPDATE")
        await bot.voice(channel.id, self_mute=True)
        await bot.event("VOICE_STATE_UPDATE", self_mute=True)
        assert len(server.voice.asked) == 1
        await bot.voice(channel.id, self_mute=True)
        assert (await bot.event("VOICE_SERVER_UPDATE"))["token"] == "voice-token-3"

    async def test_a_stage_has_no_dave_and_suppresses(self, connect: Any, server: Any) -> None:
        bot = await connect("x")
        await bot.voice(channels(server, ChannelKind.STAGE)[0].id)
        assert (await bot.event("VOICE_STATE_UPDATE"))["suppress"] is True
        assert server.voice.asked[0][1]["dave"] is False

    async def test_a_full_channel_is_silence_but_not_for_who_may_move(
        self, connect: Any, server: Any
    ) -> None:
        bot, ana = await connect("x"), await connect("user-Ana")
        channel = channels(server)[0]
        server.world.limit_users(channel.id, 1)
        await ana.voice(channel.id)
        await ana.event("VOICE_SERVER_UPDATE")
        await bot.voice(channel.id)
        await bot.settle()
        assert bot.id not in guild_of(server).voice_states
        server.world.grant(bot.id, Permission.MOVE_MEMBERS)
        await bot.voice(channel.id)
        await bot.event("VOICE_SERVER_UPDATE")

    @pytest.mark.parametrize("permission", [Permission.CONNECT, Permission.VIEW_CHANNEL])
    async def test_a_forbidden_channel_is_silence(
        self, connect: Any, server: Any, permission: Permission
    ) -> None:
        bot = await connect("x")
        channel = channels(server)[0]
        server.world.deny(bot.id, channel.id, permission)
        await bot.event("CHANNEL_UPDATE", id=str(channel.id))
        for target in (channel.id, channels(server, ChannelKind.TEXT)[0].id, 12345):
            await bot.voice(target)
        await bot.settle()
        assert server.voice.asked == []

    async def test_the_other_order_and_an_endpoint_that_comes_later(self, connect: Any, server: Any) -> None:
        server.faults.server_update_first = True
        server.faults.null_endpoint_first = True
        server.faults.voice_reply_delay_s = 0.001
        bot = await connect("x")
        await bot.voice(channels(server)[0].id)
        await bot.event("VOICE_STATE_UPDATE")
        kinds = [frame["d"]["endpoint"] for frame in bot.frames if frame.get("t") == "VOICE_SERVER_UPDATE"]
        assert kinds == [None, "127.0.0.1:9"]

    async def test_an_op_4_that_makes_no_sense(self, connect: Any) -> None:
        bot = await connect("x")
        await bot.send(4, {"guild_id": "1", "channel_id": None})
        await bot.send(8, {"guild_id": "1"})
        await bot.settle()
        await bot.send(4, {"guild_id": None})
        assert await bot.closed() == 4002

    async def test_who_leaves_before_the_answer_gets_none(self, connect: Any, server: Any) -> None:
        server.faults.voice_reply_delay_s = 0.02
        bot = await connect("x")
        await bot.voice(channels(server)[0].id)
        await bot.voice(None)
        await bot.event("VOICE_STATE_UPDATE", channel_id=None)
        await asyncio.gather(*server.world.calls._delayed)
        await bot.settle()
        assert not [frame for frame in bot.frames if frame.get("t") == "VOICE_SERVER_UPDATE"]

    async def test_silence_on_demand(self, connect: Any, server: Any) -> None:
        server.faults.silent_voice = True
        bot = await connect("x")
        await bot.voice(channels(server)[0].id)
        await bot.settle()
        assert server.voice.asked == []

    async def test_moved_disconnected_and_deleted(self, connect: Any, server: Any) -> None:
        bot = await connect("x")
        first, second = channels(server)
        await bot.voice(first.id)
        await bot.event("VOICE_SERVER_UPDATE")
        await server.world.move(bot.id, second.id)
        await bot.event("VOICE_STATE_UPDATE", channel_id=str(second.id), session_id=bot.session_id)
        await bot.event("VOICE_SERVER_UPDATE")
        await server.world.calls.reassign(bot.id, second)
        assert (await bot.event("VOICE_SERVER_UPDATE"))["token"] != "voice-token-3"
        await server.world.disconnect(bot.id)
        await bot.event("VOICE_STATE_UPDATE", channel_id=None)
        await bot.voice(first.id)
        await bot.event("VOICE_SERVER_UPDATE")
        await server.world.delete_channel(first.id)
        await bot.event("CHANNEL_DELETE", id=str(first.id))
        assert server.voice.asked[-1][1]["code"] == 4022

    async def test_the_same_account_elsewhere_takes_the_place_over(self, connect: Any, server: Any) -> None:
        here, there = await connect("user-Ana"), await connect("user-Ana")
        channel = channels(server)[0]
        await here.voice(channel.id)
        await here.event("VOICE_SERVER_UPDATE")
        await there.voice(channel.id)
        await there.event("VOICE_SERVER_UPDATE")
        await here.event("VOICE_STATE_UPDATE", session_id=there.session_id)
        await here.socket.close(code=1000)
        await there.settle()
        assert guild_of(server).occupants(channel.id) == [there.id]


class TestStockClient:
    """discord.py itself, as anybody installs it."""

    async def test_it_logs_in_caches_syncs_and_sees_others(
        self, server: DiscordServer[SilentVoice], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(discord.http.Route, "BASE", server.api_base)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))
        intents = discord.Intents(guilds=True, voice_states=True)
        bot, ana = discord.Client(intents=intents), discord.Client(intents=discord.Intents.all())
        tasks = [asyncio.create_task(bot.start("a-token")), asyncio.create_task(ana.start("user-Ana"))]
        try:
            async with asyncio.timeout(10):
                for client, task in zip((bot, ana), tasks, strict=True):
                    while not client.is_ready():
                        assert not task.done(), task.exception()
                        await asyncio.sleep(0)
                await self._converse(server, bot, ana)
        finally:
            await asyncio.gather(bot.close(), ana.close())
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _converse(
        self, server: DiscordServer[SilentVoice], bot: discord.Client, ana: discord.Client
    ) -> None:
        assert bot.user is not None and ana.user is not None
        assert (bot.user.bot, ana.user.bot) == (True, False)
        guild = bot.get_guild(guild_of(server).id)
        assert guild is not None
        assert [type(channel) for channel in guild.channels] == [
            discord.TextChannel,
            discord.VoiceChannel,
            discord.VoiceChannel,
            discord.StageChannel,
        ]
        assert guild.me.guild_permissions.connect
        tree = app_commands.CommandTree(bot)

        @tree.command(description="Bring me in")
        async def join(
            interaction: discord.Interaction, channel: discord.VoiceChannel | None = None
        ) -> None: ...

        first, again = await tree.sync(), await tree.sync()
        assert [command.id for command in first] == [command.id for command in again]
        seen = asyncio.ensure_future(ana.wait_for("voice_state_update"))
        await asyncio.sleep(0)
        await guild.change_voice_state(channel=guild.voice_channels[0])
        member, _, after = await seen
        assert (member.id, after.channel.name) == (bot.user.id, "Lounge")
        message = await ana.get_channel(guild.text_channels[0].id).send("hello")  # type: ignore[union-attr]
        assert (await guild.text_channels[0].fetch_message(message.id)).content == "hello"


async def test_a_taken_port(server: DiscordServer[SilentVoice]) -> None:
    port = int(server.api_base.split(":")[2].split("/")[0])
    with pytest.raises(OSError):
        await DiscordServer(SilentVoice(), faults=GatewayFaults()).start(port=port)


async def test_the_gateway_wants_a_websocket(server: DiscordServer[SilentVoice]) -> None:
    async with aiohttp.ClientSession() as http, http.get(server.api_base.replace("/api/v10", "/")) as answer:
        assert answer.status == 426
