"""What all rooms have in common: what was chosen in one place holds wherever it matters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.errors import StoreError
from bot.house import House, at_work
from bot.settings import Settings
from bot.store.store import Store
from bot.tools.leave import LEAVE_CHANNEL
from bot.tools.registry import Rights
from bot.tools.who import WHO_IS_SPEAKING

GUILD, CHANNEL = 1, 2


async def nobody_asks(guild_id: int, user_ids: object) -> Rights:
    raise AssertionError


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    settings = Settings(discord_token=SecretStr("t"), gemini_api_key=SecretStr("k"))
    async with Store.open(f"sqlite:///{tmp_path / 'parley.db'}") as store:
        yield await House.open(store, settings, (LEAVE_CHANNEL, WHO_IS_SPEAKING), (), nobody_asks)


async def test_who_may_not_send_the_bot_away_by_command_may_not_do_so_by_voice(house: House) -> None:
    def roles(tool: object) -> frozenset[int]:
        return house.gatekeeper.policy(tool, GUILD, CHANNEL).roles  # type: ignore[arg-type]

    assert roles(LEAVE_CHANNEL) == frozenset()
    await house.guilds.change(GUILD, member_roles=frozenset({5}))
    assert roles(LEAVE_CHANNEL) == {5}
    assert roles(WHO_IS_SPEAKING) == frozenset()
    await house.grants.change(GUILD, None, "leave_channel", roles=frozenset({6}))
    assert roles(LEAVE_CHANNEL) == {6}, "what was said of the tool itself counts"


async def test_a_home_is_that_of_one_server(house: House) -> None:
    home, other = house.home(GUILD), house.home(GUILD + 1)
    assert await home.use_persona(CHANNEL, "game master") == "Game Master"
    assert home.persona(CHANNEL).name == "Game Master"
    assert other.persona(CHANNEL).name == home.persona(CHANNEL + 1).name == "Parley"
    await house.guilds.change(GUILD, language="de")
    assert (home.chosen.language, other.chosen.language) == ("de", None)
    await house.grants.change(GUILD, None, "leave_channel", enabled=False)
    assert "leave_channel" not in {tool["name"] for tool in home.tools(CHANNEL)}
    assert "leave_channel" in {tool["name"] for tool in other.tools(CHANNEL)}
    await house.forget(GUILD)
    assert home.persona(CHANNEL).name == "Parley"
    assert home.chosen.language is None
    assert "leave_channel" in {tool["name"] for tool in home.tools(CHANNEL)}


async def test_work_that_fails_takes_nothing_with_it() -> None:
    async def fails() -> None:
        raise StoreError("the disk is full")

    async with at_work("something", fails()):  # type: ignore[arg-type]
        await asyncio.sleep(0)
