"""Every tool that comes with the bot, called by hand with /tools try, on the whole path: the bot in its
channel, the gatekeeper, Discord's REST."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stage import Stage, StartStage

from bot import app
from bot.loopback.discord.permissions import Permission
from bot.loopback.member import Member

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

IN_A_MONTH = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT20:00Z}"

CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("current_time", {"place": "Tokyo"}, "Tokyo"),
    ("server_info", {}, "Loopback"),
    ("who_is_in_voice", {}, "Ana"),
    ("who_is_speaking", {}, "Ana"),
    ("find_member", {"name": "Ana"}, "Ana"),
    ("list_channels", {"kind": "voice"}, "Workshop"),
    ("read_messages", {"channel": "general"}, "general"),
    ("post_message", {"text": "Hello", "channel": "general"}, "general"),
    ("create_thread", {"channel": "general", "name": "Plans"}, "Plans"),
    ("reply_in_thread", {"thread": "Plans", "text": "On Friday"}, "Plans"),
    ("create_poll", {"question": "When?", "answers": ["Friday", "Sunday"], "channel": "general"}, "general"),
    ("create_event", {"name": "Quiz", "start": IN_A_MONTH}, "Quiz"),
    ("upcoming_events", {}, "Quiz"),
    ("roll_dice", {"count": 2}, "ok"),
    ("choose", {"options": ["tea", "tea!"]}, "tea"),
    ("set_channel_status", {"text": "Quiz night"}, "ok"),
    ("mute_member", {"member": "Ana"}, "Ana"),
    ("unmute_member", {"member": "Ana"}, "Ana"),
    ("deafen_member", {"member": "Ana"}, "Ana"),
    ("undeafen_member", {"member": "Ana"}, "Ana"),
    ("move_member", {"member": "Ana", "channel": "Workshop"}, "Workshop"),
    ("timeout_member", {"member": "Ana", "minutes": 5}, "Ana"),
    ("lift_timeout", {"member": "Ana"}, "Ana"),
    ("disconnect_member", {"member": "Ana"}, "Ana"),
    ("hush", {"minutes": 1}, "ok"),
    ("leave_channel", {}, "ok"),
]

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "play_sound": ({"sound": "nothing like it"}, "sound"),
    "change_persona": ({"persona": "Nobody"}, "Game Master"),
    "google_search": ({}, "switched off"),
}
"""Those that cannot be done here, and what is said of it."""


@pytest.fixture
async def stage(start: StartStage) -> Stage:
    """Of a bot that may everything."""
    stage = await start()
    stage.world.discord.world.grant(stage.bot_id, Permission.ADMINISTRATOR)
    return stage


async def test_every_tool(stage: Stage) -> None:
    mo = await stage.member("Mo")
    await stage.member("Ana")
    stage.world.discord.world.grant(mo.user_id, Permission.ADMINISTRATOR)
    await mo.type("join")
    problems = []
    for name, arguments, expected in CALLS:
        answer = await tried(mo, name, arguments)
        if '"status": "ok"' not in answer or expected not in answer:
            problems.append(f"{name}: {answer}")
    assert not problems, "\n".join(problems)


async def test_what_cannot_be_says_why(stage: Stage) -> None:
    mo = await stage.member("Mo")
    stage.world.discord.world.grant(mo.user_id, Permission.ADMINISTRATOR)
    await mo.type("join")
    assert "is on in" in (await mo.type("tools enable", {"what": "change_persona"})).content
    for name, (arguments, expected) in REFUSED.items():
        answer = await tried(mo, name, arguments)
        assert answer.startswith(f"`{name}` failed:"), answer
        assert expected.lower() in answer.lower(), answer


def test_none_is_left_out() -> None:
    tried_here = {name for name, _, _ in CALLS} | REFUSED.keys()
    assert {tool.name for tool in app.TOOLS} <= tried_here


async def tried(member: Member, name: str, arguments: dict[str, Any]) -> str:
    options = {"tool": name, "arguments": json.dumps(arguments)}
    return (await member.type("tools try", options)).content
