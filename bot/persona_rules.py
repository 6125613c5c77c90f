"""What a persona may be, and what follows from it for a room. Pure.

Personas come from a modal, from slash command options and from files that strangers wrote: all of them are
checked here, and a problem names its field, so that each can be pointed at where it was typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bot.foreign import data
from bot.guilds import GuildSettings
from bot.languages import LANGUAGES
from bot.live.config import LiveSettings
from bot.live.models import MODELS, model
from bot.live.voices import VOICES
from bot.store.rows import Persona
from bot.turns.floor import FloorRules, Interrupt, Mode

NAME_MAX = 32
ALIASES_MAX = 8
INSTRUCTION_MAX = 4_000
"""What fits into one field of a modal, and about 1,000 tokens, which every turn is billed for."""
GREETING_MAX = 300
TEMPERATURE_MAX = 2.0

THINKING_LEVELS = tuple(dict.fromkeys(level for entry in MODELS.values() for level in entry.thinking_levels))
"""All that some model takes."""

LANGUAGE_CODES = "codes such as de, en-US or pt-BR"

_APOSTROPHES = str.maketrans("'’", "--")
"""The only quotes that occur in names."""


def problems(persona: Persona) -> dict[str, str]:
    """Field → what is wrong with it, as the end of a sentence that begins with the field. Empty: nothing."""
    found: dict[str, str] = {}
    for field, problem in _problems(persona):
        found.setdefault(field, problem)
    return found


def tidy(persona: Persona) -> Persona:
    """The same without what nobody sees: blank space around texts, carriage returns, a name given twice."""
    aliases = [alias for alias in dict.fromkeys(map(_stripped, persona.aliases)) if alias]
    greeting = persona.greeting
    return replace(
        persona,
        name=_stripped(persona.name),
        aliases=tuple(alias for alias in aliases if alias != _stripped(persona.name)),
        instruction=_stripped(persona.instruction),
        greeting=None if greeting is None else _stripped(greeting),
    )


def _stripped(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def usable(persona: Persona) -> Persona:
    """The same without what this version does not know, such as a model that was retired since: that is as
    the server has it."""
    plain = Persona(name=persona.name, instruction=persona.instruction)
    return replace(persona, **{field: getattr(plain, field) for field in problems(persona)})


def _problems(persona: Persona) -> Iterator[tuple[str, str]]:
    yield from _name("name", persona.name)
    for alias in persona.aliases:
        yield from _name("aliases", alias)
    if len(persona.aliases) > ALIASES_MAX:
        yield "aliases", f"has {len(persona.aliases)} names; at most {ALIASES_MAX} are possible"
    yield from _text("instruction", persona.instruction, INSTRUCTION_MAX)
    if not persona.instruction.strip():
        yield "instruction", "is empty; say who the persona is and how it talks"
    yield from _text("greeting", persona.greeting or "", GREETING_MAX)
    yield from _one_of("voice", persona.voice, VOICES)
    yield from _one_of("language", persona.language, LANGUAGES)
    yield from _one_of("interrupt", persona.interrupt, tuple(Interrupt))
    yield from _one_of("addressing", persona.addressing, tuple(Mode))
    yield from _one_of("model", persona.model, MODELS)
    if persona.temperature is not None and not 0 <= persona.temperature <= TEMPERATURE_MAX:
        yield "temperature", f"must be a number from 0 to {TEMPERATURE_MAX:g}"
    yield from _thinking(persona)


def _name(field: str, name: str) -> Iterator[tuple[str, str]]:
    """Names are called out, are typed and stand in lists: one line of ordinary characters."""
    if not any(char.isalnum() for char in name):
        yield field, "needs at least one letter or digit"
    elif len(name) > NAME_MAX:
        yield field, f"is {len(name)} characters long; at most {NAME_MAX} are possible"
    elif name != " ".join(name.split()) or data(plain := name.translate(_APOSTROPHES)) != plain:
        yield field, "must not contain quotes, brackets, line breaks, or spaces at its ends or in a row"


def _text(field: str, text: str, limit: int) -> Iterator[tuple[str, str]]:
    if len(text) > limit:
        yield field, f"is {len(text):,} characters long; at most {limit:,} are possible"
    if any((ord(char) < 32 and char not in "\n\t") or char == "\x7f" for char in text):
        yield field, "contains control characters"


def _one_of(field: str, value: str | None, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    if value is not None and value not in known:
        possible = ", ".join(known) if field != "language" else LANGUAGE_CODES  # a hundred would help nobody
        yield field, f"cannot be {data(value)!r}; possible: {possible}"


def _thinking(persona: Persona) -> Iterator[tuple[str, str]]:
    level, entry = persona.thinking_level, MODELS.get(persona.model or "")
    if level is None:
        return
    if entry is None:
        yield from _one_of("thinking_level", level, THINKING_LEVELS)
    elif not entry.thinking_levels:
        yield "thinking_level", f"cannot be set: {entry.id} has no thinking levels"
    else:
        yield from _one_of("thinking_level", level, entry.thinking_levels)


def voiced(persona: Persona, settings: LiveSettings) -> LiveSettings:
    """`settings` with the persona's voice and ways; its instruction is assembled elsewhere. A thinking level
    that the model does not have is left out: the model may be the server's, which can change."""
    entry = model(persona.model or settings.model)
    level = persona.thinking_level if persona.thinking_level in entry.thinking_levels else None
    return replace(
        settings,
        model=entry.id,
        voice=persona.voice,
        temperature=persona.temperature,
        thinking_level=level or settings.thinking_level,
    )


def names_of(persona: Persona, own: Sequence[str]) -> tuple[str, ...]:
    """What the bot answers to as `persona`, the best known first. `own`: what it is always called, and then
    known by best."""
    first = own if persona.name in own else (persona.name,)
    return tuple(dict.fromkeys((*first, *persona.aliases, *own)))


def floor_rules(persona: Persona, chosen: GuildSettings, own: Sequence[str]) -> FloorRules:
    """Whom the bot answers as `persona` in a server that has `chosen`, and who may interrupt it."""
    return FloorRules(
        mode=Mode(persona.addressing) if persona.addressing else chosen.mode,
        names=names_of(persona, own),
        hosts=chosen.hosts,
        follow_up_s=chosen.follow_up_s,
        interrupt=Interrupt(persona.interrupt) if persona.interrupt else chosen.interrupt,
    )


def greeting_of(persona: Persona, chosen: GuildSettings) -> str | None:
    """What the model is asked to do on joining; None: it waits to be spoken to."""
    return chosen.greeting if persona.greeting is None else persona.greeting or None
