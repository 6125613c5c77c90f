"""What each server has chosen: how the bot takes turns there, when it comes and goes, whom it obeys."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NamedTuple, Protocol, Self

import structlog

from bot.live.models import MODELS
from bot.settings import Settings
from bot.turns.floor import Interrupt, Mode

log = structlog.get_logger(__name__)

OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """One server's choices; what it has not chosen is as the person who runs the bot has it in `.env`.

    `greeting` and `goodbye` are what the model is asked to do when it has joined and before it leaves;
    `alone_s` and `nudge_s` are seconds; None: it does not. `hosts` are user ids, `autojoin` ids of voice
    channels into which the bot comes by itself. `language` is a BCP-47 code, None: the one it is spoken to
    in; `model` a Live model, None: the one in `.env`. Of `member_roles` one is needed to call the bot and to
    send it away, empty: none is; who has one of `moderator_roles` is a moderator for the bot.
    """

    mode: Mode = Mode.AUTO
    follow_up_s: float = 10.0
    hosts: frozenset[int] = frozenset()
    interrupt: Interrupt = Interrupt.EVERYONE
    greeting: str | None = None
    goodbye: str | None = None
    alone_s: float | None = None
    nudge_s: float | None = None
    autojoin: frozenset[int] = frozenset()
    language: str | None = None
    model: str | None = None
    member_roles: frozenset[int] = frozenset()
    moderator_roles: frozenset[int] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The defaults that `.env` gives."""
        return cls(
            mode=Mode(settings.parley_addressing),
            follow_up_s=settings.parley_follow_up_s,
            interrupt=Interrupt(settings.parley_interrupt),
            greeting=_unless_off(settings.parley_greeting),
            goodbye=_unless_off(settings.parley_goodbye),
            alone_s=settings.parley_alone_s or None,
            nudge_s=settings.parley_nudge_s or None,
        )


class Choices(Protocol):
    """Where they outlive a restart: plain JSON by guild."""

    async def all(self) -> Mapping[int, Mapping[str, Any]]: ...

    async def save(self, guild_id: int, choices: Mapping[str, Any]) -> None: ...


class Kept(Protocol):
    """The store, as far as it is needed here."""

    @property
    def guilds(self) -> Choices: ...


class Guilds:
    """The settings of every server: read from memory at once, written through to the store. Without one a
    restart brings the defaults back."""

    def __init__(self, defaults: GuildSettings, kept: Choices | None = None) -> None:
        self._defaults = defaults
        self._kept = kept
        self._by_guild: dict[int, GuildSettings] = {}
        self._choices: defaultdict[int, dict[str, Any]] = defaultdict(dict)  # JSON, of what was chosen only
        self._writing = asyncio.Lock()

    @classmethod
    async def load(cls, store: Kept, defaults: GuildSettings) -> Self:
        """With all that was chosen before. Raises StoreError."""
        guilds = cls(defaults, store.guilds)
        for guild_id, choices in (await store.guilds.all()).items():
            guilds._choices[guild_id] = dict(choices)
            guilds._by_guild[guild_id] = replace(defaults, **_decoded(guild_id, choices))
        return guilds

    def of(self, guild_id: int) -> GuildSettings:
        return self._by_guild.get(guild_id, self._defaults)

    async def change(self, guild_id: int, **changes: Any) -> GuildSettings:
        """Set the named fields; TypeError for one that is none. The settings as they are now.

        They hold at once; if they cannot be kept, they are taken back and StoreError is raised.
        """
        before = self.of(guild_id)
        self._by_guild[guild_id] = replace(before, **changes)
        try:
            await self._keep(guild_id, changes)
        except BaseException:
            self._take_back(guild_id, before, changes)
            raise
        return self.of(guild_id)

    def forget(self, guild_id: int) -> None:
        """The bot was removed from this server; the store forgets by itself."""
        self._by_guild.pop(guild_id, None)
        self._choices.pop(guild_id, None)

    async def _keep(self, guild_id: int, changes: Mapping[str, Any]) -> None:
        encoded = {name: _FIELDS[name].encode(value) for name, value in changes.items()}
        async with self._writing:  # two changes at once: the second must not save what the first has not
            choices = self._choices[guild_id] | encoded
            if self._kept is not None:
                await self._kept.save(guild_id, choices)
            self._choices[guild_id] = choices

    def _take_back(self, guild_id: int, before: GuildSettings, changes: Mapping[str, Any]) -> None:
        """What is still as these changes made it; somebody may have changed it again."""
        now = self.of(guild_id)
        undone = {name: getattr(before, name) for name in changes if getattr(now, name) == changes[name]}
        self._by_guild[guild_id] = replace(now, **undone)


# --- as JSON ---


class _Field(NamedTuple):
    """One setting's way into JSON and back; `decode` raises ValueError for what it cannot be."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def _decoded(guild_id: int, choices: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that can be read. A name from a newer version is none of ours, a bad value is as if it had
    not been chosen."""
    fields: dict[str, Any] = {}
    for name in choices.keys() & _FIELDS.keys():
        try:
            fields[name] = _FIELDS[name].decode(choices[name])
        except ValueError as error:
            log.warning("setting not readable", guild=guild_id, setting=name, error=str(error))
    return fields


def _as_it_is(value: Any) -> Any:
    return value


def _ids(value: Any) -> frozenset[int]:
    if not isinstance(value, list) or not all(type(each) is int for each in value):
        raise ValueError(f"not a list of ids: {value!r}")
    return frozenset(value)


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"not a text: {value!r}")
    return value


def _model(value: Any) -> str | None:
    chosen = _text(value)
    if chosen is not None and chosen not in MODELS:
        raise ValueError(f"no Live model: {chosen!r}")
    return chosen


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"no seconds: {value!r}")
    return float(value)


def _seconds_or_never(value: Any) -> float | None:
    return None if value is None else _seconds(value)


def _one_of(kind: type[Enum]) -> _Field:
    return _Field(lambda chosen: chosen.value, kind)


_ID_LIST = _Field(sorted, _ids)
_TEXT = _Field(_as_it_is, _text)
_WAIT = _Field(_as_it_is, _seconds_or_never)
_FIELDS: dict[str, _Field] = {
    "mode": _one_of(Mode),
    "follow_up_s": _Field(_as_it_is, _seconds),
    "hosts": _ID_LIST,
    "interrupt": _one_of(Interrupt),
    "greeting": _TEXT,
    "goodbye": _TEXT,
    "alone_s": _WAIT,
    "nudge_s": _WAIT,
    "autojoin": _ID_LIST,
    "language": _TEXT,
    "model": _Field(_as_it_is, _model),
    "member_roles": _ID_LIST,
    "moderator_roles": _ID_LIST,
}


def _unless_off(text: str) -> str | None:
    return None if text.strip().lower() == OFF else text
