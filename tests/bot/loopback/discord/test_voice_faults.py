"""Faults of the voice gateway and of DAVE, met by a client that does it right, which recovers from each."""

from __future__ import annotations

import davey
import pytest
from raw_voice_client import OPUS, RawVoiceClient
from voice_place import STAGE, Place, frame_of

from bot.loopback.discord.faults import VoiceFaults
from bot.loopback.discord.voice_ops import Close, Op


async def all_hear_all(place: Place, *clients: RawVoiceClient) -> None:
    for client in clients:
        await place.settled(client)
    for speaker in clients:
        speaker.send_opus()
        for listener in clients:
            if listener is speaker:
                continue
            header, body = await listener.hear(speaker.ready["ssrc"])
            assert listener.dave is not None
            session = listener.dave.session
            frame = session.decrypt(speaker.user_id, davey.MediaType.audio, frame_of(header, body))
            assert bytes(frame) == OPUS


def test_for_user_starts_from_the_general_faults() -> None:
    faults = VoiceFaults(loss=0.5)
    faults.for_user(1).jitter_ms = 40.0
    assert (faults.of(1).loss, faults.of(1).jitter_ms) == (0.5, 40.0)
    assert faults.of(2) is faults
    assert faults.of(1) is faults.for_user(1)
    assert faults.touch_media
    assert faults.clear() == VoiceFaults()
    assert not faults.touch_media


async def test_external_sender_before_op_4(place: Place) -> None:
    place.server.faults.for_user(2).external_sender_first = True
    one = (await place.joined(1))[0]
    two = await place.client(2)
    await two.join()
    assert two.ops.index(Op.MLS_EXTERNAL_SENDER) < two.ops.index(Op.SESSION_DESCRIPTION)
    await two.wait(lambda: two.dave is not None)
    assert two.dave is not None
    two.dave.receive_external_sender(two.of(Op.MLS_EXTERNAL_SENDER)[0])
    await two.send_binary(*two.dave.restart())
    await all_hear_all(place, one, two)


async def test_external_sender_again_and_again(place: Place) -> None:
    place.server.faults.external_sender_twice = True
    one, two = await place.joined(1, 2)
    place.server.inject(2).external_sender()
    await two.wait_for(Op.MLS_EXTERNAL_SENDER, count=3)
    await all_hear_all(place, one, two)


async def test_proposals_without_a_group(place: Place) -> None:
    place.server.faults.proposals_before_external_sender = True
    one, two = await place.joined(1, 2)
    assert two.ops.index(Op.MLS_PROPOSALS) < two.ops.index(Op.MLS_EXTERNAL_SENDER)
    await all_hear_all(place, one, two)


async def test_proposals_in_a_stage(place: Place) -> None:
    (one,) = await place.joined(1, channel_id=STAGE)
    place.server.inject(1).stale_proposals()
    assert len(await one.wait_for(Op.MLS_PROPOSALS)) > 100


async def test_stale_proposals(place: Place) -> None:
    one, two = await place.joined(1, 2)
    seen = len(two.of(Op.MLS_PROPOSALS))
    place.server.inject(2).stale_proposals()
    await two.wait_for(Op.MLS_PROPOSALS, count=seen + 1)
    (three,) = await place.joined(3)
    await all_hear_all(place, one, two, three)


async def test_a_stranger_is_proposed(place: Place) -> None:
    """This client does not check op 11, and commits; the server drops the commit, and with it the client's
    next ones: only who refuses the stranger goes on."""
    one, _, _ = await place.joined(1, 2, 3)
    epoch = place.group(one).epoch
    place.server.inject(1).unexpected_add(999)
    await one.wait(lambda: any("exactly the unrevoked" in cause for cause in place.server.stats))
    assert place.group(one).epoch == epoch


@pytest.mark.parametrize("user_id", [1, 2])
async def test_bad_commit(place: Place, user_id: int) -> None:
    clients = await place.joined(1, 2, 3)
    place.server.inject(user_id).bad_commit()
    await clients[0].wait(lambda: place.server.received[user_id, Op.MLS_INVALID_COMMIT_WELCOME] == 1)
    await all_hear_all(place, *clients)


async def test_damaged_commits_and_welcomes(place: Place) -> None:
    one, two = await place.joined(1, 2)
    place.server.faults.for_user(2).corrupt_commits = 1
    place.server.faults.for_user(3).corrupt_welcomes = 1
    (three,) = await place.joined(3)
    await all_hear_all(place, one, two, three)
    for user_id in (2, 3):
        assert place.server.received[user_id, Op.MLS_INVALID_COMMIT_WELCOME] == 1


async def test_a_welcome_again(place: Place) -> None:
    place.server.faults.welcome_twice = True
    one, two = await place.joined(1, 2)
    await all_hear_all(place, one, two)
    assert max(len(client.of(Op.MLS_WELCOME)) for client in (one, two)) >= 2
    welcomed = one if one.of(Op.MLS_WELCOME) else two
    seen = len(welcomed.of(Op.MLS_WELCOME))
    place.server.inject(welcomed.user_id).welcome_again()
    await welcomed.wait_for(Op.MLS_WELCOME, count=seen + 1)
    await all_hear_all(place, one, two)


async def test_somebody_else_wins_the_race(place: Place) -> None:
    one, two = await place.joined(1, 2)
    own = place.group(one).members[1]
    assert own.active
    place.server.faults.for_user(1).commit_delay_s = 0.05
    place.server.stats.clear()
    (three,) = await place.joined(3)
    await one.wait(lambda: bool(place.server.stats))
    assert one.of(Op.MLS_ANNOUNCE_COMMIT)
    await all_hear_all(place, one, two, three)


async def test_two_joins_in_one_message(place: Place) -> None:
    one, two = await place.joined(1, 2)
    place.server.faults.proposal_batch_s = 0.05
    epoch, seen = place.group(one).epoch, len(one.of(Op.MLS_PROPOSALS))
    three, four = await place.joined_while_others_are_away(3, 4)
    await all_hear_all(place, one, two, three, four)
    assert place.group(one).epoch == epoch + 1
    assert len(one.of(Op.MLS_PROPOSALS)) == seen + 1


async def test_a_joiner_gone_before_the_commit_is_revoked(place: Place) -> None:
    one, two = await place.joined(1, 2)
    for user_id in (1, 2):
        place.server.faults.for_user(user_id).commit_delay_s = 0.05
    seen = len(one.of(Op.MLS_PROPOSALS))
    three = await place.client(3)
    await three.join()
    await one.wait_for(Op.MLS_PROPOSALS, count=seen + 1)
    await place.server.release(guild_id=10, user_id=3)
    assert (await one.wait_for(Op.MLS_PROPOSALS, count=seen + 2))[0] == 1
    place.server.faults.clear()
    await all_hear_all(place, one, two)


async def test_execute_comes_late(place: Place) -> None:
    place.server.faults.slow_execute_s = 0.05
    clients = await place.joined(1, 2, 3)
    await clients[2].wait_for(Op.EXECUTE_TRANSITION)
    await all_hear_all(place, *clients)


async def test_op_4_comes_late(place: Place) -> None:
    place.server.faults.description_delay_s = 0.02
    one, two = await place.joined(1, 2)
    await all_hear_all(place, one, two)


async def test_gone_before_op_4(place: Place) -> None:
    (one,) = await place.joined(1)
    place.server.faults.description_delay_s = 0.02
    two = await place.client(2)
    await two.connect()
    await two.identify()
    two.ready = await two.wait_for(Op.READY)
    await two.discover()
    data = {"address": "127.0.0.1", "port": 9, "mode": two.mode}
    await two.send(Op.SELECT_PROTOCOL, {"protocol": "udp", "data": data})
    await one.wait(lambda: place.server.received[2, Op.SELECT_PROTOCOL] == 1)
    await place.server.release(guild_id=10, user_id=2)
    assert await two.closed() == Close.DISCONNECTED
    assert Op.SESSION_DESCRIPTION not in two.ops


async def test_speaking_can_be_kept_back_and_sent_later(place: Place) -> None:
    place.server.faults.for_user(2).suppress_speaking = True
    one, two = await place.joined(1, 2)
    await one.wait_for(Op.SPEAKING)
    assert Op.SPEAKING not in two.ops
    place.server.inject(2).speaking_of(place.server.seat(1))
    assert (await two.wait_for(Op.SPEAKING))["ssrc"] == one.ready["ssrc"]


async def test_downgrade_is_announced(place: Place) -> None:
    (one,) = await place.joined(1)
    injection = place.server.inject(1)
    injection.json(Op.PREPARE_TRANSITION, {"transition_id": 9, "protocol_version": 0})
    injection.binary(Op.MLS_PROPOSALS, b"\x00\x00")
    assert await one.wait_for(Op.PREPARE_TRANSITION) == {"transition_id": 9, "protocol_version": 0}
    assert await one.wait_for(Op.MLS_PROPOSALS) == b"\x00\x00"
