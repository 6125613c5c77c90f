from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tools.guild.chance import CHOOSE, ROLL_DICE
from bot.tools.guild.clock_tool import CURRENT_TIME
from bot.tools.guild.zones import moment, told, zones_of
from bot.tools.registry import Tool, Unclear, answered

WINTER = datetime(2026, 1, 15, 12, tzinfo=UTC)
NOBODY: Any = None  # these tools ask nothing of the room


async def call(tool: Tool, **args: Any) -> dict[str, Any]:
    return await answered(tool, args, NOBODY)


@pytest.mark.parametrize(
    ("place", "zones"),
    [
        ("Europe/Berlin", ["Europe/Berlin"]),
        ("europe/berlin", ["Europe/Berlin"]),
        ("Tokyo", ["Asia/Tokyo"]),
        ("new york", ["America/New_York"]),
        ("São Paulo", ["America/Sao_Paulo"]),
        ("Germany", ["Europe/Berlin"]),
        ("the UK", []),
        ("UK", ["Europe/London"]),
        ("UTC", ["UTC"]),
        ("Etc/GMT+5", ["Etc/GMT+5"]),
        ("India", ["Asia/Kolkata"]),
        ("Europe", []),
        ("../../etc/passwd", []),
        ("/etc/passwd", []),
        ("", []),
        ("Atlantis", []),
    ],
)
def test_zones_of_a_place(place: str, zones: list[str]) -> None:
    if zones:
        assert [zone.key for zone in zones_of(place, WINTER)] == zones
    else:
        with pytest.raises(Unclear, match="IANA zone"):
            zones_of(place, WINTER)


def test_a_country_with_several_zones_gives_each_time_once() -> None:
    zones = zones_of("Brazil", WINTER)
    assert len(zones) == len({WINTER.astimezone(zone).utcoffset() for zone in zones}) == 4
    assert len(zones_of("Russia", WINTER)) == 6


def test_a_moment_as_it_is_said_there() -> None:
    (kolkata,) = zones_of("India", WINTER)
    assert told(WINTER, kolkata) == {
        "zone": "Asia/Kolkata",
        "time": "17:30",
        "date": "2026-01-15",
        "weekday": "Thursday",
        "utc_offset": "+05:30",
    }


def test_moments() -> None:
    assert moment("2026-01-15T20:00:00+01:00", None, WINTER).astimezone(UTC).hour == 19
    assert moment(" 2026-07-15T20:00 ", "Berlin", WINTER).astimezone(UTC).hour == 18
    for text, place in (("soon", "Berlin"), ("2026-01-15T20:00", None), ("2026-01-15T20:00", "Brazil")):
        with pytest.raises(Unclear):
            moment(text, place, WINTER)


@given(st.text(max_size=40))
def test_any_text_is_a_place_or_none(text: str) -> None:
    try:
        zones_of(text, WINTER)
    except Unclear as unclear:
        assert "\n" not in str(unclear)


async def test_current_time() -> None:
    result = await call(CURRENT_TIME)
    assert abs((datetime.fromisoformat(result["utc"]) - datetime.now(UTC)).total_seconds()) < 5
    assert result["times"][0]["zone"] == "UTC" and result["note"]
    result = await call(CURRENT_TIME, place="Tokyo")
    assert [time["zone"] for time in result["times"]] == ["Asia/Tokyo"]
    assert "note" not in result
    result = await call(CURRENT_TIME, place="Atlantis")
    assert (result["status"], result["retryable"]) == ("error", True)


async def test_dice() -> None:
    result = await call(ROLL_DICE)
    assert (result["dice"], len(result["rolls"])) == ("1d6", 1)
    totals = set()
    for _ in range(60):
        result = await call(ROLL_DICE, count=3, sides=20, modifier=-2)
        assert result["dice"] == "3d20-2"
        assert all(1 <= roll <= 20 for roll in result["rolls"])
        assert result["total"] == sum(result["rolls"]) - 2
        totals.add(result["total"])
    assert len(totals) > 5


async def test_choosing() -> None:
    options = ["Ana", " Ben", "Cem", ""]
    drawn = {(await call(CHOOSE, options=options))["chosen"][0] for _ in range(80)}
    assert drawn == {"Ana", "Ben", "Cem"}
    result = await call(CHOOSE, options=options, count=3)
    assert sorted(result["chosen"]) == ["Ana", "Ben", "Cem"]
    for args in ({"options": ["one", " "]}, {"options": ["a", "b"], "count": 3}):
        assert (await call(CHOOSE, **args))["retryable"] is True
