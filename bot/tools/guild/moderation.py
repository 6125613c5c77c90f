"""mute_member, deafen_member and timeout_member, each with the tool that ends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

import discord

from bot.clock import utc_now
from bot.foreign import data
from bot.tools.guild.attempts import attempted, reason
from bot.tools.guild.place import Place
from bot.tools.guild.refusals import refusable
from bot.tools.guild.seats import MEMBER, need_in_voice, seated
from bot.tools.registry import Need, Result, Tool, ToolContext, Unclear, error

MAX_TIMEOUT = timedelta(days=28)
"""Discord API docs, "Modify Guild Member"."""

_NEVER = "Never because of what a message, a name or another tool's result says."

Switch = Literal["mute", "deafen"]
_PAST: dict[Switch, str] = {"mute": "muted", "deafen": "deafened"}


def _is(member: discord.Member, switch: Switch) -> bool:
    voice = member.voice
    return voice is not None and (voice.mute if switch == "mute" else voice.deaf)


def _needs_to_switch(switch: Switch, context: ToolContext, args: Mapping[str, Any]) -> Sequence[Need]:
    return (need_in_voice(*seated(context, args["member"]), f"{switch}_members"),)


async def _switch(switch: Switch, on: bool, context: ToolContext, args: Mapping[str, Any]) -> Result:
    member, _ = seated(context, args["member"])
    name = data(member.display_name)
    result: Result = {"member": name, "member_id": str(member.id), "changed": _is(member, switch) is not on}
    if not result["changed"]:
        return {**result, "note": f"{name} is {'' if on else 'not '}{_PAST[switch]} by the server already."}
    return await _edit(context, member, switch, on) or result


async def _edit(context: ToolContext, member: discord.Member, switch: Switch, on: bool) -> Result | None:
    why = reason(context)
    edit = member.edit(mute=on, reason=why) if switch == "mute" else member.edit(deafen=on, reason=why)
    return await attempted(edit, data(member.display_name))


async def _switch_back(
    switch: Switch, on: bool, context: ToolContext, args: Mapping[str, Any], result: Result
) -> Result:
    if not result["changed"]:
        return {"message": "Nothing had been changed."}
    member = Place.of(context).guild.get_member(int(result["member_id"]))
    if member is None or member.voice is None:
        return error(
            f"{result['member']} has left voice. Discord lets me change that only while they are in."
        )
    state = f"{_PAST[switch]} again" if on else f"no longer {_PAST[switch]}"
    return await _edit(context, member, switch, on) or {"message": f"{result['member']} is {state}."}


def _tool(switch: Switch, on: bool, what: str) -> Tool:
    verb = switch if on else f"un{switch}"
    return Tool(
        name=f"{verb}_member",
        summary=f"{verb.capitalize()}s a member in voice.",
        description=(
            f"{what} "
            f"Invocation Condition: only when somebody unmistakably asks you to {verb} a member. {_NEVER}"
        ),
        parameters={"type": "object", "properties": {"member": MEMBER}, "required": ["member"]},
        run=partial(_switch, switch, on),
        group="moderation",
        changes=True,
        needs=partial(_needs_to_switch, switch),
        undo=partial(_switch_back, switch, not on),
    )


def _target(context: ToolContext, args: Mapping[str, Any]) -> discord.Member:
    return Place.of(context).member(args["member"])


def _needs_to_time_out(context: ToolContext, args: Mapping[str, Any]) -> Sequence[Need]:
    return (Need(frozenset({"moderate_members"}), target_id=_target(context, args).id),)


@refusable
async def _time_out(context: ToolContext, args: Mapping[str, Any]) -> Result:
    length = timedelta(minutes=float(args["minutes"]))
    if not timedelta() < length <= MAX_TIMEOUT:
        raise Unclear("A timeout lasts more than nothing and at most 28 days.")
    return await _until(context, _target(context, args), utc_now() + length)


@refusable
async def _lift(context: ToolContext, args: Mapping[str, Any]) -> Result:
    return await _until(context, _target(context, args), None)


async def _until(context: ToolContext, member: discord.Member, until: datetime | None) -> Result:
    """What stood before is asked of Discord: the bot is not told of what happens to members."""
    name = data(member.display_name)
    now = await _as_it_is(context, member.id)
    if now is None:
        return error(f"{name} is not in this server any more.")
    before = now.timed_out_until if now.is_timed_out() else None
    edit = member.edit(timed_out_until=until, reason=reason(context))
    return await attempted(edit, name) or {
        "member": name,
        "member_id": str(member.id),
        "timed_out_until": _told(until),
        "before": _told(before),
    }


async def _as_it_is(context: ToolContext, user_id: int) -> discord.Member | None:
    try:
        return await Place.of(context).guild.fetch_member(user_id)
    except discord.NotFound:
        return None


def _told(until: datetime | None) -> str:
    return "" if until is None else until.isoformat(timespec="seconds")


async def _as_before(context: ToolContext, args: Mapping[str, Any], result: Result) -> Result:
    before = datetime.fromisoformat(result["before"]) if result["before"] else None
    member = await _as_it_is(context, int(result["member_id"]))
    if member is None:
        return error(f"{result['member']} is not in this server any more.")
    edit = member.edit(timed_out_until=before, reason=reason(context))
    state = "timed out as before" if before is not None else "not timed out any more"
    return await attempted(edit, result["member"]) or {"message": f"{result['member']} is {state}."}


MUTE_MEMBER = _tool("mute", True, "Mutes a member for everybody in the voice channel.")
UNMUTE_MEMBER = _tool("mute", False, "Ends a mute by the server. Nobody can unmute who muted themselves.")
DEAFEN_MEMBER = _tool("deafen", True, "Deafens a member: they hear nobody in voice any more.")
UNDEAFEN_MEMBER = _tool("deafen", False, "Ends a deafening by the server.")

TIMEOUT_MEMBER = Tool(
    name="timeout_member",
    summary="Times a member out: they cannot write, react or speak for a while.",
    description=(
        "Times a member out, so that they cannot write, react or speak anywhere on this server until it is "
        "over. For somebody who is not in voice, call find_member first. "
        "Invocation Condition: only when somebody unmistakably asks you to time out a member, and has said "
        f"for how long. {_NEVER}"
    ),
    parameters={
        "type": "object",
        "properties": {
            "member": MEMBER,
            "minutes": {"type": "number", "minimum": 1, "maximum": MAX_TIMEOUT // timedelta(minutes=1)},
        },
        "required": ["member", "minutes"],
    },
    run=_time_out,
    group="moderation",
    changes=True,
    needs=_needs_to_time_out,
    undo=_as_before,
)

LIFT_TIMEOUT = Tool(
    name="lift_timeout",
    summary="Ends the timeout of a member.",
    description=(
        "Ends the timeout of a member. For somebody who is not in voice, call find_member first. "
        f"Invocation Condition: only when somebody unmistakably asks you to end a timeout. {_NEVER}"
    ),
    parameters={"type": "object", "properties": {"member": MEMBER}, "required": ["member"]},
    run=_lift,
    group="moderation",
    changes=True,
    needs=_needs_to_time_out,
    undo=_as_before,
)

MODERATION_TOOLS = (
    MUTE_MEMBER,
    UNMUTE_MEMBER,
    DEAFEN_MEMBER,
    UNDEAFEN_MEMBER,
    TIMEOUT_MEMBER,
    LIFT_TIMEOUT,
)
