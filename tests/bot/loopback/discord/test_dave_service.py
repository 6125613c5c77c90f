"""The delivery service against real DAVE clients (davey), message by message, on virtual time."""

from __future__ import annotations

from collections import deque
from typing import Any

import davey
import pytest
from dave_client import DaveClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.loopback.discord.dave import MAX_REPEATS, Group, Send
from bot.loopback.discord.mls import MlsError, split_commit_welcome
from bot.loopback.discord.voice_ops import Op

CHANNEL = 4242
OPUS = b"\x78" + bytes(range(60))


class Channel:
    """A group, its clients, and the two queues between them."""

    def __init__(self) -> None:
        self.group = Group(CHANNEL)
        self.clients: dict[int, DaveClient] = {}
        self.now = 0.0
        self.to_client: deque[Send] = deque()
        self.to_server: deque[tuple[int, Op, Any]] = deque()
        self.refused: list[str] = []
        self.corrupt: set[tuple[int, Op]] = set()
        self.auto_flush = True

    def join(self, user_id: int, settle: bool = True) -> DaveClient:
        client = self.clients[user_id] = DaveClient(user_id, CHANNEL)
        self.group.join(user_id)
        client.session.set_external_sender(self.group.sender.package)
        self.to_server.append((user_id, *client.key_package()))
        if settle:
            self.settle()
        return client

    def leave(self, user_id: int, settle: bool = True) -> None:
        del self.clients[user_id]
        self.sends(self.group.leave(user_id, self.now))
        if settle:
            self.settle()

    def sends(self, sends: list[Send]) -> None:
        self.to_client += sends
        if self.auto_flush:
            self.to_client += self.group.flush()

    def serve_one(self) -> None:
        user, op, payload = self.to_server.popleft()
        if user not in self.clients:
            return
        try:
            match op:
                case Op.MLS_KEY_PACKAGE:
                    self.sends(self.group.receive_key_package(user, payload, self.now))
                case Op.MLS_COMMIT_WELCOME:
                    self.sends(self.group.receive_commit(user, payload, self.now))
                case Op.MLS_INVALID_COMMIT_WELCOME:
                    self.sends(self.group.receive_invalid(user, self.now))
                case Op.TRANSITION_READY:
                    self.group.transitions.ready(payload["transition_id"], user, self.now)
        except MlsError as error:
            self.refused.append(str(error))
        self.to_client += self.group.execute_due(self.now)

    def deliver_one(self) -> None:
        send = self.to_client.popleft()
        payload = send.payload
        if (send.user_id, send.op) in self.corrupt:
            self.corrupt.remove((send.user_id, send.op))
            assert isinstance(payload, bytes)
            payload = payload[:-3] + bytes([payload[-3] ^ 1]) + payload[-2:]
        if client := self.clients.get(send.user_id):
            self.to_server += [(send.user_id, *answer) for answer in client.receive(send.op, payload)]

    def settle(self) -> None:
        for _ in range(10_000):
            if self.to_client:
                self.deliver_one()
            elif self.to_server:
                self.serve_one()
            else:
                return
        raise AssertionError("the group never comes to rest")

    def check_everybody_hears_everybody(self) -> None:
        assert self.group.settled
        assert len({c.session.epoch for c in self.clients.values()}) <= 1
        for speaker in self.clients.values():
            if len(self.clients) > 1:
                assert speaker.session.ready
                assert self.group.members[speaker.user_id].leaf == speaker.session.own_leaf_index
                assert self.group.epoch == speaker.session.epoch
                frame = bytes(speaker.session.encrypt_opus(OPUS))
            for listener in self.clients.values():
                if listener is not speaker:
                    heard = listener.session.decrypt(speaker.user_id, davey.MediaType.audio, frame)
                    assert bytes(heard) == OPUS


@pytest.mark.parametrize("size", [2, 3, 5])
def test_initial_group(size: int) -> None:
    channel = Channel()
    for user in range(1, size + 1):
        channel.join(user, settle=False)
    channel.settle()
    channel.check_everybody_hears_everybody()
    assert channel.group.epoch >= 1


def test_alone_is_told_nothing() -> None:
    channel = Channel()
    client = channel.join(1)
    assert not client.seen
    assert channel.group.settled


def test_one_after_the_other() -> None:
    channel = Channel()
    for user in range(1, 6):
        channel.join(user)
        channel.check_everybody_hears_everybody()
    assert channel.group.epoch == 4
    assert channel.clients[1].seen[Op.EXECUTE_TRANSITION] == 3, "the initial group is transition 0"


def test_leave_and_rejoin_reuses_the_blank_leaf() -> None:
    channel = Channel()
    for user in (1, 2, 3, 4):
        channel.join(user)
    channel.leave(2)
    channel.check_everybody_hears_everybody()
    channel.join(2)
    channel.check_everybody_hears_everybody()
    assert channel.group.leaves == [1, 2, 3, 4]


def test_the_last_one_is_reset() -> None:
    channel = Channel()
    first, _ = channel.join(1), channel.join(2)
    channel.leave(2)
    assert first.seen[Op.PREPARE_EPOCH] == first.seen[Op.PREPARE_TRANSITION] == 1
    assert (channel.group.epoch, channel.group.established) == (0, False)
    channel.join(2)
    channel.check_everybody_hears_everybody()
    assert channel.group.epoch == 1


def test_two_joins_in_one_message() -> None:
    channel = Channel()
    first, _ = channel.join(1), channel.join(2)
    proposals = first.seen[Op.MLS_PROPOSALS]
    channel.auto_flush = False
    channel.join(3)
    channel.join(4)
    channel.to_client += channel.group.flush()
    channel.settle()
    assert first.seen[Op.MLS_PROPOSALS] == proposals + 1
    channel.check_everybody_hears_everybody()
    assert channel.group.epoch == 2


def test_remove_and_add_in_one_commit() -> None:
    channel = Channel()
    for user in (1, 2, 3):
        channel.join(user)
    epoch = channel.group.epoch
    channel.auto_flush = False
    channel.leave(2)
    channel.join(2)
    channel.to_client += channel.group.flush()
    channel.settle()
    channel.check_everybody_hears_everybody()
    assert channel.group.epoch == epoch + 1


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("op", [Op.MLS_ANNOUNCE_COMMIT, Op.MLS_WELCOME])
def test_recovery_from_what_cannot_be_processed(op: Op, size: int) -> None:
    channel = Channel()
    for user in range(1, size + 1):
        channel.join(user)
    channel.corrupt.add((size + 1 if op is Op.MLS_WELCOME else size, op))
    channel.join(size + 1)
    assert not channel.corrupt
    channel.check_everybody_hears_everybody()


def test_everybody_is_sent_a_bad_commit() -> None:
    channel = Channel()
    for user in (1, 2, 3):
        channel.join(user)
    channel.corrupt |= {(user, Op.MLS_ANNOUNCE_COMMIT) for user in (1, 2, 3)}
    channel.join(4)
    channel.check_everybody_hears_everybody()


def test_a_joiner_that_leaves_at_once_is_revoked() -> None:
    channel = Channel()
    first, _ = channel.join(1), channel.join(2)
    channel.refused.clear()
    channel.join(3, settle=False)
    channel.serve_one()  # its key package: proposed to both
    for _ in range(2):
        channel.deliver_one()
    channel.leave(3)
    assert len(channel.refused) == 2, "commits that name a revoked proposal"
    channel.check_everybody_hears_everybody()
    assert first.seen[Op.MLS_PROPOSALS] == 3
    channel.join(4)
    channel.check_everybody_hears_everybody()


def test_a_leave_while_a_join_is_under_way() -> None:
    """davey answers the Remove with a commit of both, but no welcome: so both are proposed anew, in one."""
    channel = Channel()
    for user in (1, 2):
        channel.join(user)
    channel.join(3, settle=False)
    channel.serve_one()
    channel.leave(1)
    channel.check_everybody_hears_everybody()
    assert channel.group.epoch == 2


def test_one_of_two_joiners_leaves_before_the_commit() -> None:
    channel = Channel()
    for user in (1, 2):
        channel.join(user)
    for user in (3, 4):
        channel.join(user, settle=False)
        channel.serve_one()
    channel.leave(4)
    channel.check_everybody_hears_everybody()
    assert channel.group.epoch == 2


def test_a_client_that_never_sends_a_welcome_does_not_win() -> None:
    channel = Channel()
    channel.join(1)
    channel.join(2, settle=False)
    channel.serve_one()
    for round_trip in range(MAX_REPEATS + 2):
        while channel.to_client:
            channel.deliver_one()
        commits = [item for item in channel.to_server if item[1] is Op.MLS_COMMIT_WELCOME]
        channel.to_server.clear()
        user, op, payload = commits[0]
        _, commit, _ = split_commit_welcome(payload)
        channel.to_server.append((user, op, commit))
        channel.serve_one()
        if channel.refused:
            assert round_trip == MAX_REPEATS
            break
    assert channel.group.epoch == 0


def test_a_second_key_package_replaces_the_first() -> None:
    channel = Channel()
    for user in (1, 2):
        channel.join(user)
    third = channel.join(3, settle=False)
    channel.to_server.append((3, *third.key_package()))
    channel.settle()
    channel.check_everybody_hears_everybody()


def test_an_active_member_starts_over_without_op_31() -> None:
    channel = Channel()
    for user in (1, 2, 3):
        channel.join(user)
    channel.to_server.append((2, *channel.clients[2].restart()))
    channel.settle()
    channel.check_everybody_hears_everybody()


def test_first_commit_wins_and_the_others_are_refused() -> None:
    channel = Channel()
    for user in (1, 2, 3):
        channel.join(user)
    before = len(channel.refused)
    channel.join(4)
    assert len(channel.refused) - before == 2
    channel.check_everybody_hears_everybody()


def test_key_package_of_somebody_else() -> None:
    group = Group(CHANNEL)
    group.join(1)
    with pytest.raises(MlsError, match="sent by"):
        group.receive_key_package(1, DaveClient(2, CHANNEL).key_package()[1], 0.0)


def test_execute_waits_two_seconds_for_who_is_not_ready() -> None:
    channel = Channel()
    for user in (1, 2):
        channel.join(user)
    channel.join(3, settle=False)
    channel.serve_one()
    while channel.to_client:
        channel.deliver_one()
    while channel.to_server:
        channel.serve_one()
    while channel.to_client:
        channel.deliver_one()
    silent = channel.to_server.popleft()
    assert silent[1] is Op.TRANSITION_READY
    channel.settle()
    assert channel.group.transitions.next_at == pytest.approx(2.0)
    assert channel.group.execute_due(1.99) == []
    assert {send.op for send in channel.group.execute_due(2.0)} == {Op.EXECUTE_TRANSITION}


class AnyOrder(RuleBasedStateMachine):
    """Members come, go, start over and are sent garbage while messages are under way in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.channel = Channel()
        self.next_user = 1

    @rule()
    @precondition(lambda self: len(self.channel.clients) < 6)
    def join(self) -> None:
        self.channel.join(self.next_user, settle=False)
        self.next_user += 1

    @rule(data=st.data())
    @precondition(lambda self: self.channel.clients)
    def leave(self, data: st.DataObject) -> None:
        self.channel.leave(data.draw(st.sampled_from(sorted(self.channel.clients))), settle=False)

    @rule(data=st.data())
    @precondition(lambda self: self.channel.clients)
    def corrupt_next(self, data: st.DataObject) -> None:
        user = data.draw(st.sampled_from(sorted(self.channel.clients)))
        self.channel.corrupt.add((user, data.draw(st.sampled_from([Op.MLS_ANNOUNCE_COMMIT, Op.MLS_WELCOME]))))

    @rule(count=st.integers(1, 12), server_first=st.booleans())
    def run_some(self, count: int, server_first: bool) -> None:
        for _ in range(count):
            if self.channel.to_server and (server_first or not self.channel.to_client):
                self.channel.serve_one()
            elif self.channel.to_client:
                self.channel.deliver_one()

    @rule()
    def batch(self) -> None:
        self.channel.auto_flush = not self.channel.auto_flush

    @rule()
    def come_to_rest(self) -> None:
        self.channel.corrupt.clear()
        self.channel.auto_flush = True
        self.channel.sends([])
        self.channel.settle()
        self.channel.now += 3.0
        self.channel.sends(self.channel.group.execute_due(self.channel.now))
        self.channel.settle()
        self.channel.check_everybody_hears_everybody()

    @invariant()
    def leaves_are_consistent(self) -> None:
        group = self.channel.group
        for user in group.active:
            leaf = group.members[user].leaf
            assert leaf is not None
            assert group.leaves[leaf] == user

    def teardown(self) -> None:
        self.come_to_rest()


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
