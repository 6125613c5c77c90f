"""What a tool learns of the room: from the record of who spoke, never from the sound."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from home_on_record import PARLEY, HomeOnRecord

from bot.company import Company
from bot.context import RoomContext
from bot.guilds import GuildSettings
from bot.tools.behalf import OnBehalf
from bot.tools.registry import Asked, Registry, Unclear
from bot.tools.who import WHO_IS_SPEAKING
from bot.turns.turn import Spoken, Turn

NAMES = {1: "Ana", 2: "Ben"}


def context(reasons: list[str]) -> RoomContext:
    company = Company(lambda: NAMES, GuildSettings, lambda: PARLEY, ("Parley",))
    company.look_round(0.0)
    guild = SimpleNamespace(id=7)
    link: Any = SimpleNamespace(
        channel=SimpleNamespace(id=8, guild=guild),
        current_guild=lambda: guild,
        name_of=lambda user_id: NAMES.get(user_id, "somebody"),
    )

    room: Any = SimpleNamespace(
        manners=SimpleNamespace(leave_when_quiet=reasons.append),
        changed=lambda: reasons.append("changed"),
        tell=reasons.append,
    )
    return RoomContext(company, link, HomeOnRecord(), room)


async def test_who_is_speaking_before_anybody_has_spoken() -> None:
    room = context([])
    result = await Registry([WHO_IS_SPEAKING]).call("who_is_speaking", {}, room)
    assert result == {"status": "ok", "last_turn": [], "in_the_channel": ["Ana", "Ben"]}


async def test_who_is_speaking_in_the_order_in_which_they_began_with_what_is_uncertain() -> None:
    room = context([])
    room.turn_ended(Turn((Spoken(1, 0.0, 1.0),), 0.0, 1.0, False))
    ben, gone = Spoken(2, 5.0, 7.26, overlap_s=0.52, lost_s=0.31), Spoken(9, 6.0, 7.0)
    room.turn_ended(Turn((ben, gone), 5.0, 7.3, False))
    result = await Registry([WHO_IS_SPEAKING]).call("who_is_speaking", {}, room)
    assert result["last_turn"] == [
        {
            "name": "Ben",
            "seconds": 2.3,
            "seconds_while_others_spoke": 0.5,
            "seconds_lost_on_the_wire": 0.3,
        },
        {
            "name": "somebody",
            "seconds": 1.0,
            "seconds_while_others_spoke": 0.0,
            "seconds_lost_on_the_wire": 0.0,
        },
    ]


def test_leaving_is_passed_on() -> None:
    reasons: list[str] = []
    context(reasons).leave_when_quiet("asked to by voice")
    assert reasons == ["asked to by voice"]


def test_a_call_is_made_on_behalf_of_those_who_led_to_it() -> None:
    room = context([])
    ana, ben = Asked((1,), clear=True), Asked((2,), clear=True)
    first, second = OnBehalf(room, ana), OnBehalf(room, ben)
    assert (first.asked, second.asked) == (ana, ben)
    assert room.asked == Asked((), clear=False)
    assert (first.guild_id, first.channel_id) == (7, 8)


async def test_what_was_asked_for_in_one_channel_is_not_done_to_another() -> None:
    happened: list[str] = []
    room = context(happened)
    call = OnBehalf(OnBehalf(room, Asked((1,), clear=True)), Asked((2,), clear=True))  # confirmed by Ben
    room._link.channel.id = 9
    with pytest.raises(Unclear):
        await call.change_persona("Parley")
    with pytest.raises(Unclear):
        call.leave_when_quiet("asked to by voice")
    with pytest.raises(Unclear):
        call.hush(None)
    call.tell("it was not done")
    assert happened == ["it was not done"]


async def test_another_persona_is_taken_on_by_the_room() -> None:
    happened: list[str] = []
    assert await context(happened).change_persona("Parley") == "Parley"
    assert happened == ["changed"]
    with pytest.raises(KeyError):
        await context(happened).change_persona("Nobody")
    assert happened == ["changed"]
