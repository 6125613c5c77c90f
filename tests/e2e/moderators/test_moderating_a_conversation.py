"""What moderators set while the bot is talking: it holds in this very conversation."""

from __future__ import annotations

import pytest
from stage import Stage, StartStage, until

from audio.formats import DISCORD_HZ
from bot.loopback import speech
from bot.loopback.discord.permissions import Permission
from bot.loopback.live.record import Source
from bot.loopback.live.script import ToolUse
from bot.loopback.member import Member
from cogs import settings_wording, wording

pytestmark = pytest.mark.slow

ALL_IT_NEEDS = Permission.MOVE_MEMBERS | Permission.MUTE_MEMBERS | Permission.MODERATE_MEMBERS
SAID = speech.load("hello")[: DISCORD_HZ * 3 // 4]


@pytest.fixture
async def stage(start: StartStage) -> Stage:
    """Of a bot that may what its tools need."""
    stage = await start()
    stage.world.discord.world.grant(stage.bot_id, ALL_IT_NEEDS)
    return stage


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


# --- said, asked, pressed ---


def workshop(stage: Stage) -> int:
    return stage.world.second_voice_channel_id


def where_is(stage: Stage, member: Member) -> int | None:
    state = stage.world.discord.world.guilds[stage.world.guild_id].voice_states.get(member.user_id)
    return state.channel_id if state is not None else None


def moves_ana(stage: Stage) -> None:
    """To the clip "goodbye" the model moves Ana."""
    name = stage.world.discord.world.channel(workshop(stage)).name
    script = stage.world.live.script
    script.tools["goodbye"] = ToolUse("move_member", {"member": "Ana", "channel": name}, "answer_short")


async def test_what_a_moderator_says_is_asked_and_done_and_undone(stage: Stage) -> None:
    mo, ana = await moderator(stage), await stage.member("Ana")
    moves_ana(stage)
    await mo.say("goodbye")
    question = await mo.wait_message(lambda message: "Shall I?" in message.content)
    assert (question.channel_id, question.buttons) == (stage.world.voice_channel_id, ["Confirm", "Refuse"])
    assert f"That concerns <@{ana.user_id}>, <#{workshop(stage)}>." in question.content
    assert f"Asked for by <@{mo.user_id}>." in question.content

    denied = await ana.press(question, "Confirm")
    assert (denied.content, denied.ephemeral) == ("Ana, you'd need Move Members for that.", True)
    assert where_is(stage, ana) == stage.world.voice_channel_id

    done = await mo.press(question, "Confirm")
    await until(lambda: where_is(stage, ana) == workshop(stage))
    await until(lambda: any("carried out" in text.text for text in stage.world.live.sessions[-1].texts))
    undone = await mo.press(done, "Undo")
    await until(lambda: where_is(stage, ana) == stage.world.voice_channel_id)
    assert "↩️ Undone by" in undone.content
    log = (await mo.type("tools log")).content
    assert "**move\\_member** done, then undone" in log
    assert "**move\\_member** denied" in log


async def test_what_a_member_says_is_denied_aloud(stage: Stage) -> None:
    mo, ana = await moderator(stage), await stage.member("Ana")
    moves_ana(stage)
    said = await ana.say("goodbye")
    responses = stage.world.live.sessions[-1].tool_responses
    await until(lambda: responses)
    assert responses[0].response["error"] == "Ana, you'd need Move Members for that."
    await stage.answered(ana, said.ended_at)
    assert where_is(stage, ana) == stage.world.voice_channel_id
    assert not [message for message in mo.messages if "Shall I?" in message.content]
    assert f"for <@{ana.user_id}> by voice" in (await mo.type("tools log")).content


async def test_without_the_right_the_bot_says_so(stage: Stage) -> None:
    mo, ana = await moderator(stage), await stage.member("Ana")
    moves_ana(stage)
    stage.world.discord.world.deny(stage.bot_id, stage.world.voice_channel_id, Permission.MOVE_MEMBERS)
    stage.world.discord.world.deny(stage.bot_id, workshop(stage), Permission.MOVE_MEMBERS)
    await mo.type("status")  # by then the bot has seen it
    await mo.say("goodbye")
    responses = stage.world.live.sessions[-1].tool_responses
    await until(lambda: responses)
    assert "I'd need Move Members for that myself." in responses[0].response["error"]
    assert where_is(stage, ana) == stage.world.voice_channel_id
