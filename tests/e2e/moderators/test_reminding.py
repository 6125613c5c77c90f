"""Reminders: spoken to who is there, posted to who is not; and a persona before a word was said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from stage import Stage, until

from bot.loopback.discord.permissions import Permission
from bot.loopback.live.record import Kind
from bot.loopback.member import Member

pytestmark = pytest.mark.slow


@pytest.fixture
async def mo(stage: Stage) -> Member:
    """A moderator, with the bot in the channel."""
    member = await stage.member("Mo")
    stage.world.discord.world.grant(member.user_id, Permission.MOVE_MEMBERS)
    await member.type("join")
    return member


async def remind(mo: Member, text: str, seconds: int) -> None:
    arguments = json.dumps({"text": text, "in_seconds": seconds})
    answer = await mo.type("tools try", {"tool": "set_reminder", "arguments": arguments})
    assert '"status": "ok"' in answer.content, answer.content


def instruction(stage: Stage) -> str:
    """Of the newest session."""
    setup = stage.world.live.sessions[-1].setup
    return "" if setup is None else str(setup.raw["system_instruction"])


async def test_is_spoken_to_who_is_there_and_posted_to_who_is_not(stage: Stage, mo: Member) -> None:
    await remind(mo, "tea", 1)
    await until(lambda: any("tea" in str(event.detail) for event in stage.of(Kind.TEXT_IN)))
    await stage.answered(mo, stage.of(Kind.TEXT_IN)[-1].at)
    await remind(mo, "cake", 2)
    await mo.type("leave")
    posted = await mo.wait_message(lambda message: "cake" in message.content and "⏰" in message.content)
    assert f"<@{mo.user_id}>" in posted.content
    assert not any("cake" in str(event.detail) for event in stage.of(Kind.TEXT_IN))


async def test_a_persona_is_taken_on_at_once_where_nobody_has_spoken_yet(stage: Stage, mo: Member) -> None:
    chosen_at = datetime.now(UTC)
    await mo.type("persona use", {"name": "Game Master"})
    await until(lambda: "Game Master" in instruction(stage))
    assert datetime.now(UTC) - chosen_at < timedelta(seconds=5)
