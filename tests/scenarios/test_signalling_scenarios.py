"""The main gateway's two messages in every order, and servers that come and go."""

from __future__ import annotations

import pytest
from scene import REJOINED_S, Scene

from bot.errors import VoiceTimeout
from bot.voice import supervisor
from bot.voice.events import Connected, Moved


@pytest.mark.parametrize("server_first", [False, True])
async def test_both_orders_at_connect(outside: Scene, server_first: bool) -> None:
    outside.loopback.discord.faults.server_update_first = server_first
    await outside.enter()
    await outside.understands()


@pytest.mark.parametrize("server_first", [False, True])
async def test_both_orders_at_a_move(scene: Scene, server_first: bool) -> None:
    scene.loopback.discord.faults.server_update_first = server_first
    there = scene.loopback.second_voice_channel_id
    await scene.loopback.discord.world.move(scene.bot_id, there)
    assert (await scene.room.event(Moved)).channel_id == there
    await scene.ana.join(scene.guild_id, there)
    await scene.understands()
    assert scene.link.e2ee.session is not None
    assert scene.link.e2ee.session.channel_id == there


async def test_moved_there_and_back(scene: Scene) -> None:
    world = scene.loopback.discord.world
    for channel_id in (scene.loopback.second_voice_channel_id, scene.loopback.voice_channel_id):
        await world.move(scene.bot_id, channel_id)
        await scene.room.until(lambda wanted=channel_id: scene.link.channel.id == wanted)
    await scene.understands()
    assert scene.link.health.rejoins == 0


async def test_the_bot_moves_itself(scene: Scene) -> None:
    there = scene.client.get_channel(scene.loopback.second_voice_channel_id)
    await scene.link.move_to(there, timeout=5.0)
    await scene.ana.join(scene.guild_id, scene.loopback.second_voice_channel_id)
    await scene.understands()


async def test_an_endpoint_of_null_at_connect(outside: Scene) -> None:
    outside.loopback.discord.faults.null_endpoint_first = True
    await outside.enter()
    await outside.understands()


async def test_an_endpoint_of_null_at_a_move(scene: Scene) -> None:
    scene.loopback.discord.faults.null_endpoint_first = True
    there = scene.loopback.second_voice_channel_id
    await scene.loopback.discord.world.move(scene.bot_id, there)
    await scene.ana.join(scene.guild_id, there)
    await scene.understands()


async def test_another_server_for_the_same_channel(scene: Scene) -> None:
    """A change of region: new credentials, and no word of the channel."""
    here = scene.loopback.voice_channel_id
    scene.room.events.clear()
    await scene.loopback.discord.world.move(scene.bot_id, here)
    await scene.room.event(Connected)
    await scene.understands()
    assert scene.link.health.moves == 1


async def test_a_full_channel_is_a_timeout_that_says_so(outside: Scene) -> None:
    outside.loopback.discord.faults.silent_voice = True
    with pytest.raises(VoiceTimeout):
        await outside.enter(timeout=0.3)
    assert outside.client.voice_clients == []


async def test_a_voice_server_that_is_late(outside: Scene) -> None:
    outside.loopback.discord.faults.voice_reply_delay_s = 0.3
    outside.voice.faults.description_delay_s = 0.3
    await outside.enter()
    await outside.understands(REJOINED_S)


async def test_the_main_gateway_identifies_anew(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py forgets its voice clients then, and the voice server closes with 4014."""
    monkeypatch.setattr(supervisor, "VERDICT_S", 0.5)
    sessions = scene.loopback.discord.world.sessions
    (session,) = sessions.of(scene.bot_id)
    sessions.remove(session)
    session.close(4009)
    await scene.understands(REJOINED_S)
    assert scene.client.voice_clients == [scene.link]
