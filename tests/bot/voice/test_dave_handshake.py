"""The end-to-end handshake against the stand-in's delivery service, as pure state machines on both sides."""

import contextlib
import math
import random
from collections import deque
from collections.abc import Iterable
from typing import Any

import davey
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.e2ee import E2ee
from bot.loopback.discord.dave import Group
from bot.loopback.discord.mls import MlsError
from bot.voice.dave import (
    COMMIT_WELCOME,
    EXTERNAL_SENDER,
    INVALID_COMMIT_WELCOME,
    KEY_PACKAGE,
    PROPOSALS,
    TRANSITION_READY,
    WELCOME,
    DaveHandshake,
    Send,
    commit_epoch,
)
from bot.voice.health import LinkCounters

CHANNEL = 0x1122334455667788
BOT, ANA, BEN, EVE = 10, 20, 30, 40
FRAME = b"\x78" + bytes(range(40))


class Client:
    """One member with our handshake, and a log of what it was sent."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.people: set[int] = set()
        self.counters = LinkCounters()
        self.e2ee = E2ee()
        self.handshake = DaveHandshake(user_id, self.e2ee, self.expected, self.counters)
        self.binary: list[tuple[int, bytes]] = []

    def expected(self) -> list[int] | None:
        return [*self.people, self.user_id] if self.people else None


class Channel:
    """Clients around one group. Time stands still unless moved."""

    def __init__(self) -> None:
        self.group = Group(CHANNEL)
        self.clients: dict[int, Client] = {}
        self.now = 100.0
        self.mail: deque[Any] = deque()

    def enter(self, *user_ids: int) -> None:
        for user_id in user_ids:
            client = self.clients[user_id] = Client(user_id)
            for other in self.clients.values():
                client.people |= self.clients.keys() - {user_id}
                other.people.add(user_id)
                other.people.discard(other.user_id)
            self.group.join(user_id)
            sends = client.handshake.begin(1, CHANNEL, self.now)
            client.handshake.received_binary(EXTERNAL_SENDER, self.group.sender.package, self.now)
            self.say(user_id, sends)

    def leave(self, user_id: int) -> None:
        del self.clients[user_id]
        for other in self.clients.values():
            other.people.discard(user_id)
        self.mail += self.group.leave(user_id, self.now)
        self.mail += self.group.flush()
        self.say(user_id, [])

    def say(self, user_id: int, sends: Iterable[Send]) -> None:
        """What a client sends, and all that follows from it, in order for each of them."""
        self._answer(user_id, sends)
        while self.mail:
            send = self.mail.popleft()
            if send.user_id in self.clients:
                self._answer(send.user_id, self.receive(send.user_id, send.op, send.payload))

    def _answer(self, user_id: int, sends: Iterable[Send]) -> None:
        for send in sends:
            match send.op:
                case 26:
                    self.mail += self.group.receive_key_package(user_id, _bytes(send), self.now)
                case 28:
                    with contextlib.suppress(MlsError):  # somebody else's commit has won
                        self.mail += self.group.receive_commit(user_id, _bytes(send), self.now)
                case 31:
                    self.mail += self.group.receive_invalid(user_id, self.now)
                case 23:
                    assert isinstance(send.data, dict)
                    self.group.transitions.ready(send.data["transition_id"], user_id, self.now)
            self.mail += self.group.flush()
        self.mail += self.group.execute_due(self.now)

    def receive(self, user_id: int, op: int, payload: Any) -> list[Send]:
        client = self.clients[user_id]
        if isinstance(payload, bytes):
            client.binary.append((op, payload))
            return client.handshake.received_binary(op, payload, self.now)
        return client.handshake.received_json(op, payload, self.now)

    def assert_everybody_understands_everybody(self) -> None:
        for sender in self.clients.values():
            if len(self.clients) == 1:
                return
            sealed = sender.e2ee.encrypt(FRAME)
            assert sealed is not None, f"{sender.user_id} cannot send"
            assert FRAME not in sealed
            for receiver in self.clients.values():
                if receiver is not sender:
                    assert receiver.e2ee.decrypt(sender.user_id, sealed, self.now) == FRAME


def _bytes(send: Send) -> bytes:
    assert isinstance(send.data, bytes)
    return send.data


@pytest.fixture
def channel() -> Channel:
    return Channel()


def ops(sends: Iterable[Send]) -> list[int]:
    return [send.op for send in sends]


def test_the_first_two_find_together(channel: Channel) -> None:
    channel.enter(BOT, ANA)
    channel.assert_everybody_understands_everybody()


def test_joining_and_leaving_keep_the_others_understanding(channel: Channel) -> None:
    channel.enter(ANA, BEN, BOT)
    channel.assert_everybody_understands_everybody()
    channel.leave(BEN)
    channel.assert_everybody_understands_everybody()
    channel.enter(EVE)
    channel.assert_everybody_understands_everybody()


def test_alone_again_the_group_starts_over(channel: Channel) -> None:
    channel.enter(BOT, ANA)
    channel.leave(ANA)  # ops 24 (epoch 1) and 21 (transition 0)
    assert channel.clients[BOT].e2ee.version == 1
    assert channel.clients[BOT].e2ee.encrypt(FRAME) is None
    channel.enter(ANA)
    channel.assert_everybody_understands_everybody()


def test_the_external_sender_may_come_before_op_4() -> None:
    client, group = Client(BOT), Group(CHANNEL)
    assert client.handshake.received_binary(EXTERNAL_SENDER, group.sender.package, 0.0) == []
    assert ops(client.handshake.begin(1, CHANNEL, 0.0)) == [KEY_PACKAGE]
    assert client.e2ee.session is not None
    assert client.e2ee.session.status == davey.SessionStatus.pending


def test_an_external_sender_while_in_a_group_changes_nothing(channel: Channel) -> None:
    channel.enter(BOT, ANA)
    channel.receive(BOT, EXTERNAL_SENDER, channel.group.sender.package)
    channel.assert_everybody_understands_everybody()
    channel.enter(BEN)
    channel.assert_everybody_understands_everybody()


def test_stale_proposals_are_ignored(channel: Channel) -> None:
    channel.enter(ANA, BOT, BEN)
    stale = [payload for op, payload in channel.clients[BOT].binary if op == PROPOSALS]
    assert stale
    for payload in stale:
        assert channel.receive(BOT, PROPOSALS, payload) == []
    assert channel.clients[BOT].counters.ignored_ops.total() == len(stale)
    channel.enter(EVE)
    channel.assert_everybody_understands_everybody()


def test_proposals_without_a_group_are_ignored(channel: Channel) -> None:
    client = Client(BOT)
    assert client.handshake.received_binary(PROPOSALS, b"\x00\x05hello", 0.0) == []
    client.handshake.begin(1, CHANNEL, 0.0)
    assert client.handshake.received_binary(PROPOSALS, b"\x00\x05hello", 0.0) == []
    assert client.counters.ignored_ops.total() == 2


def test_a_commit_before_ones_welcome_is_ignored(channel: Channel) -> None:
    """discord.py answers it with op 31 and so has itself removed and added again."""
    channel.enter(ANA, BEN)
    commits = [payload for op, payload in channel.clients[ANA].binary if op == 29]
    client = Client(BOT)
    client.handshake.begin(1, CHANNEL, 0.0)
    client.handshake.received_binary(EXTERNAL_SENDER, channel.group.sender.package, 0.0)
    assert client.handshake.received_binary(29, commits[0], 0.0) == []


def test_a_commit_of_an_old_epoch_is_ignored(channel: Channel) -> None:
    channel.enter(ANA, BOT, BEN)
    commits = [payload for op, payload in channel.clients[ANA].binary if op == 29]
    assert commit_epoch(commits[0][2:]) == 0
    assert channel.receive(ANA, 29, commits[0]) == []
    channel.assert_everybody_understands_everybody()


def test_a_second_welcome_is_ignored(channel: Channel) -> None:
    channel.enter(ANA, BEN, BOT)
    op, welcome = channel.clients[BOT].binary[-1]
    assert op == WELCOME
    assert channel.receive(BOT, WELCOME, welcome) == []
    channel.assert_everybody_understands_everybody()


@pytest.mark.parametrize("op", [29, 30])
def test_a_bad_commit_or_welcome_has_us_added_again(channel: Channel, op: int) -> None:
    channel.enter(ANA, BEN, BOT)
    bad = (7).to_bytes(2, "big") + b"nonsense" * 10
    if op == WELCOME:
        channel.clients[BOT].handshake.begin(1, CHANNEL, channel.now)
        channel.clients[BOT].handshake.received_binary(
            EXTERNAL_SENDER, channel.group.sender.package, channel.now
        )
    answer = channel.receive(BOT, op, bad)
    assert ops(answer) == [INVALID_COMMIT_WELCOME, KEY_PACKAGE]
    assert answer[0].data == {"transition_id": 7}
    channel.say(BOT, answer)
    channel.assert_everybody_understands_everybody()
    assert channel.clients[BOT].counters.recoveries == 1


def test_recovery_names_the_last_transition_even_if_that_is_0(channel: Channel) -> None:
    """discord.js never recovers after transition 0: 0 is falsy there (openclaw #81518)."""
    channel.enter(BOT, ANA)
    answer = channel.clients[BOT].handshake.recover(channel.now)
    assert answer[0].data == {"transition_id": 0}
    channel.say(BOT, answer)
    channel.assert_everybody_understands_everybody()


def test_a_resume_repeats_the_key_package_only_while_there_is_no_group(channel: Channel) -> None:
    channel.enter(BOT, ANA)
    assert channel.clients[BOT].handshake.resumed() == []
    channel.clients[BOT].handshake.begin(1, CHANNEL, channel.now)
    answer = channel.clients[BOT].handshake.resumed()
    assert ops(answer) == [KEY_PACKAGE]
    channel.receive(BOT, EXTERNAL_SENDER, channel.group.sender.package)
    channel.say(BOT, answer)
    channel.assert_everybody_understands_everybody()


def test_nobody_unannounced_is_let_in(channel: Channel) -> None:
    channel.enter(ANA, BOT)
    channel.clients[EVE] = Client(EVE)
    channel.group.join(EVE)
    for user_id in (ANA, BOT):
        channel.clients[user_id].people.discard(EVE)
    eve = channel.clients[EVE].handshake
    sends = eve.begin(1, CHANNEL, channel.now)
    eve.received_binary(EXTERNAL_SENDER, channel.group.sender.package, channel.now)
    channel.say(EVE, sends)
    assert channel.clients[BOT].e2ee.members() == [ANA, BOT]
    assert not channel.clients[EVE].e2ee.ready_to_send


def test_a_transition_is_confirmed_and_executed(channel: Channel) -> None:
    channel.enter(ANA, BOT)
    handshake, e2ee = channel.clients[BOT].handshake, channel.clients[BOT].e2ee
    answer = handshake.received_json(21, {"transition_id": 5, "protocol_version": 0}, now=50.0)
    assert answer == [Send(TRANSITION_READY, {"transition_id": 5})]
    assert (e2ee.version, e2ee.plaintext_until) == (1, 60.0)
    assert handshake.transitions.pending(50.5)
    assert not handshake.transitions.pending(61.0)  # the server has forgotten it
    handshake.received_json(22, {"transition_id": 5}, now=51.0)
    assert e2ee.version == 0
    assert not handshake.transitions.pending(51.0)
    handshake.received_json(22, {"transition_id": 6}, now=52.0)  # nobody prepared that one
    assert e2ee.version == 0


def test_an_upgrade_speaks_plainly_until_it_executes(channel: Channel) -> None:
    client = Client(BOT)
    assert client.handshake.begin(0, CHANNEL, 0.0) == []
    answer = client.handshake.received_json(24, {"epoch": 1, "protocol_version": 1}, 1.0)
    assert ops(answer) == [KEY_PACKAGE]
    assert client.e2ee.encrypt(FRAME) == FRAME
    client.handshake.received_json(21, {"transition_id": 3, "protocol_version": 1}, 2.0)
    client.handshake.received_json(22, {"transition_id": 3}, 3.0)
    assert client.e2ee.encrypt(FRAME) is None  # encrypted from here on, and no group yet
    assert client.e2ee.plaintext_until == 13.0


def test_a_stage_has_no_end_to_end_encryption_and_leaves_nothing_behind(channel: Channel) -> None:
    channel.enter(ANA, BOT)
    client = channel.clients[BOT]
    assert client.handshake.begin(0, CHANNEL + 1, 5.0) == []
    assert client.e2ee.session is None
    assert client.e2ee.plaintext_until == -math.inf
    assert client.e2ee.encrypt(FRAME) == FRAME
    assert client.handshake.recover(6.0) == []


@given(op=st.integers(0, 40), payload=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_binary_message_raises(op: int, payload: bytes) -> None:
    client = Client(BOT)
    client.handshake.received_binary(op, payload, 0.0)
    client.handshake.begin(1, CHANNEL, 0.0)
    client.handshake.received_binary(op, payload, 0.0)


@given(st.lists(st.sampled_from([ANA, BEN, EVE]), max_size=5), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_any_coming_and_going_ends_in_understanding(steps: list[int], rng: random.Random) -> None:
    """Who is in leaves, who is out enters, and now and then somebody loses the thread (op 31)."""
    channel = Channel()
    channel.enter(BOT)
    for user_id in steps:
        if user_id in channel.clients:
            channel.leave(user_id)
        else:
            channel.enter(user_id)
        if rng.random() < 0.3:
            channel.say(BOT, channel.clients[BOT].handshake.recover(channel.now))
    channel.assert_everybody_understands_everybody()


def test_two_commits_of_one_epoch_race_and_one_wins(channel: Channel) -> None:
    """Every member commits; the bot's own may lose, and its group must follow the winner's."""
    channel.enter(ANA, BEN, BOT, EVE)
    sent = [op for client in channel.clients.values() for op, _ in client.binary]
    assert sent.count(29) >= 3
    assert COMMIT_WELCOME == 28
    channel.assert_everybody_understands_everybody()
