"""The company the bot keeps: who is in the channel, whom they let it answer, whether it is hushed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.guilds import GuildSettings
from bot.persona_rules import floor_rules, greeting_of
from bot.presence import Presence
from bot.store.rows import Persona
from bot.turns.floor import Floor, FloorRules

LOOK_ROUND_S = 1.0
"""Who is there is asked so often, besides when somebody is seen to come or go: two gateways tell it, and they
do not agree at every moment."""


class Company:
    """One room's. `look` says who is in the channel now, without bots: user id → name; `persona` who the bot
    is there, and `names` what it is called whoever it is."""

    def __init__(
        self,
        look: Callable[[], Mapping[int, str]],
        settings: Callable[[], GuildSettings],
        persona: Callable[[], Persona],
        names: tuple[str, ...],
    ) -> None:
        self._look = look
        self._settings = settings
        self._persona = persona
        self._names = names
        self._looked_at = float("-inf")
        chosen = settings()
        self.people: Mapping[int, str] = {}
        self.presence = Presence(chosen.alone_s, chosen.nudge_s)
        self.floor = Floor(self._rules())

    @property
    def chosen(self) -> GuildSettings:
        """The server's settings as they are now."""
        return self._settings()

    @property
    def persona(self) -> Persona:
        """Who the bot is here now."""
        return self._persona()

    @property
    def greeting(self) -> str | None:
        """What the model is asked to do on joining; None: it waits to be spoken to."""
        return greeting_of(self.persona, self.chosen)

    def rules_changed(self) -> None:
        """The server has chosen anew, or the bot is somebody else."""
        chosen = self._settings()
        self.floor.rules = self._rules()
        self.presence.alone_s, self.presence.nudge_s = chosen.alone_s, chosen.nudge_s

    def look_round(self, now: float) -> bool:
        """See who is there; whether that has changed."""
        self._looked_at = now
        people = dict(self._look())
        changed = people != self.people
        self.people = people
        self.presence.people(len(people), now)
        return changed

    def look_again(self) -> None:
        """Somebody was seen to come or go."""
        self._looked_at = float("-inf")

    def is_due(self, now: float) -> bool:
        """Whether it is time to look round."""
        return now - self._looked_at >= LOOK_ROUND_S

    def _rules(self) -> FloorRules:
        return floor_rules(self.persona, self.chosen, self._names)
