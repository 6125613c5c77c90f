"""/floor, /hush, /autojoin, /leave and /status on the whole path: what is typed is what is heard."""

from __future__ import annotations

import asyncio

import pytest
from stage import Stage, StartStage, until

from audio.formats import DISCORD_HZ
from bot.loopback import speech
from bot.loopback.discord.permissions import Permission
from bot.loopback.live.record import Kind
from bot.loopback.member.member import Member
from bot.settings import Settings

pytestmark = pytest.mark.slow

SAID = speech.load("hello")[: DISCORD_HZ * 3 // 4]
GOODBYE = Settings.model_fields["parley_goodbye"].default


def now() -> float:
    return asyncio.get_running_loop().time()


def moderator(stage: Stage, member: Member) -> None:
    stage.world.discord.world.grant(member.user_id, Permission.MOVE_MEMBERS)


def heard_since(stage: Stage, member: Member, since: float) -> bool:
    return (member.heard.last_voiced(stage.bot_id) or 0.0) > since


async def answers(stage: Stage, member: Member) -> None:
    """`member` says something, and hears an answer to its end."""
    said = await member.say(SAID)
    await stage.answered(member, said.ended_at)
    await stage.quiet(member)


async def keeps_silent(stage: Stage, member: Member) -> None:
    """`member` says something; the model answers, and nobody hears it."""
    completed = len(stage.of(Kind.TURN_COMPLETE))
    said = await member.say(SAID)
    await until(lambda: len(stage.of(Kind.TURN_COMPLETE)) > completed)
    await asyncio.sleep(0.5)  # what was to be played would be heard by now
    assert not heard_since(stage, member, said.started_at)


# --- /floor ---


async def test_the_floor_is_held_by_a_button(start: StartStage) -> None:
    stage = await start()
    ana, ben = await stage.member("Ana"), await stage.member("Ben", join=False)
    await ana.type("join")
    assert "change this" in (await ana.type("floor", {"mode": "push"})).content
    moderator(stage, ana)
    rules = await ana.type("floor", {"mode": "push"})
    assert "`push`" in rules.content
    offer = await ana.wait_message(lambda message: "Hold the floor" in message.buttons)
    assert (offer.channel_id, offer.ephemeral) == (stage.world.voice_channel_id, False)
    await keeps_silent(stage, ana)

    held = await ana.press(offer, "Hold the floor")
    assert held.id == offer.id
    assert held.content.startswith(f"<@{ana.user_id}> has the floor")
    assert held.buttons == ["Hold the floor", "Give it back"]
    await answers(stage, ana)

    await ben.wait_message(lambda message: message.id == offer.id)
    outside = await ben.press(held, "Hold the floor")
    assert outside.ephemeral
    assert "people in" in outside.content

    free = await ana.press(held, "Give it back")
    assert free.content == offer.content


async def test_one_holds_the_floor_at_a_time(start: StartStage) -> None:
    stage = await start(parley_addressing="push")
    ana, ben = await stage.member("Ana"), await stage.member("Ben")
    await ana.type("join")
    offer = await ana.wait_message(lambda message: "Hold the floor" in message.buttons)
    held = await ana.press(offer, "Hold the floor")
    for label in held.buttons:
        refused = await ben.press(held, label)
        assert refused.ephemeral
        assert "Somebody else has the floor" in refused.content
    await keeps_silent(stage, ben)
    await ana.leave()
    await until(lambda: len(stage.world.discord.world.guilds[stage.world.guild_id].voice_states) == 2)
    taken = await ben.press(held, "Hold the floor")
    assert taken.content.startswith(f"<@{ben.user_id}> has the floor"), "who has gone holds nothing"


async def test_the_buttons_of_another_mode_say_so(start: StartStage) -> None:
    stage = await start(parley_addressing="push")
    ana = await stage.member("Ana")
    moderator(stage, ana)
    await ana.type("join")
    offer = await ana.wait_message(lambda message: "Hold the floor" in message.buttons)
    await ana.type("floor", {"mode": "open"})
    await answers(stage, ana)
    pressed = await ana.press(offer, "Hold the floor")
    assert "Nobody needs the floor any more" in pressed.content
    assert not pressed.buttons


async def test_hosts_only(start: StartStage) -> None:
    stage = await start()
    ana, ben = await stage.member("Ana"), await stage.member("Ben")
    moderator(stage, ana)
    await ana.type("join")
    rules = await ana.type("floor", {"mode": "host", "host": ben.user_id})
    assert f"Hosts: <@{ben.user_id}>" in rules.content
    await keeps_silent(stage, ana)
    await answers(stage, ben)


# --- /hush and /unhush ---


async def test_hush_stops_at_once_and_stays_quiet(start: StartStage) -> None:
    stage = await start()
    ana = await stage.member("Ana")
    await ana.type("join")
    said = await ana.say(SAID)
    await stage.answered(ana, said.ended_at)
    asked = now()
    reply = await ana.type("hush", {"minutes": 5})
    assert "Quiet for 5 minutes" in reply.content
    await stage.quiet(ana)
    assert (ana.heard.last_voiced(stage.bot_id) or 0.0) - asked < 1.0
    assert stage.bot_channel() == stage.world.voice_channel_id, "quiet, but present"
    said = await ana.say(SAID)
    await asyncio.sleep(1.0)  # an answer takes half of that
    assert not heard_since(stage, ana, said.started_at)

    assert "speak again" in (await ana.type("unhush")).content
    await answers(stage, ana)
    assert "not hushed" in (await ana.type("unhush")).content


async def test_hush_is_for_people_in_the_channel(start: StartStage) -> None:
    stage = await start()
    ana, ben = await stage.member("Ana"), await stage.member("Ben", join=False)
    assert "`/join`" in (await ana.type("hush")).content
    await ana.type("join")
    refused = await ben.type("hush", channel_id=stage.world.text_channel_id)
    assert "Only people in" in refused.content
    await answers(stage, ana)


# --- /leave ---


async def test_says_goodbye_and_goes(start: StartStage) -> None:
    stage = await start(parley_goodbye=GOODBYE)
    ana = await stage.member("Ana")
    await ana.type("join")
    asked = now()
    assert "I have left" in (await ana.type("leave")).content
    assert heard_since(stage, ana, asked), "by voice"
    assert stage.bot_channel() is None
    assert now() - asked < 6.0


async def test_hushed_it_goes_without_a_word(start: StartStage) -> None:
    stage = await start(parley_goodbye=GOODBYE)
    ana = await stage.member("Ana")
    await ana.type("join")
    await ana.type("hush")
    asked = now()
    assert "I have left" in (await ana.type("leave")).content
    assert not heard_since(stage, ana, asked)


# --- /autojoin ---


async def test_comes_by_itself(start: StartStage) -> None:
    stage = await start()
    place = stage.world.guilds[0]
    ana, ben = await stage.member("Ana", join=False), await stage.member("Ben", join=False)
    moderator(stage, ana)
    options = {"channel": place.voice_channel_id}
    reply = await ana.type("autojoin", options, channel_id=place.text_channel_id)
    assert f"into <#{place.voice_channel_id}> by myself" in reply.content
    assert stage.bot_channel() is None

    await ana.join(place.guild_id, place.voice_channel_id)
    await ana.wait_message(lambda message: "is listening" in message.content)
    assert stage.bot_channel() == place.voice_channel_id
    await answers(stage, ana)

    await ana.type("leave")
    await ben.join(place.guild_id, place.voice_channel_id)
    assert "not in a voice channel" in (await ben.type("status")).content
    assert stage.bot_channel() is None, "it was sent away"
    for member in (ana, ben):
        await member.leave()
    await ben.join(place.guild_id, place.voice_channel_id)
    await until(lambda: stage.bot_channel() == place.voice_channel_id)


# --- /status ---


async def test_status_tells_the_floor_and_the_cost(start: StartStage) -> None:
    stage = await start(parley_addressing="auto")
    ana = await stage.member("Ana")
    await ana.type("join")
    await answers(stage, ana)
    status = (await ana.type("status")).content
    assert "$" in status
    assert "`auto`" in status
    await ana.type("hush")
    assert "**Hushed**" in (await ana.type("status")).content
