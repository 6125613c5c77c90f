"""What has changed from one version of a persona to the next, readable for people. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields

import discord

from bot.store.rows import Persona
from cogs.persona_fields import LABELS, shown

_CONTEXT = 6
"""Words that are shown on each side of a change."""

_LONG = ("instruction", "greeting")
_WORDS = re.compile(r"\S+|\n+")


def changed_fields(before: Persona | None, after: Persona | None) -> list[str]:
    """The names of the fields that differ, in their order; all there are where one of the two is missing."""
    names = [field.name for field in fields(Persona)]
    if before is None or after is None:
        return names
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def difference(before: Persona | None, after: Persona | None) -> str:
    """Field by field, long texts word by word: ~~what went~~ **what came**. Empty: nothing has changed."""
    if after is None:
        return "Deleted."
    if before is None:
        return "Made. `/persona show` tells what it is."
    return "\n".join(
        f"**{LABELS[name]}**: {_change(name, before, after)}" for name in changed_fields(before, after)
    )


def _change(name: str, before: Persona, after: Persona) -> str:
    old, new = getattr(before, name), getattr(after, name)
    if name in _LONG and old and new:
        return words(old, new)
    return f"{_escaped(shown(name, old))} → {_escaped(shown(name, new))}"


def words(before: str, after: str) -> str:
    """The changes between two texts, each with a few words around it."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    matcher = difflib.SequenceMatcher(None, old, new)
    pieces: list[str] = []
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        if group[0][1] > 0:
            pieces.append("…")
        for kind, old_start, old_end, new_start, new_end in group:
            pieces += _piece(kind, old[old_start:old_end], new[new_start:new_end])
        if group[-1][2] < len(old):
            pieces.append("…")
    return " ".join(pieces).replace("… …", "…")


def _piece(kind: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    if kind == "equal":
        yield _line(old)
        return
    if gone := _line(old):
        yield f"~~{gone}~~"
    if come := _line(new):
        yield f"**{come}**"


def _line(tokens: Sequence[str]) -> str:
    """One line: a mark like ** does not reach over the end of a paragraph. Breaks are shown as ⏎."""
    return _escaped(" ".join("⏎" if token.isspace() else token for token in tokens))


def _escaped(text: str) -> str:
    return discord.utils.escape_mentions(discord.utils.escape_markdown(text))
