"""What a tool is, and how one is run: every call is answered, whatever happens.

The model repeats a call two to five times when the result is empty, and waits for ever when there is none, so
there is a result for an unknown tool, for wrong arguments, for a timeout and for a bug alike. Whether a call
may be made at all is decided in `bot/tools/gatekeeper`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import structlog

from bot.foreign import data
from bot.tools.arguments import problems

log = structlog.get_logger(__name__)

INVOCATION_CONDITION = "Invocation Condition:"
"""Google's best practices want one such line in every description; without it the model calls too readily."""

Result = dict[str, Any]

Confirm = Literal["never", "changes", "always"]
"""When somebody has to press a button before a call is made: never, if it changes something, always."""


@dataclass(frozen=True, slots=True)
class Asked:
    """On whose behalf the model calls. `clear`: it is known who spoke, and nobody spoke at the same time;
    without that nobody's rights count. `how`: ``voice``, ``chat``, ``try`` (a moderator by hand) or
    ``button``. `turn` is a number that no other turn of this process has: within it the same call is answered
    once; None: each call stands for itself."""

    speakers: tuple[int, ...]
    clear: bool
    how: str = "voice"
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What everybody who asks, and the bot, must be allowed.

    `permissions` are named as in Discord's documentation, in lower case (``move_members``), to be held in
    `channel_id` (None: in the server); `target_id` is a member whom each of them must outrank. `concerns` is
    a member (or message, or event) that the arguments name, where ranks do not count: what was confirmed for
    one is not done to another who has taken the name since.
    """

    permissions: frozenset[str]
    channel_id: int | None = None
    target_id: int | None = None
    concerns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A member of the server at this moment. `permissions` as in `Need`, in the channel that was asked for;
    `rank` is (position, −id) of the highest role, so that the greater one is above."""

    name: str
    permissions: frozenset[str]
    roles: frozenset[int] = frozenset()
    rank: tuple[int, int] = (0, 0)
    is_owner: bool = False


class Rights(Protocol):
    """Who is what in a server: the facts. What follows from them is decided in `bot/tools/authority`."""

    @property
    def bot_id(self) -> int: ...

    def standing(self, user_id: int, channel_id: int | None = None) -> Standing | None:
        """Of the bot, or of a member whom these rights were asked for; None: not a member. In a channel that
        is gone they have no permissions; `channel_id` None: those in the server."""

    def role_name(self, role_id: int) -> str:
        """Empty: there is no such role any more."""


class ToolContext(Protocol):
    """The room in which a tool is called."""

    @property
    def guild_id(self) -> int: ...

    @property
    def channel_id(self) -> int:
        """The voice channel."""

    @property
    def asked(self) -> Asked:
        """Who spoke, or typed, in the turn that led to the call."""

    @property
    def place(self) -> Any:
        """The server, for bot/tools/guild."""

    def who_is_speaking(self) -> Mapping[str, Any]:
        """Who spoke in the last turn, and who is in the channel."""

    def leave_when_quiet(self, reason: str) -> None:
        """Leave the channel once the answer in progress has been played."""

    def hush(self, minutes: float | None) -> None:
        """Fall silent once the answer in progress has been played, for so long (None: until unhushed)."""

    async def change_persona(self, name: str) -> str:
        """Be this persona from the next quiet moment on; its name as it is written. KeyError: there is none,
        with the names there are as its argument."""

    def tell(self, text: str) -> None:
        """Let the model know, when nobody speaks, what came of something that it asked for earlier."""


Run = Callable[[ToolContext, Mapping[str, Any]], Awaitable[Result]]
Undo = Callable[[ToolContext, Mapping[str, Any], Result], Awaitable[Result]]
"""Gets the arguments and the result of the call that is to be undone."""
Needs = Callable[[ToolContext, Mapping[str, Any]], Sequence[Need]]


class Unclear(Exception):
    """What the arguments name cannot be found, or could be several; the message tells the model, which may
    ask and try again."""


def nothing(context: ToolContext, args: Mapping[str, Any]) -> Sequence[Need]:
    """Anybody may have it done."""
    return ()


@dataclass(frozen=True, slots=True)
class Tool:
    """One function of the model.

    `parameters` is a JSON schema of type object; ``{}``: no parameters. `run` gets arguments that satisfy it
    and returns ``{"status": "ok", …}``, or ``{"status": "error", "retryable": bool, "error": …}`` for what
    went wrong in a way that the model should tell.

    `summary` is for people: what it does, in one line. `group` collects tools that are switched together.
    `changes`: something is different in the server afterwards, and `undo` makes it as it was where that can
    be. `needs` says what one must be allowed for a call with these arguments, and raises Unclear. `enabled`:
    whether it is on where moderators have said nothing; `confirm`: whether somebody has to press a button
    first, where they have said nothing.

    `foreign`: names and texts by people, or by other programs, are in its results; they reach the model
    marked as data. Only a tool whose every word is our own may do without.
    """

    name: str
    description: str
    run: Run
    parameters: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = 10.0
    summary: str = ""
    group: str = "conversation"
    changes: bool = False
    needs: Needs = nothing
    undo: Undo | None = None
    enabled: bool = True
    confirm: Confirm = "changes"
    foreign: bool = True

    def __post_init__(self) -> None:
        if INVOCATION_CONDITION not in self.description:
            raise ValueError(f"the description of {self.name} lacks its {INVOCATION_CONDITION!r} line")


class Registry:
    """The tools of a room."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools: dict[str, Tool] = {}
        self.add(tools)

    def add(self, tools: Iterable[Tool]) -> None:
        """ValueError for a name that is taken."""
        for tool in tools:
            if tool.name in self._tools:
                raise ValueError(f"two tools are called {tool.name}")
            self._tools[tool.name] = tool

    def declarations(self) -> list[dict[str, Any]]:
        """Name, description and parameters of every tool, as plain JSON for the session's settings."""
        return [
            {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
            for tool in self._tools.values()
        ]

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __getitem__(self, name: str) -> Tool:
        return self._tools[name]

    def objection(self, name: str, args: Mapping[str, Any]) -> Result | None:
        """What is wrong with a call, as the model is told; None: nothing."""
        tool = self._tools.get(name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            return error(f"There is no tool called {data(name)}. Known tools: {known}.")
        wrong = problems(args, tool.parameters)
        return error("Wrong arguments: " + "; ".join(wrong) + ".", retryable=True) if wrong else None

    async def call(self, name: str, args: Mapping[str, Any], context: ToolContext) -> Result:
        """The result of one call that anybody may make. Raises nothing but CancelledError."""
        return self.objection(name, args) or await answered(self._tools[name], args, context)


async def answered(
    tool: Tool, args: Mapping[str, Any], context: ToolContext, run: Run | None = None
) -> Result:
    """The result of `tool` (or of `run` in its place), whatever becomes of it. Raises nothing but
    CancelledError."""
    try:
        async with asyncio.timeout(tool.timeout_s) as bound:
            return {"status": "ok", **await (run or tool.run)(context, args)}
    except Unclear as unclear:
        return error(str(unclear), retryable=True)
    except TimeoutError:
        if not bound.expired():  # the tool's own, not ours
            log.exception("tool failed", tool=tool.name)
            return error(f"{tool.name} failed: something it needs did not answer.", retryable=True)
        log.warning("tool timed out", tool=tool.name, timeout_s=tool.timeout_s)
        return error(f"{tool.name} did not finish within {tool.timeout_s:g} seconds.", retryable=True)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        log.exception("tool failed", tool=tool.name)  # something inside it was cancelled, not the call
        return error(f"{tool.name} broke off.", retryable=True)
    except Exception:
        log.exception("tool failed", tool=tool.name)
        return error(f"{tool.name} failed because of an internal error.")


def failed(result: Mapping[str, Any]) -> bool:
    return result.get("status") == "error"


def error(message: str, *, retryable: bool = False) -> Result:
    """A failure as the model is told it. The service takes the key ``error`` for one, and everything else for
    output (google-genai, FunctionResponse.response); without it models call again and again."""
    return {"status": "error", "retryable": retryable, "error": message}
