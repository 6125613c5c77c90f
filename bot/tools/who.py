"""who_is_speaking: who spoke last and who is there, from the room's own record and never from the sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.tools.registry import Result, Tool, ToolContext


async def _who(context: ToolContext, args: Mapping[str, Any]) -> Result:
    return dict(context.who_is_speaking())


WHO_IS_SPEAKING = Tool(
    name="who_is_speaking",
    description=(
        "Tells who spoke in the last turn and who is in the voice channel. "
        "Invocation Condition: only when the answer depends on who is speaking or who is there, and no note "
        "has told you."
    ),
    run=_who,
    summary="Tells who spoke in the last turn and who is in the channel.",
)
