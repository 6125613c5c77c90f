"""leave_channel: the model ends the conversation when it is asked to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.tools.registry import Result, Tool, ToolContext


async def _leave(context: ToolContext, args: Mapping[str, Any]) -> Result:
    context.leave_when_quiet("asked to by voice")
    return {
        "message": "You leave the channel as soon as you have finished speaking. "
        "Say goodbye in one short sentence now and call no other tool.",
    }


LEAVE_CHANNEL = Tool(
    name="leave_channel",
    description=(
        "Leave the voice channel and end the conversation. "
        "Invocation Condition: only when somebody unmistakably asks you to leave, disconnect or go away. "
        "A goodbye between other people, or thanks alone, is no such request."
    ),
    run=_leave,
    summary="Says goodbye and leaves the voice channel.",
    foreign=False,
)
