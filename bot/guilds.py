"""What each server has chosen: how the bot takes turns there, and when it comes and goes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any, Self

from bot.settings import Settings
from bot.turns.floor import Interrupt, Mode

OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """One server's choices; what it has not chosen is as the person who runs the bot has it in `.env`.

    `greeting` and `goodbye` are what the model is asked to do when it has joined and before it leaves;
    `alone_s` and `nudge_s` are seconds; None: it does not. `hosts` are user ids, `autojoin` ids of voice
    channels into which the bot comes by itself.
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


class Guilds:
    """The settings of every server, in memory: a restart brings the defaults back."""

    def __init__(self, defaults: GuildSettings) -> None:
        self._by_guild: defaultdict[int, GuildSettings] = defaultdict(lambda: defaults)

    def of(self, guild_id: int) -> GuildSettings:
        return self._by_guild[guild_id]

    def change(self, guild_id: int, **changes: Any) -> GuildSettings:
        """Set the named fields; TypeError for one that is none. The settings as they are now."""
        self._by_guild[guild_id] = replace(self._by_guild[guild_id], **changes)
        return self._by_guild[guild_id]


def _unless_off(text: str) -> str | None:
    return None if text.strip().lower() == OFF else text
