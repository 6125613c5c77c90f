"""What the store keeps, as plain values. Times are aware and in UTC; ids are Discord's snowflakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Who the bot is. What is None is as the server, or the person who runs the bot, has it.

    `language` is a BCP-47 code; `greeting` what the model is asked to do on joining, empty: nothing;
    `interrupt` and `addressing` are values of `bot.turns.floor.Interrupt` and `Mode`.
    """

    name: str
    instruction: str
    aliases: tuple[str, ...] = ()
    voice: str = "Puck"
    language: str | None = None
    temperature: float | None = None
    thinking_level: str | None = None
    greeting: str | None = None
    interrupt: str | None = None
    addressing: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaVersion:
    """One edit. `persona` None: it was deleted then."""

    guild_id: int
    name: str
    version: int
    persona: Persona | None
    changed_by: int
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolGrant:
    """What moderators have said about a tool, or about a group of them (``group:NAME``), in the whole server
    or (`channel_id`) in one channel. What is None was not said there.

    `roles`: only members with one of these may have it done; `confirm`: ``never``, ``changes`` or ``always``;
    `per_minute`: calls.
    """

    guild_id: int
    tool: str
    channel_id: int | None = None
    enabled: bool | None = None
    roles: frozenset[int] | None = None
    confirm: str | None = None
    per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One call of a tool. `how`: ``voice``, ``chat``, ``try`` or ``button``; `outcome`: ``ok``, ``error``,
    ``denied``, ``waiting`` (for a confirmation), ``refused``, ``expired``, ``undone`` or ``cancelled``.

    `arguments` and `result` are None once their content was forgotten. `asked_by` is empty where it was not
    clear who spoke. `id` 0: not written yet.
    """

    guild_id: int
    channel_id: int
    at: datetime
    tool: str
    asked_by: tuple[int, ...]
    how: str
    outcome: str
    arguments: Mapping[str, Any] | None = field(default_factory=dict)
    result: Mapping[str, Any] | None = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """To be said, or posted, at `due_at`. `id` 0: not written yet."""

    guild_id: int
    channel_id: int
    user_id: int
    due_at: datetime
    text: str
    created_at: datetime
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Where the bot is, for after a restart. `handle` resumes the Live session of `model`; `summary` is what
    was said lately; `hushed_until` None: not hushed, ``datetime.max`` in UTC: until somebody unhushes it."""

    guild_id: int
    channel_id: int
    joined_at: datetime
    seen_at: datetime
    model: str = ""
    handle: str | None = None
    handle_at: datetime | None = None
    summary: str = ""
    hushed_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """What one server has used on one day (UTC), in tokens by direction and modality (``in audio``)."""

    guild_id: int
    day: date
    model: str
    tokens: Mapping[str, int]
    dollars: float
