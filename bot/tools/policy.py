"""What moderators have said about a tool, and what follows from it for one call. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, get_args

from bot.tools.registry import Confirm, Tool

PER_MINUTE = 20
"""Calls of one tool in one server, where nobody has said otherwise. Three rounds of calls a turn, and people
who talk without pause, stay below it; a model that goes on calling does not."""

GROUP = "group:"
"""Before the name of a group, where a tool or a group can be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`roles`: only members with one of these may have it done; empty: everybody who may do it by hand."""

    enabled: bool = True
    roles: frozenset[int] = frozenset()
    confirm: Confirm = "changes"
    per_minute: int = PER_MINUTE

    def wants_confirming(self, tool: Tool) -> bool:
        return self.confirm == "always" or (self.confirm == "changes" and tool.changes)


class Said(Protocol):
    """What was said in one place about one tool or group; None: nothing."""

    @property
    def enabled(self) -> bool | None: ...
    @property
    def roles(self) -> frozenset[int] | None: ...
    @property
    def confirm(self) -> str | None: ...
    @property
    def per_minute(self) -> int | None: ...


def resolve(tool: Tool, said: Iterable[Said]) -> Policy:
    """The policy for `tool`, of each choice the first that was made in `said`; what nobody has chosen is as
    the tool itself has it."""
    enabled, roles, confirm, per_minute = tool.enabled, frozenset[int](), tool.confirm, PER_MINUTE
    for one in reversed(list(said)):
        enabled = one.enabled if one.enabled is not None else enabled
        roles = one.roles if one.roles is not None else roles
        confirm = _confirm(one.confirm) or confirm
        per_minute = one.per_minute if one.per_minute is not None else per_minute
    return Policy(enabled=enabled, roles=roles, confirm=confirm, per_minute=per_minute)


def _confirm(said: str | None) -> Confirm | None:
    known: tuple[Confirm, ...] = get_args(Confirm)
    return next((each for each in known if each == said), None)
