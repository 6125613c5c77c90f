"""What moderators say about tools: at hand at once, and there again after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.grants import NOTHING, Grants
from bot.store.rows import ToolGrant
from bot.store.store import Store
from bot.tools.policy import Policy
from tests.bot.tools.court import GUILD, LOBBY, STAGE, Court

TOOL = Court().move(group="moderation", confirm="changes")
GROUP = "group:moderation"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(f"sqlite:///{tmp_path}/parley.db") as opened:
        yield opened


@pytest.fixture
async def grants(store: Store) -> Grants:
    return await Grants.load(store)


async def test_where_nothing_was_said_it_is_as_the_tool_has_it(grants: Grants) -> None:
    assert grants.policy(TOOL, GUILD, LOBBY) == Policy()
    assert grants.said(GUILD, LOBBY, GROUP) == ToolGrant(guild_id=GUILD, channel_id=LOBBY, tool=GROUP)


async def test_what_was_said_holds_at_once_and_after_a_restart(store: Store, grants: Grants) -> None:
    await grants.change(GUILD, None, TOOL.name, enabled=False, roles=frozenset({900}))
    await grants.change(GUILD, None, TOOL.name, per_minute=3)
    for known in (grants, await Grants.load(store)):
        policy = known.policy(TOOL, GUILD, LOBBY)
        assert policy == Policy(enabled=False, roles=frozenset({900}), per_minute=3)
        assert known.policy(TOOL, GUILD + 1, LOBBY) == Policy()


@pytest.mark.attack
@pytest.mark.parametrize(
    ("said", "enabled"),
    [
        ({(None, GROUP): False}, False),
        ({(None, GROUP): False, (None, TOOL.name): True}, True),
        ({(None, GROUP): True, (None, TOOL.name): False}, False),
        ({(None, TOOL.name): True, (LOBBY, TOOL.name): False}, False),
        ({(None, TOOL.name): True, (LOBBY, GROUP): False}, False),
        ({(None, TOOL.name): False, (LOBBY, GROUP): True}, True),
        ({(LOBBY, GROUP): True, (LOBBY, TOOL.name): False}, False),
        ({(STAGE, TOOL.name): True, (None, TOOL.name): False}, False),
    ],
    ids=[
        "group off",
        "tool on in a group that is off",
        "tool off in a group that is on",
        "off in this channel",
        "group off in this channel",
        "group on in this channel",
        "tool off in this channel",
        "on in another channel",
    ],
)
async def test_the_channel_before_the_server_and_the_tool_before_its_group(
    grants: Grants, said: dict[tuple[int | None, str], bool], enabled: bool
) -> None:
    for (channel_id, name), on in said.items():
        await grants.change(GUILD, channel_id, name, enabled=on)
    assert grants.policy(TOOL, GUILD, LOBBY).enabled is enabled


async def test_what_is_taken_back_was_never_said(store: Store, grants: Grants) -> None:
    await grants.change(GUILD, LOBBY, TOOL.name, enabled=False, confirm="always")
    await grants.change(GUILD, LOBBY, TOOL.name, **NOTHING)
    assert grants.policy(TOOL, GUILD, LOBBY) == Policy()
    assert await store.grants.all() == []


async def test_two_at_once_lose_nothing(store: Store, grants: Grants) -> None:
    await asyncio.gather(
        grants.change(GUILD, None, TOOL.name, confirm="always"),
        grants.change(GUILD, None, TOOL.name, per_minute=7),
    )
    for known in (grants, await Grants.load(store)):
        assert known.policy(TOOL, GUILD, LOBBY) == Policy(confirm="always", per_minute=7)


async def test_what_could_not_be_kept_was_not_said(
    grants: Grants, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(grant: ToolGrant) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(store.grants, "put", full)
    with pytest.raises(StoreError):
        await grants.change(GUILD, None, TOOL.name, enabled=False)
    assert grants.policy(TOOL, GUILD, LOBBY).enabled


async def test_a_field_that_is_none_is_refused(grants: Grants) -> None:
    with pytest.raises(TypeError):
        await grants.change(GUILD, None, TOOL.name, colour="red")


async def test_a_server_that_was_left_is_forgotten(grants: Grants) -> None:
    await grants.change(GUILD, None, TOOL.name, enabled=False)
    grants.forget(GUILD)
    assert grants.policy(TOOL, GUILD, LOBBY).enabled
