"""The voice server over real sockets: TLS, WebSocket, and who may do what when."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import davey
import pytest
from raw_voice_client import OPUS, RawVoiceClient
from voice_place import GUILD, STAGE, Place, frame_of

from bot.loopback.discord.mls import ExternalSender
from bot.loopback.discord.voice_cipher import CIPHERS
from bot.loopback.discord.voice_gateway import CLOSE_TIMEOUT_S
from bot.loopback.discord.voice_ops import Close, Op


async def hears(listener: RawVoiceClient, speaker: RawVoiceClient, opus: bytes = OPUS) -> None:
    """What `speaker` says next arrives at `listener`, end-to-end encrypted if the channel is."""
    speaker.send_opus(opus)
    header, body = await listener.hear(speaker.ready["ssrc"])
    frame = frame_of(header, body)
    if listener.dave is not None:
        assert frame.endswith(b"\xfa\xfa")
        frame = bytes(listener.dave.session.decrypt(speaker.user_id, davey.MediaType.audio, frame))
    assert frame == opus


@pytest.mark.parametrize("mode", CIPHERS)
async def test_two_hear_each_other(place: Place, mode: str) -> None:
    place.mode = mode
    one, two = await place.joined(1, 2)
    assert one.of(Op.SESSION_DESCRIPTION)[0]["mode"] == mode
    await hears(two, one)
    await hears(one, two)


async def test_three_with_different_modes(place: Place) -> None:
    (one,) = await place.joined(1)
    place.mode = "aead_xchacha20_poly1305_rtpsize"
    two, three = await place.joined(2, 3)
    await hears(two, one)
    await three.hear(one.ready["ssrc"])
    await hears(one, three)


async def test_stage_has_no_end_to_end_encryption(place: Place) -> None:
    one, two = await place.joined(1, 2, channel_id=STAGE)
    assert one.of(Op.SESSION_DESCRIPTION)[0]["dave_protocol_version"] == 0
    await hears(two, one)
    assert Op.MLS_EXTERNAL_SENDER not in one.ops


async def test_stage_admits_clients_without_dave(place: Place) -> None:
    client = await place.client(1, STAGE)
    client.dave_version = 0
    await client.join()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "wrong"}, Close.AUTHENTICATION_FAILED),
        ({"session_id": "wrong"}, Close.SESSION_INVALID),
        ({"server_id": "11"}, Close.SESSION_INVALID),
        ({"user_id": "2"}, Close.SESSION_INVALID),
        ({"max_dave_protocol_version": 0}, Close.DAVE_REQUIRED),
        ({"max_dave_protocol_version": None}, Close.DAVE_REQUIRED),
        ({"server_id": "no number"}, Close.BAD_REQUEST),
    ],
)
async def test_identify_refused(place: Place, changes: dict[str, Any], code: int) -> None:
    client = await place.client(1)
    await client.connect()
    await client.identify(**changes)
    assert await client.closed() == code


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (Op.IDENTIFY, {}, Close.ALREADY_AUTHENTICATED),
        (Op.RESUME, {}, Close.ALREADY_AUTHENTICATED),
        (Op.SELECT_PROTOCOL, {"protocol": "webrtc"}, Close.UNKNOWN_PROTOCOL),
        (
            Op.SELECT_PROTOCOL,
            {"protocol": "udp", "data": {"address": "", "port": 1, "mode": "xsalsa20_poly1305"}},
            Close.UNKNOWN_MODE,
        ),
        (Op.SPEAKING, {"speaking": 1, "delay": 0, "ssrc": 1}, Close.BAD_REQUEST),
        (Op.SPEAKING, [], Close.BAD_REQUEST),
        (Op.TRANSITION_READY, None, Close.BAD_REQUEST),
        (99, {}, Close.UNKNOWN_OPCODE),
    ],
)
async def test_requests_refused(place: Place, op: int, data: Any, code: int) -> None:
    client = await place.client(1)
    await client.join()
    await client.send(op, data)
    assert await client.closed() == code


async def test_nothing_before_identify(place: Place) -> None:
    client = await place.client(1)
    await client.connect()
    await client.send(Op.SPEAKING, {"speaking": 1})
    assert await client.closed() == Close.NOT_AUTHENTICATED


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"op": "x", "d": 1}', "\ufffd"])
async def test_undecodable(place: Place, text: str) -> None:
    client = await place.client(1)
    await client.connect()
    await client.ws.send_str(text)
    assert await client.closed() == Close.UNDECODABLE


@pytest.mark.parametrize(
    ("op", "payload", "code"),
    [
        (Op.MLS_KEY_PACKAGE, b"nonsense", Close.BAD_REQUEST),
        (Op.MLS_PROPOSALS, b"", Close.UNKNOWN_OPCODE),
    ],
)
async def test_binary_refused(place: Place, op: Op, payload: bytes, code: int) -> None:
    client = await place.client(1)
    await client.join()
    await client.send_binary(op, payload)
    assert await client.closed() == code


async def test_resume_of_nothing(place: Place) -> None:
    client = await place.client(1)
    await client.resume()
    assert await client.closed() == Close.SESSION_INVALID


async def test_heartbeats_are_answered_and_required(place: Place) -> None:
    place.server.faults.heartbeat_interval_ms = 20.0
    client = await place.client(1)
    await client.connect()
    await client.identify()
    await client.send(Op.HEARTBEAT, {"t": 1_700_000_000_123, "seq_ack": 0})
    assert await client.wait_for(Op.HEARTBEAT_ACK) == {"t": 1_700_000_000_123}
    assert client.of(Op.HELLO)[0]["heartbeat_interval"] == 20.0
    assert await client.closed() == Close.SESSION_TIMEOUT


async def test_heartbeat_acks_can_be_withheld(place: Place) -> None:
    (client,) = await place.joined(1)
    place.server.faults.for_user(1).heartbeat_acks = False
    await client.send(Op.HEARTBEAT, {"t": 1, "seq_ack": -1})
    await client.send(Op.VOICE_BACKEND_VERSION, {})
    assert "voice" in await client.wait_for(Op.VOICE_BACKEND_VERSION)
    assert Op.HEARTBEAT_ACK not in client.ops


async def test_a_newcomer_learns_who_is_here_before_op_4(place: Place) -> None:
    (one,) = await place.joined(1)
    await one.send(Op.VIDEO, {"audio_ssrc": one.ready["ssrc"], "video_ssrc": 0, "rtx_ssrc": 0, "streams": []})
    two = await place.client(2)
    await two.join()
    await place.settled(two)
    assert two.ops[:8] == [8, 2, 11, 18, 20, 5, 12, 4]
    assert two.of(Op.CLIENTS_CONNECT) == [{"user_ids": ["1"]}]
    assert two.of(Op.SPEAKING)[0] == {"speaking": 1, "ssrc": one.ready["ssrc"], "user_id": "1"}
    assert two.of(Op.VIDEO)[0]["audio_ssrc"] == one.ready["ssrc"]
    arrival = one.ops[one.ops.index(Op.CLIENTS_CONNECT) :]
    assert [op for op in arrival if op != Op.SPEAKING][:5] == [11, 18, 20, 27, 29]


async def test_leave_and_rejoin_in_the_real_order(place: Place) -> None:
    one, _ = await place.joined(1, 2)
    seen = len(one.log)
    await place.server.release(guild_id=GUILD, user_id=2, code=None)
    (two,) = await place.joined(2)
    await place.settled(one)
    assert [op for op in one.ops[seen:] if op != Op.SPEAKING][:7] == [13, 24, 21, 11, 18, 20, 27]
    await hears(one, two)
    await hears(two, one)


async def test_release_closes_with_4014(place: Place) -> None:
    one, two = await place.joined(1, 2)
    await place.server.release(guild_id=GUILD, user_id=2)
    assert await two.closed() == Close.DISCONNECTED
    assert await one.wait_for(Op.CLIENT_DISCONNECT) == {"user_id": "2"}
    assert (GUILD, 2) not in place.server.seating.seats


async def test_an_intended_close_ends_the_session_at_once(place: Place) -> None:
    one, two = await place.joined(1, 2)
    await two.ws.close()
    await one.wait_for(Op.CLIENT_DISCONNECT)
    await two.resume()
    assert await two.closed() == Close.SESSION_INVALID


@pytest.mark.parametrize("code", [Close.ABNORMAL, Close.SERVER_CRASHED])
async def test_resume_replays_what_was_missed(place: Place, code: int) -> None:
    one, two = await place.joined(1, 2)
    await place.server.close_session(GUILD, 2, code)
    assert await two.closed() == code
    missed_from = len(two.log)
    (three,) = await place.joined_while_others_are_away(3)
    assert len(two.log) == missed_from
    await two.resume()
    await two.wait_for(Op.RESUMED)
    await place.settled(two)
    assert two.ops[missed_from:][:5] == [8, 9, 11, 18, 20]
    assert Op.CLIENT_DISCONNECT not in one.ops
    for speaker, listener in ((one, two), (two, three), (three, two)):
        await hears(listener, speaker)


async def test_resume_with_numbers_that_are_gone(place: Place) -> None:
    one, two = await place.joined(1, 2)
    await place.server.close_session(GUILD, 2, Close.ABNORMAL)
    two.seq = 60_000
    await two.resume()
    assert await two.closed() == Close.SESSION_INVALID
    await one.wait_for(Op.CLIENT_DISCONNECT)


@pytest.mark.parametrize("none_seen", [-1, 0])
async def test_resume_of_a_client_that_has_seen_no_numbered_message(place: Place, none_seen: int) -> None:
    (one,) = await place.joined(1)
    await place.server.close_session(GUILD, 1, Close.ABNORMAL)
    one.seq = none_seen
    await one.resume()
    await one.wait_for(Op.RESUMED)
    await one.wait_for(Op.SESSION_DESCRIPTION, 2)


async def test_a_close_frame_can_be_answered(place: Place) -> None:
    """Clients on aiohttp report 1006 instead of the code if the transport is cut under their answer."""
    client = await place.client(1)
    await client.connect(reads=False)
    await client.identify()
    while (await client.ws.receive_json())["op"] != Op.READY:
        pass
    await place.server.close_session(GUILD, 1, 4014)
    while (await client.ws.receive()).type is not aiohttp.WSMsgType.CLOSE:
        pass
    for _ in range(20):
        await asyncio.sleep(0.001)  # an end of the transport would be known by now
    await client.ws.close()
    assert client.ws.close_code == 4014


async def test_resume_refused_on_request(place: Place) -> None:
    (one,) = await place.joined(1)
    place.server.faults.resume_refused = True
    await place.server.close_session(GUILD, 1, Close.ABNORMAL)
    await one.resume()
    assert await one.closed() == Close.SESSION_INVALID


async def test_a_session_that_is_not_resumed_ends(place: Place) -> None:
    one, _ = await place.joined(1, 2)
    place.server.faults.resume_window_s = 0.02
    await place.server.close_session(GUILD, 2, Close.ABNORMAL)
    await one.wait_for(Op.PREPARE_EPOCH)
    assert place.server.received[1, Op.MLS_KEY_PACKAGE] >= 1


@pytest.mark.parametrize("code", [4006, 4009, 4014, 4021, 4022])
async def test_other_closes_end_the_session(place: Place, code: int) -> None:
    one, two = await place.joined(1, 2)
    await place.server.close_session(GUILD, 2, code)
    assert await two.closed() == code
    await one.wait_for(Op.CLIENT_DISCONNECT)
    await two.connect()
    await two.identify()
    assert await two.closed() == Close.SESSION_INVALID


async def test_identify_again_starts_a_new_session(place: Place) -> None:
    one, two = await place.joined(1, 2)
    await place.server.close_session(GUILD, 2, Close.SERVER_CRASHED)
    await two.closed()
    two.log.clear()
    await two.join()
    await place.settled(two)
    await place.settled(one)
    await hears(one, two)


async def test_refused_identifies_come_in_turn(place: Place) -> None:
    client = await place.client(1)
    place.server.faults.refuse_identify = [4006, 4021]
    for code in (4006, 4021):
        await client.connect()
        await client.identify()
        assert await client.closed() == code
    await client.join()


async def test_one_user_in_two_guilds(place: Place) -> None:
    (here,) = await place.joined(1)
    there = await place.client(1, guild_id=GUILD + 1)
    await there.join()
    assert place.server.seat(1, GUILD) is not place.server.seat(1, GUILD + 1)
    await place.server.release(guild_id=GUILD + 1, user_id=1)
    assert await there.closed() == Close.DISCONNECTED
    assert here.close_code is None
    with pytest.raises(LookupError):
        place.server.seat(1, GUILD + 1)


async def test_proposals_of_a_stranger_are_not_the_servers(place: Place) -> None:
    """Two groups have two external senders: what one signs, the other's members refuse."""
    (one,) = await place.joined(1)
    (other,) = await place.joined(2, channel_id=21)
    assert one.of(Op.MLS_EXTERNAL_SENDER) != other.of(Op.MLS_EXTERNAL_SENDER)
    assert ExternalSender().package not in one.of(Op.MLS_EXTERNAL_SENDER)


async def test_a_connection_that_was_cut_is_let_go_at_once(place: Place) -> None:
    await place.joined(1)
    await place.server.close_session(GUILD, 1, Close.ABNORMAL)
    async with asyncio.timeout(CLOSE_TIMEOUT_S / 2):
        while place.server._connections:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
