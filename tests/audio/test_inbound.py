"""The whole receiving path on real ciphertext: attribution, keys, policy, mixing, and what is counted."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from dave_pair import DaveGroup

from audio import rtp
from audio.e2ee import DaveRefusal, E2ee
from audio.formats import DISCORD_FRAME, DISCORD_HZ, SILENCE_PACKET, Samples
from audio.inbound import Drop, Inbound, Tick
from audio.opus import Encoder
from audio.transport import MODES, Transport, transport_for
from audio.waiting import HOLD_S, MAX_PACKETS, MAX_SSRCS
from bot.loopback import speech

BOT, ANA, BEN, EVE = 1, 2, 3, 4
KEY = bytes(range(32))
TICK_S = 0.02


class Sender:
    """A member's client: Opus, DAVE if there is a group, RTP with an extension and padding, transport."""

    def __init__(
        self, ssrc: int, transport: Transport, dave: DaveGroup | None = None, user_id: int = 0
    ) -> None:
        self.ssrc = ssrc
        self._transport = transport
        self._dave = dave
        self._user_id = user_id
        self._number = 65_530
        hello = speech.load("hello", DISCORD_HZ)
        encoder = Encoder()
        self._opus = [encoder.encode(hello[i : i + DISCORD_FRAME]) for i in range(0, 48_000, DISCORD_FRAME)]

    def packet(self, opus: bytes | None = None) -> bytes:
        """The next datagram; speech unless told otherwise."""
        if opus is None:
            opus = self._opus[self._number % len(self._opus)]
        if self._dave is not None:
            opus = self._dave.sessions[self._user_id].encrypt_opus(opus)
        header = bytearray(rtp.pack_header(self._number, self._number * DISCORD_FRAME, self.ssrc))
        header[0] |= 0x30
        self._number += 1
        return self._transport.seal(bytes(header) + b"\xbe\xde\0\1", b"\x10\xff\0\0" + opus + b"\0\0\3")


class Channel:
    """An `Inbound`, its DAVE group, and members who send to it."""

    def __init__(self, *members: int, version: int = 1, mode: str = "aead_aes256_gcm_rtpsize") -> None:
        self.group = DaveGroup([BOT, *members])
        self.e2ee = E2ee()
        self.e2ee.version, self.e2ee.session = version, self.group.sessions[BOT]
        self.inbound = Inbound(BOT, self.e2ee)
        self.inbound.transport = transport_for(mode, KEY)
        self.mode = mode
        self.now = 0.0

    def sender(self, user_id: int, ssrc: int | None = None) -> Sender:
        dave = self.group if self.e2ee.version else None
        return Sender(ssrc or 100 + user_id, transport_for(self.mode, KEY), dave, user_id)

    def run(self, ticks: int, *senders: Sender, opus: bytes | None = None) -> list[Tick]:
        """Everybody sends one packet per tick."""
        heard = []
        for _ in range(ticks):
            for sender in senders:
                self.inbound.receive(sender.packet(opus), self.now)
            heard.append(self.inbound.tick(self.now + 0.01))
            self.now += TICK_S
        return heard


def frames_of(ticks: list[Tick]) -> Counter[int]:
    return Counter(heard.user_id for tick in ticks for heard in tick.heard)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", [0, 1])
def test_a_member_is_heard(mode: str, version: int) -> None:
    channel = Channel(ANA, version=version, mode=mode)
    channel.inbound.map_ssrc(102, ANA)
    ticks = channel.run(50, channel.sender(ANA))
    assert frames_of(ticks)[ANA] == 49
    assert ticks[-1].pcm is not None and ticks[-1].pcm.shape == (DISCORD_FRAME,)
    heard = ticks[-1].heard[0]
    assert 0.02 < channel.now - heard.arrived_at < 0.061
    assert -60 < channel.inbound.stats[ANA].level_db < 0
    assert not channel.inbound.drops and not channel.inbound.stats[ANA].undecryptable


def test_two_members_are_summed() -> None:
    alone: list[Samples | None] = []
    for members in ((ANA,), (BEN,), (ANA, BEN)):
        channel = Channel(ANA, BEN)
        for user_id in members:
            channel.inbound.map_ssrc(100 + user_id, user_id)
        senders = [channel.sender(user_id) for user_id in members]
        if BEN in members:
            senders[-1]._opus.reverse()
        alone.append(channel.run(40, *senders)[-1].pcm)
    ana, ben, both = alone
    assert ana is not None and ben is not None and both is not None
    np.testing.assert_allclose(both, ana + ben, atol=1e-6)


def test_nothing_is_heard_before_there_is_a_key() -> None:
    channel = Channel(ANA)
    channel.inbound.map_ssrc(102, ANA)
    channel.inbound.transport = None
    assert not frames_of(channel.run(10, channel.sender(ANA)))
    channel.inbound.transport = transport_for(channel.mode, bytes(32))
    assert not frames_of(channel.run(10, channel.sender(ANA)))
    assert channel.inbound.drops == {Drop.NO_TRANSPORT: 10, Drop.BAD_TAG: 10}


def test_foreign_datagrams_are_counted_by_cause() -> None:
    channel = Channel(ANA)
    channel.inbound.map_ssrc(102, ANA)
    sealing = transport_for(channel.mode, KEY)
    header = bytearray(rtp.pack_header(1, 960, 102))
    header[0] |= 0x20
    for datagram in (
        b"\x81\xc9" + bytes(40),
        b"\x80\x65" + bytes(40),
        b"",
        sealing.seal(bytes(header), b"\xff" * 255),
        sealing.seal(bytes(header), b"\xff" * 9),
    ):
        channel.inbound.receive(datagram, 0.0)
    refusals = (
        rtp.Refusal.RTCP,
        rtp.Refusal.NOT_OPUS,
        rtp.Refusal.TOO_SHORT,
        rtp.Refusal.EMPTY,
        rtp.Refusal.BAD_PADDING,
    )
    assert channel.inbound.drops == dict.fromkeys(refusals, 1)


def test_speech_before_op_5_waits_for_it() -> None:
    """In a stage there is no key to tell whose packet it is."""
    channel = Channel(ANA, version=0)
    sender = channel.sender(ANA)
    assert not frames_of(channel.run(20, sender))
    channel.inbound.map_ssrc(102, ANA)
    channel.run(150, sender)
    assert channel.inbound.stats[ANA].received == 170
    assert channel.inbound.stats[ANA].late == 0 and not channel.inbound.drops


def test_an_unknown_ssrc_is_resolved_by_trial_decryption() -> None:
    channel = Channel(ANA, BEN)
    channel.inbound.map_ssrc(102, ANA)
    ticks = channel.run(50, channel.sender(ANA), channel.sender(BEN))
    assert frames_of(ticks) == {ANA: 49, BEN: 49}
    assert channel.inbound.stats[BEN].received == 50 and not channel.inbound.stats[BEN].undecryptable


def test_a_changed_ssrc_is_found_without_op_5() -> None:
    channel = Channel(ANA)
    channel.inbound.map_ssrc(102, ANA)
    channel.run(20, channel.sender(ANA))
    channel.now += 1.0
    ticks = channel.run(20, channel.sender(ANA, ssrc=999))
    assert frames_of(ticks)[ANA] >= 18


def test_a_straggler_does_not_take_its_owner_over() -> None:
    channel = Channel(ANA)
    old, new = channel.sender(ANA, 50), channel.sender(ANA, 51)
    late = old.packet()
    channel.inbound.map_ssrc(51, ANA)
    channel.run(10, new)
    channel.inbound.receive(late, channel.now)
    channel.run(10, new)
    assert channel.inbound.stats[ANA].received == 20
    channel.run(60, new)
    assert channel.inbound.drops == {Drop.UNKNOWN_SSRC: 1}


def test_strangers_are_held_for_a_second_and_in_bounds() -> None:
    channel = Channel(ANA, version=0)
    strangers = [channel.sender(ANA, ssrc=1000 + n) for n in range(MAX_SSRCS + 4)]
    channel.run(40, *strangers)
    assert channel.inbound.drops == {Drop.NOT_HELD: 4 * 40}
    channel.run(40, *strangers)
    waiting = channel.inbound._waiting
    assert len(waiting) == MAX_SSRCS
    assert all(len(queue) <= MAX_PACKETS for queue in waiting._queues.values())
    channel.now += HOLD_S + 0.1
    channel.run(1)
    assert not waiting and not waiting._tried_at
    assert sum(channel.inbound.drops.values()) == 80 * (MAX_SSRCS + 4)


def test_frames_wait_for_a_key_that_comes() -> None:
    """A member speaks while they join: their packets come before our commit is processed."""
    channel = Channel(ANA)
    channel.group.add(BEN)
    early = Channel(ANA)  # the same room, seen with keys from before Ben
    early.e2ee.session = DaveGroup([BOT, ANA]).sessions[BOT]
    early.inbound.map_ssrc(103, BEN)
    sender = Sender(103, transport_for(early.mode, KEY), channel.group, BEN)
    assert not frames_of(early.run(10, sender))
    assert early.inbound.stats[BEN].failure_streak == 0
    early.e2ee.session = channel.group.sessions[BOT]
    ticks = early.run(40, sender)
    assert early.inbound.stats[BEN].received == 50
    assert frames_of(ticks)[BEN] >= 35


def test_a_key_that_never_comes_is_a_failure() -> None:
    channel = Channel(ANA)
    channel.inbound.map_ssrc(104, EVE)
    stranger = Sender(104, transport_for(channel.mode, KEY), DaveGroup([BOT, EVE]), EVE)
    channel.run(100, stranger)
    channel.now += HOLD_S + 0.1
    channel.run(1)
    stats = channel.inbound.stats[EVE]
    assert stats.undecryptable == {DaveRefusal.NO_DECRYPTOR: 100}
    assert stats.failure_streak == 100 and not channel.inbound.drops


def test_a_failure_streak_ends_with_the_first_frame_that_decrypts() -> None:
    channel = Channel(ANA)
    channel.inbound.map_ssrc(102, ANA)
    wrong = Sender(102, transport_for(channel.mode, KEY), DaveGroup([BOT, ANA]), ANA)
    plain = Sender(102, transport_for(channel.mode, KEY))
    channel.run(40, wrong)
    channel.run(2, plain)
    stats = channel.inbound.stats[ANA]
    assert stats.failure_streak == 42
    assert stats.undecryptable == {DaveRefusal.WRONG_KEY: 40, DaveRefusal.PLAINTEXT: 2}
    ana = channel.sender(ANA)
    channel.run(5, ana, opus=SILENCE_PACKET)
    assert stats.failure_streak == 42  # silence is not encrypted and proves nothing
    channel.run(1, ana)
    assert stats.failure_streak == 0


def test_duplicates_never_reach_dave() -> None:
    channel = Channel(ANA)
    channel.inbound.map_ssrc(102, ANA)
    sender = channel.sender(ANA)
    for _ in range(30):
        datagram = sender.packet()
        channel.inbound.receive(datagram, channel.now)
        channel.inbound.receive(datagram, channel.now)
        channel.run(1)
    stats = channel.inbound.stats[ANA]
    assert (stats.received, stats.duplicates, stats.failure_streak) == (30, 30, 0)
    assert not stats.undecryptable


def test_policy_is_asked_and_we_never_hear_ourselves() -> None:
    channel = Channel(ANA, BEN)
    for user_id in (BOT, ANA, BEN):
        channel.inbound.map_ssrc(100 + user_id, user_id)
    channel.inbound.listens_to = lambda user_id: user_id != BEN
    ticks = channel.run(10, *(channel.sender(user_id) for user_id in (BOT, ANA, BEN)))
    assert set(frames_of(ticks)) == {ANA}
    assert channel.inbound.drops == {Drop.NOT_LISTENED_TO: 20}
    assert set(channel.inbound.stats) == {ANA}


def test_an_unwanted_stranger_is_identified_and_then_ignored() -> None:
    channel = Channel(ANA)
    channel.inbound.listens_to = lambda user_id: False
    assert not frames_of(channel.run(10, channel.sender(ANA)))
    assert channel.inbound.drops == {Drop.NOT_LISTENED_TO: 10}


def test_people_come_and_go() -> None:
    channel = Channel(ANA)
    channel.inbound.user_joined(BOT)
    channel.inbound.user_joined(ANA)
    assert list(channel.inbound.stats) == [ANA]
    channel.inbound.map_ssrc(102, ANA)
    channel.run(10, channel.sender(ANA))
    channel.inbound.user_left(ANA)
    assert not frames_of(channel.run(10))
    # The same SSRC may speak again: it is forgotten, not banned.
    ticks = channel.run(20, channel.sender(ANA))
    assert frames_of(ticks)[ANA] >= 18
    assert channel.inbound.stats[ANA].received == 30


def test_a_new_session_starts_empty_and_keeps_the_statistics() -> None:
    channel = Channel(ANA)
    channel.inbound.map_ssrc(102, ANA)
    channel.run(10, channel.sender(ANA))
    channel.inbound.reset()
    assert not frames_of(channel.run(5))
    assert channel.inbound.stats[ANA].received == 10


def test_a_wrong_op_5_does_not_split_a_person() -> None:
    """The last word counts: an SSRC has one owner, an owner one SSRC."""
    channel = Channel(ANA, BEN)
    channel.inbound.map_ssrc(102, BEN)
    channel.inbound.map_ssrc(102, ANA)
    ticks = channel.run(20, channel.sender(ANA))
    assert set(frames_of(ticks)) == {ANA}
