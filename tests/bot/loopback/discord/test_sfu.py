"""The UDP side of the voice server: what it forwards, what it drops, and how badly it can do so."""

from __future__ import annotations

import pytest
from raw_voice_client import OPUS, RawVoiceClient
from voice_place import GUILD, STAGE, Place, frame_of

from bot.loopback.discord.injection import rtp_header
from bot.loopback.discord.sfu import PayloadKind, UdpEvent
from bot.loopback.discord.voice_cipher import CIPHERS, Cipher
from bot.loopback.discord.voice_ops import Op

SILENCE = b"\xf8\xff\xfe"


async def stage_pair(place: Place) -> tuple[RawVoiceClient, RawVoiceClient]:
    """Two in a stage: what is sent there is what arrives, without DAVE in between."""
    one, two = await place.joined(1, 2, channel_id=STAGE)
    await one.wait_for(Op.SPEAKING)
    await two.wait_for(Op.SPEAKING)
    return one, two


async def arrives(speaker: RawVoiceClient, listener: RawVoiceClient, payload: bytes) -> bytes:
    """The header under which `payload` arrives."""
    header, body = await listener.hear(speaker.ready["ssrc"])
    assert frame_of(header, body) == payload
    return header


async def nothing_arrived_before(speaker: RawVoiceClient, listener: RawVoiceClient) -> None:
    """UDP on loopback keeps the order: if this arrives first, what was sent before was dropped."""
    speaker.send_rtp(b"\x01marker")
    await arrives(speaker, listener, b"\x01marker")


async def test_discovery_tells_the_address(place: Place) -> None:
    (one,) = await place.joined(1)
    assert one.transport is not None
    assert await one.discover() == one.transport.get_extra_info("sockname")


async def test_keep_alives_come_back(place: Place) -> None:
    (one,) = await place.joined(1)
    assert one.transport is not None
    one.transport.sendto((77).to_bytes(8, "little"))
    assert await one.wait_datagram(lambda data: data == (77).to_bytes(8, "little"))
    one.transport.sendto(bytes.fromhex("1337cafe00000005"))
    assert await one.wait_datagram(lambda data: data == bytes.fromhex("1337f00d00000005"))


async def test_padding_and_csrcs_are_passed_on_and_the_extension_is_not(place: Place) -> None:
    one, two = await stage_pair(place)
    one.send_rtp(b"plain")
    one.send_rtp(b"padded" + bytes(3) + b"\x04", first=0xA0)
    one.send_rtp(b"\x10\x20\x30\x40ext", first=0x90, middle=b"\xbe\xde\x00\x01")
    one.send_rtp(b"csrc", first=0x82, middle=bytes(8))
    one.send_rtp(b"elemall" + b"\x01", first=0xB1, middle=bytes(4) + b"\xbe\xde\x00\x01")
    firsts = {b"plain": 0x90, b"padded": 0xB0, b"ext": 0x90, b"csrc": 0x92, b"all": 0xB1}
    for payload, first in firsts.items():
        header = await arrives(one, two, payload)
        assert header[0] == first
        assert header[-4:] == b"\xbe\xde\x00\x02"
    assert int.from_bytes(header[2:4], "big") == one.sequence
    assert int.from_bytes(header[4:8], "big") == one.sequence * 960


async def test_what_is_not_forwarded(place: Place) -> None:
    one, two = await stage_pair(place)
    stats = place.server.stats
    assert one.transport is not None and one.cipher is not None
    one.send_rtp(b"receiver report", second=201)
    one.send_rtp(b"video", second=0x80 | 101)
    one.transport.sendto(rtp_header(one.ready["ssrc"], 9, 9) + bytes(40))
    one.transport.sendto(rtp_header(one.ready["ssrc"], 9, 9))
    one.send_rtp(b"padded more than there is\x40", first=0xA0)
    one.transport.sendto(one.cipher.seal(rtp_header(two.ready["ssrc"], 9, 9), OPUS))
    one.transport.sendto(b"what is this")
    await nothing_arrived_before(one, two)
    assert stats == {
        "rtcp": 1,
        "rtp not opus": 1,
        "rtp undecryptable": 3,
        "udp unknown ssrc": 1,
        "udp unknown": 1,
    }


async def test_nobody_is_heard_before_op_5(place: Place) -> None:
    one, two = await stage_pair(place)
    place.server.seat(1).speaking = None
    one.send_rtp(OPUS)
    await one.announce()
    await two.wait_for(Op.SPEAKING, count=2)
    await nothing_arrived_before(one, two)
    assert place.server.stats["rtp before op 5"] == 1


async def test_select_protocol_without_discovery(place: Place) -> None:
    client = await place.client(1)
    await client.connect()
    await client.identify()
    await client.wait_for(Op.READY)
    data = {"address": "127.0.0.1", "port": 4_242, "mode": client.mode}
    await client.send(Op.SELECT_PROTOCOL, {"protocol": "udp", "data": data})
    await client.wait_for(Op.SESSION_DESCRIPTION)
    assert place.server.seat(1).address == ("127.0.0.1", 4_242)


async def test_a_new_address_is_learnt_from_a_packet_that_opens(place: Place) -> None:
    one, two = await stage_pair(place)
    assert one.transport is not None
    one.transport.close()
    one.transport = None
    await one.discover()
    two.send_rtp(OPUS)
    await arrives(two, one, OPUS)


@pytest.mark.parametrize("mode", CIPHERS)
def test_ciphers_refuse_what_is_not_theirs(mode: str) -> None:
    cipher: Cipher = CIPHERS[mode](bytes(32))
    sealed = cipher.seal(b"header", b"body")
    assert cipher.open(sealed, 6) == b"body"
    assert CIPHERS[mode](bytes(31) + b"\x01").open(sealed, 6) is None
    for size in range(len(sealed)):
        assert cipher.open(sealed[:size], 6) is None
    assert cipher.seal(b"header", b"body") != sealed, "a nonce is used once"


async def test_observer_sees_every_datagram_both_ways(place: Place) -> None:
    events: list[UdpEvent] = []
    one, two = await place.joined(1, 2)
    await two.wait_for(Op.SPEAKING)
    place.server.observer = events.append
    one.send_opus()
    one.send_opus(SILENCE)
    one.send_rtp(OPUS)
    one.send_rtp(b"\x02\x02", first=0xA0)
    await two.wait(lambda: len(events) == 8)
    kinds = [PayloadKind.DAVE, PayloadKind.SILENCE, PayloadKind.PLAINTEXT, PayloadKind.EMPTY]
    assert [event.kind for event in events if event.incoming] == kinds
    assert [event.kind for event in events if not event.incoming] == kinds
    for incoming, outgoing in zip(events[::2], events[1::2], strict=True):
        assert (incoming.user_id, incoming.speaker_id) == (1, 1)
        assert (outgoing.user_id, outgoing.speaker_id) == (2, 1)
        assert incoming.sequence == outgoing.sequence
        assert incoming.at <= outgoing.at
        assert incoming.guild_id == GUILD
        assert incoming.dave


async def test_loss_is_towards_one_user_only(place: Place) -> None:
    one, two = await stage_pair(place)
    (three,) = await place.joined(3, channel_id=STAGE)
    place.server.faults.for_user(2).loss = 1.0
    one.send_rtp(OPUS)
    await arrives(one, three, OPUS)
    place.server.faults.clear()
    await nothing_arrived_before(one, two)


async def test_duplicates_delay_and_disorder(place: Place) -> None:
    one, two = await stage_pair(place)
    faults = place.server.faults.for_user(2)
    faults.duplicate = 1.0
    one.send_rtp(b"twice")
    assert await arrives(one, two, b"twice") == await arrives(one, two, b"twice")
    faults.duplicate = 0.0
    faults.latency_ms, faults.jitter_ms, faults.reorder = 1.0, 1.0, 1.0
    one.send_rtp(b"first")
    place.server.faults.clear()
    one.send_rtp(b"second")
    headers = [await arrives(one, two, payload) for payload in (b"first", b"second")]
    assert headers[0] != headers[1]


@pytest.mark.parametrize("mode", CIPHERS)
async def test_headers_as_the_faults_say(place: Place, mode: str) -> None:
    place.mode = mode
    one, two = await stage_pair(place)
    faults = place.server.faults
    faults.padding, faults.csrc_count, faults.extension_words = 255, 3, 5
    faults.sequence_offset, faults.timestamp_offset = 20_000, 1 << 31
    for payload in (OPUS, b""):  # the second: nothing but padding
        one.send_rtp(payload)
        header = await arrives(one, two, payload)
        assert header[0] == 0xB3
        assert len(header) == 12 + 12 + 4
        assert int.from_bytes(header[2:4], "big") == one.sequence + 20_000
        assert int.from_bytes(header[4:8], "big") == one.sequence * 960 + (1 << 31)
    faults.clear().extension_words = 0
    one.send_rtp(OPUS)
    assert (await arrives(one, two, OPUS))[0] == 0x80


async def test_ssrc_changes_in_mid_call(place: Place) -> None:
    one, two = await stage_pair(place)
    place.server.inject(1).change_ssrc(77_777)
    assert (await two.wait_for(Op.SPEAKING, count=2))["ssrc"] == 77_777
    one.send_rtp(OPUS)
    await two.hear(77_777)
    place.server.inject(1).change_ssrc(88_888, announce=False)
    one.send_rtp(OPUS)
    await two.hear(88_888)
    assert len(two.of(Op.SPEAKING)) == 2


async def test_held_audio_comes_when_released(place: Place) -> None:
    one, two = await place.joined(1, 2)
    await two.wait_for(Op.SPEAKING)
    place.server.inject(1).hold_audio()
    one.send_opus()
    one.send_opus()
    await two.wait(lambda: len(place.server.seat(1).held or []) == 2)
    await place.joined(3)
    place.server.inject(1).release_audio()
    for _ in range(2):
        header, body = await two.hear(one.ready["ssrc"])
        assert frame_of(header, body).endswith(b"\xfa\xfa")
    assert place.server.seat(1).held is None


async def test_any_packet_can_be_injected(place: Place) -> None:
    (one,) = await place.joined(1)
    injection = place.server.inject(1)
    injection.rtp(rtp_header(5, 6, 7, payload_type=0x80 | 101), b"video")
    header, body = await one.hear(5)
    assert (header[1], body) == (0x80 | 101, b"video")
    injection.datagram(b"\x81\xc9garbage")
    assert await one.wait_datagram(lambda data: data == b"\x81\xc9garbage")
