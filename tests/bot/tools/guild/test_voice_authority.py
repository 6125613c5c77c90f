"""Each tool on people in voice: a member, a moderator, an administrator, the bot without the right."""

from __future__ import annotations

from typing import Any

import pytest
from judging import a_member_needs_it, judged, the_bot_needs_it
from town import Town, founded

from bot.loopback.discord.permissions import ALL, INVITED, Permission
from bot.tools.authority import Allowed, Denied
from bot.tools.guild.voice import VOICE_TOOLS

TOOLS = {tool.name: tool for tool in VOICE_TOOLS}
BEN = {"member": "Ben"}
CALLS: list[tuple[str, dict[str, Any], Permission, str]] = [
    ("play_sound", {"sound": "tada"}, Permission.USE_SOUNDBOARD, "Use Soundboard"),
    ("set_channel_status", {"text": "x"}, Permission.SET_VOICE_CHANNEL_STATUS, "Set Voice Channel Status"),
    ("move_member", BEN | {"channel": "Workshop"}, Permission.MOVE_MEMBERS, "Move Members"),
    ("disconnect_member", BEN, Permission.MOVE_MEMBERS, "Move Members"),
    ("mute_member", BEN, Permission.MUTE_MEMBERS, "Mute Members"),
    ("unmute_member", BEN, Permission.MUTE_MEMBERS, "Mute Members"),
    ("deafen_member", BEN, Permission.DEAFEN_MEMBERS, "Deafen Members"),
    ("undeafen_member", BEN, Permission.DEAFEN_MEMBERS, "Deafen Members"),
]
TIMEOUTS = [("timeout_member", BEN | {"minutes": 1}), ("lift_timeout", BEN)]
every_call = pytest.mark.parametrize(
    ("name", "args", "right", "title"), CALLS, ids=[call[0] for call in CALLS]
)
every_timeout = pytest.mark.parametrize(("name", "args"), TIMEOUTS, ids=[call[0] for call in TIMEOUTS])


async def verdict(town: Town, name: str, args: dict[str, Any], *speakers: Any, clear: bool = True) -> Any:
    return await judged(town, TOOLS[name], town.context(*speakers, clear=clear), args)


@every_call
async def test_in_the_channel(
    town: Town, name: str, args: dict[str, Any], right: Permission, title: str
) -> None:
    await a_member_needs_it(town, TOOLS[name], args, right, title)


@every_call
async def test_the_bot_lacks_it(
    monkeypatch: pytest.MonkeyPatch, name: str, args: dict[str, Any], right: Permission, title: str
) -> None:
    await the_bot_needs_it(monkeypatch, TOOLS[name], args, right, title)


@every_timeout
async def test_in_the_server(monkeypatch: pytest.MonkeyPatch, name: str, args: dict[str, Any]) -> None:
    async with founded(monkeypatch, bot_permissions=ALL) as town:
        ben, ana, mo = await town.member("Ben"), await town.member("Ana"), await town.member("Mo")
        owner = await town.member("Owner")
        town.world.grant(ben.id, Permission.CONNECT)
        town.world.grant(mo.id, Permission.MODERATE_MEMBERS)
        bots = next(role for role in town.there.roles.values() if role.bot_id)
        bots.position = 90
        town.world.tell(
            town.there, "GUILD_ROLE_UPDATE", {"guild_id": str(town.there.id), "role": bots.payload()}
        )
        await town.known()
        denied = await verdict(town, name, args, ana)
        assert isinstance(denied, Denied)
        assert denied.sentence == "Ana, you'd need Timeout Members for that."
        assert await verdict(town, name, args, mo) == Allowed()
        assert await verdict(town, name, args, owner) == Allowed()
        assert isinstance(await verdict(town, name, args, mo, ana), Denied)
        bots.permissions = int(INVITED)
        town.world.tell(
            town.there, "GUILD_ROLE_UPDATE", {"guild_id": str(town.there.id), "role": bots.payload()}
        )
        await town.known()
        denied = await verdict(town, name, args, owner)
        assert isinstance(denied, Denied)
        assert denied.sentence == "I'd need Timeout Members for that myself."
