"""The company the bot keeps: who is in the channel, whom they let it answer, whether it is hushed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.guilds import GuildSettings
from bot.presence import Presence
from bot.turns.floor import Floor, FloorRules

LOOK_ROUND_S = 1.0
"""Who is there is asked so often, besides when somebody is seen to come or go: two gateways tell it, and they
do not agree at every moment."""


class Company:
    """One room's. `look` says who is in the channel now, without bots: user id → name."""

    def __init__(
        self,
        look: Callable[[], Mapping[int, str]],
        settings: Callable[[], GuildSettings],
        names: tuple[str, ...],
    ) -> None:
        self._look = look
        self._settings = settings
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

    def rules_changed(self) -> None:
        """The server has chosen anew."""
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
        chosen = self._settings()
        return FloorRules(
            mode=chosen.mode,
            names=self._names,
            hosts=chosen.hosts,
            follow_up_s=chosen.follow_up_s,
            interrupt=chosen.interrupt,
        )
