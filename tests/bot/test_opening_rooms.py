"""Opening and closing rooms at awkward moments: nothing is left behind, nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from bot import rooms as rooms_module
from bot.clock import utc_now
from bot.errors import LiveRefused, ParleyError, VoiceTimeout
from bot.room import RoomEnded
from bot.rooms import Rooms
from bot.settings import Settings
from bot.store.rows import Stay

GUILD = 7


class Door:
    """The voice side: opens when told to, and remembers who went in and out."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.may_leave = asyncio.Event()
        self.may_leave.set()
        self.refusal: Exception | None = None
        self.entered = self.left = self.tried = 0
        self.posts: list[str] = []
        self.stays: dict[int, Stay] = {}

    @asynccontextmanager
    async def enter(self, channel: Any, *, listen_to_bots: bool) -> AsyncIterator[Any]:
        self.tried += 1
        await self.open.wait()
        if self.refusal is not None:
            raise self.refusal
        self.entered += 1
        try:
            yield SimpleNamespace(channel=channel)
        finally:
            await self.may_leave.wait()
            self.left += 1

    async def post(self, channel: Any, text: str) -> bool:
        self.posts.append(text)
        return True

    async def put(self, stay: Stay) -> None:
        self.stays[stay.guild_id] = stay

    async def drop(self, guild_id: int) -> None:
        self.stays.pop(guild_id, None)


def house(door: Door) -> Any:
    return SimpleNamespace(store=SimpleNamespace(stays=door), home=lambda guild_id: None)


class Conversation:
    """The room: opens when entered, ends when told how."""

    opens = True
    idle = True
    ending: asyncio.Future[None]

    def __init__(self, *_: Any, earlier: Stay | None, **__: Any) -> None:
        self.channel_id = 1
        self.earlier = earlier
        self.noteworthy = asyncio.Event()
        Conversation.ending = asyncio.get_running_loop().create_future()

    def stay(self) -> Stay:
        return Stay(guild_id=GUILD, channel_id=self.channel_id, joined_at=utc_now(), seen_at=utc_now())

    async def run(self, opened: asyncio.Future[Any]) -> None:
        if self.opens:
            opened.set_result(self)
        await self.ending


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    door = Door()
    monkeypatch.setattr(rooms_module, "entered", door.enter)
    monkeypatch.setattr(rooms_module, "post", door.post)
    monkeypatch.setattr(rooms_module, "Room", Conversation)
    monkeypatch.setattr(Conversation, "opens", True)
    return door


@pytest.fixture
async def rooms(door: Door) -> AsyncIterator[Rooms]:
    settings = Settings(discord_token=SecretStr("token"), gemini_api_key=SecretStr("key"))
    async with Rooms(None, settings, house(door)) as rooms:  # type: ignore[arg-type]
        yield rooms


def channel(channel_id: int = 1, guild_id: int = GUILD) -> Any:
    return SimpleNamespace(id=channel_id, guild=SimpleNamespace(id=guild_id))


def opening(rooms: Rooms) -> asyncio.Task[Any]:
    return asyncio.create_task(rooms.open(channel()))


async def steps(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_open_and_close(rooms: Rooms, door: Door) -> None:
    door.open.set()
    room = await rooms.open(channel())
    assert rooms.get(GUILD) is room
    assert rooms.channel_id(GUILD) == 1
    await rooms.close(GUILD)
    assert rooms.get(GUILD) is None
    assert rooms.channel_id(GUILD) is None
    assert door.left == 1
    assert not door.posts, "who was asked to leave says nothing more"


async def test_nobody_speaks_as_long_as_nobody_speaks_in_any_room(rooms: Rooms, door: Door) -> None:
    assert rooms.idle
    coming = opening(rooms)
    await steps()
    assert rooms.idle, "on its way"
    door.open.set()
    room: Any = await coming
    assert rooms.idle
    room.idle = False
    assert not rooms.idle


async def test_closing_what_is_not_open(rooms: Rooms) -> None:
    await rooms.close(GUILD)


async def test_one_room_a_guild(rooms: Rooms, door: Door) -> None:
    first = opening(rooms)
    await steps()
    with pytest.raises(ParleyError) as refused:
        await rooms.open(channel(2))
    assert "on my way" in refused.value.sentence
    door.open.set()
    await asyncio.gather(first, rooms.open(channel(3, guild_id=8)))
    assert door.entered == 2


@pytest.mark.parametrize("taken", [0, 1, 5])
async def test_close_during_open(rooms: Rooms, door: Door, taken: int) -> None:
    """Also before the room's task has made its first step."""
    opener = opening(rooms)
    await steps(taken + 1)
    assert rooms.channel_id(GUILD) == 1
    await rooms.close(GUILD)
    with pytest.raises(ParleyError) as sent_away:
        await opener
    assert "asked to leave" in sent_away.value.sentence
    assert rooms.channel_id(GUILD) is None
    assert not door.entered


async def test_a_failed_open_leaves_nothing_behind(rooms: Rooms, door: Door) -> None:
    door.open.set()
    door.refusal = VoiceTimeout("full")
    with pytest.raises(VoiceTimeout):
        await rooms.open(channel())
    assert rooms.channel_id(GUILD) is None
    door.refusal = None
    await rooms.open(channel())
    assert not door.posts, "the reply to /join says it, not the chat"


async def test_an_opener_that_gives_up_takes_its_room_along(rooms: Rooms, door: Door) -> None:
    opener = opening(rooms)
    await steps()
    opener.cancel()
    await asyncio.wait({opener})
    await steps()
    assert rooms.channel_id(GUILD) is None


async def test_shutdown_during_open(rooms: Rooms, door: Door) -> None:
    opener = opening(rooms)
    await steps()
    await rooms.close_all()
    with pytest.raises(ParleyError):
        await opener
    with pytest.raises(ParleyError) as refused:
        await rooms.open(channel())
    assert "shut down" in refused.value.sentence
    assert door.tried == 1


async def test_two_who_close_wait_for_one_leaving(rooms: Rooms, door: Door) -> None:
    door.open.set()
    await rooms.open(channel())
    door.may_leave.clear()
    first = asyncio.create_task(rooms.close(GUILD))
    await steps()
    second = asyncio.create_task(rooms.close_all())
    await steps()
    assert not first.done()
    assert not second.done()
    door.may_leave.set()
    await asyncio.gather(first, second)
    assert door.left == 1


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (RoomEnded(), None),
        (RoomEnded(sentence="I was disconnected."), "I was disconnected."),
        (LiveRefused("1008"), "brings me back"),
        (ZeroDivisionError("a bug"), "Something went wrong on my side"),
    ],
)
async def test_what_ended_it_is_said_after_leaving(
    rooms: Rooms, door: Door, ending: Exception, said: str | None
) -> None:
    door.open.set()
    await rooms.open(channel())
    door.may_leave.clear()
    Conversation.ending.set_exception(ending)
    await steps()
    assert not door.posts
    door.may_leave.set()
    await steps()
    assert rooms.get(GUILD) is None
    assert len(door.posts) == (said is not None)
    assert said is None or said in door.posts[0]
    await rooms.open(channel())


@pytest.mark.parametrize("ending", [RoomEnded(), RoomEnded(sentence="I was disconnected.")])
async def test_ended_before_it_was_open(
    rooms: Rooms, door: Door, ending: RoomEnded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conversation, "opens", False)
    door.open.set()
    opener = opening(rooms)
    await steps()
    Conversation.ending.set_exception(ending)
    with pytest.raises(ParleyError) as ended:
        await opener
    assert ended.value.sentence
    assert not door.posts


# --- where the bot is, for after a restart ---


async def test_a_stay_is_written_down_and_forgotten_when_the_bot_leaves(rooms: Rooms, door: Door) -> None:
    door.open.set()
    await rooms.open(channel())
    await steps()
    assert door.stays[GUILD].channel_id == 1
    await rooms.close(GUILD)
    assert door.stays == {}


async def test_a_stay_that_the_end_of_the_program_has_cut_short_is_kept(rooms: Rooms, door: Door) -> None:
    door.open.set()
    await rooms.open(channel())
    await steps()
    await rooms.close_all()
    assert GUILD in door.stays


async def test_a_room_that_ends_by_itself_is_not_come_back_to(rooms: Rooms, door: Door) -> None:
    door.open.set()
    await rooms.open(channel())
    await steps()
    Conversation.ending.set_exception(RoomEnded(sentence=""))
    await steps()
    assert door.stays == {}


async def test_where_the_bot_was_is_kept_while_it_tries_to_come_back(rooms: Rooms, door: Door) -> None:
    door.open.set()
    door.refusal = VoiceTimeout("no answer")
    stay = Stay(guild_id=GUILD, channel_id=1, joined_at=utc_now(), seen_at=utc_now())
    door.stays[GUILD] = stay
    with pytest.raises(VoiceTimeout):
        await rooms.open(channel(), stay)
    assert door.stays == {GUILD: stay}
    door.refusal = None
    room: Any = await rooms.open(channel(), stay)
    assert room.earlier is stay
