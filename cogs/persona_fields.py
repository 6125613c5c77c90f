"""The fields of a persona as people read and type them. Pure."""

from __future__ import annotations

import math
from typing import Any

from bot.languages import LANGUAGES, known_as
from bot.live.models import MODELS
from bot.live.voices import VOICES
from bot.persona_rules import THINKING_LEVELS
from cogs.floor_wording import INTERRUPTS, MODES

LABELS = {
    "name": "Name",
    "aliases": "Aliases",
    "instruction": "Instruction",
    "voice": "Voice",
    "language": "Language",
    "temperature": "Temperature",
    "thinking_level": "Thinking level",
    "greeting": "Greeting",
    "interrupt": "Who may interrupt",
    "addressing": "Whom it answers",
    "model": "Model",
}

OFF = "off"
"""Typed as a greeting: it waits to be spoken to. As in `.env`."""

SERVERS = "-"
"""Stands for what a persona leaves to the server."""

UNSET = "as the server has it"
_UNSET = {
    "aliases": "none",
    "language": "the server's, else the one it is spoken to in",
    "temperature": "the model's own",
    "thinking_level": "the model's own",
}

TEMPERATURES = {
    "0.3": "0.3 · sober, always much the same",
    "0.7": "0.7 · calm",
    "1": "1 · lively",
    "1.5": "1.5 · full of surprises",
}

NAMED: dict[str, dict[str, str]] = {
    "voice": {voice: f"{voice} · {nature}" for voice, nature in VOICES.items()},
    "language": {code: f"{name} ({code})" for code, name in LANGUAGES.items()},
    "temperature": TEMPERATURES,
    "thinking_level": {level: level for level in THINKING_LEVELS},
    "interrupt": {interrupt.value: text for interrupt, text in INTERRUPTS.items()},
    "addressing": {mode.value: text for mode, text in MODES.items()},
    "model": {model_id: model_id for model_id in MODELS},
}
"""Of each field that is chosen from a list: value → what people read."""


def shown(field: str, value: Any) -> str:
    """A field's value, in words."""
    if value is None or value == ():
        return _UNSET.get(field, UNSET)
    if field == "aliases":
        return ", ".join(value)
    if field == "greeting" and not value:
        return OFF
    if field == "temperature":
        return f"{value:g}"
    return NAMED.get(field, {}).get(value, str(value))


def typed(field: str, text: str) -> Any:
    """The value that somebody means by `text`; what cannot be made out is left as it is typed, and is found
    to be wrong when the persona is checked."""
    text = text.strip()
    if text in ("", SERVERS) and field != "voice":  # which every persona has
        return None
    if field == "temperature":
        return _number(text)
    if field == "language" and (code := known_as(text)) is not None:
        return code
    wanted = text.casefold()
    for value, name in NAMED[field].items():
        if wanted in (value.casefold(), name.casefold(), name.rpartition(" (")[0].casefold()):
            return value
    return text


def suggestions(field: str, text: str) -> dict[str, str]:
    """Value → what is shown, of what `text` may become: names that begin with it before those that contain
    it."""
    wanted = text.strip().casefold()
    named = NAMED[field] if field == "voice" else {SERVERS: shown(field, None), **NAMED[field]}
    fitting = {value: name for value, name in named.items() if wanted in name.casefold()}
    return dict(sorted(fitting.items(), key=lambda entry: not entry[1].casefold().startswith(wanted)))


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return math.nan  # which is in no range


def greeting_typed(text: str) -> str | None:
    """A greeting as it is typed into the form."""
    text = text.strip()
    return None if not text else "" if text.casefold() == OFF else text


def aliases_typed(text: str) -> tuple[str, ...]:
    """Other names, with commas between."""
    return tuple(filter(None, (alias.strip() for alias in text.split(","))))
