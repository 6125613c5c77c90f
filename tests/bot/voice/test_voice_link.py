"""The link's own part: what leaves, what does not, and the events. No network."""

import asyncio
from typing import Any

import pytest

from audio.formats import SILENCE_PACKET
from audio.rtp import RtpPacket, parse, strip
from audio.transport import transport_for
from bot.voice.events import Gone, PersonJoined
from bot.voice.link import MAX_EVENTS, VoiceLink

from test_discord_internals import FakeChannel, FakeClient  # isort: skip

KEY = bytes(range(32))
OPUS = b"\x78" + bytes(60)


class Wire:
    """The UDP socket's sending side."""

    is_open = True

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, datagram: bytes) -> bool:
        self.sent.append(datagram)
        return True


@pytest.fixture
async def link() -> VoiceLink:
    client: Any = FakeClient(asyncio.get_running_loop())
    channel: Any = FakeChannel()
    return VoiceLink(client, channel)


@pytest.fixture
def wire(link: VoiceLink) -> Wire:
    wire: Any = Wire()
    link._link.udp = wire
    link._link.transport = transport_for("aead_aes256_gcm_rtpsize", KEY)
    link._link.ssrc = 77
    return wire


def opened(datagram: bytes) -> tuple[RtpPacket, bytes]:
    packet = parse(datagram)
    assert isinstance(packet, RtpPacket)
    plaintext = transport_for("aead_aes256_gcm_rtpsize", KEY).open(datagram, packet.header_len)
    assert plaintext is not None
    payload = strip(plaintext, packet)
    assert isinstance(payload, bytes)
    return packet, payload


async def test_packets_are_numbered_and_timestamps_run_on_through_silence(
    link: VoiceLink, wire: Wire
) -> None:
    assert link.send_packet_opus(OPUS)
    for _ in range(10):
        link.skip_frame()
    assert link.send_packet_opus(OPUS)
    (first, payload), (second, _) = map(opened, wire.sent)
    assert payload == OPUS
    assert (first.ssrc, second.ssrc) == (77, 77)
    assert second.sequence - first.sequence == 1
    assert second.timestamp - first.timestamp == 11 * 960


async def test_both_counters_wrap(link: VoiceLink, wire: Wire) -> None:
    link.sequence, link.timestamp = 0xFFFF, 0xFFFFFFFF - 100
    assert link.send_packet_opus(OPUS)
    packet, _ = opened(wire.sent[0])
    assert packet.sequence == 0
    assert packet.timestamp == 960 - 101


async def test_nothing_is_sent_without_a_session(link: VoiceLink) -> None:
    assert not link.send_packet_opus(OPUS)
    assert link.health.unsent == {"not connected": 1}


async def test_nothing_leaves_unencrypted_while_the_group_is_not_ready(link: VoiceLink, wire: Wire) -> None:
    link._link.handshake.begin(1, 5, 0.0)
    assert not link.send_packet_opus(OPUS)
    link._link.people.joined(2)
    assert not link.send_packet_opus(OPUS)
    assert link.health.unsent == {"alone in the call": 1, "end-to-end group not ready": 1}
    link.send_audio_packet(OPUS, encode=False)  # discord.py's own player
    await asyncio.sleep(0)
    assert wire.sent == []
    assert link.send_packet_opus(SILENCE_PACKET)  # exempt (DAVE whitepaper, "Silence Packets")


async def test_a_session_description_without_a_version_is_a_call_without_dave(link: VoiceLink) -> None:
    description = {"mode": "aead_xchacha20_poly1305_rtpsize", "secret_key": list(KEY)}
    assert link._link.described(description, 0.0) == []
    assert link.e2ee.version == 0
    assert link.health.mode == description["mode"]


async def test_a_full_queue_of_events_keeps_the_newest(link: VoiceLink) -> None:
    for number in range(MAX_EVENTS):
        link._tell(PersonJoined(number))
    link._tell(Gone(4014, "bye"))
    assert link.health.events_dropped == 1
    events = [await link.next_event() for _ in range(MAX_EVENTS)]
    assert events[0] == PersonJoined(1)
    assert events[-1] == Gone(4014, "bye")


async def test_who_waits_for_an_event_gets_the_next(link: VoiceLink) -> None:
    waiting = asyncio.create_task(link.next_event())
    await asyncio.sleep(0)
    link._tell(PersonJoined(2))
    assert await waiting == PersonJoined(2)
