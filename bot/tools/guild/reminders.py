"""set_reminder, list_reminders and cancel_reminder; timers are reminders in a few seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import discord

from bot.clock import utc_now
from bot.foreign import data
from bot.tools.guild.zones import moment, told, zones_of
from bot.tools.registry import Need, Result, Tool, ToolContext, Unclear, error

MAX_TEXT = 300
FARTHEST = timedelta(days=366)
MAX_LISTED = 15
FOR_EVERYBODY = 0
NAMES = ("set_reminder", "list_reminders", "cancel_reminder")
UTC = ZoneInfo("UTC")


class Kept(Protocol):
    """A reminder that is kept (`bot.store.rows.Reminder`)."""

    @property
    def id(self) -> int: ...

    @property
    def user_id(self) -> int: ...

    @property
    def channel_id(self) -> int: ...

    @property
    def due_at(self) -> datetime: ...

    @property
    def text(self) -> str: ...


class Book(Protocol):
    """Where reminders are kept (`bot.reminders.Reminders`)."""

    def open(self, guild_id: int) -> Sequence[Kept]: ...

    async def schedule(
        self, guild_id: int, channel_id: int, user_id: int, due_at: datetime, text: str
    ) -> Kept:
        """OverflowError, with a sentence: there are too many."""

    async def cancel(self, reminder_id: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class ReminderTools:
    """The three tools, on one book."""

    book: Book

    async def set(self, context: ToolContext, args: Mapping[str, Any]) -> Result:
        now = utc_now()
        text = args["text"].strip()
        if not 1 <= len(text) <= MAX_TEXT:
            raise Unclear(f"The text of a reminder has 1 to {MAX_TEXT} characters.")
        due_at, zone = _due_at(args, now), _zone(args.get("place"), now)
        if not now < due_at <= now + FARTHEST:
            raise Unclear(f"That is not within the next year; it is {now.isoformat(timespec='seconds')} now.")
        speakers = context.asked.speakers if context.asked.clear else ()
        whose = speakers[0] if len(speakers) == 1 else FOR_EVERYBODY
        try:
            kept = await self.book.schedule(context.guild_id, context.channel_id, whose, due_at, text)
        except OverflowError as full:
            return error(str(full))
        return {**_told(kept, now, zone), "for_everybody": whose == FOR_EVERYBODY}

    async def list(self, context: ToolContext, args: Mapping[str, Any]) -> Result:
        now = utc_now()
        kept = [each for each in self.book.open(context.guild_id) if _concerns(each, context)]
        result: Result = {
            "count": len(kept),
            "reminders": [_told(each, now, UTC) for each in kept[:MAX_LISTED]],
        }
        if not kept:
            result["note"] = "None is set here or by who asked."
        return result

    def needs_to_cancel(self, context: ToolContext, args: Mapping[str, Any]) -> Sequence[Need]:
        """One's own needs nothing, nor does one for everybody that was set here; those of others are a
        moderator's to cancel."""
        kept = self._find(context, int(args["id"]))
        own = context.asked.clear and context.asked.speakers == (kept.user_id,)
        ours = kept.user_id == FOR_EVERYBODY and kept.channel_id == context.channel_id
        permissions = frozenset[str]() if own or ours else frozenset({"manage_messages"})
        return (Need(permissions, concerns=kept.id),)

    async def cancel(self, context: ToolContext, args: Mapping[str, Any]) -> Result:
        kept = self._find(context, int(args["id"]))
        if not await self.book.cancel(kept.id):
            raise Unclear("That reminder has just been delivered.")
        return {"cancelled": data(kept.text, MAX_TEXT)}

    def _find(self, context: ToolContext, reminder_id: int) -> Kept:
        for kept in self.book.open(context.guild_id):
            if kept.id == reminder_id:
                return kept
        raise Unclear(f"There is no reminder with the id {reminder_id}. Ask list_reminders which there are.")


def _due_at(args: Mapping[str, Any], now: datetime) -> datetime:
    if ("in_seconds" in args) == ("at" in args):
        raise Unclear("Say either in how many seconds, or at which time.")
    if "at" in args:
        return moment(args["at"], args.get("place"), now)
    return now + timedelta(seconds=int(args["in_seconds"]))


def _concerns(kept: Kept, context: ToolContext) -> bool:
    """What people have set elsewhere is told to themselves only."""
    own = context.asked.clear and kept.user_id in context.asked.speakers
    return own or kept.channel_id == context.channel_id


def _zone(place: str | None, now: datetime) -> ZoneInfo:
    return UTC if place is None else zones_of(place, now)[0]


def _told(kept: Kept, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": kept.id,
        "text": data(kept.text, MAX_TEXT),
        "in_seconds": max(0, round((kept.due_at - now).total_seconds())),
        "due": told(kept.due_at, zone),
    }


class Due(Protocol):
    """A reminder whose time has come (`bot.store.rows.Reminder`)."""

    @property
    def id(self) -> int: ...

    @property
    def guild_id(self) -> int: ...

    @property
    def channel_id(self) -> int: ...

    @property
    def user_id(self) -> int: ...


async def post_reminder(client: discord.Client, reminder: Due, text: str) -> None:
    """Write a reminder that nobody is there to hear. Discord sends one nonce once, so that one that was sent
    just before the process died is not sent again. LookupError: the channel is gone or closed to the bot;
    ConnectionError: the server cannot be reached now."""
    await client.wait_until_ready()  # before that every channel seems to be gone
    guild = client.get_guild(reminder.guild_id)
    if guild is not None and guild.unavailable:
        raise ConnectionError(f"server {guild.id} is unavailable")
    channel = guild.get_channel_or_thread(reminder.channel_id) if guild is not None else None
    if not isinstance(channel, discord.abc.Messageable):
        raise LookupError(reminder.channel_id)
    users = [discord.Object(reminder.user_id)] if reminder.user_id else False
    mentions = discord.AllowedMentions(everyone=False, roles=False, users=users)
    try:
        await channel.send(text, nonce=f"reminder-{reminder.id}", allowed_mentions=mentions)
    except (discord.NotFound, discord.Forbidden) as closed:
        raise LookupError(reminder.channel_id) from closed


def reminder_tools(book: Book) -> tuple[Tool, ...]:
    """set_reminder, list_reminders and cancel_reminder."""
    tools = ReminderTools(book)
    return (_set_tool(tools), _list_tool(tools), _cancel_tool(tools))


def _set_tool(tools: ReminderTools) -> Tool:
    return Tool(
        name=NAMES[0],
        summary="Reminds somebody later; also a timer.",
        description=(
            "Reminds people of something at a time, or after so many seconds (a timer). It is spoken if you "
            "are in a voice channel then, else written. "
            "Invocation Condition: only when somebody wants to be reminded, or wants a timer, and it is "
            "known of what and when."
        ),
        parameters={
            "type": "object",
            "properties": {
                "text": {"type": "string", "description": "What to remind of."},
                "in_seconds": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": int(FARTHEST.total_seconds()),
                    "description": "How long from now.",
                },
                "at": {"type": "string", "description": "Instead: ISO 8601, with an offset, or with place."},
                "place": {
                    "type": "string",
                    "description": "Where that time is meant: an IANA time zone or a city.",
                },
            },
            "required": ["text"],
        },
        run=tools.set,
        group="reminders",
    )


def _list_tool(tools: ReminderTools) -> Tool:
    return Tool(
        name=NAMES[1],
        summary="Lists the reminders that are set.",
        description=(
            "Lists the reminders and timers that are set here, and those of who asks elsewhere. "
            "Invocation Condition: only when somebody asks about reminders or timers, or wants to cancel one "
            "whose id you do not know."
        ),
        run=tools.list,
        group="reminders",
    )


def _cancel_tool(tools: ReminderTools) -> Tool:
    return Tool(
        name=NAMES[2],
        summary="Cancels a reminder.",
        description=(
            "Cancels a reminder or timer by its id. "
            "Invocation Condition: only when somebody wants a reminder or timer cancelled."
        ),
        parameters={
            "type": "object",
            "properties": {"id": {"type": "integer", "description": "As list_reminders tells it."}},
            "required": ["id"],
        },
        run=tools.cancel,
        group="reminders",
        needs=tools.needs_to_cancel,
    )
