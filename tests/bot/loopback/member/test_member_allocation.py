from __future__ import annotations

from typing import Any

import pytest

from bot.loopback.member.allocation import Allocation, Credentials, Step


def state(channel_id: int | None, session_id: str = "s") -> dict[str, Any]:
    return {"channel_id": None if channel_id is None else str(channel_id), "session_id": session_id}


def server(endpoint: str | None = "host:1", token: str = "t") -> dict[str, Any]:  # noqa: S107
    return {"endpoint": endpoint, "token": token}


@pytest.mark.parametrize("server_first", [False, True])
def test_a_join_starts_when_both_halves_are_there(server_first: bool) -> None:
    place = Allocation()
    place.guild_id = 3
    halves = [lambda: place.on_state(state(1), False, 0.0), lambda: place.on_server(server(), 0.1)]
    if server_first:
        halves.reverse()
    assert [half() for half in halves] == [Step.NOTHING, Step.START]
    assert place.credentials(5) == Credentials("host:1", "t", "s", 3, 1, 5)


def joined() -> Allocation:
    place = Allocation()
    place.on_state(state(1), False, 0.0)
    place.on_server(server(), 0.1)
    return place


def test_a_move_told_by_the_state_first_waits_for_the_server() -> None:
    place = joined()
    assert place.on_state(state(2), True, 0.2) is Step.NOTHING
    assert place.on_server(server(token="t2"), 0.3) is Step.START
    credentials = place.credentials(5)
    assert credentials is not None
    assert (credentials.channel_id, credentials.token) == (2, "t2")


def test_a_move_told_by_the_server_first_moves_the_running_session() -> None:
    place = joined()
    assert place.on_server(server(token="t2"), 10.0) is Step.START
    assert place.on_state(state(2), True, 10.1) is Step.MOVE


def test_a_new_session_id_is_a_new_session() -> None:
    place = joined()
    assert place.on_server(server(token="t2"), 10.0) is Step.START
    assert place.on_state(state(1, "other"), True, 10.1) is Step.START


def test_being_muted_starts_nothing() -> None:
    assert joined().on_state(state(1), True, 5.0) is Step.NOTHING


def test_without_endpoint_the_server_is_away_until_the_next_update() -> None:
    place = joined()
    assert place.on_server(server(None), 1.0) is Step.STOP
    assert place.credentials(5) is None
    assert place.on_server(server("host:2"), 2.0) is Step.START


def test_out_is_the_end_unless_one_is_coming_back() -> None:
    place = joined()
    assert place.on_state(state(None), True, 1.0) is Step.GONE
    assert place.channel_id is None
    place = joined()
    place.forget(coming_back=True)
    assert place.on_state(state(None), False, 1.0) is Step.NOTHING
    assert place.on_state(state(1), False, 1.1) is Step.NOTHING
    assert place.on_server(server(token="t2"), 1.2) is Step.START
