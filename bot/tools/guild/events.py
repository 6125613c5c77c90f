"""upcoming_events and create_event: the server's scheduled events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import discord

from bot.clock import utc_now
from bot.foreign import data
from bot.tools.guild.place import Place, Vocal
from bot.tools.guild.refusals import refusable
from bot.tools.guild.zones import moment
from bot.tools.registry import Need, Result, Tool, ToolContext, Unclear

MAX_TOLD = 10
MAX_NAME = 100
MAX_LOCATION = 100
MAX_DESCRIPTION = 1000
USUAL = timedelta(hours=2)
"""An event elsewhere must have an end; so long if nobody said when."""

FARTHEST = timedelta(days=5 * 365)


@refusable
async def _upcoming(context: ToolContext, args: Mapping[str, Any]) -> Result:
    place = Place.of(context)
    sees = await place.seen_by(context.asked)
    # asked of Discord each time: the bot does not subscribe to what happens to events
    events = await place.guild.fetch_scheduled_events(with_counts=True)
    shown = [event for event in events if not isinstance(event.channel, Vocal) or sees(event.channel)]
    shown = [event for event in shown if event.channel_id is None or event.channel is not None]
    shown.sort(key=lambda event: event.start_time)
    result: Result = {"count": len(shown), "events": [_told(event) for event in shown[:MAX_TOLD]]}
    if not shown:
        result["note"] = "No event is planned that the people who asked may see."
    return result


def _told(event: discord.ScheduledEvent) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": data(event.name, MAX_NAME),
        "start_utc": event.start_time.isoformat(timespec="minutes"),
        "under_way": event.status is discord.EventStatus.active,
        "interested": event.user_count,
    }
    if event.end_time is not None:
        told["end_utc"] = event.end_time.isoformat(timespec="minutes")
    if event.description:
        told["description"] = data(event.description, 200)
    where = event.location if event.channel is None else event.channel.name
    return told | {"where": data(where or "", MAX_LOCATION)}


def _needs(context: ToolContext, args: Mapping[str, Any]) -> Sequence[Need]:
    channel = _channel(context, args)
    if channel is None:
        return (Need(frozenset({"create_events"})),)
    more = {"connect"}
    if isinstance(channel, discord.StageChannel):
        more = {"manage_channels", "mute_members", "move_members"}
    return (Need(frozenset({"view_channel", "create_events", *more}), channel.id),)


def _channel(context: ToolContext, args: Mapping[str, Any]) -> Vocal | None:
    """None: it takes place elsewhere. Raises Unclear."""
    if "location" in args:
        if "channel" in args:
            raise Unclear("An event has either a channel or a location, not both.")
        return None
    place = Place.of(context)
    return place.vocal(args["channel"]) if "channel" in args else place.here(context.channel_id)


@refusable
async def _create(context: ToolContext, args: Mapping[str, Any]) -> Result:
    now = utc_now()
    start = moment(args["start"], args.get("place"), now)
    end = moment(args["end"], args.get("place"), now) if "end" in args else None
    if not now < start < now + FARTHEST:
        raise Unclear(f"The event must begin after now, which is {now.isoformat(timespec='minutes')}.")
    if end is not None and end <= start:
        raise Unclear("The event must end after it begins.")
    guild, channel = Place.of(context).guild, _channel(context, args)
    common: dict[str, Any] = {
        "name": _short(args["name"], MAX_NAME, "name"),
        "description": args.get("description", "").strip()[:MAX_DESCRIPTION],
        "start_time": start,
        "privacy_level": discord.PrivacyLevel.guild_only,
    }
    event = await guild.create_scheduled_event(**common, **_where(args, channel, start, end))
    return {**_told(event), "event_id": str(event.id)}


def _where(
    args: Mapping[str, Any], channel: Vocal | None, start: datetime, end: datetime | None
) -> dict[str, Any]:
    if channel is None:
        return {
            "entity_type": discord.EntityType.external,
            "location": _short(args["location"], MAX_LOCATION, "location"),
            "end_time": end or start + USUAL,
        }
    stage = isinstance(channel, discord.StageChannel)
    kind = discord.EntityType.stage_instance if stage else discord.EntityType.voice
    return {"entity_type": kind, "channel": channel} | ({} if end is None else {"end_time": end})


def _short(text: str, most: int, what: str) -> str:
    words = text.strip()
    if not 1 <= len(words) <= most:
        raise Unclear(f"The {what} of an event has 1 to {most} characters.")
    return words


async def _delete(context: ToolContext, args: Mapping[str, Any], result: Result) -> Result:
    try:
        event = await Place.of(context).guild.fetch_scheduled_event(int(result["event_id"]))
        await event.delete()
    except discord.NotFound:
        return {"message": "The event was gone already."}
    return {"message": "The event is deleted."}


UPCOMING_EVENTS = Tool(
    name="upcoming_events",
    summary="Tells which events are planned.",
    description=(
        "Lists the scheduled events of this server, the next first, with times in UTC. "
        "Invocation Condition: only when somebody asks about events, or what is planned here."
    ),
    run=_upcoming,
    group="events",
)

CREATE_EVENT = Tool(
    name="create_event",
    summary="Plans an event.",
    description=(
        "Plans a scheduled event that everybody on the server sees, in a voice channel or elsewhere. "
        "Invocation Condition: only when somebody asks you to plan an event, and its name and beginning are "
        "known. Ask current_time first if the beginning is relative to now."
    ),
    parameters={
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": f"At most {MAX_NAME} characters."},
            "start": {
                "type": "string",
                "description": "ISO 8601, with an offset (2026-05-31T20:00:00+02:00) or with place.",
            },
            "end": {"type": "string", "description": "Like start."},
            "place": {
                "type": "string",
                "description": "Where those times are meant: an IANA time zone or a city.",
            },
            "channel": {"type": "string", "description": "The voice channel; without it, this one."},
            "location": {"type": "string", "description": "Where, if in no channel of this server."},
            "description": {"type": "string", "description": "What it is about."},
        },
        "required": ["name", "start"],
    },
    run=_create,
    group="events",
    changes=True,
    needs=_needs,
    undo=_delete,
)

EVENT_TOOLS = (UPCOMING_EVENTS, CREATE_EVENT)
