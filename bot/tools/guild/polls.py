"""create_poll: Discord's own polls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import discord

from bot.tools.guild.place import Place
from bot.tools.guild.posting import CHANNEL, need, posted, take_back
from bot.tools.guild.refusals import refusable
from bot.tools.registry import Need, Result, Tool, ToolContext, Unclear

MAX_QUESTION = 300
MAX_ANSWER = 55
MAX_ANSWERS = 10
MAX_HOURS = 32 * 24  # Discord API docs, "Poll Create Request Object"


def _needs(context: ToolContext, args: Mapping[str, Any]) -> Sequence[Need]:
    return (need(Place.of(context).written_or_here(args.get("channel"), context), "send_polls"),)


@refusable
async def _create(context: ToolContext, args: Mapping[str, Any]) -> Result:
    hours = int(args.get("hours", 24))
    poll = discord.Poll(
        _short(args["question"], MAX_QUESTION, "question"),
        timedelta(hours=hours),
        multiple=bool(args.get("several", False)),
    )
    for answer in _answers(args["answers"]):
        poll.add_answer(text=answer)
    channel = Place.of(context).written_or_here(args.get("channel"), context)
    return {**posted(await channel.send(poll=poll)), "open_for_hours": hours}


def _answers(answers: Sequence[str]) -> list[str]:
    told_apart = list(dict.fromkeys(_short(answer, MAX_ANSWER, "answer") for answer in answers))
    if not 2 <= len(told_apart) <= MAX_ANSWERS:
        raise Unclear(f"A poll has 2 to {MAX_ANSWERS} different answers.")
    return told_apart


def _short(text: str, most: int, what: str) -> str:
    words = text.strip()
    if not 1 <= len(words) <= most:
        raise Unclear(f"The {what} of a poll has 1 to {most} characters.")
    return words


CREATE_POLL = Tool(
    name="create_poll",
    summary="Posts a poll.",
    description=(
        "Posts a poll in which members vote by pressing an answer. "
        "Invocation Condition: only when somebody asks for a poll or a vote, and question and answers are "
        "known."
    ),
    parameters={
        "type": "object",
        "properties": {
            "question": {"type": "string", "description": f"At most {MAX_QUESTION} characters."},
            "answers": {
                "type": "array",
                "items": {"type": "string"},
                "description": f"2 to {MAX_ANSWERS}, each of at most {MAX_ANSWER} characters.",
            },
            "hours": {
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_HOURS,
                "description": "How long it is open; 24.",
            },
            "several": {"type": "boolean", "description": "Whether one may choose several answers; false."},
            "channel": CHANNEL,
        },
        "required": ["question", "answers"],
    },
    run=_create,
    group="messages",
    changes=True,
    needs=_needs,
    undo=take_back,
)
