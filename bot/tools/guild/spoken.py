"""Which channel or person is meant by a spoken name. Pure.

Names on Discord are decorated (``『💬』general-chat``), and what is heard is spelt by a machine, so names are
compared without case, marks, emoji and punctuation, and what fits best wins if nothing else fits as well.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TypeVar

from bot.foreign import data
from bot.tools.registry import Unclear

Thing = TypeVar("Thing")

MAX_CANDIDATES = 8
"""So many names a refusal lists; more than that nobody can listen to."""

NEAR = 0.8
"""How alike two spellings of one name are at least: "Anna" and "Ana" are 0.86, "Ben" and "Ken" 0.67."""

_MENTION = re.compile(r"<(?:@[!&]?|#)(\d{15,20})>|(\d{15,20})")
_VOICED_MARKS = {"\u3099", "\u309a"}
"""They tell ガ from カ: no decoration."""


def folded(text: str) -> str:
    """`text` reduced to words that can be compared; what consists of emoji only stays as it is."""
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(_plain(char) for char in apart)
    return " ".join(unicodedata.normalize("NFKC", plain).casefold().split()) or text.strip()


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if char in _VOICED_MARKS or category[0] in "LN" or category == "Mc":
        return char
    return "" if category == "Mn" or char in "'’" else " "


def mentioned(spoken: str) -> int | None:
    """The id in ``<@1…>``, ``<#1…>`` or a bare id."""
    match = _MENTION.fullmatch(spoken.strip())
    return int(match[1] or match[2]) if match else None


def best(spoken: str, candidates: Iterable[tuple[Thing, Sequence[str]]]) -> list[Thing]:
    """Those of the candidates, each with its names, that fit best; several fit equally well.

    In this order: the same words; the same without spaces; all the words, among others; the beginning of a
    word; nearly the same letters.
    """
    wanted = folded(spoken)
    if not wanted:
        return []
    called = [(thing, [folded(name) for name in names if name]) for thing, names in candidates]
    fits: dict[int, list[Thing]] = {}
    for thing, names in called:
        ranks = [_rank(wanted, name) for name in names]
        rank = min((rank for rank in ranks if rank is not None), default=None)
        if rank is not None:
            fits.setdefault(rank, []).append(thing)
    if fits:
        return fits[min(fits)]
    return [thing for thing, names in called if any(_near(wanted, name) for name in names)]


def _rank(wanted: str, name: str) -> int | None:
    if wanted == name:
        return 0
    together, name_together = wanted.replace(" ", ""), name.replace(" ", "")
    if together == name_together:
        return 1
    words, name_words = wanted.split(), name.split()
    if set(words) <= set(name_words):
        return 2
    if len(together) >= 2 and any(word.startswith(wanted) for word in (name, *name_words)):
        return 3
    return None


def _near(wanted: str, name: str) -> bool:
    """Letters are compared only where the lengths allow it: names may be many, and the beat waits."""
    likeness = difflib.SequenceMatcher(None, wanted.replace(" ", ""), name.replace(" ", ""))
    return all(bound() >= NEAR for bound in (likeness.real_quick_ratio, likeness.quick_ratio, likeness.ratio))


def only(
    kind: str, spoken: str, found: Sequence[Thing], everything: Sequence[str], names: Sequence[str]
) -> Thing:
    """The one that was found. Raises Unclear: none (with the names there are, `everything`) or several (with
    `names`, one for each). `kind` is what it is, in one word."""
    if len(found) == 1:
        return found[0]
    asked = data(spoken) or "that"
    if found:
        raise Unclear(f'Several could be meant by "{asked}": {listing(names)}. Ask which.')
    there = f" There are: {listing(everything)}." if everything else ""
    raise Unclear(f'There is no {kind} called "{asked}".{there}')


def listing(names: Sequence[str]) -> str:
    """Names as data, in quotes, as many as one can listen to."""
    shown = [f'"{data(name) or "?"}"' for name in names[:MAX_CANDIDATES]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
