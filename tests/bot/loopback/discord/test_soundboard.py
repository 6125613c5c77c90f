from __future__ import annotations

import base64
from typing import Any

import gateway_client
import pytest
from gateway_client import RawClient, channels, guild_of

from bot.loopback.discord.entities import ChannelKind
from bot.loopback.discord.permissions import Permission

server, connect = gateway_client.server, gateway_client.connect

MP3 = "data:audio/mp3;base64," + base64.b64encode(b"ID3 sound").decode()


class Board:
    def __init__(self, ana: RawClient) -> None:
        self.ana = ana
        self.world = ana.server.world
        self.path = f"/guilds/{guild_of(ana.server).id}/soundboard-sounds"
        self.lounge = channels(ana.server)[0]

    async def create(self, **fields: Any) -> tuple[int, Any]:
        return await self.ana.rest("POST", self.path, {"name": "Yay", "sound": MP3, **fields})

    async def play(self, sound_id: Any, channel_id: int = 0, **fields: Any) -> tuple[int, int]:
        path = f"/channels/{channel_id or self.lounge.id}/send-soundboard-sound"
        status, refusal = await self.ana.rest("POST", path, {"sound_id": str(sound_id), **fields})
        return status, refusal["code"] if refusal else 0


@pytest.fixture
async def board(connect: Any) -> Board:
    """Ana may create sounds, and is in the Lounge."""
    ana = await connect("user-Ana")
    ana.server.world.grant(ana.id, Permission.CREATE_GUILD_EXPRESSIONS)
    await ana.voice(channels(ana.server)[0].id)
    await ana.event("VOICE_STATE_UPDATE")
    return Board(ana)


async def test_created_listed_changed_and_deleted(board: Board) -> None:
    status, made = await board.create(volume=0.5, emoji_name="🎉")
    assert (status, made["name"], made["volume"], made["user"]["username"]) == (201, "Yay", 0.5, "Ana")
    assert (await board.ana.event("GUILD_SOUNDBOARD_SOUND_CREATE"))["sound_id"] == made["sound_id"]
    one = f"{board.path}/{made['sound_id']}"
    assert (await board.ana.rest("GET", board.path))[1] == {"items": [made]}
    assert (await board.ana.rest("GET", one))[1] == made
    assert (await board.ana.rest("PATCH", one, {"name": "Hooray"}))[1]["name"] == "Hooray"
    assert (await board.ana.event("GUILD_SOUNDBOARD_SOUND_UPDATE"))["name"] == "Hooray"
    assert (await board.ana.rest("DELETE", one))[0] == 204
    await board.ana.event("GUILD_SOUNDBOARD_SOUND_DELETE")
    assert (await board.ana.rest("GET", one))[1]["code"] == 10097


async def test_its_file(board: Board) -> None:
    _, made = await board.create()
    root = board.ana.server.api_base.removesuffix("/api/v10")
    async with board.ana.http.get(f"{root}/soundboard-sounds/{made['sound_id']}") as file:
        assert await file.read() == b"ID3 sound"
    async with board.ana.http.get(f"{root}/soundboard-sounds/1") as file:
        assert file.status == 404


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "x"}, 50035),
        ({"name": "x" * 33}, 50035),
        ({"volume": 1.5}, 50035),
        ({"sound": None}, 50035),
        ({"sound": "data:image/png;base64,AAAA"}, 50123),
        ({"sound": "data:audio/ogg;base64,???"}, 50110),
        ({"sound": "data:audio/ogg;base64," + "A" * 700_000}, 50035),
    ],
)
async def test_what_is_no_sound(board: Board, fields: Any, code: int) -> None:
    status, refusal = await board.create(**fields)
    assert (status, refusal["code"]) == (400, code)


async def test_who_may_have_them_changed(board: Board, connect: Any) -> None:
    _, made = await board.create()
    ben, one = await connect("user-Ben"), f"{board.path}/{made['sound_id']}"
    assert (await ben.rest("POST", board.path, {"name": "No", "sound": MP3}))[1]["code"] == 50013
    assert (await ben.rest("DELETE", one))[1]["code"] == 50013
    assert "user" not in (await ben.rest("GET", one))[1]
    board.world.grant(ben.id, Permission.MANAGE_GUILD_EXPRESSIONS)
    assert (await ben.rest("DELETE", one))[0] == 204


async def test_played_to_who_is_in_the_channel(board: Board, connect: Any) -> None:
    ben, zoe = await connect("user-Ben"), await connect("user-Zoe")
    await ben.voice(board.lounge.id)
    await ben.event("VOICE_STATE_UPDATE", user_id=str(ben.id))
    _, made = await board.create(emoji_name="🎉")
    assert await board.play(made["sound_id"]) == (204, 0)
    effect = await ben.event("VOICE_CHANNEL_EFFECT_SEND")
    assert (effect["sound_id"], effect["emoji"]["name"]) == (made["sound_id"], "🎉")
    assert await board.play(1) == (204, 0)
    await zoe.settle()
    assert not [frame for frame in zoe.frames if frame.get("t") == "VOICE_CHANNEL_EFFECT_SEND"]
    assert (await board.ana.rest("GET", "/soundboard-default-sounds"))[1][0]["name"] == "quack"


async def test_not_played(board: Board) -> None:
    guild, ana = guild_of(board.ana.server), board.ana
    workshop = channels(ana.server)[1]
    assert await board.play(99) == (404, 10097)
    assert await board.play("quack") == (400, 50035)
    assert await board.play(1, workshop.id) == (400, 40032)
    guild.members[ana.id].mute = True
    assert await board.play(1) == (403, 50013)
    guild.members[ana.id].mute = False
    board.world.deny(ana.id, board.lounge.id, Permission.USE_SOUNDBOARD)
    assert await board.play(1) == (403, 50013)


async def test_of_another_server(board: Board) -> None:
    elsewhere = list(board.world.guilds.values())[1]
    _, made = await board.ana.rest(
        "POST", f"/guilds/{elsewhere.id}/soundboard-sounds", {"name": "Far", "sound": MP3}
    )
    assert await board.play(made["sound_id"]) == (404, 10097)
    assert await board.play(made["sound_id"], source_guild_id=str(elsewhere.id)) == (204, 0)
    board.world.deny(board.ana.id, board.lounge.id, Permission.USE_EXTERNAL_SOUNDS)
    assert (await board.play(made["sound_id"], source_guild_id=str(elsewhere.id)))[1] == 50013


async def test_no_stage_for_the_audience(board: Board) -> None:
    stage = channels(board.ana.server, ChannelKind.STAGE)[0]
    await board.ana.voice(stage.id)
    await board.ana.event("VOICE_STATE_UPDATE", channel_id=str(stage.id))
    assert await board.play(1, stage.id) == (403, 50013)
