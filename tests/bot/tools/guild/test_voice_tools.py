"""What is done to people in voice, and how it is undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from judging import judged
from town import Context, Town

from bot.clock import utc_now
from bot.loopback.discord.entities import ChannelKind, Role, VoiceState
from bot.loopback.discord.permissions import Permission
from bot.loopback.discord.soundboard import Sound
from bot.tools.authority import Allowed, Denied
from bot.tools.guild.attempts import reason
from bot.tools.guild.moderation import (
    DEAFEN_MEMBER,
    LIFT_TIMEOUT,
    MUTE_MEMBER,
    TIMEOUT_MEMBER,
    UNDEAFEN_MEMBER,
    UNMUTE_MEMBER,
)
from bot.tools.guild.place import Place
from bot.tools.guild.presence import CHANGE_PERSONA, HUSH
from bot.tools.guild.refusals import AWAY, FORBIDDEN
from bot.tools.guild.seats import DISCONNECT_MEMBER, MOVE_MEMBER
from bot.tools.guild.sounds import PLAY_SOUND
from bot.tools.guild.voice import SET_CHANNEL_STATUS, VOICE_TOOLS
from bot.tools.registry import Registry, Result, Tool, Unclear


async def undone(tool: Tool, context: Context, result: Result, **args: Any) -> Result:
    assert tool.undo is not None
    return await tool.undo(context, args, result)


async def verdict(town: Town, tool: Tool, context: Context, **args: Any) -> Allowed | Denied:
    return await judged(town, tool, context, args)


async def denied(town: Town, tool: Tool, context: Context, **args: Any) -> str:
    found = await verdict(town, tool, context, **args)
    assert isinstance(found, Denied)
    return found.sentence


def seat(town: Town, user_id: int) -> str | None:
    state = town.there.voice_states.get(user_id)
    return None if state is None or state.channel_id is None else town.there.channels[state.channel_id].name


def bot_role(town: Town) -> Role:
    assert town.bot.user is not None
    return town.there.roles[town.there.members[town.bot.user.id].roles[0]]


def change_bot_role(town: Town, **changes: int) -> None:
    role = bot_role(town)
    for name, value in changes.items():
        setattr(role, name, value)
    town.world.tell(town.there, "GUILD_ROLE_UPDATE", {"guild_id": str(town.there.id), "role": role.payload()})


async def bot_sits_in(town: Town, name: str) -> None:
    """The bot's own voice state; that it speaks is not needed here."""
    assert town.bot.user is not None
    (session,) = town.world.sessions.of(town.bot.user.id)
    state = VoiceState(town.bot.user.id, town.there.id, None, session.id)
    await town.world.calls.request(session, town.there, town.channel(name), state)


# --- move, disconnect ---


async def test_moved_and_moved_back(town: Town) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben", "Workshop")
    context = town.context(ana)
    result = await town.call(MOVE_MEMBER, context, member="ben")
    assert (result["moved"], result["channel"], result["from"]) == (True, "Lounge", "Workshop")
    assert seat(town, ben.id) == "Lounge"
    await town.known()
    assert (await undone(MOVE_MEMBER, context, result))["message"] == "Ben is back."
    assert seat(town, ben.id) == "Workshop"


async def test_moved_to_a_named_channel(town: Town) -> None:
    ana = await town.member("Ana")
    result = await town.call(MOVE_MEMBER, town.context(ana), member="Ana", channel="workshop")
    assert (result["status"], seat(town, ana.id)) == ("ok", "Workshop")


async def test_nothing_to_move(town: Town) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben")
    context = town.context(ana)
    result = await town.call(MOVE_MEMBER, context, member="Ben")
    assert (result["moved"], result["note"]) == (False, "Ben is there already.")
    assert (await undone(MOVE_MEMBER, context, result))["message"] == "Nobody had been moved."
    with pytest.raises(Unclear, match="That is me"):
        MOVE_MEMBER.needs(context, {"member": "Parley"})
    await ben.voice(None)
    await town.until(lambda: town.guild.get_member(ben.id) is None)
    with pytest.raises(Unclear, match="no member"):
        MOVE_MEMBER.needs(context, {"member": "Ben"})


async def test_who_is_known_but_not_in_voice(town: Town) -> None:
    ana, _ = await town.member("Ana"), await town.member("Zoe", channel=None)
    await Place(town.guild).find("Zoe")
    with pytest.raises(Unclear, match='"Zoe" is not in a voice channel'):
        DISCONNECT_MEMBER.needs(town.context(ana), {"member": "Zoe"})


async def test_who_has_gone_on_is_not_fetched_from_there(town: Town) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben", "Workshop")
    await town.create(ChannelKind.VOICE, "Attic")
    context = town.context(ana)
    result = await town.call(MOVE_MEMBER, context, member="Ben")
    await ben.voice(town.channel("Attic").id)
    await town.known()
    assert "gone on to another channel" in (await undone(MOVE_MEMBER, context, result))["error"]
    assert seat(town, ben.id) == "Attic"


async def test_undoing_a_move_too_late(town: Town) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben", "Workshop")
    context = town.context(ana)
    result = await town.call(MOVE_MEMBER, context, member="Ben")
    await ben.voice(None)
    await town.until(lambda: town.guild.get_member(ben.id) is None)
    assert "not in a voice channel any more" in (await undone(MOVE_MEMBER, context, result))["error"]
    await town.world.delete_channel(town.channel("Workshop").id)
    await town.until(lambda: len(town.guild.voice_channels) == 1)
    assert (await undone(MOVE_MEMBER, context, result))["error"] == "The channel Workshop is gone."


async def test_disconnected(town: Town) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben")
    result = await town.call(DISCONNECT_MEMBER, town.context(ana), member="Ben")
    assert (result["disconnected"], seat(town, ben.id)) == ("Ben", None)
    assert DISCONNECT_MEMBER.undo is None


async def test_who_may_move(town: Town) -> None:
    ana, ben, owner = await town.member("Ana"), await town.member("Ben"), await town.member("Owner")
    context = town.context(ana)
    move = {"member": "Ben", "channel": "Workshop"}
    assert await denied(town, MOVE_MEMBER, context, **move) == "Ana, you'd need Move Members for that."
    town.world.grant(ana.id, Permission.MOVE_MEMBERS)
    await town.known()
    assert isinstance(await verdict(town, MOVE_MEMBER, context, **move), Allowed)
    assert isinstance(await verdict(town, DISCONNECT_MEMBER, context, member="Owner"), Allowed)
    town.world.deny(ana.id, town.channel("Workshop").id, Permission.CONNECT)
    await town.known()
    assert "Connect" in await denied(town, MOVE_MEMBER, context, **move)
    both = town.context(owner, ben)
    assert await denied(town, MOVE_MEMBER, both, **move) == "Ben, you'd need Move Members for that."
    nobody = town.context(owner, clear=False)
    assert "could not tell" in await denied(town, MOVE_MEMBER, nobody, **move)
    change_bot_role(town, permissions=int(Permission.CONNECT))
    await town.known()
    assert await denied(town, MOVE_MEMBER, town.context(owner), **move) == (
        "I'd need Move Members for that myself."
    )


async def test_discord_has_the_last_word(town: Town) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben", "Workshop")
    context = town.context(ana)
    bot_role(town).permissions = 0  # and nobody tells the bot
    result = await town.call(MOVE_MEMBER, context, member="Ben")
    assert result["error"] == FORBIDDEN
    assert seat(town, ben.id) == "Workshop"


async def test_somebody_left_meanwhile(town: Town) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben")
    context = town.context(ana)
    del town.there.voice_states[ben.id]  # and nobody has told the bot yet
    result = await town.call(DISCONNECT_MEMBER, context, member="Ben")
    assert result["error"] == "Ben is not in a voice channel any more."
    del town.there.members[ben.id]
    result = await town.call(MUTE_MEMBER, context, member="Ben")
    assert result["error"] == "Ben is not in this server any more."
    result = await town.call(TIMEOUT_MEMBER, context, member="Ben", minutes=1)
    assert result["error"] == "Ben is not in this server any more."


async def test_discord_is_down(town: Town) -> None:
    ana = await town.member("Ana")
    town.server.faults.rest_status = 503
    result = await town.call(MUTE_MEMBER, town.context(ana), member="Ana")
    assert result == {"status": "error", "retryable": True, "error": AWAY}


# --- mute, deafen ---


@pytest.mark.parametrize(
    ("tool", "other", "attribute", "word"),
    [
        (MUTE_MEMBER, UNMUTE_MEMBER, "mute", "muted"),
        (DEAFEN_MEMBER, UNDEAFEN_MEMBER, "deaf", "deafened"),
    ],
)
async def test_muted_and_deafened(town: Town, tool: Tool, other: Tool, attribute: str, word: str) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben")
    context, there = town.context(ana), town.there.members[ben.id]

    async def known(on: bool) -> None:
        assert getattr(there, attribute) is on
        member = town.guild.get_member(ben.id)
        assert member is not None
        await town.until(lambda: member.voice is not None and getattr(member.voice, attribute) is on)

    result = await town.call(tool, context, member="Ben")
    assert result["changed"]
    await known(True)
    again = await town.call(tool, context, member="Ben")
    assert again["note"] == f"Ben is {word} by the server already."
    assert (await undone(tool, context, again))["message"] == "Nothing had been changed."
    assert (await undone(tool, context, result))["message"] == f"Ben is no longer {word}."
    await known(False)
    assert not (await town.call(other, context, member="Ben"))["changed"]
    await town.call(tool, context, member="Ben")
    await known(True)
    ended = await town.call(other, context, member="Ben")
    await known(False)
    assert (await undone(other, context, ended))["message"] == f"Ben is {word} again."
    await known(True)
    await ben.voice(None)
    await town.until(lambda: town.guild.get_member(ben.id) is None)
    assert "has left voice" in (await undone(tool, context, result))["error"]


@pytest.mark.parametrize(
    ("tool", "permission", "title"),
    [
        (MUTE_MEMBER, Permission.MUTE_MEMBERS, "Mute Members"),
        (UNMUTE_MEMBER, Permission.MUTE_MEMBERS, "Mute Members"),
        (DEAFEN_MEMBER, Permission.DEAFEN_MEMBERS, "Deafen Members"),
        (UNDEAFEN_MEMBER, Permission.DEAFEN_MEMBERS, "Deafen Members"),
    ],
)
async def test_who_may_mute(town: Town, tool: Tool, permission: Permission, title: str) -> None:
    ana, _ = await town.member("Ana"), await town.member("Ben")
    context = town.context(ana)
    assert await denied(town, tool, context, member="Ben") == f"Ana, you'd need {title} for that."
    town.world.grant(ana.id, permission)
    await town.known()
    assert isinstance(await verdict(town, tool, context, member="Ben"), Allowed)


# --- timeouts ---


async def test_timed_out_and_lifted(town: Town) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben")
    context, there = town.context(ana), town.there.members[ben.id]
    first = await town.call(TIMEOUT_MEMBER, context, member="Ben", minutes=10)
    assert there.timed_out_until is not None
    ten = there.timed_out_until
    assert timedelta(minutes=9) < ten - utc_now() < timedelta(minutes=11)
    longer = await town.call(TIMEOUT_MEMBER, context, member="Ben", minutes=60)
    assert longer["before"] == first["timed_out_until"]
    assert (await undone(TIMEOUT_MEMBER, context, longer))["message"] == "Ben is timed out as before."
    assert abs(there.timed_out_until - ten) < timedelta(seconds=1)
    lifted = await town.call(LIFT_TIMEOUT, context, member="Ben")
    assert (lifted["timed_out_until"], there.timed_out_until) == ("", None)
    await undone(LIFT_TIMEOUT, context, lifted)
    assert abs(there.timed_out_until - ten) < timedelta(seconds=1)
    assert (await undone(TIMEOUT_MEMBER, context, first))["message"] == "Ben is not timed out any more."
    assert there.timed_out_until is None


async def test_a_timeout_that_is_over_is_none(town: Town) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben")
    town.there.members[ben.id].timed_out_until = datetime.now(UTC) - timedelta(minutes=1)
    result = await town.call(TIMEOUT_MEMBER, town.context(ana), member="Ben", minutes=1)
    assert result["before"] == ""
    too_long = await town.call(TIMEOUT_MEMBER, town.context(ana), member="Ben", minutes=50_000)
    assert "28 days" in too_long["error"]
    del town.there.members[ben.id]
    assert "any more" in (await undone(TIMEOUT_MEMBER, town.context(ana), result))["error"]


async def test_who_may_time_out(town: Town) -> None:
    ben, ana, owner = await town.member("Ben"), await town.member("Ana"), await town.member("Owner")
    town.world.grant(ben.id, Permission.MODERATE_MEMBERS)
    context = town.context(ana)
    wanted = await denied(town, TIMEOUT_MEMBER, context, member="Ben", minutes=1)
    assert wanted == "Ana, you'd need Timeout Members for that."
    town.world.grant(ana.id, Permission.MODERATE_MEMBERS)
    await town.known()
    assert await denied(town, TIMEOUT_MEMBER, context, member="Ben", minutes=1) == (
        "I'd have to rank above Ben for that myself."
    )
    change_bot_role(town, position=90)
    await town.known()
    assert isinstance(await verdict(town, TIMEOUT_MEMBER, context, member="Ben", minutes=1), Allowed)
    upwards = await denied(town, TIMEOUT_MEMBER, town.context(ben), member="Ana", minutes=1)
    assert upwards == "Ben, you'd have to rank above Ana for that."
    assert "owner" in await denied(town, TIMEOUT_MEMBER, context, member="Owner", minutes=1)
    assert "myself" in await denied(town, TIMEOUT_MEMBER, town.context(owner), member="Parley", minutes=1)
    town.world.grant(ben.id, Permission.ADMINISTRATOR)
    await town.known()
    assert "administrator" in await denied(town, LIFT_TIMEOUT, town.context(owner), member="Ben")


# --- status, sounds ---


async def test_the_status_of_the_channel(town: Town) -> None:
    ana, lounge = await town.member("Ana"), town.channel("Lounge")
    context = town.context(ana)
    await bot_sits_in(town, "Lounge")
    first = await town.call(SET_CHANNEL_STATUS, context, text=" Film \n night ")
    assert (lounge.status, first["text"], first["before"]) == ("Film night", "Film night", "")
    second = await town.call(SET_CHANNEL_STATUS, context, text="")
    assert lounge.status is None
    assert (await undone(SET_CHANNEL_STATUS, context, second))["message"].endswith("its old status again.")
    assert lounge.status == "Film night"
    assert (await undone(SET_CHANNEL_STATUS, context, first))["message"] == "The channel has no status again."
    assert lounge.status is None
    too_long = await town.call(SET_CHANNEL_STATUS, context, text="x" * 501)
    assert "at most 500" in too_long["error"]
    with pytest.raises(Unclear, match="stage"):
        SET_CHANNEL_STATUS.needs(town.context(ana, channel="Theatre"), {"text": "x"})


async def test_who_may_set_the_status(town: Town) -> None:
    ana = await town.member("Ana")
    context = town.context(ana)
    assert isinstance(await verdict(town, SET_CHANNEL_STATUS, context, text="x"), Allowed)
    town.world.deny(ana.id, town.channel("Lounge").id, Permission.SET_VOICE_CHANNEL_STATUS)
    await town.known()
    assert "Set Voice Channel Status" in await denied(town, SET_CHANNEL_STATUS, context, text="x")


async def test_sounds(town: Town) -> None:
    ana = await town.member("Ana")
    context = town.context(ana)
    empty = await town.call(PLAY_SOUND, context, sound="tada")
    assert empty["error"] == "This server has no sounds on its soundboard."
    for name in ("Tada! 🎉", "Sad trombone", "Gone"):
        sound = Sound(name, b"", town.there.id, available=name != "Gone")
        town.there.sounds[sound.id] = sound
    unknown = await town.call(PLAY_SOUND, context, sound="gone")
    assert unknown["error"].startswith('There is no sound called "gone". There are: "Tada')
    outside = await town.call(PLAY_SOUND, context, sound="tada")
    assert "not in a voice channel" in outside["error"]
    await bot_sits_in(town, "Lounge")
    played = await town.call(PLAY_SOUND, context, sound="sad")
    assert (played["status"], played["played"]) == ("ok", "Sad trombone")
    effect = await ana.event("VOICE_CHANNEL_EFFECT_SEND")
    assert town.there.sounds[int(effect["sound_id"])].name == "Sad trombone"
    with pytest.raises(Unclear, match="stage"):
        PLAY_SOUND.needs(town.context(ana, channel="Theatre"), {"sound": "x"})


async def test_who_may_play_sounds(town: Town) -> None:
    ana = await town.member("Ana")
    town.world.deny(ana.id, town.channel("Lounge").id, Permission.USE_SOUNDBOARD)
    await town.known()
    assert "Use Soundboard" in await denied(town, PLAY_SOUND, town.context(ana), sound="tada")


# --- the bot itself ---


async def test_hush(town: Town) -> None:
    context = town.context()
    assert "for 5 minutes" in (await town.call(HUSH, context, minutes=5))["message"]
    assert "until somebody" in (await town.call(HUSH, context))["message"]
    assert context.hushed == [5.0, None]
    assert isinstance(await verdict(town, HUSH, context), Allowed)


async def test_another_persona(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await town.member("Ana")
    context = town.context(ana)
    assert '"Ada"' in (await town.call(CHANGE_PERSONA, context, persona="Ada"))["message"]
    assert context.personas == ["Ada"]

    async def unknown(self: Context, name: str) -> str:
        raise KeyError(["Ada", "Alan"])

    monkeypatch.setattr(Context, "change_persona", unknown)
    refused = await town.call(CHANGE_PERSONA, context, persona='Eve"')
    assert refused["error"] == 'There is no persona called "Eve". There are: "Ada", "Alan".'
    assert not CHANGE_PERSONA.enabled  # until a moderator says otherwise
    assert isinstance(await verdict(town, CHANGE_PERSONA, town.context(), persona="Ada"), Denied)


def test_all_of_them_are_told_to_people_and_to_the_model() -> None:
    assert len(Registry(VOICE_TOOLS).declarations()) == len(VOICE_TOOLS) == 12
    for tool in VOICE_TOOLS:
        assert tool.summary.endswith(".")
        assert tool.group in {"voice", "moderation", "conversation"}
        assert tool.changes or tool.undo is None


async def test_the_reason_stands_in_the_servers_own_log(town: Town) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben")
    assert reason(town.context(ana, ben)) == f"Asked for by Ana ({ana.id}), Ben ({ben.id})"
    assert reason(town.context()) == "Asked for by nobody in particular"
