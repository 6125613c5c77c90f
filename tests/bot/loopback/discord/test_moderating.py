from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import gateway_client
import pytest
from gateway_client import RawClient, channels, guild_of

from bot.loopback.discord.moderation import outranks
from bot.loopback.discord.permissions import Permission

server, connect = gateway_client.server, gateway_client.connect

UNTIL = "communication_disabled_until"


class Bench:
    """Mo moderates, Ben is moderated."""

    def __init__(self, mo: RawClient, ben: RawClient) -> None:
        self.mo, self.ben = mo, ben
        self.world, self.guild = mo.server.world, guild_of(mo.server)

    async def edit(self, who: RawClient | None = None, by: RawClient | None = None, **body: Any) -> Any:
        path = f"/guilds/{self.guild.id}/members/{(who or self.ben).id}"
        return await (by or self.mo).rest("PATCH", path, body)


@pytest.fixture
async def bench(connect: Any) -> Bench:
    ben, mo = await connect("user-Ben"), await connect("user-Mo")
    mo.server.world.grant(ben.id, Permission.CONNECT)  # a role, below that of the moderator
    mo.server.world.grant(mo.id, Permission.MODERATE_MEMBERS | Permission.MUTE_MEMBERS)
    return Bench(mo, ben)


def after(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


async def test_a_timeout_and_what_is_left(bench: Bench) -> None:
    status, told = await bench.edit(**{UNTIL: after(minutes=5)})
    assert status == 200
    assert told[UNTIL] > datetime.now(UTC).isoformat()
    general = f"/channels/{channels(bench.mo.server)[0].id}/messages"
    assert (await bench.ben.rest("POST", general, {"content": "x"}))[1]["code"] == 50013
    assert (await bench.ben.rest("GET", general))[0] == 200
    assert (await bench.edit(**{UNTIL: None}))[1][UNTIL] is None
    assert (await bench.ben.rest("POST", general, {"content": "x"}))[0] == 200
    bench.guild.members[bench.ben.id].timed_out_until = datetime.now(UTC) - timedelta(seconds=1)
    assert (await bench.ben.rest("POST", general, {"content": "x"}))[0] == 200


async def test_timeouts_that_are_none(bench: Bench) -> None:
    for wrong in (after(days=29), "soon"):
        assert (await bench.edit(**{UNTIL: wrong}))[1]["code"] == 50035
    bench.world.grant(bench.ben.id, Permission.ADMINISTRATOR)
    bench.world.grant(bench.mo.id, Permission.MODERATE_MEMBERS)
    assert (await bench.edit(**{UNTIL: after(minutes=5)}))[1]["code"] == 50013


async def test_ranks(bench: Bench, connect: Any) -> None:
    owner, zoe = await connect("user-Owner"), await connect("user-Zoe")
    guild = bench.guild
    assert outranks(guild, bench.mo.id, bench.ben.id)
    assert not outranks(guild, bench.ben.id, bench.mo.id)
    assert not outranks(guild, bench.mo.id, bench.mo.id)
    assert outranks(guild, owner.id, bench.mo.id)
    assert outranks(guild, bench.ben.id, zoe.id)
    assert (await bench.edit(owner, **{UNTIL: after(minutes=5)}))[1]["code"] == 50013
    assert (await bench.edit(bench.mo, by=bench.ben, **{UNTIL: after(minutes=5)}))[1]["code"] == 50013


async def test_muting_asks_for_no_rank_but_for_the_channel(bench: Bench, connect: Any) -> None:
    owner, lounge = await connect("user-Owner"), channels(bench.mo.server)[0]
    assert (await bench.edit(owner, mute=True))[1]["code"] == 40032
    await owner.voice(lounge.id)
    await owner.event("VOICE_STATE_UPDATE")
    assert (await bench.edit(owner, mute=True))[0] == 200
    bench.world.deny(bench.mo.id, lounge.id, Permission.MUTE_MEMBERS)
    assert (await bench.edit(owner, mute=False))[1]["code"] == 50013


async def test_nobody_to_disconnect(bench: Bench) -> None:
    bench.world.grant(bench.mo.id, Permission.MOVE_MEMBERS)
    assert (await bench.edit(channel_id=None))[1]["code"] == 40032
