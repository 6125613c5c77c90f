"""Back where it was: where somebody waits, as often as it takes, and nowhere else."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from bot.clock import utc_now
from bot.errors import VoiceError, VoiceTimeout
from bot.homecoming import LATEST, PAUSES_S, come_home
from bot.rooms import SHUTTING_DOWN
from bot.store.rows import Stay
from tests.soak.virtual import run

GUILD, CHANNEL = 1, 2


class Town:
    """The rooms, the store and the server's one voice channel. `refusals`: so many attempts fail."""

    def __init__(self, *, people: int = 1, refusals: int = 0, alone_s: float | None = 120.0) -> None:
        members = [SimpleNamespace(bot=False)] * people + [SimpleNamespace(bot=True)]
        self.channel: Any = SimpleNamespace(members=members, guild=SimpleNamespace(id=GUILD))
        self.refusals = refusals
        self.refusal: VoiceError = VoiceTimeout("no answer")
        self.tries = 0
        self.opened: list[Stay] = []
        self.forgotten: list[int] = []
        self.elsewhere: int | None = None
        self.unseen = 0
        """So many looks for the channel find nothing yet."""
        self.guilds = SimpleNamespace(of=lambda guild_id: SimpleNamespace(alone_s=alone_s))

    def channel_id(self, guild_id: int) -> int | None:
        return self.elsewhere

    async def open(self, channel: Any, *, earlier: Stay) -> None:
        self.tries += 1
        if self.tries <= self.refusals:
            raise self.refusal
        self.opened.append(earlier)
        self.elsewhere = CHANNEL

    async def drop(self, guild_id: int) -> None:
        self.forgotten.append(guild_id)

    async def put(self, stay: Stay) -> None:
        raise AssertionError("it only comes home")


def stay(age: timedelta = timedelta(seconds=20)) -> Stay:
    return Stay(guild_id=GUILD, channel_id=CHANNEL, joined_at=utc_now(), seen_at=utc_now() - age)


def come(town: Town, *left: Stay) -> None:
    rooms: Any = town

    def find(guild_id: int, channel_id: int) -> Any:
        if town.unseen:
            town.unseen -= 1
            return None
        return town.channel if channel_id == CHANNEL else None

    run(come_home(rooms, town, left, find))


def test_where_somebody_waits() -> None:
    town, left = Town(), stay()
    come(town, left)
    assert town.opened == [left]
    assert town.forgotten == []


def test_as_often_as_it_takes() -> None:
    town = Town(refusals=len(PAUSES_S) - 1)
    come(town, stay())
    assert len(town.opened) == 1


def test_not_for_ever() -> None:
    town = Town(refusals=len(PAUSES_S))
    come(town, stay())
    assert town.tries == len(PAUSES_S)
    assert town.forgotten == [GUILD]


def test_not_where_nobody_is_or_it_was_long_ago_or_the_channel_is_gone() -> None:
    for town, left in (
        (Town(people=0), stay()),
        (Town(), stay(LATEST + timedelta(seconds=1))),
        (Town(), Stay(guild_id=GUILD, channel_id=99, joined_at=utc_now(), seen_at=utc_now())),
    ):
        come(town, left)
        assert town.opened == []
        assert town.forgotten == [GUILD]


def test_what_is_interrupted_by_the_next_restart_is_not_forgotten() -> None:
    town = Town(refusals=len(PAUSES_S))
    town.refusal = VoiceError("closing", sentence=SHUTTING_DOWN)
    come(town, stay())
    assert town.opened == town.forgotten == []


def test_in_a_server_that_discord_tells_of_late() -> None:
    town = Town()
    town.unseen = 2
    come(town, stay())
    assert len(town.opened) == 1


def test_into_an_empty_channel_where_it_stays_alone_for_ever() -> None:
    town = Town(people=0, alone_s=None)
    come(town, stay())
    assert len(town.opened) == 1


def test_not_where_somebody_has_called_it_meanwhile() -> None:
    town = Town()
    town.elsewhere = 7
    come(town, stay())
    assert town.opened == town.forgotten == []
