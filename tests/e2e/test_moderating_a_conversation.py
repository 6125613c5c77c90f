"""What moderators set while the bot is talking: it holds in this very conversation."""

from __future__ import annotations

import pytest
from stage import Stage, StartStage, until

from audio.formats import DISCORD_HZ
from bot import app
from bot.loopback import speech
from bot.loopback.discord.permissions import Permission
from bot.loopback.live.record import Source
from bot.loopback.member import Member
from cogs import settings_wording, wording

pytestmark = pytest.mark.slow

SAID = speech.load("hello")[: DISCORD_HZ * 3 // 4]
NEEDED = ("cogs.settings", "cogs.tools", "cogs.confirmations")


@pytest.fixture
async def stage(start: StartStage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """With the bot in the channel, and Mo, a moderator, beside it."""
    monkeypatch.setattr(app, "EXTENSIONS", tuple(dict.fromkeys((*app.EXTENSIONS, *NEEDED))))
    return await start()


async def moderator(stage: Stage, name: str = "Mo") -> Member:
    member = await stage.member(name)
    stage.world.discord.world.grant(member.user_id, Permission.MOVE_MEMBERS | Permission.MANAGE_GUILD)
    await member.type("join")
    return member


async def answers(stage: Stage, member: Member) -> None:
    """They say something, and hear an answer to its end."""
    said = await member.say(SAID)
    await stage.answered(member, said.ended_at)
    await stage.quiet(member)


def told(stage: Stage) -> str:
    """What the newest session was told, and may call."""
    setup = stage.world.live.sessions[-1].setup
    return "" if setup is None else str(setup.raw)


async def test_the_language_and_the_tools_of_this_conversation(stage: Stage) -> None:
    mo = await moderator(stage)
    assert "leave_channel" in told(stage)
    await answers(stage, mo)
    form = await mo.form(mo.press(await mo.type("settings"), settings_wording.LANGUAGE))
    await mo.submit(form, {settings_wording.LANGUAGE_LABEL: "Icelandic"})
    await until(lambda: "ICELANDIC" in told(stage).upper())
    await answers(stage, mo)
    off = await mo.type("tools disable", {"what": "leave_channel", "scope": "channel"})
    assert "is off in" in off.content
    await until(lambda: "leave_channel" not in told(stage))
    await answers(stage, mo)
    known = [each for each in stage.world.live.sessions[-1].known if each.source is Source.SPOKEN]
    assert len(known) == 3, "nothing said is forgotten"


async def test_a_tool_by_hand(stage: Stage) -> None:
    mo = await moderator(stage)
    who = await mo.type("tools try", {"tool": "who_is_speaking"})
    assert '"Mo"' in who.content
    await mo.type("tools try", {"tool": "leave_channel", "arguments": "{}"})
    await until(lambda: stage.bot_channel() is None)
    assert "**leave\\_channel** done" in (await mo.type("tools log")).content
    again = await mo.type("tools try", {"tool": "leave_channel", "arguments": "{}"})
    assert "/join" in again.content


async def test_only_named_roles_may_call_it(stage: Stage) -> None:
    mo, ana = await moderator(stage), await stage.member("Ana")
    world = stage.world.discord.world
    role = world.guilds[stage.world.guild_id].members[mo.user_id].roles[-1]
    form = await mo.form(mo.press(await mo.type("settings"), settings_wording.WHO))
    await mo.submit(form, {settings_wording.MEMBERS_LABEL: [role]})
    for command in ("join", "leave", "hush"):
        refused = await ana.type(command)
        assert (refused.content, refused.ephemeral) == (wording.only_for([role]), True)
    assert (await mo.type("hush")).content.startswith("🤫")
