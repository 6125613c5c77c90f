"""One call of a tool, on somebody's behalf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.tools.behalf import OnBehalf
from bot.tools.registry import Need, Tool


@dataclass(frozen=True, slots=True)
class Call:
    """`tool` is to be run with `args`, which satisfy it, on behalf of `context.asked`."""

    tool: Tool
    args: Mapping[str, Any]
    context: OnBehalf

    def needs(self) -> tuple[Need, ...]:
        """As the server is now. Raises Unclear."""
        return tuple(self.tool.needs(self.context, self.args))
