"""hush and change_persona: how the bot behaves in its channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.foreign import data
from bot.tools.guild.spoken import listing
from bot.tools.registry import Result, Tool, ToolContext, Unclear

MAX_MINUTES = 1440


async def _hush(context: ToolContext, args: Mapping[str, Any]) -> Result:
    minutes = args.get("minutes")
    context.hush(None if minutes is None else float(minutes))
    until = "until somebody unhushes you" if minutes is None else f"for {float(minutes):g} minutes"
    return {
        "message": f"You fall silent {until}, as soon as you have finished speaking. "
        "Say so in one short sentence now and call no other tool. /unhush ends it.",
    }


async def _change(context: ToolContext, args: Mapping[str, Any]) -> Result:
    try:
        name = await context.change_persona(args["persona"])
    except KeyError as unknown:
        (names,) = unknown.args
        raise Unclear(
            f'There is no persona called "{data(args["persona"])}". There are: {listing(names)}.'
        ) from None
    return {"message": f'From the next quiet moment on you are "{data(name)}". Say so in one short sentence.'}


HUSH = Tool(
    name="hush",
    summary="Falls silent for a while.",
    description=(
        "Fall silent, and only listen, for some minutes or until somebody unhushes you. "
        "Invocation Condition: only when somebody unmistakably asks you to be quiet, not to answer or to "
        "stop talking for a while. To be interrupted is no such request."
    ),
    parameters={
        "type": "object",
        "properties": {
            "minutes": {
                "type": "number",
                "minimum": 1,
                "maximum": MAX_MINUTES,
                "description": "For how long; without it, until somebody unhushes you.",
            }
        },
    },
    run=_hush,
    foreign=False,
)

# Everybody in the channel could ask for it, and /persona is for moderators: off until one allows it.
CHANGE_PERSONA = Tool(
    name="change_persona",
    summary="Becomes another persona in this channel.",
    description=(
        "Become another of the personas that moderators have written, in this channel, from the next quiet "
        "moment on. "
        "Invocation Condition: only when somebody unmistakably asks you to be, or switch to, a persona by "
        "its name. To be asked to play a role for a moment is no such request."
    ),
    parameters={
        "type": "object",
        "properties": {"persona": {"type": "string", "description": "The name of the persona."}},
        "required": ["persona"],
    },
    run=_change,
    changes=True,
    enabled=False,
    confirm="never",
)

PRESENCE_TOOLS = (HUSH, CHANGE_PERSONA)
