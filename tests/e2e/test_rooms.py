"""What may happen to a room: Gemini refuses, dies or is away; the channel is moved, closed, or deleted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from stage import Stage, StartStage, running_bot, until

from audio.formats import DISCORD_HZ
from bot.announcements import OUTAGE, OUTAGE_OVER
from bot.live import backoff, session
from bot.loopback import speech
from bot.loopback.live.faults import Close, Moment
from bot.loopback.live.record import Kind
from bot.loopback.loopback import Loopback
from bot.loopback.member.member import Member

pytestmark = pytest.mark.slow

SAID = speech.load("hello")[: DISCORD_HZ * 3 // 4]


def posts(stage: Stage, channel_id: int | None = None) -> list[str]:
    """What the bot has written into a channel's chat, for everybody to see."""
    world = stage.world.discord.world
    channel = world.channel(channel_id or stage.world.voice_channel_id)
    return [message.content for message in world.chat.history(channel) if message.author.id == stage.bot_id]


async def answers(stage: Stage, member: Member) -> None:
    """`member` says something, and hears an answer."""
    said = await member.say(SAID)
    await stage.answered(member, said.ended_at)


async def out(stage: Stage) -> None:
    await until(lambda: stage.bot_channel() is None)


# --- Gemini does not take us ---


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("bad-key", "refused the API key. The person who runs me has to check GEMINI_API_KEY"),
        ("quota-key", "quota for this key is used up"),
    ],
)
async def test_a_key_that_gemini_refuses(start: StartStage, key: str, words: str) -> None:
    stage = await start(gemini_api_key=key)
    ana = await stage.member("Ana")
    reply = await ana.type("join")
    assert words in reply.content
    assert key not in reply.content
    await out(stage)
    assert not posts(stage), "nobody else need read of it"
    assert words in (await ana.type("join")).content, "and nothing is left of the first attempt"


async def test_gemini_away_at_the_door(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "CONNECT_TIMEOUT_S", 0.5)
    ana = await stage.member("Ana")
    faults = stage.world.live.faults

    faults.setup_silence = True
    assert "cannot reach Google Gemini right now" in (await ana.type("join")).content
    assert stage.bot_channel() is None
    faults.setup_silence = False

    faults.refuse_upgrade = 503
    assert "cannot reach Google Gemini right now" in (await ana.type("join")).content
    assert stage.bot_channel() is None
    faults.refuse_upgrade = None

    assert not posts(stage)
    assert "I am in" in (await ana.type("join")).content
    await answers(stage, ana)


# --- Gemini goes away ---


async def test_gemini_dies_and_comes_back(stage: Stage) -> None:
    """Once in the middle of a turn, without a word; once for longer, and says so; once for good."""
    ana = await stage.member("Ana")
    await ana.type("join")
    live = stage.world.live
    live.faults.close = Close(Moment.TURN_START, 1006)
    await answers(stage, ana)
    assert len(live.sessions) == 2
    assert len(posts(stage)) == 1, "the notice, and no word of what nobody noticed"
    await stage.quiet(ana)

    live.faults.refuse_upgrade = 503
    await live.drop(1011)
    await until(lambda: OUTAGE in posts(stage))
    said = await ana.say(SAID)
    live.faults.refuse_upgrade = None
    await stage.answered(ana, said.ended_at)
    assert OUTAGE_OVER in posts(stage)


async def test_gemini_dies_for_good(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "MAX_RETRIES", 1)
    ana = await stage.member("Ana")
    await ana.type("join")
    stage.world.live.faults.refuse_upgrade = 503
    await stage.world.live.drop(1011)
    await until(lambda: "cannot reach Google Gemini" in posts(stage)[-1])
    assert "`/join` brings me back" in posts(stage)[-1]
    assert stage.bot_channel() is None
    stage.world.live.faults.refuse_upgrade = None
    assert "I am in" in (await ana.type("join")).content


async def test_the_key_is_withdrawn_in_mid_conversation(stage: Stage) -> None:
    ana = await stage.member("Ana")
    await ana.type("join")
    stage.world.live.faults.refuse_upgrade = 403
    await stage.world.live.drop(1006)
    await until(lambda: "GEMINI_API_KEY" in posts(stage)[-1])
    assert stage.bot_channel() is None


# --- what happens to the channel ---


async def test_kicked_by_a_moderator(start: StartStage) -> None:
    stage = await start(guilds=2)
    ana, ben = await stage.member("Ana"), await stage.member("Ben", guild=1)
    await asyncio.gather(ana.type("join"), ben.type("join"))
    await stage.world.discord.world.disconnect(stage.bot_id, stage.world.guild_id)
    await until(lambda: "disconnected" in posts(stage)[-1])
    assert "/join" in posts(stage)[-1]
    await out(stage)
    assert "I am in" in (await ana.type("join")).content, "at once"
    await answers(stage, ana)
    assert stage.bot_channel(stage.world.guilds[1].guild_id) is not None
    await answers(stage, ben)


async def test_kicked_and_called_in_the_same_moment(stage: Stage) -> None:
    ana = await stage.member("Ana")
    await ana.type("join")
    for _ in range(3):
        await stage.world.discord.world.disconnect(stage.bot_id)
        reply = await ana.type("join")
        if "I am in" not in reply.content or "already" in reply.content:
            await until(lambda: stage.bot_channel() is None)
            reply = await ana.type("join")
        assert "I am in" in reply.content
    await answers(stage, ana)


async def test_the_channel_is_deleted(stage: Stage) -> None:
    ana, place = await stage.member("Ana"), stage.world.guilds[0]
    await ana.type("join")
    await stage.world.discord.world.delete_channel(place.voice_channel_id)
    await out(stage)
    await until(lambda: ana.call.ended)
    await ana.join(place.guild_id, place.second_voice_channel_id)
    assert "I am in" in (await ana.type("join")).content
    await answers(stage, ana)


async def test_moved_by_a_moderator(stage: Stage) -> None:
    ana, place = await stage.member("Ana"), stage.world.guilds[0]
    await ana.type("join")
    await ana.join(place.guild_id, place.second_voice_channel_id)
    await stage.world.discord.world.move(stage.bot_id, place.second_voice_channel_id)
    await until(lambda: posts(stage, place.second_voice_channel_id))
    assert "is listening" in posts(stage, place.second_voice_channel_id)[0]
    await answers(stage, ana)
    assert "already" in (await ana.type("join")).content
    assert len(stage.world.live.sessions) == 1, "the same conversation"


async def test_moved_to_a_stage_it_asks_to_speak(stage: Stage) -> None:
    ana, place = await stage.member("Ana"), stage.world.guilds[0]
    await ana.type("join")
    await stage.world.discord.world.move(stage.bot_id, place.stage_channel_id)
    states = stage.world.discord.world.guilds[place.guild_id].voice_states
    await until(lambda: states[stage.bot_id].request_to_speak_timestamp)


# --- the bot itself ends ---


@pytest.mark.parametrize("faults", [{"voice_reply_delay_s": 5.0}, {}], ids=["entering", "connecting"])
async def test_shut_down_while_joining(faults: dict[str, Any]) -> None:
    async with Loopback() as world:
        stage = Stage(world, None)  # type: ignore[arg-type]
        world.live.faults.setup_silence = True
        member = Member.of(world, "Ana")
        async with member as ana, running_bot(world) as bot:
            await ana.join(world.guild_id, world.voice_channel_id)
            for name, value in faults.items():
                setattr(world.discord.faults, name, value)
            joining = asyncio.create_task(ana.type("join"))
            await until(lambda: stage.bot_channel() is not None)
            if not faults:
                await until(lambda: world.live.sessions)
            bot.cancel()
            await asyncio.wait({bot})
            assert "asked to leave" in (await joining).content
            assert stage.bot_channel() is None
            assert not stage.of(Kind.SETUP) or world.live.sessions[-1].close is not None
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert not {name for name in names if name.startswith(("room", "beat", "live", "voice"))}
