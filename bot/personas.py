"""Who the bot is, where: the personas of each server, those that come with Parley, and which is in use.

Read from memory at once, written through to the store. A name means, whatever its case: the server's own
persona of that name, else the one that comes with Parley. So editing one that comes with Parley makes the
server a persona of its own, and deleting that brings the original back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Protocol, Self

from bot import persona_file
from bot.errors import ParleyError
from bot.persona_rules import problems, tidy, usable
from bot.settings import Settings
from bot.store.rows import Persona, PersonaVersion

DEFAULT_NAME = "Parley"

AT_MOST = 50
"""Personas of a server's own."""

_CHOICE = "persona"
"""The key under which a channel's choice is kept."""


class Versions(Protocol):
    """`bot.store.personas.Personas`, as far as it is needed here."""

    async def everywhere(self) -> Mapping[int, Sequence[Persona]]: ...

    async def save(self, guild_id: int, persona: Persona, by: int, at: datetime) -> int: ...

    async def delete(self, guild_id: int, name: str, by: int, at: datetime) -> bool: ...

    async def versions(self, guild_id: int, name: str) -> list[PersonaVersion]: ...


class Choices(Protocol):
    """`bot.store.guilds.Guilds`, as far as it is needed here."""

    async def channels(self) -> Mapping[tuple[int, int], Mapping[str, Any]]: ...

    async def save_channel(self, guild_id: int, channel_id: int, choices: Mapping[str, Any]) -> None: ...


class Kept(Protocol):
    """The store."""

    @property
    def personas(self) -> Versions: ...

    @property
    def guilds(self) -> Choices: ...


class NotAPersona(ParleyError):
    """It cannot be kept as it is; `problems` says of each field why."""

    def __init__(self, found: Mapping[str, str]) -> None:
        named = {field.replace("_", " ").capitalize(): problem for field, problem in found.items()}
        sentence = "\n".join(f"**{name}** {problem}." for name, problem in named.items())
        super().__init__(sentence, sentence=sentence)
        self.problems = dict(found)


class TooMany(ParleyError):
    sentence = f"This server has {AT_MOST} personas of its own, which is as many as I keep. Delete one first."


class Personas:
    """Names are matched whatever their case; KeyError carries the names there are."""

    def __init__(self, kept: Kept, default: Persona) -> None:
        self._kept = kept
        self._given = {_key(persona): persona for persona in (default, *presets())}
        self.default = default
        self._own: defaultdict[int, dict[str, Persona]] = defaultdict(dict)
        self._chosen: dict[tuple[int, int], dict[str, Any]] = {}
        """By server and channel; that of the whole server is under its own id, which no voice channel has."""

    @classmethod
    async def load(cls, kept: Kept, default: Persona) -> Self:
        """With all that was kept. Raises StoreError."""
        personas = cls(kept, default)
        for guild_id, own in (await kept.personas.everywhere()).items():
            personas._own[guild_id] = {_key(persona): usable(persona) for persona in own}
        chosen = await kept.guilds.channels()
        personas._chosen = {place: dict(choices) for place, choices in chosen.items()}
        return personas

    # --- reading ---

    def for_channel(self, guild_id: int, channel_id: int) -> Persona:
        """Who the bot is in this channel: what was chosen there, else in the server, else the default."""
        for name in (self.chosen(guild_id, channel_id), self.chosen(guild_id), DEFAULT_NAME):
            found = self.find(guild_id, name) if name is not None else None
            if found is not None:
                return found
        return self.default

    def all(self, guild_id: int) -> list[Persona]:
        """The default, the server's own by name, then those that come with Parley."""
        here = self._given | self._own[guild_id]
        default = here.pop(DEFAULT_NAME.casefold())
        own = [here.pop(key) for key in sorted(self._own[guild_id]) if key in here]
        return [default, *own, *here.values()]

    def find(self, guild_id: int, name: str) -> Persona | None:
        """The persona of this name, if there is one."""
        key = name.strip().casefold()
        return self._own[guild_id].get(key) or self._given.get(key)

    def get(self, guild_id: int, name: str) -> Persona:
        """Raises KeyError."""
        found = self.find(guild_id, name)
        if found is None:
            raise KeyError([persona.name for persona in self.all(guild_id)])
        return found

    def origin(self, name: str) -> Persona | None:
        """The persona of this name that comes with Parley."""
        return self._given.get(name.strip().casefold())

    def is_own(self, guild_id: int, name: str) -> bool:
        """Whether the server has made, or changed, the persona of this name."""
        return name.strip().casefold() in self._own[guild_id]

    def chosen(self, guild_id: int, channel_id: int | None = None) -> str | None:
        """The name chosen for this channel, or for the whole server; None: none was."""
        name = self._chosen.get((guild_id, channel_id or guild_id), {}).get(_CHOICE)
        return name if isinstance(name, str) else None

    async def versions(self, guild_id: int, name: str) -> list[PersonaVersion]:
        """Every edit, newest first; none of a persona that is as it comes with Parley."""
        return await self._kept.personas.versions(guild_id, name.strip())

    # --- changing ---

    async def save(self, guild_id: int, persona: Persona, by: int, at: datetime) -> int:
        """Keep `persona` as a new version; its number. Raises NotAPersona, TooMany or StoreError."""
        persona = tidy(persona)
        if found := problems(persona):
            raise NotAPersona(found)
        own = self._own[guild_id]
        if _key(persona) not in own and len(own) >= AT_MOST:
            raise TooMany
        version = await self._kept.personas.save(guild_id, persona, by, at)
        own[_key(persona)] = persona
        return version

    async def delete(self, guild_id: int, name: str, by: int, at: datetime) -> bool:
        """From now on the server has none of this name, except what comes with Parley. False: it had none."""
        deleted = await self._kept.personas.delete(guild_id, name.strip(), by, at)
        self._own[guild_id].pop(name.strip().casefold(), None)
        return deleted

    async def rollback(self, guild_id: int, name: str, version: int, by: int, at: datetime) -> Persona:
        """Make it again what it was in `version`, by a new version. LookupError: there is none of this
        number, or it had been deleted then."""
        for kept in await self.versions(guild_id, name):
            if kept.version == version and kept.persona is not None:
                await self.save(guild_id, kept.persona, by, at)
                return kept.persona
        raise LookupError(version)

    async def use(self, guild_id: int, channel_id: int | None, name: str | None) -> Persona | None:
        """Be this persona in the channel, or (None) in the whole server, where no channel has another. A name
        of None takes the choice back. Raises KeyError or StoreError."""
        persona = None if name is None else self.get(guild_id, name)
        place = guild_id, channel_id or guild_id
        choices = {key: value for key, value in self._chosen.get(place, {}).items() if key != _CHOICE}
        if persona is not None:
            choices[_CHOICE] = persona.name
        await self._kept.guilds.save_channel(*place, choices)
        self._chosen[place] = choices
        return persona

    def forget(self, guild_id: int) -> None:
        """The bot was removed from that server, and what was kept of it is deleted."""
        self._own.pop(guild_id, None)
        self._chosen = {place: choices for place, choices in self._chosen.items() if place[0] != guild_id}


def default_persona(settings: Settings) -> Persona:
    """Who the bot is where nobody has chosen: as the person who runs it has it in `.env`."""
    return Persona(
        name=DEFAULT_NAME,
        instruction=settings.parley_instruction,
        aliases=settings.aliases,
        voice=settings.gemini_voice,
    )


@cache
def presets() -> tuple[Persona, ...]:
    """Those that come with Parley, by name."""
    files = resources.files("bot") / "presets"
    read = [persona_file.read(file.read_bytes()) for file in files.iterdir() if file.name.endswith(".toml")]
    return tuple(sorted(read, key=_key))


def _key(persona: Persona) -> str:
    return persona.name.casefold()
