"""What a server has chosen, and what it has left as it was."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.guilds import Guilds, GuildSettings
from bot.settings import Settings
from bot.store.store import Store
from bot.turns.floor import Interrupt, Mode

CHOSEN: dict[str, Any] = {
    "mode": Mode.HOST,
    "follow_up_s": 3.5,
    "hosts": frozenset({1_573_545_589_415_608_323, 2}),
    "interrupt": Interrupt.HOSTS,
    "greeting": None,
    "goodbye": "Say bye, briefly — “ciao”.",
    "alone_s": None,
    "nudge_s": 90.0,
    "autojoin": frozenset({4}),
    "language": "pt-BR",
    "model": "gemini-3.1-flash-live-preview",
    "member_roles": frozenset({5}),
    "moderator_roles": frozenset({6, 7}),
}


class Shelf:
    """A store's table of guilds, as text; `full`: it takes no more."""

    def __init__(self) -> None:
        self.rows: dict[int, str] = {}
        self.full = False

    @property
    def guilds(self) -> Shelf:
        return self

    async def all(self) -> Mapping[int, Mapping[str, Any]]:
        return {guild_id: json.loads(row) for guild_id, row in self.rows.items()}

    async def save(self, guild_id: int, choices: Mapping[str, Any]) -> None:
        row = json.dumps(choices)
        await asyncio.sleep(0)
        if self.full:
            raise OSError("full")
        self.rows[guild_id] = row


def settings(**chosen: object) -> Settings:
    return Settings(discord_token=SecretStr("t"), gemini_api_key=SecretStr("k"), **chosen)  # type: ignore[arg-type]


def test_what_nobody_has_chosen_is_as_in_the_environment() -> None:
    defaults = GuildSettings.of(
        settings(parley_addressing="named", parley_interrupt="hosts", parley_follow_up_s=5, parley_alone_s=60)
    )
    assert defaults.mode is Mode.NAMED
    assert defaults.interrupt is Interrupt.HOSTS
    assert (defaults.follow_up_s, defaults.alone_s, defaults.nudge_s) == (5.0, 60.0, None)
    assert defaults.greeting
    assert defaults.goodbye


@pytest.mark.parametrize("off", ["off", " OFF ", "Off"])
def test_off_is_off(off: str) -> None:
    defaults = GuildSettings.of(settings(parley_greeting=off, parley_goodbye=off, parley_alone_s=0))
    assert (defaults.greeting, defaults.goodbye, defaults.alone_s) == (None, None, None)


async def test_every_server_has_its_own_choices() -> None:
    guilds = Guilds(GuildSettings())
    assert (await guilds.change(1, mode=Mode.PUSH)).mode is Mode.PUSH
    await guilds.change(1, nudge_s=30.0)
    assert (guilds.of(1).mode, guilds.of(1).nudge_s) == (Mode.PUSH, 30.0)
    assert guilds.of(2) == GuildSettings()


async def test_a_choice_that_does_not_exist_changes_nothing() -> None:
    guilds = Guilds(GuildSettings())
    with pytest.raises(TypeError):
        await guilds.change(1, volume=11)
    assert guilds.of(1) == GuildSettings()


# --- what outlives a restart ---


async def test_every_choice_outlives_a_restart() -> None:
    assert CHOSEN.keys() == {field.name for field in fields(GuildSettings)}
    shelf = Shelf()
    before = await (await Guilds.load(shelf, GuildSettings())).change(1, **CHOSEN)
    after = await Guilds.load(shelf, GuildSettings())
    assert after.of(1) == before == GuildSettings(**CHOSEN)
    assert after.of(2) == GuildSettings()


async def test_what_was_not_chosen_follows_the_environment() -> None:
    shelf = Shelf()
    await (await Guilds.load(shelf, GuildSettings())).change(1, nudge_s=30.0)
    after = await Guilds.load(shelf, GuildSettings(mode=Mode.NAMED, nudge_s=5.0))
    assert (after.of(1).mode, after.of(1).nudge_s) == (Mode.NAMED, 30.0)


async def test_what_a_newer_version_has_kept_is_ignored_and_stays() -> None:
    shelf = Shelf()
    shelf.rows[1] = '{"volume": 11, "mode": "open"}'
    guilds = await Guilds.load(shelf, GuildSettings())
    await guilds.change(1, follow_up_s=0.0)
    assert guilds.of(1) == GuildSettings(mode=Mode.OPEN, follow_up_s=0.0)
    assert json.loads(shelf.rows[1]) == {"volume": 11, "mode": "open", "follow_up_s": 0.0}


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("mode", "shouting"),
        ("mode", 3),
        ("mode", None),
        ("mode", ["open"]),
        ("interrupt", ""),
        ("follow_up_s", None),
        ("follow_up_s", -1),
        ("follow_up_s", True),
        ("nudge_s", "30"),
        ("alone_s", float("nan")),
        ("alone_s", float("inf")),
        ("hosts", 5),
        ("hosts", ["5"]),
        ("hosts", [True]),
        ("autojoin", None),
        ("greeting", 5),
        ("language", ["de"]),
        ("model", "gemini-1"),
        ("model", {}),
    ],
)
async def test_a_bad_value_is_as_if_nothing_had_been_chosen(name: str, bad: Any) -> None:
    shelf = Shelf()
    shelf.rows[1] = json.dumps({name: bad, "member_roles": [5]})
    with capture_logs() as logs:
        guilds = await Guilds.load(shelf, GuildSettings())
    assert guilds.of(1) == GuildSettings(member_roles=frozenset({5}))
    assert [(line["guild"], line["setting"]) for line in logs] == [(1, name)]


async def test_a_choice_that_cannot_be_kept_is_taken_back() -> None:
    shelf = Shelf()
    guilds = await Guilds.load(shelf, GuildSettings())
    await guilds.change(1, nudge_s=30.0)
    shelf.full = True
    with pytest.raises(OSError, match="full"):
        await guilds.change(1, mode=Mode.OPEN, nudge_s=60.0)
    assert guilds.of(1) == GuildSettings(nudge_s=30.0)
    shelf.full = False
    await guilds.change(1, goodbye="Bye.")
    assert json.loads(shelf.rows[1]) == {"nudge_s": 30.0, "goodbye": "Bye."}


async def test_a_server_that_was_left_is_forgotten() -> None:
    shelf = Shelf()
    guilds = await Guilds.load(shelf, GuildSettings())
    await guilds.change(1, nudge_s=30.0)
    shelf.rows.clear()
    guilds.forget(1)
    assert guilds.of(1) == GuildSettings()
    await guilds.change(1, mode=Mode.OPEN)
    assert json.loads(shelf.rows[1]) == {"mode": "open"}


async def test_the_store_keeps_them(tmp_path: Path) -> None:
    async with Store.open(f"sqlite:///{tmp_path}/parley.db") as store:
        before = await (await Guilds.load(store, GuildSettings())).change(1, **CHOSEN)
    async with Store.open(f"sqlite:///{tmp_path}/parley.db") as store:
        assert (await Guilds.load(store, GuildSettings())).of(1) == before


async def test_changes_at_the_same_time_are_all_kept() -> None:
    shelf = Shelf()
    guilds = await Guilds.load(shelf, GuildSettings())
    await asyncio.gather(
        guilds.change(1, mode=Mode.OPEN), guilds.change(1, nudge_s=30.0), guilds.change(1, alone_s=9.0)
    )
    expected = GuildSettings(mode=Mode.OPEN, nudge_s=30.0, alone_s=9.0)
    assert guilds.of(1) == (await Guilds.load(shelf, GuildSettings())).of(1) == expected
