"""What members type, on the real wire: every outcome of /join, /leave and /status is a sentence to act on.

All tests share one bot; each has a server of its own on the loopback.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from stage import Stage, running_bot, until

from audio.formats import DISCORD_HZ
from bot.loopback import speech
from bot.loopback.discord.moderation import suppress
from bot.loopback.discord.permissions import Permission
from bot.loopback.loopback import Loopback, Place
from bot.loopback.member.member import Member
from bot.voice import entry

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

SERVERS = 40
SAID = speech.load("hello")[: DISCORD_HZ * 3 // 4]


class Town:
    """One server of the loopback, with Ana in the voice channel and the bot outside."""

    def __init__(self, stage: Stage, place: Place, ana: Member, ben: Member) -> None:
        self.stage = stage
        self.place = place
        self.ana = ana
        self.ben = ben
        self.world = stage.world.discord.world
        self.faults = stage.world.discord.faults

    @property
    def bot_channel(self) -> int | None:
        return self.stage.bot_channel(self.place.guild_id)

    @property
    def lounge(self) -> str:
        return f"<#{self.place.voice_channel_id}>"

    @property
    def workshop(self) -> str:
        return f"<#{self.place.second_voice_channel_id}>"

    async def join(self, who: Member, channel_id: int) -> None:
        await who.join(self.place.guild_id, channel_id)

    async def says(self, who: Member, command: str, **options: int) -> str:
        """What the bot replies to a command typed in the text channel."""
        reply = await who.type(command, options, channel_id=self.place.text_channel_id)
        assert reply.ephemeral
        return reply.content

    def posts(self, channel_id: int) -> list[str]:
        """What the bot has written into the chat of a channel."""
        history = self.world.chat.history(self.world.channel(channel_id))
        return [message.content for message in history if message.author.id == self.stage.bot_id]

    def deny_bot(self, permission: Permission, channel_id: int | None = None) -> None:
        self.world.deny(self.stage.bot_id, channel_id or self.place.voice_channel_id, permission)

    def allow_bot(self, permission: Permission, channel_id: int | None = None) -> None:
        channel = self.world.channel(channel_id or self.place.voice_channel_id)
        self.deny_bot(Permission(0), channel.id)
        channel.overwrites[self.stage.bot_id].allow |= int(permission)
        self.world.limit_users(channel.id, channel.user_limit)  # tells of the channel as it is now

    async def known_to_bot(self) -> None:
        """Until the bot has seen all that was changed: what it is sent comes in order."""
        await self.says(self.ben, "status")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[tuple[Stage, Iterator[Place], Member, Member]]:
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(Loopback(guilds=SERVERS))
        stage = Stage(world, stack)
        world.discord.world.deny(stage.bot_id, world.guilds[-1].voice_channel_id, Permission.VIEW_CHANNEL)
        await stack.enter_async_context(running_bot(world))
        ana, ben = await stage.member("Ana", join=False), await stage.member("Ben", join=False)
        yield stage, iter(world.guilds[:-1]), ana, ben


@pytest_asyncio.fixture(loop_scope="module")
async def town(shared: tuple[Stage, Iterator[Place], Member, Member]) -> AsyncIterator[Town]:
    stage, places, ana, ben = shared
    town = Town(stage, next(places), ana, ben)
    await town.join(ana, town.place.voice_channel_id)
    yield town
    town.faults.__init__()  # type: ignore[misc]
    await town.world.disconnect(stage.bot_id)
    for member in (ana, ben):
        await member.leave()


# --- /join: where to ---


async def test_not_in_a_voice_channel(town: Town) -> None:
    reply = await town.says(town.ben, "join")
    assert "You are not in a voice channel" in reply
    assert "`/join" in reply
    assert town.bot_channel is None


async def test_joins_the_channel_of_who_types(town: Town) -> None:
    assert town.lounge in await town.says(town.ana, "join")
    assert town.bot_channel == town.place.voice_channel_id
    (notice,) = await _posts(town, town.place.voice_channel_id)
    assert "Google Gemini" in notice
    assert "/leave" in notice


async def test_joins_the_channel_given(town: Town) -> None:
    reply = await town.says(town.ben, "join", channel=town.place.second_voice_channel_id)
    assert town.workshop in reply
    assert town.bot_channel == town.place.second_voice_channel_id


async def test_is_here_already(town: Town) -> None:
    await town.says(town.ana, "join")
    assert f"in {town.lounge} already" in await town.says(town.ana, "join")


async def test_moves_at_the_press_of_a_button(town: Town) -> None:
    await town.says(town.ana, "join")
    await town.join(town.ben, town.place.second_voice_channel_id)
    question = await town.ben.type("join")
    assert f"talking in {town.lounge}" in question.content
    assert f"move to {town.workshop}?" in question.content
    assert question.buttons == ["Move here"]

    moved = await town.ben.press(question, "Move here")
    assert f"I am in {town.workshop}" in moved.content
    assert (moved.id, moved.buttons) == (question.id, []), "one message on the phone, and no dead button"
    assert town.bot_channel == town.place.second_voice_channel_id
    (notice,) = await _posts(town, town.place.second_voice_channel_id)
    assert "is listening" in notice

    said = await town.ben.say(SAID)
    await town.stage.answered(town.ben, said.ended_at)


async def test_the_button_works_when_the_room_has_gone(town: Town) -> None:
    await town.says(town.ana, "join")
    await town.join(town.ben, town.place.second_voice_channel_id)
    question = await town.ben.type("join")
    await town.says(town.ana, "leave")
    moved = await town.ben.press(question, "Move here")
    assert f"I am in {town.workshop}" in moved.content
    assert town.bot_channel == town.place.second_voice_channel_id


async def test_the_button_goes_after_a_while(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = sys.modules["cogs.conversation"]  # as an extension: not the one an import here would give
    monkeypatch.setattr(loaded, "OFFER_S", 0.2)
    await town.says(town.ana, "join")
    await town.join(town.ben, town.place.second_voice_channel_id)
    question = await town.ben.type("join")
    expired = await town.ben.wait_message(
        lambda message: message.id == question.id and "stayed where I am" in message.content
    )
    assert not expired.buttons


async def test_the_button_finds_the_channel_full(town: Town) -> None:
    await town.says(town.ana, "join")
    await town.join(town.ben, town.place.second_voice_channel_id)
    question = await town.ben.type("join")
    town.world.limit_users(town.place.second_voice_channel_id, 1)
    await town.known_to_bot()
    assert "is full (1 of 1)" in (await town.ben.press(question, "Move here")).content
    assert town.bot_channel == town.place.voice_channel_id


# --- /join: what may be in the way ---


@pytest.mark.parametrize(
    ("permission", "name"),
    [
        (Permission.VIEW_CHANNEL, "View Channel"),
        (Permission.CONNECT, "Connect"),
        (Permission.SPEAK, "Speak"),
    ],
)
async def test_names_the_permission_it_lacks(town: Town, permission: Permission, name: str) -> None:
    town.deny_bot(permission)
    reply = await town.says(town.ana, "join", channel=town.place.voice_channel_id)
    assert f"I lack the permission **{name}**" in reply
    assert "Permissions" in reply
    assert town.bot_channel is None


async def test_a_channel_it_has_never_seen(town: Town) -> None:
    town.place = town.stage.world.guilds[-1]
    await town.join(town.ana, town.place.voice_channel_id)
    for reply in (
        await town.says(town.ana, "join"),
        await town.says(town.ana, "join", channel=town.place.voice_channel_id),
    ):
        assert reply.startswith("I cannot see")
        assert "**View Channel**" in reply


async def test_does_not_go_where_the_member_may_not(town: Town) -> None:
    town.world.deny(town.ben.user_id, town.place.second_voice_channel_id, Permission.CONNECT)
    reply = await town.says(town.ben, "join", channel=town.place.second_voice_channel_id)
    assert reply.startswith(f"You may not join {town.workshop} yourself")
    assert town.bot_channel is None


async def test_names_its_own_permission_where_nobody_may_connect(town: Town) -> None:
    for user_id in (town.stage.bot_id, town.ana.user_id):
        town.world.deny(user_id, town.place.voice_channel_id, Permission.CONNECT)
    assert "I lack the permission **Connect**" in await town.says(town.ana, "join")


async def test_goes_where_a_member_was_moved_in(town: Town) -> None:
    town.world.deny(town.ana.user_id, town.place.voice_channel_id, Permission.CONNECT)
    assert f"I am in {town.lounge}" in await town.says(town.ana, "join")


async def test_a_full_channel(town: Town) -> None:
    town.world.limit_users(town.place.voice_channel_id, 1)
    reply = await town.says(town.ana, "join")
    assert f"{town.lounge} is full (1 of 1)" in reply
    assert "**Move Members**" in reply
    town.allow_bot(Permission.MOVE_MEMBERS)
    assert f"I am in {town.lounge}" in await town.says(town.ana, "join")


async def test_discord_does_not_answer(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "ENTER_TIMEOUT_S", 0.5)
    town.faults.silent_voice = True
    reply = await town.says(town.ana, "join")
    assert "did not let me into the channel in time" in reply
    town.faults.silent_voice = False
    assert f"I am in {town.lounge}" in await town.says(town.ana, "join")


async def test_fills_up_in_between(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "ENTER_TIMEOUT_S", 1.5)  # a busy machine looks late
    town.faults.silent_voice = True
    joining = asyncio.create_task(town.says(town.ana, "join"))
    await _asked(town)
    town.world.limit_users(town.place.voice_channel_id, 1)
    assert "is full (1 of 1)" in await joining


async def test_a_stage(town: Town) -> None:
    """In the audience it hears; it answers once somebody has let it speak."""
    stage_id = town.place.stage_channel_id
    await town.join(town.ana, stage_id)
    reply = await town.says(town.ana, "join")
    assert "request to speak" in reply
    state = town.world.guild(town.place.guild_id).voice_states[town.stage.bot_id]
    await until(lambda: state.request_to_speak_timestamp)
    assert "Nobody hears me" in await town.says(town.ana, "status")
    await town.ana.say(SAID)
    assert "heard nobody" in await town.says(town.ana, "status"), "Ana is in the audience, too"
    for user_id in (town.ana.user_id, town.stage.bot_id):
        suppress(town.world, user_id, False)
    assert "Nobody hears me" not in await town.says(town.ana, "status")
    said = await town.ana.say(SAID)
    await town.stage.answered(town.ana, said.ended_at)


async def test_a_stage_where_it_may_step_up(town: Town) -> None:
    stage_id = town.place.stage_channel_id
    town.allow_bot(Permission.MUTE_MEMBERS, stage_id)
    await town.join(town.ana, stage_id)
    assert "Just speak" in await town.says(town.ana, "join")
    state = town.world.guild(town.place.guild_id).voice_states[town.stage.bot_id]
    await until(lambda: not state.suppress)
    suppress(town.world, town.ana.user_id, False)
    said = await town.ana.say(SAID)
    await town.stage.answered(town.ana, said.ended_at)


async def test_may_not_write_in_the_chat(town: Town) -> None:
    town.deny_bot(Permission.SEND_MESSAGES)
    reply = await town.says(town.ana, "join")
    assert f"I am in {town.lounge}" in reply
    assert "please tell the others" in reply
    assert "Google Gemini" in reply
    said = await town.ana.say(SAID)
    await town.stage.answered(town.ana, said.ended_at)


# --- at the same time ---


async def test_a_second_join_under_way(town: Town) -> None:
    town.faults.voice_reply_delay_s = 0.5
    first = asyncio.create_task(town.says(town.ana, "join"))
    await until(lambda: town.bot_channel is not None)
    assert "on my way" in await town.says(town.ben, "join", channel=town.place.second_voice_channel_id)
    assert f"on my way into {town.lounge}" in await town.says(town.ben, "status")
    assert f"I am in {town.lounge}" in await first


async def test_leave_while_joining(town: Town) -> None:
    town.faults.voice_reply_delay_s = 1.0
    joining = asyncio.create_task(town.says(town.ana, "join"))
    await until(lambda: town.bot_channel is not None)
    assert "I have left" in await town.says(town.ana, "leave")
    assert "asked to leave before I had arrived" in await joining
    assert town.bot_channel is None
    town.faults.voice_reply_delay_s = 0.0
    assert f"I am in {town.lounge}" in await town.says(town.ana, "join")
    assert len(await _posts(town, town.place.voice_channel_id)) == 1, "no notice of the time it never arrived"


async def test_two_leave_at_once(town: Town) -> None:
    await town.says(town.ana, "join")
    await town.join(town.ben, town.place.voice_channel_id)
    replies = await asyncio.gather(town.says(town.ana, "leave"), town.says(town.ben, "leave"))
    assert any("I have left" in reply for reply in replies)
    assert town.bot_channel is None
    assert f"I am in {town.lounge}" in await town.says(town.ana, "join")


# --- /leave and /status ---


async def test_leave(town: Town) -> None:
    assert "not in a voice channel of this server" in await town.says(town.ana, "leave")
    await town.says(town.ana, "join")
    refused = await town.says(town.ben, "leave")
    assert f"Only people in {town.lounge}" in refused
    assert town.bot_channel is not None
    assert "I have left" in await town.says(town.ana, "leave")
    assert town.bot_channel is None


async def test_anybody_may_send_it_out_of_an_empty_channel(town: Town) -> None:
    await town.says(town.ana, "join")
    await town.ana.leave()
    await town.known_to_bot()
    assert "I have left" in await town.says(town.ben, "leave")


async def test_status(town: Town) -> None:
    assert "not in a voice channel of this server" in await town.says(town.ana, "status")
    await town.says(town.ana, "join")
    assert "I have heard nobody yet" in await town.says(town.ana, "status")
    await town.ana.say(SAID)
    status = await town.says(town.ana, "status")
    assert f"In {town.lounge}" in status
    assert "end-to-end encrypted" in status
    assert "Gemini connected" in status
    assert re.search(rf"<@{town.ana.user_id}>: heard .*, level -\d+ dB, loss 0.0 %", status)


async def test_status_tells_when_a_moderator_has_muted_it(town: Town) -> None:
    await town.says(town.ana, "join")
    town.world.grant(town.ana.user_id, Permission.MUTE_MEMBERS | Permission.DEAFEN_MEMBERS)
    path = f"/guilds/{town.place.guild_id}/members/{town.stage.bot_id}"
    await town.ana.http.call("PATCH", path, {"mute": True, "deaf": True})
    status = await town.says(town.ana, "status")
    assert "muted me" in status
    assert "deafened me" in status


# --- the network at its worst ---


async def test_answers_although_rest_is_slow(town: Town) -> None:
    town.faults.rest_delay_s = 1.2
    assert f"I am in {town.lounge}" in await town.says(town.ana, "join")


async def test_answers_although_rest_fails_at_first(town: Town) -> None:
    town.faults.rest_status = 503
    joining = asyncio.create_task(town.says(town.ana, "join"))
    await asyncio.sleep(0.5)
    town.faults.rest_status = None
    assert f"I am in {town.lounge}" in await joining


async def test_acknowledges_although_joining_takes_long(town: Town) -> None:
    town.faults.voice_reply_delay_s = 3.5  # Discord gives up on an interaction after 3 s
    assert f"I am in {town.lounge}" in await town.says(town.ana, "join")


async def _posts(town: Town, channel_id: int) -> list[str]:
    await until(lambda: town.posts(channel_id))
    return town.posts(channel_id)


async def _asked(town: Town) -> None:
    """Until the command has been acknowledged, so the bot is about to ask for the channel."""
    await until(lambda: any(message.pending for message in town.ana.messages))
