"""The main gateway's two messages, in any order."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from bot.voice import signalling
from bot.voice.closing import Step
from bot.voice.signalling import Signalling

HERE, THERE = 100, 200


def state(channel_id: int | None) -> dict[str, Any]:
    return {"channel_id": None if channel_id is None else str(channel_id), "session_id": "s"}


def server(token: str = "t1", endpoint: str | None = "a.example:443") -> dict[str, Any]:  # noqa: S107
    return {"token": token, "guild_id": "1", "endpoint": endpoint}


@pytest.fixture
def moves() -> list[int]:
    return []


@pytest.fixture
def place(moves: list[int]) -> Signalling:
    place = Signalling(moves.append)
    place.calling(HERE)
    return place


@pytest.fixture
def connected(place: Signalling) -> Signalling:
    place.state_update(state(HERE))
    place.server_update(server())
    place.used()
    return place


async def settled(work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """`work` as far as it gets without news."""
    task = asyncio.create_task(work)
    for _ in range(5):
        await asyncio.sleep(0)
    return task


@pytest.mark.parametrize("server_first", [False, True])
async def test_both_halves_are_awaited_in_any_order(place: Signalling, server_first: bool) -> None:
    complete = await settled(place.complete())
    halves = [lambda: place.state_update(state(HERE)), lambda: place.server_update(server())]
    first, second = reversed(halves) if server_first else halves
    first()
    await asyncio.sleep(0)
    assert not complete.done()
    second()
    await complete
    assert (place.session_id, place.token, place.endpoint) == ("s", "t1", "a.example:443")


async def test_an_endpoint_of_null_is_awaited_further(place: Signalling) -> None:
    complete = await settled(place.complete())
    place.state_update(state(HERE))
    place.server_update(server(endpoint=None))
    await asyncio.sleep(0)
    assert not complete.done()
    place.server_update(server(endpoint="wss://b.example"))
    await complete
    assert place.endpoint == "b.example"


@pytest.mark.parametrize("server_first", [False, True])
async def test_a_move_is_followed_with_the_new_channel(
    connected: Signalling, moves: list[int], server_first: bool
) -> None:
    changed = await settled(connected.changed())
    if server_first:
        connected.server_update(server("t2"))
        await asyncio.sleep(0)
        assert not changed.done()  # which channel is not known yet
        connected.state_update(state(THERE))
    else:
        connected.state_update(state(THERE))
        connected.server_update(server("t2"))
    assert (await changed).step is Step.FOLLOW
    assert moves == [THERE]
    assert connected.channel_id == THERE


async def test_another_server_for_the_same_channel_is_followed(
    connected: Signalling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signalling, "PAIR_S", 0.0)
    changed = await settled(connected.changed())
    connected.server_update(server("t2", "b.example"))
    assert (await changed).step is Step.FOLLOW


async def test_credentials_in_use_are_no_news(connected: Signalling) -> None:
    changed = await settled(connected.changed())
    connected.server_update(server())
    await asyncio.sleep(0)
    assert not changed.done()
    changed.cancel()


async def test_a_move_without_a_server_ends_in_a_new_session(
    connected: Signalling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signalling, "MOVE_S", 0.0)
    connected.state_update(state(THERE))
    assert (await connected.changed()).step is Step.REJOIN


async def test_being_thrown_out_ends_the_link(connected: Signalling) -> None:
    changed = await settled(connected.changed())
    connected.state_update(state(None))
    ended = await changed
    assert ended.step is Step.END
    assert ended.sentence
    assert not await connected.verdict()


async def test_ones_own_leaving_is_no_kick(connected: Signalling) -> None:
    connected.leaving()
    out = await settled(connected.out())
    connected.state_update(state(None))
    await out
    assert not connected.was_kicked


async def test_the_farewell_of_an_earlier_link_does_not_count(place: Signalling) -> None:
    complete = await settled(place.complete())
    place.state_update(state(None))
    place.state_update(state(HERE))
    place.server_update(server())
    await complete
    assert not place.was_kicked
