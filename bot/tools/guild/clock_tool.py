"""current_time: the time and the date, here or elsewhere; the model has no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from bot.clock import utc_now
from bot.tools.guild.zones import told, zones_of
from bot.tools.registry import Result, Tool, ToolContext


async def _now(context: ToolContext, args: Mapping[str, Any]) -> Result:
    now = utc_now()
    result: Result = {"utc": now.astimezone(UTC).isoformat(timespec="seconds")}
    place = args.get("place")
    zones = [ZoneInfo("UTC")] if place is None else zones_of(place, now)
    result["times"] = [told(now, zone) for zone in zones]
    if place is None:
        result["note"] = "Where the people are is not known. Ask for their city if it matters."
    return result


CURRENT_TIME = Tool(
    name="current_time",
    summary="Tells the time and the date, in any place.",
    description=(
        "Tells the current date and time, in UTC or in a place. You have no clock of your own. "
        "Invocation Condition: when somebody asks for the time, the date or the weekday, or when you need "
        "the current moment to work out another one."
    ),
    parameters={
        "type": "object",
        "properties": {
            "place": {
                "type": "string",
                "description": "A city, a country, or best an IANA time zone such as Europe/Berlin.",
            }
        },
    },
    run=_now,
    group="information",
    timeout_s=2.0,
    foreign=False,
)
