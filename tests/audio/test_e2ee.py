"""DAVE with real groups: what decrypts, what is refused, and why."""

from __future__ import annotations

import davey
import pytest
from dave_pair import CHANNEL_ID, DaveGroup

from audio.e2ee import DaveRefusal, E2ee
from audio.formats import SILENCE_PACKET

BOT, ANA, BEN, EVE = 1, 2, 3, 4
OPUS = b"\x78" + bytes(range(100))


@pytest.fixture
def group() -> DaveGroup:
    return DaveGroup([BOT, ANA, BEN])


@pytest.fixture
def e2ee(group: DaveGroup) -> E2ee:
    state = E2ee()
    state.version, state.session = 1, group.sessions[BOT]
    return state


def test_members_are_heard(group: DaveGroup, e2ee: E2ee) -> None:
    assert sorted(e2ee.members()) == [BOT, ANA, BEN]
    for user_id in (ANA, BEN):
        assert e2ee.can_decrypt(user_id)
        assert e2ee.decrypt(user_id, group.sessions[user_id].encrypt_opus(OPUS), 0.0) == OPUS
    assert not e2ee.can_decrypt(EVE)


def test_causes(group: DaveGroup, e2ee: E2ee) -> None:
    frame = group.sessions[ANA].encrypt_opus(OPUS)
    assert e2ee.decrypt(BEN, frame, 0.0) is DaveRefusal.WRONG_KEY
    assert e2ee.decrypt(EVE, frame, 0.0) is DaveRefusal.NO_DECRYPTOR
    assert e2ee.decrypt(ANA, OPUS, 0.0) is DaveRefusal.PLAINTEXT
    assert e2ee.decrypt(ANA, frame + b"\x00\x02", 0.0) is DaveRefusal.PLAINTEXT  # padding left on
    assert e2ee.decrypt(ANA, frame, 0.0) == OPUS
    assert e2ee.decrypt(ANA, frame, 0.0) is DaveRefusal.WRONG_KEY  # a replay
    assert e2ee.refused == {
        DaveRefusal.WRONG_KEY: 2,
        DaveRefusal.NO_DECRYPTOR: 1,
        DaveRefusal.PLAINTEXT: 2,
    }


def test_without_a_session_nothing_decrypts_but_silence() -> None:
    e2ee = E2ee()
    e2ee.version = 1
    assert e2ee.decrypt(ANA, OPUS, 0.0) is DaveRefusal.NO_DECRYPTOR
    assert e2ee.decrypt(ANA, SILENCE_PACKET, 0.0) == SILENCE_PACKET
    assert e2ee.members() == [] and not e2ee.can_decrypt(ANA)
    assert e2ee.identify(OPUS, [ANA]) is None


def test_silence_is_exempt_both_ways(e2ee: E2ee) -> None:
    assert e2ee.decrypt(EVE, SILENCE_PACKET, 0.0) == SILENCE_PACKET
    assert e2ee.encrypt(SILENCE_PACKET) == SILENCE_PACKET


def test_plaintext_is_taken_only_after_an_announced_downgrade(e2ee: E2ee) -> None:
    e2ee.plaintext_until = 10.0
    assert e2ee.decrypt(ANA, OPUS, 9.9) == OPUS
    assert e2ee.decrypt(EVE, OPUS, 9.9) == OPUS
    assert e2ee.decrypt(ANA, OPUS, 10.0) is DaveRefusal.PLAINTEXT


def test_version_0_passes_plaintext_but_never_ciphertext(group: DaveGroup, e2ee: E2ee) -> None:
    e2ee.version = 0
    assert e2ee.can_decrypt(EVE)
    assert e2ee.decrypt(EVE, OPUS, 0.0) == OPUS
    # Frames sent before everybody had switched are still decrypted, or dropped: as Opus they would be noise.
    assert e2ee.decrypt(ANA, group.sessions[ANA].encrypt_opus(OPUS), 0.0) == OPUS
    assert e2ee.decrypt(EVE, group.sessions[ANA].encrypt_opus(OPUS), 0.0) is DaveRefusal.NO_DECRYPTOR


@pytest.mark.parametrize("payload", [b"", b"\xfa", b"\xfa\xfa", b"\x0c\xfa\xfa", b"x" * 8 + b"\x0c\xfa\xfa"])
def test_what_is_too_short_for_a_trailer_is_plain(e2ee: E2ee, payload: bytes) -> None:
    assert e2ee.decrypt(ANA, payload, 0.0) is DaveRefusal.PLAINTEXT
    e2ee.version = 0
    assert e2ee.decrypt(ANA, payload, 0.0) == payload


def test_trial_decryption_names_the_sender(group: DaveGroup, e2ee: E2ee) -> None:
    frame = group.sessions[BEN].encrypt_opus(OPUS)
    assert e2ee.identify(frame, [ANA, EVE]) is None
    assert e2ee.identify(frame, [ANA, BEN]) == (BEN, OPUS)
    assert e2ee.identify(SILENCE_PACKET, [ANA, BEN]) is None
    assert not e2ee.refused


def test_keys_change_under_the_feet_of_the_reader(group: DaveGroup, e2ee: E2ee) -> None:
    before = group.sessions[ANA].encrypt_opus(OPUS)
    group.add(EVE)
    assert e2ee.decrypt(EVE, group.sessions[EVE].encrypt_opus(OPUS), 0.0) == OPUS
    assert e2ee.decrypt(ANA, group.sessions[ANA].encrypt_opus(OPUS), 0.0) == OPUS
    assert e2ee.decrypt(ANA, before, 0.0) == OPUS  # the old epoch's keys live on for ten seconds
    group.remove(EVE, leaf_index=3)
    assert not e2ee.can_decrypt(EVE)
    assert e2ee.decrypt(ANA, group.sessions[ANA].encrypt_opus(OPUS), 0.0) == OPUS


def test_nothing_leaves_before_the_group_is_ready(group: DaveGroup, e2ee: E2ee) -> None:
    sealed = e2ee.encrypt(OPUS)
    assert sealed is not None and group.sessions[ANA].decrypt(BOT, davey.MediaType.audio, sealed) == OPUS
    assert e2ee.ready_to_send
    e2ee.session = davey.DaveSession(davey.DAVE_PROTOCOL_VERSION, BOT, CHANNEL_ID)
    assert not e2ee.ready_to_send and e2ee.encrypt(OPUS) is None
    e2ee.session = None
    assert not e2ee.ready_to_send and e2ee.encrypt(OPUS) is None
    e2ee.version = 0
    assert e2ee.ready_to_send and e2ee.encrypt(OPUS) == OPUS
