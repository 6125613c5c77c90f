from __future__ import annotations

from typing import Any

import discord
import pytest
from town import Town

from bot.loopback.discord.entities import ChannelKind
from bot.loopback.discord.permissions import Permission
from bot.tools.guild.place import Place
from bot.tools.registry import Unclear


async def test_channels_by_name(town: Town) -> None:
    await town.create(ChannelKind.TEXT, "📢┃announcements")
    await town.create(ChannelKind.TEXT, "lounge")
    place = Place(town.guild)
    assert place.vocal("lounge").name == "Lounge"
    assert place.written("Announcements").name == "📢┃announcements"
    assert isinstance(place.written("lounge"), discord.TextChannel)
    assert place.written(f"<#{town.channel('Lounge').id}>").name == "Lounge"
    assert place.written("workshop").name == "Workshop"
    assert place.text("general").name == "general"
    assert place.here(town.channel("Theatre").id).name == "Theatre"
    with pytest.raises(Unclear, match="gone"):
        place.here(town.channel("general").id)
    with pytest.raises(Unclear, match='There is no text channel called "Workshop"'):
        place.text("Workshop")


async def test_members_by_name(town: Town) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben", "Workshop")
    place = Place(town.guild)
    assert place.member("ana").id == ana.id
    assert place.member(f"<@{ben.id}>").id == ben.id
    with pytest.raises(Unclear, match=r'There are: .*"Ana"'):
        place.member("Zoe")


async def test_members_outside_voice_are_asked_for(town: Town) -> None:
    zoe = await town.member("Zoe", channel=None)
    place = Place(town.guild)
    with pytest.raises(Unclear):
        place.member("Zoe")
    assert [member.id for member in await place.find("zo")] == [zoe.id]
    assert [member.id for member in await place.find(f"<@{zoe.id}>")] == [zoe.id]
    assert await place.find("nobody") == []
    assert await place.find("  ") == []
    assert place.member("Zoe").id == zoe.id


async def test_who_takes_anothers_name_is_told_apart(town: Town) -> None:
    ana, eve = await town.member("Ana"), await town.member("Eve", channel=None)
    town.there.members[eve.id].nick = "Ana"
    await eve.voice(town.channel("Lounge").id)
    await town.until(lambda: town.guild.get_member(eve.id))
    with pytest.raises(Unclear, match='Several could be meant by "Ana": "Ana", "Ana, account Eve"'):
        Place(town.guild).member("Ana")
    assert Place(town.guild).member(f"<@{ana.id}>").id == ana.id


async def test_rights_are_those_of_this_moment(town: Town) -> None:
    ana = await town.member("Ana")
    place = Place(town.guild)
    before = (await place.rights([ana.id])).standing(ana.id)
    assert before is not None
    assert "move_members" not in before.permissions
    assert "view_channel" in before.permissions
    town.world.grant(ana.id, Permission.MOVE_MEMBERS)
    await town.known()
    after = (await place.rights([ana.id])).standing(ana.id)
    assert after is not None
    assert "move_members" in after.permissions
    assert after.rank > before.rank
    assert len(after.roles) == len(before.roles) + 1
    # the bot is told nothing of this change, and asks
    town.there.members[ana.id].roles.clear()
    demoted = (await place.rights([ana.id])).standing(ana.id)
    assert demoted is not None
    assert "move_members" not in demoted.permissions


async def test_a_private_thread_is_for_those_who_may_manage_threads(town: Town) -> None:
    """A bot that is an administrator is told of every one."""
    ana = await town.member("Ana")
    general = town.channel("general").id
    payload: Any = {
        "id": "123456789012345678",
        "type": 12,
        "guild_id": str(town.guild.id),
        "parent_id": str(general),
        "owner_id": "1",
        "name": "staff only",
        "message_count": 1,
        "member_count": 1,
        "thread_metadata": {"archived": False, "archive_timestamp": None, "auto_archive_duration": 60},
    }
    thread = discord.Thread(guild=town.guild, state=town.guild._state, data=payload)
    town.guild._add_thread(thread)
    assert Place(town.guild).written("staff only") == thread
    rights = await Place(town.guild).rights([ana.id])
    stranger, bot = rights.standing(ana.id, thread.id), rights.standing(rights.bot_id, thread.id)
    assert stranger is not None and bot is not None
    assert not stranger.permissions
    assert "view_channel" in bot.permissions
    town.world.grant(ana.id, Permission.MANAGE_THREADS)
    await town.known()
    moderator = (await Place(town.guild).rights([ana.id])).standing(ana.id, thread.id)
    assert moderator is not None
    assert "view_channel" in moderator.permissions


async def test_rights_in_a_channel(town: Town) -> None:
    ana = await town.member("Ana")
    general = town.channel("general").id
    town.world.deny(ana.id, general, Permission.SEND_MESSAGES)
    await town.known()
    rights = await Place(town.guild).rights([ana.id])
    here = rights.standing(ana.id, general)
    elsewhere = rights.standing(ana.id, town.channel("Lounge").id)
    gone = rights.standing(ana.id, 1)
    assert here is not None and elsewhere is not None and gone is not None
    assert "send_messages" not in here.permissions
    assert "send_messages" in elsewhere.permissions
    assert gone.permissions == frozenset()


async def test_standing_of_owner_bot_and_strangers(town: Town) -> None:
    owner = await town.member("Owner")
    rights = await Place(town.guild).rights([owner.id, 1])
    boss, bot = rights.standing(owner.id), rights.standing(rights.bot_id)
    assert boss is not None and bot is not None
    assert boss.is_owner and "administrator" in boss.permissions
    assert not bot.is_owner and "move_members" in bot.permissions
    assert bot.name == "Parley"
    assert rights.standing(1) is None
    role = next(role for role in town.guild.roles if role.name == "Parley")
    assert rights.role_name(role.id) == "Parley"
    assert rights.role_name(1) == ""
