"""What Discord refuses although it seemed allowed: meanwhile somebody has left, or was promoted."""

from __future__ import annotations

from collections.abc import Awaitable

import discord
import structlog

from bot.foreign import data
from bot.tools.guild.place import Place
from bot.tools.guild.refusals import sentence
from bot.tools.registry import Result, ToolContext, error

log = structlog.get_logger(__name__)

NOT_IN_VOICE = 40032
UNKNOWN_MEMBER = 10007
"""Discord API docs, "JSON Error Codes"."""

MAX_REASON = 400
"""Of the 512 characters that Discord's audit log takes."""


async def attempted(act: Awaitable[object], who: str) -> Result | None:
    """Do what concerns `who`; None if it is done, the failure as the model is told it if Discord refuses."""
    try:
        await act
    except discord.HTTPException as refusal:
        log.info("refused by Discord", status=refusal.status, code=refusal.code)
        if refusal.code == NOT_IN_VOICE:
            return error(f"{who} is not in a voice channel any more.")
        if refusal.code == UNKNOWN_MEMBER:
            return error(f"{who} is not in this server any more.")
        return error(sentence(refusal), retryable=isinstance(refusal, discord.DiscordServerError))
    return None


def reason(context: ToolContext) -> str:
    """For the server's own audit log, in which otherwise only the bot would stand."""
    guild = Place.of(context).guild
    members = [(guild.get_member(user_id), user_id) for user_id in context.asked.speakers]
    names = [f"{data(member.name) if member else 'somebody'} ({user_id})" for member, user_id in members]
    return f"Asked for by {', '.join(names) or 'nobody in particular'}"[:MAX_REASON]
