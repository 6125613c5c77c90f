from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from town import Town

from bot.loopback.discord.permissions import Permission
from bot.tools.guild.events import CREATE_EVENT, UPCOMING_EVENTS
from bot.tools.registry import Unclear

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)


async def test_planned_listed_and_undone(town: Town) -> None:
    ana = await town.member("Ana")
    result = await town.call(
        CREATE_EVENT, town.context(ana), name="Quiz night", start=TOMORROW.isoformat(), description="Pens!"
    )
    assert (result["status"], result["where"], result["name"]) == ("ok", "Lounge", "Quiz night")
    await town.call(
        CREATE_EVENT,
        town.context(ana),
        name="Picnic",
        start=(TOMORROW - timedelta(hours=3)).isoformat(),
        location="The park",
    )
    listed = await town.call(UPCOMING_EVENTS, town.context(ana))
    assert [event["name"] for event in listed["events"]] == ["Picnic", "Quiz night"]
    assert listed["events"][0]["where"] == "The park"
    length = datetime.fromisoformat(listed["events"][0]["end_utc"]) - (TOMORROW - timedelta(hours=3))
    assert timedelta(hours=1, minutes=58) < length <= timedelta(hours=2)
    assert listed["events"][1]["description"] == "Pens!"
    assert CREATE_EVENT.undo is not None
    assert (await CREATE_EVENT.undo(town.context(), {}, result))["message"] == "The event is deleted."
    assert "gone already" in (await CREATE_EVENT.undo(town.context(), {}, result))["message"]
    assert (await town.call(UPCOMING_EVENTS, town.context(ana)))["count"] == 1


async def test_the_time_of_a_place(town: Town) -> None:
    there = f"{TOMORROW:%Y-%m-%dT20:00:00}"
    result = await town.call(
        CREATE_EVENT, town.context(), name="Quiz", start=there, end=f"{there[:11]}22:00", place="Tokyo"
    )
    assert result["start_utc"] == f"{there[:11]}11:00+00:00"
    assert result["end_utc"] == f"{there[:11]}13:00+00:00"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"start": "tomorrow"}, "no date and time"),
        ({"start": "2030-01-01T20:00"}, "time zone"),
        ({"start": "2030-01-01T20:00", "place": "Brazil"}, "several time zones"),
        ({"start": "2020-01-01T20:00:00Z"}, "after now"),
        ({"start": "9000-01-01T20:00:00Z"}, "after now"),
        ({"end": (TOMORROW - timedelta(hours=1)).isoformat()}, "end after"),
        ({"name": ""}, "1 to 100"),
        ({"name": "x" * 101}, "1 to 100"),
        ({"location": "x" * 101}, "1 to 100"),
        ({"channel": "balcony"}, "no voice channel"),
    ],
)
async def test_what_cannot_be_planned(town: Town, changes: dict[str, Any], says: str) -> None:
    args = {"name": "Quiz", "start": TOMORROW.isoformat()} | changes
    context = town.context()
    try:
        result = await town.call(CREATE_EVENT, context, **args)
    except Unclear as unclear:
        assert says in str(unclear)
    else:
        assert result["status"] == "error" and says in result["error"]
    assert not town.world.events.of(town.there, town.there.owner_id)


async def test_what_planning_needs(town: Town) -> None:
    def needed(**args: Any) -> dict[int | None, set[str]]:
        needs = CREATE_EVENT.needs(town.context(), args)
        return {need.channel_id: set(need.permissions) for need in needs}

    lounge, theatre = town.channel("Lounge").id, town.channel("Theatre").id
    assert needed() == {lounge: {"view_channel", "connect", "create_events"}}
    assert needed(location="The park") == {None: {"create_events"}}
    stage = {"view_channel", "create_events", "manage_channels", "mute_members", "move_members"}
    assert needed(channel="theatre") == {theatre: stage}
    with pytest.raises(Unclear, match="not both"):
        needed(channel="Lounge", location="The park")


async def test_on_a_stage(town: Town) -> None:
    result = await town.call(
        CREATE_EVENT, town.context(), name="Talk", start=TOMORROW.isoformat(), channel="Theatre"
    )
    assert result["where"] == "Theatre"


async def test_events_in_hidden_channels_are_not_told(town: Town) -> None:
    ana = await town.member("Ana")
    await town.call(
        CREATE_EVENT, town.context(), name="Secret", start=TOMORROW.isoformat(), channel="Workshop"
    )
    assert (await town.call(UPCOMING_EVENTS, town.context(ana)))["count"] == 1
    town.world.deny(ana.id, town.channel("Workshop").id, Permission.VIEW_CHANNEL)
    await town.known()
    listed = await town.call(UPCOMING_EVENTS, town.context(ana))
    assert listed["count"] == 0 and listed["note"]
