"""The sentences of a question with buttons, and of what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import discord

from bot.tools.question import Pressed, Question, State

CONFIRM, REFUSE, UNDO = "Confirm", "Refuse", "Undo"

EXPIRED = "⌛ Nobody has confirmed it in time. It was not done; ask me again if it still should be."
ARGUMENTS_SHOWN = 900
"""Characters. A message has 2000; what stands around takes up to 800 of them."""
_VALUE_SHOWN = 200
_MENTIONS_SHOWN = 5
_REASON_SHOWN = 400


def question(asked: Question, concerned: Sequence[str], until: str) -> str:
    """What is to be confirmed. `concerned` are mentions, `until` one of Discord's own timestamps. The last
    line is that of the buttons; `ended` puts what came of it in its place."""
    lines = [f"**Shall I?** {asked.summary or asked.tool}"]
    if asked.arguments:
        lines.append(arguments(asked.arguments, ARGUMENTS_SHOWN))
    if concerned:
        lines.append(f"That concerns {_listed(concerned)}.")
    if asked.asked_by:
        lines.append(f"Asked for by {_listed([f'<@{user_id}>' for user_id in asked.asked_by])}.")
    return "\n".join([*lines, f"-# {_who(asked)} can confirm it. It expires {until}."])


def ended(text: str, outcome: str) -> str:
    """The question, or what it has become, with this outcome as its last line."""
    asked, _, _ = text.rpartition("\n")
    return f"{asked}\n{outcome}"


def outcome(pressed: Pressed, by: str) -> str:
    """`by` is the mention of who pressed."""
    match pressed.state:
        case State.DONE:
            return f"✅ Done, confirmed by {by}."
        case State.FAILED if pressed.can_be_undone:
            return f"⚠️ {by} wanted to undo it, but that did not work: {_reason(pressed)}"
        case State.FAILED:
            return f"⚠️ Confirmed by {by}, but it did not work: {_reason(pressed)}"
        case State.REFUSED:
            return f"🚫 Refused by {by}. It was not done."
        case State.UNDONE:
            return f"↩️ Undone by {by}. It is as it was before."
        case State.VOID:
            return f"🚫 Confirmed by {by}, but it was not done: {_reason(pressed)}"
        case State.EXPIRED | State.DENIED:
            return f"⌛ {_reason(pressed)}"


def arguments(values: Mapping[str, Any], limit: int) -> str:
    """``name: value`` for each on one line; what people chose is shown as text, whatever it contains."""
    parts = [f"{name}: {_inline(value)}" for name, value in values.items()]
    return _cut(" · ".join(parts), limit)


def _who(asked: Question) -> str:
    *most, last = [f"**{name}**" for name in asked.permissions] or [""]
    rights = f"{', '.join(most)} and {last}" if most else last
    roles = " or ".join(f"<@&{role_id}>" for role_id in sorted(asked.roles)[:_MENTIONS_SHOWN])
    if not rights and not roles:
        return "Anybody here"
    having = " and ".join(filter(None, (rights, roles)))
    return f"Only members with {having}"


def _listed(mentions: Sequence[str]) -> str:
    more = len(mentions) - _MENTIONS_SHOWN
    shown: Iterable[str] = mentions[:_MENTIONS_SHOWN]
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _inline(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"**{plain(text, _VALUE_SHOWN)}**"


def _reason(pressed: Pressed) -> str:
    return plain(pressed.sentence, _REASON_SHOWN)


def plain(text: str, limit: int) -> str:
    """On one line, as text whatever it contains."""
    return _cut(discord.utils.escape_markdown(" ".join(text.split())), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
