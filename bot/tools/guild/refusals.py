"""What Discord refuses although it seemed allowed, as the model is told it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any

import discord
import structlog

from bot.tools.registry import Result, Run, ToolContext, error

log = structlog.get_logger(__name__)

_SENTENCES = {
    10003: "That channel is gone.",
    30038: "This server has as many events as Discord allows: 100.",
    160004: "That message has a thread already.",
    160005: "That thread is locked: nobody but moderators can write in it.",
    160006: "This server has as many active threads as Discord allows. One has to be archived first.",
    200000: "The server's own filter blocked that message.",
    200001: "The server's own filter blocked that name.",
}
"""By Discord's codes (Discord API docs, "JSON Error Codes")."""

FORBIDDEN = "Discord does not let me do that there. I lack a permission."
AWAY = "Discord could not do it just now."
REFUSED = "Discord refused to do that."


def refusable(run: Run) -> Run:
    """`run`, with a sentence for what Discord refuses."""

    @wraps(run)
    async def refused(context: ToolContext, args: Mapping[str, Any]) -> Result:
        try:
            return await run(context, args)
        except discord.HTTPException as refusal:
            log.info("refused by Discord", status=refusal.status, code=refusal.code)
            return error(sentence(refusal), retryable=isinstance(refusal, discord.DiscordServerError))

    return refused


def sentence(refusal: discord.HTTPException) -> str:
    """Why, in one sentence."""
    if isinstance(refusal, discord.DiscordServerError):
        return AWAY
    fallback = FORBIDDEN if isinstance(refusal, discord.Forbidden) else REFUSED
    return _SENTENCES.get(refusal.code, fallback)
