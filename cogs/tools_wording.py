"""The sentences of `/tools`: what the model may do, as a moderator reads it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import discord

from bot.store.rows import AuditEntry
from bot.tools.policy import PER_MINUTE, Policy
from bot.tools.registry import Tool
from cogs.confirmations_wording import arguments, plain

SERVER = "this server"

NOT_YOURS_TO_SET = (
    "Only members with **Move Members**, **Manage Channels** or **Manage Server**, or with a role named in "
    "`/settings`, can say what I may do."
)
WHICH_CHANNEL = (
    "Which channel? Type this in the chat of the voice channel you mean, or join that channel first, or "
    "choose `scope: the whole server`."
)
NOTHING_LOGGED = "Nothing has been called yet. What I do for people is listed here."
NO_MORE_LOGGED = "Nothing older is kept."
NOT_JSON = (
    "The arguments have to be a JSON object, such as {example}. Type `/tools try` again, with none, and I "
    "show you a form to fill in."
)
ROLES_LABEL = "Who may have it done"
ROLES_HINT = "Members with one of these roles. Empty: everybody who may do it by hand."
ROLES_AT_MOST = 10
PER_MINUTE_AT_MOST = 120
ARGUMENTS_LABEL = "Arguments, as a JSON object"
NEWER, OLDER, BACK, ON = "Newer", "Older", "Back", "Next"

CONFIRMS = {
    "never": "Never: I do it at once",
    "changes": "When it changes something",
    "always": "Always",
}
"""When somebody has to confirm a call, as the options of `/tools confirm` have it."""

OUTCOMES = {
    "ok": "done",
    "error": "failed",
    "denied": "denied",
    "waiting": "waits to be confirmed",
    "refused": "refused",
    "expired": "not confirmed in time",
    "undone": "done, then undone",
    "cancelled": "broken off",
}
_HOW = {"voice": "by voice", "chat": "in the chat", "try": "by hand", "button": "by a button"}

PAGE_MAX = 3_500
"""Characters. A layout shows 4000; the rest is for its heading."""
LOGGED_AT_ONCE = 10
_CONTENT_SHOWN = 75
_RESULT_SHOWN = 1_500


# --- what there is ---


def heading(where: str) -> str:
    return f"### What I may do in {where}"


def pages(tools: Iterable[tuple[Tool, Policy]]) -> list[str]:
    """Every tool, by group, cut into pages at the groups where that can be."""
    groups: dict[str, list[str]] = {}
    for tool, policy in tools:
        groups.setdefault(tool.group, []).append(line(tool, policy))
    found: list[str] = [""]
    for group, lines in groups.items():
        block = "\n".join([f"**{_title(group)}** (group `{group}`)", *lines])
        for piece in [block] if len(block) <= PAGE_MAX else lines:
            joined = f"{found[-1]}\n\n{piece}" if found[-1] else piece
            if len(joined) <= PAGE_MAX:
                found[-1] = joined
            else:
                found.append(piece[:PAGE_MAX])
    return found


def line(tool: Tool, policy: Policy) -> str:
    """One tool as it is here: what it does, and below it what is special."""
    facts = ["changes something" if tool.changes else "changes nothing"]
    if policy.wants_confirming(tool):
        facts.append("somebody has to confirm it")
    if policy.roles:
        facts.append(f"for {_roles(policy.roles)}")
    if policy.per_minute != PER_MINUTE:
        facts.append(_limit(policy.per_minute))
    mark = "🟢" if policy.enabled else "⚪"
    off = "" if policy.enabled else " **Off.**"
    return f"{mark} `{tool.name}`: {tool.summary or tool.name}{off}\n-# {' · '.join(facts)}"


def page_of(page: int, pages_there_are: int) -> str:
    return f"-# Page {page + 1} of {pages_there_are}"


# --- what was changed ---


def unknown(typed: str, known: Sequence[str]) -> str:
    """`known`: names that are like it, at most a few."""
    return f"There is no tool and no group called {_not_found(typed, known)}"


def unknown_tool(typed: str, known: Sequence[str]) -> str:
    """The same where a group will not do."""
    return f"There is no tool called {_not_found(typed, known)}"


def _not_found(typed: str, known: Sequence[str]) -> str:
    near = f" Did you mean {' or '.join(f'`{name}`' for name in known)}?" if known else ""
    return f"“{plain(typed, 60)}”.{near} `/tools list` shows them all."


def enabled(what: str, where: str) -> str:
    return f"{_subject(what)} on in {where}: I may do it when I am asked."


def disabled(what: str, where: str) -> str:
    return f"{_subject(what)} off in {where}."


def who(what: str, where: str, roles: Iterable[int]) -> str:
    named = _roles(roles)
    whom = f"only members with {named}" if named else "everybody who may do it by hand"
    return f"{_name(what)} in {where}: {whom} may have it done."


def confirm(what: str, where: str, when: str) -> str:
    text = {
        "never": "I do it at once, without a question",
        "changes": "somebody has to press a button first if it changes something",
        "always": "somebody has to press a button first, always",
    }[when]
    return f"{_name(what)} in {where}: {text}."


def limit(what: str, where: str, per_minute: int) -> str:
    return f"{_name(what)} in {where}: {_limit(per_minute)}."


def except_for(tools: Sequence[str], where: str) -> str:
    """After a change, where something else was said about a tool than about its group, or about a channel
    than about the server."""
    named = ", ".join(f"`{tool}`" for tool in tools[:10]) + (" and others" if len(tools) > 10 else "")
    return (
        f"That does not hold for {named} in {where}: something else was chosen there before, and goes first. "
        "To change that as well, choose it for the tool itself, and there."
    )


def whole_group(group: str, tools: int) -> str:
    return f"The whole group {group} ({tools} {'tool' if tools == 1 else 'tools'})"


# --- what was called ---


def tried(tool: str, result: Mapping[str, Any]) -> str:
    """What came of a call by hand."""
    text = json.dumps(result, ensure_ascii=False, indent=1).replace("```", "'''")
    if len(text) > _RESULT_SHOWN:
        text = text[:_RESULT_SHOWN] + "\n… (the rest is not shown)"
    head = f"`{tool}` failed:" if result.get("status") == "error" else f"`{tool}`:"
    return f"{head}\n```json\n{text}\n```"


def not_json(example: str) -> str:
    return NOT_JSON.format(example=f"`{example}`")


def entry(call: AuditEntry) -> str:
    """One call in the log: who, what with what, the outcome."""
    by = " and ".join(f"<@{user_id}>" for user_id in call.asked_by[:3]) or "somebody unknown"
    when = discord.utils.format_dt(call.at, "R")
    head = f"**{plain(call.tool, 40)}** {OUTCOMES.get(call.outcome, call.outcome)}"
    lines = [f"{head}\n-# {when}, for {by} {_HOW.get(call.how, call.how)} in <#{call.channel_id}>"]
    if call.arguments:
        lines.append(f"> {arguments(call.arguments, _CONTENT_SHOWN)}")
    if call.result is None:
        lines.append("> its content is forgotten after 30 days")
    elif "error" in call.result:
        lines.append(f"> {plain(str(call.result['error']), _CONTENT_SHOWN)}")
    return "\n".join(lines)


def _title(group: str) -> str:
    return group[:1].upper() + group[1:].replace("_", " ")


def _name(what: str) -> str:
    """``group:voice`` or the name of a tool."""
    group = what.removeprefix("group:")
    return f"`{what}`" if group == what else f"Everything in the group `{group}`"


def _subject(what: str) -> str:
    return f"{_name(what)} is"


def _roles(roles: Iterable[int]) -> str:
    return " or ".join(f"<@&{role_id}>" for role_id in sorted(roles))


def _limit(per_minute: int) -> str:
    return f"at most {per_minute} {'call' if per_minute == 1 else 'calls'} a minute"
