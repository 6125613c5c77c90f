"""What a tool may ask of the room it is called in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from bot.askers import NOBODY
from bot.company import Company
from bot.foreign import data
from bot.home import Home
from bot.manners import Manners
from bot.turns.turn import Turn
from bot.voice.link import VoiceLink


class Doer(Protocol):
    """What a tool may have a room do; bot.room.Room."""

    @property
    def manners(self) -> Manners: ...
    def changed(self) -> None: ...
    def tell(self, text: str) -> None: ...


class RoomContext:
    """`bot.tools.registry.ToolContext` of one room, from its own record of who spoke."""

    def __init__(self, company: Company, link: VoiceLink, home: Home, room: Doer) -> None:
        self._company = company
        self._link = link
        self._home = home
        self._room = room
        self._last_turn: Turn | None = None
        self.asked = NOBODY
        """A call is made on behalf of somebody: see `bot.tools.behalf`."""

    def turn_ended(self, turn: Turn) -> None:
        self._last_turn = turn

    @property
    def guild_id(self) -> int:
        return self._link.channel.guild.id

    @property
    def channel_id(self) -> int:
        return self._link.channel.id

    @property
    def place(self) -> Any:
        """The server, as discord.py knows it now."""
        return self._link.current_guild()

    def who_is_speaking(self) -> Mapping[str, Any]:
        """Names are what Discord shows, and data."""
        spoken = self._last_turn.speakers if self._last_turn is not None else ()
        return {
            "last_turn": [
                {
                    "name": data(self._link.name_of(each.user_id)),
                    "seconds": round(each.end - each.start, 1),
                    "seconds_while_others_spoke": round(each.overlap_s, 1),
                    "seconds_lost_on_the_wire": round(each.lost_s, 1),
                }
                for each in spoken
            ],
            "in_the_channel": [data(name) for name in self._company.people.values()],
        }

    def leave_when_quiet(self, reason: str) -> None:
        """Leave the channel once the answer in progress has been played."""
        self._room.manners.leave_when_quiet(reason)

    def hush(self, minutes: float | None) -> None:
        """Fall silent for so long; None: until somebody unhushes the bot."""
        self._room.manners.hush_when_quiet(minutes)

    async def change_persona(self, name: str) -> str:
        """The persona's name as it is written. KeyError: there is none."""
        name = await self._home.use_persona(self.channel_id, name)
        self._room.changed()
        return name

    def tell(self, text: str) -> None:
        """Let the model know when nobody speaks."""
        self._room.tell(text)
