"""The voice gateway closes, and the bot does what the code asks for."""

from __future__ import annotations

import pytest
from scene import BEN_SAYS, REJOINED_S, RESUMED_S, Scene

from bot.errors import VoiceRefused
from bot.voice import supervisor, websocket
from bot.voice.events import Connected, Gone, Interrupted, Moved


async def test_nothing_happens(scene: Scene) -> None:
    """The bare path: first without any fault."""
    await scene.understands()
    assert scene.link.health.mode == "aead_aes256_gcm_rtpsize"
    assert scene.link.health.dave_ready


async def test_the_witness_notices_what_leaves_unencrypted(scene: Scene) -> None:
    """The scenarios' own instrument: a link that skips DAVE is found out."""
    scene.link.e2ee.encrypt = lambda opus: opus
    scene.link.send_packet_opus(b"\x78" + bytes(40))
    await scene.room.until(lambda: bool(scene.leaks))
    scene.leaks.clear()


@pytest.mark.parametrize("code", [1006, 4015])
async def test_a_lost_connection_is_resumed(scene: Scene, code: int) -> None:
    scene.room.events.clear()
    await scene.close_bot(code)
    await scene.room.event(Interrupted)
    assert (await scene.room.event(Connected, within_s=RESUMED_S)).resumed
    await scene.understands()
    await scene.ben_joins()  # a re-key comes by the resumed connection
    await scene.understands(said=BEN_SAYS, member=scene.ben)
    assert scene.link.health.resumes == 1
    assert scene.link.health.rejoins == 0


async def test_what_a_resume_missed_is_made_up_for(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ben comes in while the bot has no voice gateway: ops 11, 27 and 29 are repeated to it."""
    monkeypatch.setattr(supervisor, "PAUSES_S", (0.4,) * 8)
    scene.room.events.clear()
    await scene.close_bot(1006)
    await scene.room.event(Interrupted)
    await scene.ben_joins()
    assert scene.link.health.resumes == 0
    assert (await scene.room.event(Connected)).resumed
    await scene.understands(said=BEN_SAYS, member=scene.ben)
    await scene.understands()
    assert scene.link.health.recoveries == 0


async def test_a_connection_lost_in_the_middle_of_the_handshake(outside: Scene) -> None:
    """The key package may be lost with it, and no resume repeats what the client had said."""
    await outside.enter()
    await outside.close_bot(1006)
    await outside.understands()
    assert outside.link.health.recoveries == 0


async def test_a_refused_resume_becomes_a_new_session(scene: Scene) -> None:
    scene.voice.faults.for_user(scene.bot_id).resume_refused = True
    await scene.close_bot(1006)
    await scene.understands(REJOINED_S)
    assert scene.link.health.rejoins == 1


@pytest.mark.parametrize("code", [4006, 4009])
async def test_an_invalid_session_is_replaced(scene: Scene, code: int) -> None:
    await scene.close_bot(code)
    await scene.understands(REJOINED_S)
    assert scene.link.health.rejoins == 1


async def test_a_refused_first_identify_is_repeated(outside: Scene) -> None:
    outside.voice.faults.refuse_identify = [4006]
    await outside.enter()
    await outside.understands(REJOINED_S)


async def test_4014_of_a_kick_ends_the_link(scene: Scene) -> None:
    await scene.loopback.discord.world.disconnect(scene.bot_id)
    gone = await scene.room.event(Gone)
    assert gone.code == 4014
    assert "disconnected" in gone.sentence
    assert scene.client.voice_clients == []
    await scene.enter()  # and may be called again
    await scene.understands()


async def test_4014_of_a_move_is_followed(scene: Scene) -> None:
    there = scene.loopback.second_voice_channel_id
    await scene.loopback.discord.world.move(scene.bot_id, there)
    assert (await scene.room.event(Moved)).channel_id == there
    await scene.ana.join(scene.guild_id, there)
    await scene.understands()
    assert scene.link.channel.id == there


async def test_4014_without_a_word_of_the_main_gateway(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our main session was lost, nobody sent us away: come back."""
    monkeypatch.setattr(supervisor, "VERDICT_S", 0.2)
    await scene.close_bot(4014)
    await scene.understands(REJOINED_S)


@pytest.mark.parametrize("code", [4021, 4022])
async def test_what_must_not_be_answered_by_coming_back_ends_the_link(
    scene: Scene, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "VERDICT_S", 0.2)
    await scene.close_bot(code)
    gone = await scene.room.event(Gone)
    assert gone.code == code
    assert gone.sentence.endswith(".")
    assert scene.client.voice_clients == []
    states = scene.loopback.discord.world.guild(scene.guild_id).voice_states
    await scene.room.until(lambda: scene.bot_id not in states)  # no ghost stays behind


async def test_4017_ends_the_link_loudly(scene: Scene) -> None:
    await scene.close_bot(4017)
    gone = await scene.room.event(Gone)
    assert gone.code == 4017
    assert "encryption" in gone.sentence


async def test_4017_at_the_door_is_an_error_of_connect(outside: Scene) -> None:
    outside.voice.faults.refuse_identify = [4017]
    with pytest.raises(VoiceRefused) as refused:
        await outside.enter()
    assert "encryption" in refused.value.sentence
    assert outside.client.voice_clients == []


async def test_a_peer_that_does_not_answer_heartbeats_is_left(
    outside: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "HEARTBEAT_S", 0.05)
    await outside.enter()
    faults = outside.voice.faults.for_user(outside.bot_id)
    faults.heartbeat_acks = False
    await outside.room.event(Interrupted)
    faults.heartbeat_acks = True
    await outside.understands(REJOINED_S)
