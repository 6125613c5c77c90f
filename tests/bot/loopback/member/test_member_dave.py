"""The members' side of DAVE against the voice gateway's, without a wire."""

from __future__ import annotations

from collections import deque
from typing import Any

import davey
import pytest

from audio.formats import SILENCE_PACKET
from bot.loopback.discord.dave import APPEND, Group, Send
from bot.loopback.discord.mls import MlsError, vector
from bot.loopback.member.dave import Dave, Outgoing
from bot.loopback.member.frames import FrameKeys

CHANNEL = 777
OPUS = b"\x78 not silence"


class Room:
    """Members and the delivery service; messages are carried in order. `hold` keeps op 22 back."""

    def __init__(self) -> None:
        self.group = Group(CHANNEL)
        self.members: dict[int, Dave] = {}
        self.sent: list[tuple[int, int]] = []
        self.now = 100.0
        self.hold = False
        self._down: deque[Send] = deque()
        self._carrying = False

    def enter(self, user_id: int, *, sender_first: bool = False) -> Dave:
        dave = Dave(user_id, CHANNEL, FrameKeys())
        dave.expected.update(self.members)
        for other in self.members.values():
            other.expected.add(user_id)
        self.members[user_id] = dave
        self.group.join(user_id)
        package = self.group.sender.package
        out = dave.binary_op(25, package, self.now) if sender_first else []
        out += dave.select(1, self.now)
        out += [] if sender_first else dave.binary_op(25, package, self.now)
        self.up(user_id, out)
        return dave

    def leave(self, user_id: int) -> None:
        del self.members[user_id]
        for other in self.members.values():
            other.expected.discard(user_id)
        self.down(self.group.leave(user_id, self.now))
        self.down(self.group.flush())

    def up(self, user_id: int, frames: list[Outgoing]) -> None:
        for frame in frames:
            self.sent.append((user_id, frame[0] if isinstance(frame, bytes) else frame["op"]))
            self.down(self._receive(user_id, frame))
        self.down(self.group.flush())
        if not self.hold:
            self.down(self.group.execute_due(self.now))

    def _receive(self, user_id: int, frame: Outgoing) -> list[Send]:
        if isinstance(frame, dict):
            if frame["op"] == 31:
                return self.group.receive_invalid(user_id, self.now)
            self.group.transitions.ready(frame["d"]["transition_id"], user_id, self.now)
        elif frame[0] == 26:
            return self.group.receive_key_package(user_id, frame[1:], self.now)
        else:
            try:
                return self.group.receive_commit(user_id, frame[1:], self.now)
            except MlsError:  # lost the race
                return []
        return []

    def down(self, sends: list[Send]) -> None:
        self._down.extend(sends)
        if self._carrying:
            return
        self._carrying = True
        while self._down:
            send = self._down.popleft()
            if send.user_id in self.members:
                self.up(send.user_id, self.give(send.user_id, int(send.op), send.payload))
        self._carrying = False

    def give(self, user_id: int, op: int, payload: dict[str, Any] | bytes) -> list[Outgoing]:
        dave = self.members[user_id]
        if isinstance(payload, bytes):
            return dave.binary_op(op, payload, self.now)
        return dave.json_op(op, payload, self.now)

    def hears(self, listener: int, speaker: int) -> bool:
        frame = self.members[speaker].keys.encrypt(OPUS)
        assert frame != OPUS, "plaintext in an encrypted call"
        keys = self.members[listener].keys
        return frame is not None and keys.decrypt(speaker, frame, self.now) == OPUS

    def everybody_hears_everybody(self) -> bool:
        ids = list(self.members)
        return all(self.hears(a, b) for a in ids for b in ids if a != b)


@pytest.fixture
def room() -> Room:
    room = Room()
    for user_id in (1, 2, 3):
        room.enter(user_id)
    room.sent.clear()
    return room


def unharmed(room: Room) -> bool:
    return not any(dave.flagged for dave in room.members.values())


def test_members_come_and_go(room: Room) -> None:
    assert room.everybody_hears_everybody()
    room.leave(2)
    assert room.everybody_hears_everybody()
    room.enter(4)
    room.enter(5)
    room.leave(1)
    assert room.everybody_hears_everybody()
    assert unharmed(room)


def test_the_last_one_alone_starts_over_and_sends_nothing_meanwhile(room: Room) -> None:
    room.leave(1)
    room.leave(2)
    alone = room.members[3]
    assert (3, 26) in room.sent  # op 24 with epoch 1 wants a new key package
    assert alone.keys.encrypt(OPUS) is None
    assert alone.keys.encrypt(SILENCE_PACKET) == SILENCE_PACKET
    room.enter(2)
    assert room.everybody_hears_everybody()
    assert unharmed(room)


def test_the_external_sender_may_come_before_op_4_and_again(room: Room) -> None:
    room.enter(4, sender_first=True)
    for user_id in room.members:
        assert room.give(user_id, 25, room.group.sender.package) == []
    assert room.everybody_hears_everybody()


def test_op_31_brings_a_member_back(room: Room) -> None:
    commit = room.members[1].keys.newest
    assert commit is not None
    room.up(2, room.give(2, 29, b"\x00\x07" + bytes(64)))
    assert [sent for sent in room.sent if sent[0] == 2][:2] == [(2, 31), (2, 26)]
    assert room.everybody_hears_everybody()


def test_a_damaged_welcome_is_flagged(room: Room) -> None:
    room.members[2].select(1, room.now)
    out = room.give(2, 30, b"\x00\x09" + bytes(80))
    assert out[0] == {"op": 31, "d": {"transition_id": 9}}
    room.up(2, out)
    assert room.everybody_hears_everybody()


def test_what_is_stale_or_foreign_is_ignored(room: Room) -> None:
    group = room.group
    stale = group.sender.remove(CHANNEL, group.epoch - 1, 0).message
    foreign = group.sender.remove(CHANNEL + 1, group.epoch, 0).message
    for message in (stale, foreign):
        assert room.give(1, 27, APPEND + vector(message)) == []
    assert room.give(1, 27, b"") == []
    old_commit = b"\x00\x01\x00\x01\x08" + CHANNEL.to_bytes(8, "big") + bytes(60)
    assert room.give(1, 29, b"\x00\x05" + old_commit) == []
    assert room.give(1, 22, {"transition_id": 999}) == []
    assert unharmed(room)
    assert room.everybody_hears_everybody()


def test_strangers_are_not_let_in(room: Room) -> None:
    from bot.loopback.discord.mls import KeyPackage

    stranger = davey.DaveSession(1, 666, CHANNEL)
    package = KeyPackage.parse(bytes(stranger.get_serialized_key_package()))
    message = room.group.sender.add(CHANNEL, room.group.epoch, package).message
    assert room.give(1, 27, APPEND + vector(message)) == []
    assert any("Unexpected" in cause for cause in room.members[1].ignored)


def test_a_welcome_twice_is_welcome_once() -> None:
    room = Room()
    room.enter(1)
    welcomes: list[bytes] = []
    give = room.give

    def listening(user_id: int, op: int, payload: Any) -> list[Outgoing]:
        if op == 30:
            welcomes.append(payload)
        return give(user_id, op, payload)

    room.give = listening  # type: ignore[method-assign]
    room.enter(2)
    assert give(2, 30, welcomes[-1]) == []
    assert room.everybody_hears_everybody()


def test_ops_before_op_4_are_kept_or_ignored() -> None:
    dave = Dave(1, CHANNEL, FrameKeys())
    assert dave.binary_op(27, APPEND, 0.0) == []
    assert dave.binary_op(29, bytes(40), 0.0) == []
    assert dave.binary_op(30, bytes(40), 0.0) == []
    assert dave.binary_op(25, b"junk", 0.0) == []
    assert len(dave.select(1, 0.0)) == 1  # junk for an external sender does not keep the key package back
    assert not dave.flagged


def rekey(room: Room, user_id: int) -> int:
    """Somebody is added, op 22 is held back; the transition's id."""
    room.hold = True
    package = davey.DaveSession(1, user_id, CHANNEL).get_serialized_key_package()
    room.group.join(user_id)
    for dave in room.members.values():
        dave.expected.add(user_id)
    room.down(room.group.receive_key_package(user_id, bytes(package), room.now))
    room.down(room.group.flush())
    return max(room.group.transitions.open)


def test_senders_keep_the_old_key_until_the_transition_is_executed(room: Room) -> None:
    """davey switches at op 29; a member that has not seen the commit must still hear us."""
    speaker, late = room.members[1].keys, room.members.pop(3).keys
    coming = [OPUS + bytes([n]) for n in range(200)]
    speaker.upcoming = lambda: coming
    transition = rekey(room, 4)
    frames = [speaker.encrypt(opus) for opus in coming[:3]]
    assert [late.decrypt(1, frame, room.now) for frame in frames if frame] == coming[:3]
    room.give(1, 22, {"transition_id": transition})
    frame = speaker.encrypt(coming[3])
    assert frame is not None
    assert late.decrypt(1, frame, room.now) is None
    assert room.members[2].keys.decrypt(1, frame, room.now) == coming[3]


def test_two_transitions_under_way_keep_three_keys_apart(room: Room) -> None:
    speaker, oldest = room.members[1].keys, room.members.pop(3).keys
    coming = [OPUS + bytes([n]) for n in range(200)]
    speaker.upcoming = lambda: coming[3:]
    first = rekey(room, 4)
    middle = room.members.pop(2).keys  # has seen the first commit, will not see the second
    frames = [speaker.encrypt(opus) for opus in coming[3:5]]
    speaker.upcoming = lambda: coming[5:]
    second = rekey(room, 5)
    frames += [speaker.encrypt(opus) for opus in coming[5:7]]
    assert [oldest.decrypt(1, frame, room.now) for frame in frames if frame] == coming[3:7]
    room.give(1, 22, {"transition_id": first})
    frame = speaker.encrypt(coming[7])
    assert frame is not None
    assert oldest.decrypt(1, frame, room.now) is None
    assert middle.decrypt(1, frame, room.now) == coming[7]
    room.give(1, 22, {"transition_id": second})
    frame = speaker.encrypt(coming[8])
    assert frame is not None
    assert middle.decrypt(1, frame, room.now) is None


def test_frames_of_the_old_epoch_can_be_asked_for(room: Room) -> None:
    speaker, late = room.members[1].keys, room.members.pop(3).keys
    coming = [OPUS + bytes([n]) for n in range(20)]
    speaker.upcoming = lambda: coming
    speaker.old_epoch_frames = 2
    room.give(1, 22, {"transition_id": rekey(room, 4)})
    heard = [late.decrypt(1, speaker.encrypt(opus) or b"", room.now) for opus in coming[:4]]
    assert heard == [*coming[:2], None, None]


def test_receivers_keep_old_keys_for_ten_seconds(room: Room) -> None:
    said = [room.members[1].keys.encrypt(OPUS) for _ in range(3)]
    room.leave(3)
    keys = room.members[2].keys
    assert said[0] is not None
    assert said[1] is not None
    assert said[2] is not None
    assert keys.decrypt(1, said[0], room.now) == OPUS
    room.give(2, 24, {"protocol_version": 1, "epoch": 1})  # reinit() would drop all keys here
    assert keys.decrypt(1, said[1], room.now + 9) == OPUS
    assert keys.decrypt(1, said[2], room.now + 11) is None


def test_plaintext_only_after_an_announced_downgrade(room: Room) -> None:
    keys = room.members[1].keys
    assert keys.decrypt(2, OPUS, room.now) is None
    out = room.give(1, 21, {"transition_id": 5, "protocol_version": 0})
    assert out == [{"op": 23, "d": {"transition_id": 5}}]
    assert keys.decrypt(2, OPUS, room.now) == OPUS
    assert keys.encrypt(OPUS) != OPUS  # senders wait for op 22
    room.give(1, 22, {"transition_id": 5})
    assert keys.encrypt(OPUS) == OPUS
    room.give(1, 24, {"protocol_version": 1, "epoch": 1})
    room.give(1, 21, {"transition_id": 6, "protocol_version": 1})
    room.give(1, 22, {"transition_id": 6})
    assert keys.encrypt(OPUS) is None
    assert keys.decrypt(2, OPUS, room.now + 9) == OPUS
    assert keys.decrypt(2, OPUS, room.now + 11) is None


def test_an_unknown_sender_is_found_by_trial(room: Room) -> None:
    frame = room.members[2].keys.encrypt(OPUS)
    assert frame is not None
    keys = room.members[1].keys
    assert keys.identify(frame, {1, 2}, room.now) is None
    assert keys.identify(frame, {1}, room.now) == (2, OPUS)
    assert keys.identify(SILENCE_PACKET, {1}, room.now) is None


def test_another_channel_is_another_group(room: Room) -> None:
    out = room.members[1].move(CHANNEL + 1, room.now)
    assert [frame[0] for frame in out if isinstance(frame, bytes)] == [26]
    assert room.members[1].move(CHANNEL + 1, room.now) == []
    plain = Dave(9, CHANNEL, FrameKeys())
    assert plain.select(0, 0.0) == []  # a stage: nothing to encrypt, whatever the channel
    assert plain.move(CHANNEL + 1, 0.0) == []
    assert plain.keys.ready
    assert plain.keys.encrypt(OPUS) == OPUS
