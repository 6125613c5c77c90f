"""What can arrive by UDP besides a plain packet of somebody known."""

from __future__ import annotations

import asyncio

import pytest
from scene import ANA_SAYS, Scene, encode_once

from bot.loopback.discord.injection import rtp_header
from bot.loopback.member.impairments import Impairments
from bot.voice.events import PersonLeft


@pytest.mark.parametrize(
    "fault",
    [
        {"padding": 255},
        {"padding": 4, "padding_share": 0.5},
        {"extension_words": 0},
        {"extension_words": 9},
        {"csrc_count": 3},
        {"csrc_count": 15, "padding": 20, "extension_words": 1},
        {"duplicate": 1.0},
        {"reorder": 0.2},
        {"duplicate": 0.3, "reorder": 0.1, "padding": 8},
    ],
    ids=lambda fault: "-".join(f"{key}={value}" for key, value in fault.items()),
)
async def test_headers_and_paths_the_real_server_has(scene: Scene, fault: dict[str, float]) -> None:
    faults = scene.voice.faults.for_user(scene.bot_id)
    for name, value in fault.items():
        setattr(faults, name, value)
    await scene.understands()
    stats = scene.link.inbound.stats[scene.ana.user_id]
    assert stats.failure_streak == 0
    assert stats.opus_errors == 0


async def test_thirty_percent_loss(scene: Scene) -> None:
    scene.voice.faults.for_user(scene.bot_id).loss = 0.3
    await scene.understands(alike=0.6)
    assert scene.link.inbound.stats[scene.ana.user_id].lost > 0


@pytest.mark.parametrize("jump", [20_000, -20_000, 65_530])
async def test_the_sequence_number_jumps(scene: Scene, jump: int) -> None:
    await scene.understands()
    scene.voice.faults.for_user(scene.bot_id).sequence_offset = jump
    await scene.understands()


async def test_the_sequence_number_jumps_in_the_middle_of_speech(scene: Scene) -> None:
    await scene.understands(impairments=Impairments(sequence_jumps={5: 20_000, 12: -20_000}), alike=0.7)


async def test_the_sequence_number_wraps(scene: Scene) -> None:
    await scene.understands()
    sender = scene.ana.call.session.sender
    sender._sequence = 65_530
    await scene.understands()


async def test_probes_of_nothing_but_padding(scene: Scene) -> None:
    await scene.understands(impairments=Impairments(all_padding=0.5))


async def test_rtcp_and_video_and_noise_on_the_same_socket(scene: Scene) -> None:
    await scene.understands()
    bot = scene.voice.inject(scene.bot_id)
    ssrc = scene.voice.seat(scene.ana.user_id).ssrc
    bot.rtp(bytes([0x80, 200, 0, 6]) + ssrc.to_bytes(4, "big") + bytes(4), bytes(20))
    for number in range(40):
        bot.rtp(rtp_header(ssrc + 1, number, number * 3000, payload_type=101), bytes(200))
        bot.rtp(rtp_header(ssrc, 60_000 + number, 0, payload_type=96), b"\xff" * 50)
    bot.datagram(bytes([0x80, 201]) + bytes(50))
    bot.datagram(b"")
    bot.datagram(b"\x80")
    bot.datagram(bytes(2000))
    bot.datagram(b"\x13\x37\xf0\x0d\0\0\0\x01")
    await scene.understands()


async def test_an_unknown_ssrc_is_found_by_its_key(outside: Scene) -> None:
    outside.voice.faults.for_user(outside.bot_id).suppress_speaking = True
    await outside.enter()
    await outside.understands()
    assert outside.room.speakers == {outside.ana.user_id}


async def test_an_unknown_ssrc_with_a_late_op_5(outside: Scene) -> None:
    faults = outside.voice.faults.for_user(outside.bot_id)
    faults.suppress_speaking = True
    await outside.enter(outside.loopback.stage_channel_id)  # no keys there: only op 5 can tell
    await outside.ana.join(outside.guild_id, outside.loopback.stage_channel_id)
    outside.all_may_speak()
    room = outside.room
    start = len(room.heard)
    saying = asyncio.create_task(outside.ana.say(encode_once(ANA_SAYS)))
    await room.until(lambda: len(room.heard) > start + 15)
    assert not room.speakers
    outside.voice.inject(outside.bot_id).speaking_of(outside.voice.seat(outside.ana.user_id))
    await saying
    stats = outside.link.inbound.stats[outside.ana.user_id]
    await room.until(lambda: stats.received >= len(encode_once(ANA_SAYS)))  # and what had come before it
    await outside.understands()
    assert room.speakers == {outside.ana.user_id}


@pytest.mark.parametrize("announced", [True, False])
async def test_the_ssrc_of_a_member_changes(scene: Scene, announced: bool) -> None:
    await scene.understands()
    scene.voice.inject(scene.ana.user_id).change_ssrc(0x7F000001, announce=announced)
    await scene.understands()
    assert scene.room.speakers == {scene.ana.user_id}


async def test_a_member_comes_back_with_another_ssrc(scene: Scene) -> None:
    """Op 13, then the same person with a new stream."""
    await scene.understands()
    await scene.ana.leave()
    assert (await scene.room.event(PersonLeft)).user_id == scene.ana.user_id
    await scene.ana.join(scene.guild_id, scene.loopback.voice_channel_id)
    await scene.understands()


async def test_the_other_transport_mode(outside: Scene) -> None:
    outside.voice.modes = ["aead_xchacha20_poly1305_rtpsize"]
    try:
        await outside.enter()
        await outside.understands()
        assert outside.link.health.mode == "aead_xchacha20_poly1305_rtpsize"
    finally:
        outside.voice.modes = ["aead_aes256_gcm_rtpsize", "aead_xchacha20_poly1305_rtpsize"]


async def test_a_stage_and_back(scene: Scene) -> None:
    """A stage has version 0 and no group; what was agreed in the channel must not linger."""
    await scene.understands()
    world, stage = scene.loopback.discord.world, scene.loopback.stage_channel_id
    await world.move(scene.bot_id, stage)
    await scene.ana.join(scene.guild_id, stage)
    scene.all_may_speak()
    await scene.understands()
    assert scene.link.health.dave_version == 0
    await world.move(scene.bot_id, scene.loopback.voice_channel_id)
    await scene.ana.join(scene.guild_id, scene.loopback.voice_channel_id)
    await scene.understands()
    assert scene.link.health.dave_version == 1
    assert scene.link.health.dave_ready
