"""What the end-to-end handshake can do to a client, and usually does to bots."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import davey
import pytest
from scene import ANA_SAYS, BEN_SAYS, REJOINED_S, Scene, encode_once

from bot.loopback.discord.dave import Group
from bot.loopback.member.member import Member
from bot.voice import watch


def ignored(scene: Scene) -> dict[str, int]:
    return scene.link.health.ignored_ops


def sent_by_bot(scene: Scene, op: int) -> int:
    return scene.voice.received[scene.bot_id, op]


async def test_the_external_sender_before_op_4(outside: Scene) -> None:
    outside.voice.faults.external_sender_first = True
    await outside.enter()
    await outside.understands()


async def test_the_external_sender_twice(outside: Scene) -> None:
    outside.voice.faults.external_sender_twice = True
    await outside.enter()
    await outside.understands()


async def test_the_external_sender_again_while_in_the_group(scene: Scene) -> None:
    scene.voice.inject(scene.bot_id).external_sender()
    await scene.understands()
    await scene.ben_joins()  # the next re-key is what a dead reader would miss
    await scene.understands(said=BEN_SAYS, member=scene.ben)
    assert ignored(scene)


async def test_stale_proposals(scene: Scene) -> None:
    scene.voice.inject(scene.bot_id).stale_proposals()
    await scene.ben_joins()
    await scene.understands(said=BEN_SAYS, member=scene.ben)
    await scene.understands()
    assert ignored(scene)


async def test_proposals_with_no_group(outside: Scene) -> None:
    outside.voice.faults.proposals_before_external_sender = True
    await outside.enter()
    await outside.understands()
    assert ignored(outside)


async def test_an_add_of_somebody_nobody_announced(scene: Scene) -> None:
    scene.voice.inject(scene.bot_id).unexpected_add(4242)
    await scene.understands()
    assert 4242 not in scene.link.e2ee.members()
    await scene.ben_joins()
    await scene.understands(said=BEN_SAYS, member=scene.ben)


async def test_a_bad_commit(scene: Scene) -> None:
    scene.voice.inject(scene.bot_id).bad_commit()
    await scene.understands()
    assert scene.link.health.recoveries == 1
    assert sent_by_bot(scene, 31) >= 1


async def test_a_damaged_commit_of_a_real_change(scene: Scene) -> None:
    scene.voice.faults.for_user(scene.bot_id).corrupt_commits = 1
    await scene.ben_joins()
    await scene.understands(said=BEN_SAYS, member=scene.ben)
    await scene.understands()
    assert scene.link.health.recoveries == 1


async def test_a_damaged_welcome(outside: Scene) -> None:
    await outside.ben_joins()
    outside.voice.faults.for_user(outside.bot_id).corrupt_welcomes = 1
    await outside.enter()
    await outside.understands()
    assert outside.link.health.recoveries == 1


async def test_the_welcome_twice(outside: Scene) -> None:
    outside.voice.faults.for_user(outside.bot_id).welcome_twice = True
    await outside.ben_joins()
    await outside.enter()
    await outside.understands()
    outside.voice.inject(outside.bot_id).welcome_again()
    await outside.understands()
    assert outside.link.health.recoveries == 0


async def test_the_last_one_gets_a_new_group(scene: Scene) -> None:
    """Ops 24 (epoch 1) and 21 (transition 0) when Ana leaves; ignoring them led to 4006 elsewhere."""
    await scene.understands()
    await scene.ana.leave()
    await scene.room.until(lambda: not scene.link.e2ee.ready_to_send)
    assert not scene.link.send_packet_opus(b"\x78" + bytes(40))
    await scene.ana.join(scene.guild_id, scene.loopback.voice_channel_id)
    await scene.understands()
    assert scene.link.health.rejoins == 0


async def test_two_joins_in_one_op_27(scene: Scene) -> None:
    scene.voice.faults.proposal_batch_s = 0.2
    async with Member.of(scene.loopback, "Cem") as cem:
        await asyncio.gather(scene.ben_joins(), cem.join(scene.guild_id, scene.loopback.voice_channel_id))
        await scene.understands(said=BEN_SAYS, member=scene.ben)
        await scene.understands(said=BEN_SAYS, member=cem)
        await cem.leave()
    await scene.understands()


async def test_a_join_that_is_revoked(scene: Scene) -> None:
    """Ben goes again while the proposal to add him is in flight: op 27 with optype 1."""
    faults = scene.voice.faults
    for person in (scene.ana, scene.ben):
        faults.for_user(person.user_id).commit_delay_s = 0.4
    faults.for_user(scene.bot_id).commit_delay_s = 0.4
    proposals: list[bytes] = []
    watch_binary(scene, lambda op, payload: proposals.append(payload) if op == 27 else None)
    with pytest.raises(TimeoutError):
        await scene.ben.join(scene.guild_id, scene.loopback.voice_channel_id, timeout=0.2)
    await scene.ben.leave()
    faults.clear()
    await scene.understands()
    assert [payload[0] for payload in proposals] == [0, 1]
    assert scene.ben.user_id not in scene.link.e2ee.members()
    await scene.ben_joins()
    await scene.understands(said=BEN_SAYS, member=scene.ben)


async def test_removed_and_added_again_in_one_commit(scene: Scene) -> None:
    await scene.ben_joins()
    scene.voice.faults.proposal_batch_s = 0.2
    scene.voice.inject(scene.bot_id).bad_commit()
    await scene.understands()
    await scene.understands(said=BEN_SAYS, member=scene.ben)


async def test_another_member_removed_and_added_again_in_one_commit(scene: Scene) -> None:
    await scene.ben_joins()
    scene.voice.faults.proposal_batch_s = 0.2
    epoch = scene.link.e2ee.session.epoch
    scene.voice.inject(scene.ben.user_id).bad_commit()
    await scene.room.until(lambda: scene.link.e2ee.session.epoch > epoch)
    assert scene.link.e2ee.session.epoch == epoch + 1
    await scene.understands(said=BEN_SAYS, member=scene.ben)
    await scene.understands()


async def test_a_slow_execute(scene: Scene) -> None:
    """Members send with the old keys until op 22, which here takes its two seconds."""
    scene.voice.faults.slow_execute_s = 1.5
    joining = asyncio.create_task(scene.ben_joins())
    await scene.understands(within_s=0.1)
    await joining
    await scene.understands(said=BEN_SAYS, member=scene.ben)


@pytest.mark.parametrize("bot_is_late", [True, False])
async def test_a_commit_race(scene: Scene, bot_is_late: bool) -> None:
    late = scene.bot_id if bot_is_late else scene.ana.user_id
    scene.voice.faults.for_user(late).commit_delay_s = 0.3
    await scene.ben_joins()
    await scene.understands(said=BEN_SAYS, member=scene.ben)
    await scene.understands()


async def test_frames_of_the_old_epoch_after_a_commit(scene: Scene) -> None:
    """What Ana said before Ben came in arrives after it: keys are kept for ten seconds."""
    await scene.understands()
    held = scene.voice.inject(scene.ana.user_id)
    held.hold_audio()
    await scene.ana.say(encode_once(ANA_SAYS))
    epoch = scene.link.e2ee.session.epoch
    await scene.ben_joins()
    await scene.room.until(lambda: scene.link.e2ee.session.epoch > epoch)
    stats = scene.link.inbound.stats[scene.ana.user_id]
    before = stats.received
    held.release_audio()
    await scene.room.until(lambda: stats.received >= before + len(encode_once(ANA_SAYS)))
    assert not stats.undecryptable
    await scene.understands()


async def test_members_come_and_go_while_somebody_speaks(scene: Scene) -> None:
    await scene.understands()
    for _ in range(2):
        coming = asyncio.create_task(scene.ben_joins())
        await scene.understands(within_s=0.1, alike=0.7)
        await coming
        going = asyncio.create_task(scene.ben.leave())
        await scene.understands(within_s=0.1, alike=0.7)
        await going


async def test_frames_that_do_not_decrypt_are_recovered_from(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot whose keys are wrong without anybody having said so: the failure streak is all there is."""
    monkeypatch.setattr(watch, "GRACE_S", 0.2)
    await scene.understands()
    lose_keys(scene)
    await scene.understands(REJOINED_S)
    assert scene.link.health.recoveries >= 1


def lose_keys(scene: Scene) -> None:
    """A group of the bot's own, in which Ana has other keys than she really has."""
    here = scene.link.channel.id
    group: Any = Group(here)
    sessions = {user: davey.DaveSession(1, user, here) for user in (scene.bot_id, scene.ana.user_id)}
    mail: list[Any] = []
    for user, session in sessions.items():
        group.join(user)
        session.set_external_sender(group.sender.package)
        mail += group.receive_key_package(user, session.get_serialized_key_package(), 0.0) + group.flush()
    while mail:
        send = mail.pop(0)
        session = sessions[send.user_id]
        if send.op == 27:
            made = session.process_proposals(davey.ProposalsOperationType.append, send.payload[1:])
            if made is not None and not group.established:
                mail += group.receive_commit(send.user_id, made.commit + made.welcome, 0.0)
        elif send.op == 29:
            session.process_commit(send.payload[2:])
        elif send.op == 30:
            session.process_welcome(send.payload[2:])
    assert sessions[scene.bot_id].ready
    scene.link.e2ee.session = sessions[scene.bot_id]


def watch_binary(scene: Scene, see: Callable[[int, bytes], None]) -> None:
    """Every binary op the bot receives from now on."""
    handshake = scene.link._link.handshake
    receive = handshake.received_binary

    def received(op: int, payload: bytes, now: float) -> list[Any]:
        see(op, payload)
        return receive(op, payload, now)

    handshake.received_binary = received  # type: ignore[method-assign]
