"""Members on the loopback's real wire: they hear each other, whatever the voice server does."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from audio.formats import DISCORD_HZ, Samples
from bot.loopback import speech
from bot.loopback.discord.moderation import suppress
from bot.loopback.discord.permissions import Permission
from bot.loopback.discord.sfu import PayloadKind, UdpEvent
from bot.loopback.loopback import Loopback
from bot.loopback.member import Impairments, Member, MemberError, RestError, VoiceEnded, rtp

Login = Callable[..., "asyncio.Future[Member]"]
Words = tuple[bytes, ...]


def likeness(heard: Samples, said: Samples) -> float:
    """Correlation at the best offset within 60 ms."""
    length = min(len(heard), len(said)) - 2880
    return max(
        float(np.corrcoef(said[:length], heard[start : start + length])[0, 1]) for start in range(0, 2880, 8)
    )


async def heard_by(listener: Member, speaker: Member, words: Words) -> bool:
    """Whether everything of `words`, said now, comes through."""
    await asyncio.gather(listener.connected(), speaker.connected())
    record = await speaker.say(words)
    return await soon(
        lambda: len(listener.heard.voiced(speaker.user_id, since=record.started_at)) >= len(words)
    )


async def soon(condition: Callable[[], bool]) -> bool:
    for _ in range(100):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return condition()


async def both_ways(a: Member, b: Member, words: Words) -> bool:
    return all(await asyncio.gather(heard_by(a, b, words), heard_by(b, a, words)))


@pytest.fixture
def leaks(loopback: Loopback) -> list[UdpEvent]:
    """Plaintext that was sent into an encrypted call."""
    found: list[UdpEvent] = []

    def observe(event: UdpEvent) -> None:
        if event.dave and event.kind is PayloadKind.PLAINTEXT:
            found.append(event)

    loopback.voice.observer = observe
    return found


@pytest.fixture
async def pair(loopback: Loopback, login: Login, leaks: list[UdpEvent]) -> tuple[Member, Member]:
    ana = await login("Ana", loopback.voice_channel_id)
    ben = await login("Ben", loopback.voice_channel_id)
    await ana.connected()
    return ana, ben


async def test_two_members_hear_each_other_in_either_mode(
    loopback: Loopback, login: Login, leaks: list[UdpEvent]
) -> None:
    gcm, xchacha = ((mode,) for mode in rtp.CIPHERS)
    ana = await login("Ana", loopback.voice_channel_id, modes=gcm)
    ben = await login("Ben", loopback.voice_channel_id, modes=xchacha)
    await ana.connected()
    record, _ = await asyncio.gather(ana.say("hello"), ben.say("answer_short"))
    assert likeness(ben.heard_from(ana.user_id), speech.load("hello", DISCORD_HZ)) > 0.9
    assert likeness(ana.heard_from(ben.user_id), speech.load("answer_short", DISCORD_HZ)) > 0.9
    assert ben.heard.lost(ana.user_id) == 0
    assert record.sent == len(record.packets)
    delay = ben.heard.timeline(ana.user_id)[0].arrived_at - record.started_at
    assert 0 <= delay < 1.0
    assert not ben.heard.counters
    assert not leaks


async def test_a_rough_path_loses_what_it_should(
    pair: tuple[Member, Member], loopback: Loopback, words: Words
) -> None:
    ana, ben = pair
    rough = Impairments(
        seed=4, loss=0.2, jitter_ms=40, reorder=0.2, duplicate=0.2, padding=(1, 255), all_padding=0.3,
        csrcs=3, rtcp=0.3, video=0.3, sequence_jumps={12: 20_000},
    )  # fmt: skip
    # davey takes nothing that overtook the very first frame of a key: be heard once before it gets rough
    assert await heard_by(ben, ana, words)
    record = await ana.say(words, rough)
    sent = sum(packet.voiced and packet.sent_at is not None for packet in record.packets)
    assert sent < len(words)
    assert await soon(lambda: len(ben.heard.voiced(ana.user_id)) == len(words) + sent)
    assert {"duplicate", "empty"} <= ben.heard.counters.keys()
    assert not {"undecryptable", "unknown_ssrc", "bad_tag"} & ben.heard.counters.keys()
    assert {"rtcp", "rtp not opus"} & loopback.voice.stats.keys()


async def test_speech_goes_on_over_a_re_key(
    pair: tuple[Member, Member], loopback: Loopback, login: Login, leaks: list[UdpEvent]
) -> None:
    """A third member comes and goes while one speaks: the second hears every packet."""
    ana, ben = pair
    loopback.voice.faults.slow_execute_s = 0.2
    talk = asyncio.create_task(ana.say("hello"))
    cleo = await login("Cleo", loopback.voice_channel_id)
    assert await soon(lambda: len(cleo.heard.voiced(ana.user_id)) > 10)
    await cleo.leave()
    record = await talk
    assert await soon(lambda: len(ben.heard.timeline(ana.user_id)) == len(record.packets))
    assert not ben.heard.counters
    assert not leaks


async def test_an_unannounced_speaker_is_known_by_the_key(
    pair: tuple[Member, Member], loopback: Loopback, words: Words
) -> None:
    ana, ben = pair
    loopback.voice.faults.for_user(ben.user_id).suppress_speaking = True
    assert await both_ways(ana, ben, words)
    loopback.voice.inject(ana.user_id).change_ssrc(999_999, announce=False)
    assert await heard_by(ben, ana, words)


async def test_without_op_5_nothing_is_forwarded(pair: tuple[Member, Member], words: Words) -> None:
    ana, ben = pair
    await ana.say(words, Impairments(announce=False))
    assert await heard_by(ben, ana, words)  # the first that is forwarded is the announced one
    assert len(ben.heard.voiced(ana.user_id)) == len(words)


@pytest.mark.parametrize("code", [1006, 4015])
async def test_a_broken_connection_is_resumed_in_mid_sentence(
    pair: tuple[Member, Member], loopback: Loopback, words: Words, code: int
) -> None:
    ana, ben = pair
    session = ana.call.session
    assert session is not None
    talk = asyncio.create_task(ana.say(words))
    await loopback.voice.close_session(loopback.guild_id, ana.user_id, code)
    await talk
    assert await both_ways(ana, ben, words)
    assert ana.call.session is session
    assert session.resumes == 1


@pytest.mark.parametrize("code", [4006, 4009])
async def test_an_invalid_session_is_followed_by_a_new_one(
    pair: tuple[Member, Member], loopback: Loopback, words: Words, code: int, leaks: list[UdpEvent]
) -> None:
    ana, ben = pair
    session = ana.call.session
    await loopback.voice.close_session(loopback.guild_id, ana.user_id, code)
    await ana.call.changes.until(lambda: ana.call.session is not session, 5.0)
    assert await both_ways(ana, ben, words)
    assert not leaks


async def test_a_refused_resume_is_followed_by_a_new_session(
    pair: tuple[Member, Member], loopback: Loopback, words: Words
) -> None:
    ana, ben = pair
    loopback.voice.faults.resume_refused = True
    session = ana.call.session
    await loopback.voice.close_session(loopback.guild_id, ana.user_id, 1006)
    await ana.call.changes.until(lambda: ana.call.session not in (None, session), 5.0)
    assert await both_ways(ana, ben, words)


async def test_out_and_in_again_is_a_new_ssrc(pair: tuple[Member, Member], words: Words) -> None:
    ana, ben = pair
    assert await heard_by(ben, ana, words)
    await ana.rejoin()
    await ben.connected()
    assert await both_ways(ana, ben, words)
    assert len({packet.ssrc for packet in ben.heard.timeline(ana.user_id)}) == 2


async def test_out_and_in_again_in_mid_sentence(pair: tuple[Member, Member], leaks: list[UdpEvent]) -> None:
    ana, ben = pair
    talk = asyncio.create_task(ana.say("hello"))
    assert await soon(lambda: len(ben.heard.voiced(ana.user_id)) > 20)
    await ana.rejoin()
    rejoined_at = time.monotonic()
    record = await talk
    assert record.sent < len(record.packets)
    due = [packet for packet in record.packets if packet.voiced and packet.due_at > rejoined_at + 0.1]
    assert await soon(lambda: len(ben.heard.voiced(ana.user_id, since=rejoined_at)) >= len(due))
    assert len({packet.ssrc for packet in ben.heard.timeline(ana.user_id)}) == 2
    assert not leaks


async def test_silence_falls_when_a_member_is_stopped(pair: tuple[Member, Member]) -> None:
    ana, ben = pair
    talk = asyncio.create_task(ana.say("long_question"))
    assert await soon(lambda: len(ben.heard.voiced(ana.user_id)) > 5)
    ana.mouth.stop()
    record = await talk
    assert len(record.packets) < 200
    assert [packet.voiced for packet in record.packets[-6:]] == [True] + [False] * 5


@pytest.mark.parametrize("server_first", [False, True])
async def test_being_moved_with_the_updates_in_either_order(
    pair: tuple[Member, Member], loopback: Loopback, words: Words, server_first: bool, leaks: list[UdpEvent]
) -> None:
    loopback.discord.faults.server_update_first = server_first
    there = loopback.second_voice_channel_id
    for member in pair:
        await loopback.discord.world.move(member.user_id, there)
        await member.call.changes.until(lambda member=member: member.call.channel_id == there, 5.0)
    assert await both_ways(*pair, words)
    for member in pair:
        await member.join(loopback.guild_id, loopback.voice_channel_id)
    assert await both_ways(*pair, words)
    assert not leaks


async def test_a_server_that_goes_away_is_waited_for(
    pair: tuple[Member, Member], loopback: Loopback, words: Words
) -> None:
    loopback.discord.faults.null_endpoint_first = True
    for member in pair:
        await member.join(loopback.guild_id, loopback.second_voice_channel_id)
    assert await both_ways(*pair, words)


async def test_a_stage_is_not_encrypted_and_the_way_back_is(
    pair: tuple[Member, Member], loopback: Loopback, words: Words, leaks: list[UdpEvent]
) -> None:
    for member in pair:
        await member.join(loopback.guild_id, loopback.stage_channel_id)
    session = pair[0].call.session
    assert session is not None
    assert session.keys.version == 0
    with pytest.raises(RestError, match="403"):
        await pair[0].request_to_speak()
    loopback.discord.world.grant(pair[0].user_id, Permission.MUTE_MEMBERS)
    await pair[0].request_to_speak()
    suppress(loopback.discord.world, pair[1].user_id, False)
    assert await both_ways(*pair, words)
    for member in pair:
        await member.join(loopback.guild_id, loopback.voice_channel_id)
    assert await both_ways(*pair, words)
    assert not leaks


async def test_a_kick_and_a_deleted_channel_are_the_end(
    pair: tuple[Member, Member], loopback: Loopback, words: Words
) -> None:
    ana, ben = pair
    await loopback.discord.world.disconnect(ana.user_id)
    await ana.call.changes.until(lambda: ana.call.channel_id is None, 5.0)
    with pytest.raises(VoiceEnded):
        await ana.connected()
    await ana.join(loopback.guild_id, loopback.voice_channel_id)
    assert await both_ways(ana, ben, words)
    await loopback.discord.world.delete_channel(loopback.voice_channel_id)
    with pytest.raises(VoiceEnded):
        await ben.connected()
        await ben.call.changes.until(lambda: not ben.call.connected, 5.0)


async def test_leaving_is_orderly(pair: tuple[Member, Member], loopback: Loopback, words: Words) -> None:
    ana, ben = pair
    await ben.leave()
    assert ben.call.session is None
    assert loopback.discord.world.guild(loopback.guild_id).occupants(loopback.voice_channel_id) == [
        ana.user_id
    ]
    await ben.leave()  # nothing to leave
    await ben.join(loopback.guild_id, loopback.voice_channel_id)
    assert await both_ways(ana, ben, words)


@pytest.mark.parametrize(
    "fault",
    [
        {"external_sender_first": True},
        {"external_sender_twice": True},
        {"proposals_before_external_sender": True},
        {"commit_delay_s": 0.1},
        {"corrupt_welcomes": 1},
        {"welcome_twice": True},
        {"description_delay_s": 0.1},
    ],
    ids=lambda fault: next(iter(fault)),
)
async def test_faults_of_the_handshake_are_survived(
    loopback: Loopback, login: Login, words: Words, fault: dict[str, float], leaks: list[UdpEvent]
) -> None:
    ana = await login("Ana", loopback.voice_channel_id)
    for name, value in fault.items():
        setattr(loopback.voice.faults, name, value)
    ben = await login("Ben", loopback.voice_channel_id)
    assert await both_ways(ana, ben, words)
    assert not leaks


async def test_faults_of_a_running_group_are_survived(
    pair: tuple[Member, Member], loopback: Loopback, login: Login, words: Words, leaks: list[UdpEvent]
) -> None:
    ana, ben = pair
    injection = loopback.voice.inject(ana.user_id)
    injection.stale_proposals()
    injection.external_sender()
    injection.welcome_again()
    injection.unexpected_add(666)
    assert await both_ways(ana, ben, words)
    loopback.voice.faults.for_user(ana.user_id).corrupt_commits = 1
    cleo = await login("Cleo", loopback.voice_channel_id)
    assert await both_ways(cleo, ben, words)
    assert await both_ways(ana, cleo, words)
    injection.bad_commit()
    session = ana.call.session
    assert session is not None
    await ana.call.changes.until(lambda: sum(session.dave.flagged.values()) == 2, 5.0)
    assert await both_ways(ana, ben, words)
    assert not leaks


async def test_a_member_alone_sends_nothing_in_the_clear(
    loopback: Loopback, login: Login, words: Words
) -> None:
    seen: Counter[PayloadKind] = Counter()
    loopback.voice.observer = lambda event: seen.update([event.kind])
    ana = await login("Ana", loopback.voice_channel_id)
    record = await ana.say(words)
    assert record.sent == 5
    assert set(seen) <= {PayloadKind.SILENCE}


async def test_refusals_are_told(loopback: Loopback, login: Login) -> None:
    with pytest.raises(MemberError, match="4004"):
        await login("Nobody", token="bad-token")
    ana = await login("Ana")
    loopback.voice.faults.refuse_identify = [4016]
    with pytest.raises(VoiceEnded, match="4016"):
        await ana.join(loopback.guild_id, loopback.voice_channel_id)
    loopback.discord.faults.silent_voice = True
    with pytest.raises(TimeoutError):
        await ana.join(loopback.guild_id, loopback.voice_channel_id, timeout=0.1)
