"""MLS messages: against davey, and against whatever bytes hypothesis finds."""

from __future__ import annotations

import davey
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.loopback.discord.mls import (
    ExternalSender,
    KeyPackage,
    MlsError,
    Reader,
    Welcome,
    split_commit_welcome,
    vector,
)

GROUP = 0x0123_4567_89AB_CDEF
APPEND = davey.ProposalsOperationType.append
REVOKE = davey.ProposalsOperationType.revoke


def member(user_id: int, sender: ExternalSender) -> tuple[davey.DaveSession, KeyPackage]:
    session = davey.DaveSession(1, user_id, GROUP)
    session.set_external_sender(sender.package)
    return session, KeyPackage.parse(bytes(session.get_serialized_key_package()))


@pytest.mark.parametrize(
    ("size", "prefix"),
    [(0, "00"), (63, "3f"), (64, "4040"), (16_383, "7fff"), (16_384, "80004000"), (70_000, "80011170")],
)
def test_lengths_of_rfc_9420(size: int, prefix: str) -> None:
    encoded = vector(bytes(size))
    assert encoded[: len(encoded) - size].hex() == prefix
    reader = Reader(encoded)
    assert reader.vector() == bytes(size)
    assert reader.at_end


@pytest.mark.parametrize("encoded", ["4001ff", "80000001ff", "c0", "", "05aa", "40", "80ffffff"])
def test_lengths_that_are_not_allowed(encoded: str) -> None:
    with pytest.raises(MlsError):
        Reader(bytes.fromhex(encoded)).vector()


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_vectors_back_to_back(parts: list[bytes]) -> None:
    reader = Reader(b"".join(vector(part) for part in parts))
    assert [reader.vector() for _ in parts] == parts
    reader.finish("test")


def test_external_sender_is_as_captured_from_discord() -> None:
    package = ExternalSender().package
    assert package[:3].hex() == "404104"
    assert package[67:].hex() == "00010100"


def test_key_package_of_davey() -> None:
    _, package = member(123_456_789_012_345_678, ExternalSender())
    assert package.user_id == 123_456_789_012_345_678
    assert 380 <= len(package.raw) <= 400


def test_key_package_with_any_bit_turned_is_refused() -> None:
    _, package = member(7, ExternalSender())
    accepted = []
    for index in range(len(package.raw)):
        damaged = bytearray(package.raw)
        damaged[index] ^= 1
        try:
            KeyPackage.parse(bytes(damaged))
        except MlsError:
            continue
        accepted.append(index)
    assert accepted == []


@given(st.binary(max_size=500))
def test_no_bytes_raise_anything_but_mls_error(data: bytes) -> None:
    for parse in (KeyPackage.parse, Welcome.parse, split_commit_welcome):
        with pytest.raises(MlsError):
            parse(data)


@given(st.data())
def test_cut_and_damaged_commits(data: st.DataObject) -> None:
    payload = bytearray(COMMIT_WELCOME[: data.draw(st.integers(0, len(COMMIT_WELCOME)))])
    for _ in range(data.draw(st.integers(0, 3))):
        if payload:
            payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        commit, raw, _ = split_commit_welcome(bytes(payload))
    except MlsError:
        return
    assert bytes(payload).startswith(raw)
    assert commit.refs is not None


def make_commit_welcome() -> bytes:
    sender = ExternalSender()
    (first, _), *others = (member(user, sender) for user in (1, 2, 3))
    messages = b"".join(sender.add(GROUP, 0, package).message for _, package in others)
    result = first.process_proposals(APPEND, vector(messages))
    assert result is not None
    assert result.welcome is not None
    return bytes(result.commit) + bytes(result.welcome)


COMMIT_WELCOME = make_commit_welcome()


def test_each_joiner_gets_its_own_part_of_the_welcome() -> None:
    sender = ExternalSender()
    (first, _), (second, second_package), (third, third_package) = (member(u, sender) for u in (1, 2, 3))
    adds = [sender.add(GROUP, 0, package) for package in (second_package, third_package)]
    result = first.process_proposals(APPEND, vector(b"".join(add.message for add in adds)))
    assert result is not None
    assert result.welcome is not None
    commit, commit_bytes, welcome = split_commit_welcome(bytes(result.commit) + bytes(result.welcome))
    assert commit_bytes == bytes(result.commit)
    assert (commit.group_id, commit.epoch, commit.leaf_index) == (GROUP, 0, 0)
    assert set(commit.refs) == {add.ref for add in adds}
    assert welcome is not None
    assert welcome.secrets.keys() == {second_package.ref, third_package.ref}
    for session, package in ((second, second_package), (third, third_package)):
        own = welcome.subset([package.ref])
        assert len(own) < len(bytes(result.welcome))
        session.process_welcome(own)
        assert session.ready
    with pytest.raises(MlsError, match="no secrets"):
        welcome.subset([bytes(32)])


def test_a_remove_comes_with_a_path_and_a_revoked_ref_is_known() -> None:
    sender = ExternalSender()
    (first, _), (second, package) = (member(user, sender) for user in (1, 2))
    result = first.process_proposals(APPEND, vector(sender.add(GROUP, 0, package).message))
    assert result is not None
    assert result.welcome is not None
    first.process_commit(bytes(result.commit))
    second.process_welcome(bytes(result.welcome))
    remove = sender.remove(GROUP, 1, 1)
    result = first.process_proposals(APPEND, vector(remove.message))
    assert result is not None
    commit, _, welcome = split_commit_welcome(bytes(result.commit))
    assert welcome is None
    assert commit.refs == (remove.ref,)
    assert commit.path_leaf is not None
    assert commit.path_leaf.user_id == 1
    first.process_proposals(REVOKE, vector(vector(remove.ref)))  # davey raises for a ref it does not know


def test_signing_again_gives_another_ref() -> None:
    sender = ExternalSender()
    assert sender.remove(GROUP, 1, 0).ref != sender.remove(GROUP, 1, 0).ref
