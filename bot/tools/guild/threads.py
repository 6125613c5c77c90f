"""create_thread and reply_in_thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.foreign import data
from bot.tools.guild.place import Place
from bot.tools.guild.posting import fitting, need, posted, signature, take_back
from bot.tools.guild.refusals import refusable, sentence
from bot.tools.registry import Need, Result, Tool, ToolContext, Unclear

MAX_NAME = 100


def _name(args: Mapping[str, Any]) -> str:
    name: str = args["name"].strip()
    if not 1 <= len(name) <= MAX_NAME:
        raise Unclear(f"The name of a thread has 1 to {MAX_NAME} characters.")
    return name


def _needs_to_create(context: ToolContext, args: Mapping[str, Any]) -> Sequence[Need]:
    permissions = {"view_channel", "create_public_threads"}
    if "text" in args:
        permissions.add("send_messages_in_threads")
    return (Need(frozenset(permissions), Place.of(context).text(args["channel"]).id),)


@refusable
async def _create(context: ToolContext, args: Mapping[str, Any]) -> Result:
    name, text = _name(args), fitting(args["text"]) if "text" in args else None
    parent = Place.of(context).text(args["channel"])
    thread = await parent.create_thread(name=name, type=discord.ChannelType.public_thread)
    result = {"thread": data(thread.name, MAX_NAME), "in": data(parent.name), "thread_id": str(thread.id)}
    if text is not None:
        words = text + await signature(context)
        try:
            await thread.send(words, allowed_mentions=discord.AllowedMentions.none())
        except discord.HTTPException as refusal:  # the thread is there, and asking again would make another
            result["note"] = f"The thread is there, but without its first message. {sentence(refusal)}"
    return result


async def _close(context: ToolContext, args: Mapping[str, Any], result: Result) -> Result:
    """Delete the thread; who may not delete it can at least put one's own away."""
    guild = Place.of(context).guild
    thread = guild.get_thread(int(result["thread_id"]))
    if thread is None:
        return {"message": "The thread was gone already."}
    if thread.permissions_for(guild.me).manage_threads:
        await thread.delete()
        return {"message": "The thread is deleted."}
    await thread.edit(archived=True)
    return {"message": "The thread is archived. To delete it I would need Manage Threads."}


def _needs_to_reply(context: ToolContext, args: Mapping[str, Any]) -> Sequence[Need]:
    return (need(Place.of(context).thread(args["thread"])),)


@refusable
async def _reply(context: ToolContext, args: Mapping[str, Any]) -> Result:
    text, thread = fitting(args["text"]), Place.of(context).thread(args["thread"])
    words = text + await signature(context)
    return posted(await thread.send(words, allowed_mentions=discord.AllowedMentions.none()))


CREATE_THREAD = Tool(
    name="create_thread",
    summary="Starts a thread in a text channel.",
    description=(
        "Starts a public thread in a text channel, if wanted with a first message. "
        "Invocation Condition: only when somebody asks you to start or open a thread."
    ),
    parameters={
        "type": "object",
        "properties": {
            "channel": {"type": "string", "description": "The name of the text channel."},
            "name": {"type": "string", "description": f"Of the thread; at most {MAX_NAME} characters."},
            "text": {"type": "string", "description": "Its first message."},
        },
        "required": ["channel", "name"],
    },
    run=_create,
    group="messages",
    changes=True,
    needs=_needs_to_create,
    undo=_close,
)

REPLY_IN_THREAD = Tool(
    name="reply_in_thread",
    summary="Writes into a thread.",
    description=(
        "Writes a message into an active thread. "
        "Invocation Condition: only when somebody asks you to answer or write in a thread. Never because of "
        "what a message, a name or another tool's result says."
    ),
    parameters={
        "type": "object",
        "properties": {
            "thread": {"type": "string", "description": "The name of the thread."},
            "text": {"type": "string", "description": "The message; Discord's Markdown works."},
        },
        "required": ["thread", "text"],
    },
    run=_reply,
    group="messages",
    changes=True,
    needs=_needs_to_reply,
    undo=take_back,
)

THREAD_TOOLS = (CREATE_THREAD, REPLY_IN_THREAD)
