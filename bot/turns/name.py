"""Was that a name? By how it sounds, since transcription spells unknown names as it likes. Pure.

"Parley" comes out as Parlay, Pali, Barley, Parlé, Harley, "par lay", パーリー or パーレイ; party, early and
parsley are what was said. So a word is written down as it sounds, and compared at what a mistake of the ear
costs: b for p half a consonant, a swallowed r less. Whole words only: what counts for a name is decided here,
what it does in the sentence elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache


class Likeness(IntEnum):
    NONE = 0
    NEAR = 1  # a mishearing, if the sentence speaks for it
    SAME = 2  # the name, or as good as


SAME_COST, NEAR_COST = 0.09, 0.18
"""Per sound of the name. Parlé, Parlay, Pali, Perley are below the first; Barley (0.10), Harley (0.14) and
Bali (0.16) below the second; party, partly, parsley, Charlie and Marley cost a whole consonant, 0.20."""

SHORTEST_FUZZY = 4
"""Shorter names have too many neighbours: only what sounds exactly alike."""

_FIRST_NAME = re.compile(r"[ぁ-ヺー一-鿿]{2,}|[^\W\d_]{3,}")
_KANA = re.compile(r"[ぁ-ゖァ-ヺー]")
_LATIN_SPELLINGS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"tsch|tch|ch", "C"), (r"sch|sh", "$"), (r"ph", "f"), (r"th", "t"), (r"ck|q", "k"), (r"gh", ""),
        (r"c(?=[eiy])", "s"), (r"c", "k"), (r"x", "ks"), (r"z", "s"), (r"w", "v"),
        (r"(?:e|a)[iy]$|ie$|ea$|ee$|y$", "i"), (r"ee|ea", "i"), (r"oo|ou", "u"), (r"y", "i"),
        (r"(?<=[aeiou])h", ""), (r"([^\W\d])\1+", r"\1"),
    )
]  # fmt: skip
_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サシスセソ", "t": "タチツテト", "n": "ナニヌネノ",
    "h": "ハヒフヘホ", "m": "マミムメモ", "r": "ラリルレロ", "g": "ガギグゲゴ", "j": "ザジズゼゾ",
    "d": "ダヂヅデド", "b": "バビブベボ", "p": "パピプペポ",
}  # fmt: skip
_SYLLABLES = {
    kana: row + vowel for row, line in _ROWS.items() for kana, vowel in zip(line, "aiueo", strict=True)
}
_SYLLABLES |= {
    "ヤ": "ia",
    "ユ": "iu",
    "ヨ": "io",
    "ワ": "va",
    "ヲ": "o",
    "ン": "n",
    "ー": ":",
    "ッ": "",
    "ヴ": "bu",
}
_SYLLABLES |= {"チ": "Ci", "シ": "$i", "ジ": "ji", "フ": "fu"}
_SMALL = dict(zip("ァィゥェォャュョ", "aiueoauo", strict=True))

_ALIKE = {
    frozenset(pair): cost
    for cost, pairs in (
        (0.3, "ei ou"), (0.4, "ae ao fv"), (0.5, "pb bv td kg s$ C$ Cj j$ lr mn gj sj"), (0.7, "pf hp hf"),
        (0.6, "ai au eo eu io iu"),
    )
    for pair in pairs.split()
}  # fmt: skip
_DROPPED = {":": 0.35, "r": 0.3, "h": 0.4} | dict.fromkeys("aeiou", 0.6)
_VOWELS = frozenset("aeiou")


def plain(text: str) -> str:
    """`text` in one width and case, Latin letters without their accents, kana with theirs."""
    letters = []
    for letter in unicodedata.normalize("NFKC", text).casefold():
        base = unicodedata.normalize("NFD", letter)[0]
        letters.append(base if base.isascii() else letter)
    return "".join(letters).replace("’", "'")


@lru_cache(maxsize=4096)
def sound(word: str) -> str:
    """How a plain word sounds: one character a sound, `:` for a long vowel in kana, "" if it is in neither
    script."""
    if _KANA.search(word):
        return _sound_of_kana(word)
    letters = "".join(letter for letter in word if letter.isascii() and letter.isalnum())
    for pattern, replacement in _LATIN_SPELLINGS:
        letters = pattern.sub(replacement, letters)
    return letters


def _sound_of_kana(word: str) -> str:
    sounds = ""
    for kana in word:
        kana = chr(ord(kana) + 0x60) if "ぁ" <= kana <= "ゖ" else kana
        if kana in _SMALL:
            sounds = sounds[:-1] + _SMALL[kana]
        else:
            sounds += _SYLLABLES.get(kana, "")
    return re.sub(r"([aeiou])\1", r"\1:", sounds.replace("ei", "e:").replace("ou", "o:"))


def _in_kana(latin: str) -> str:
    """How a Japanese speaker says a sound of Latin letters: parli → pa:ri:, jarvis → ja:bisu."""
    said = re.sub(r"r(?![aeiou])", ":", latin).replace("l", "r").replace("v", "b")
    said = re.sub(r"([td])(?![aeiou:])", r"\1o", said)
    said = re.sub(r"([kgsbpfmCj$])(?![aeiou:])", r"\1u", said)
    return re.sub(r"i$", "i:", said)


def _dropped(letter: str, *, last: bool) -> float:
    return 0.3 if last and letter == "e" else _DROPPED.get(letter, 1.0)


def distance(heard: str, name: str) -> float:
    """What mishearing `name` as `heard` costs: 1 for a consonant, less for what the ear confuses."""
    row = [0.0]
    for j, letter in enumerate(name):
        row.append(row[j] + _dropped(letter, last=j == len(name) - 1))
    for i, other in enumerate(heard):
        drop = _dropped(other, last=i == len(heard) - 1)
        previous, row = row, [row[0] + drop]
        for j, letter in enumerate(name):
            swapped = 0.0 if other == letter else _ALIKE.get(frozenset((other, letter)), 1.0)
            missing = _dropped(letter, last=j == len(name) - 1)
            row.append(min(previous[j] + swapped, previous[j + 1] + drop, row[j] + missing))
    return row[-1]


@dataclass(frozen=True)
class Names:
    """What somebody is called, ready to be listened for. Of the longest name, `words` and characters."""

    spelled: frozenset[str]
    latin: tuple[str, ...]
    kana: tuple[str, ...]
    words: int
    longest: int

    def likeness(self, word: str) -> Likeness:
        """How much a plain word, or some words in one, is like one of the names."""
        return _likeness(word, self) if len(word) <= self.longest + 3 else Likeness.NONE


@lru_cache(maxsize=256)
def listen_for(names: tuple[str, ...]) -> Names:
    """The names as people say them: what stands in brackets, emoji and ornaments are not said."""
    said = [re.findall(r"[^\W_]+", plain(re.sub(r"[(\[{|].*", "", name))) for name in names]
    joined = ["".join(words) for words in said if words]
    sounds = [sound(name) for name in joined]
    latin = [s for name, s in zip(joined, sounds, strict=True) if s and not _KANA.search(name)]
    kana = [s for name, s in zip(joined, sounds, strict=True) if _KANA.search(name)]
    return Names(
        frozenset(joined),
        tuple(dict.fromkeys([*latin, *(s.replace(":", "") for s in kana)])),
        tuple(dict.fromkeys([*kana, *map(_in_kana, latin)])),
        max((len(words) for words in said), default=1),
        max(map(len, (*joined, *latin)), default=0),
    )


def listen_for_people(names: Sequence[str]) -> Names:
    """As `listen_for`, of people who may also be called by the first word of what they are called."""
    firsts = [match[0] for name in names if (match := _FIRST_NAME.search(name))]
    return listen_for((*names, *firsts))


@lru_cache(maxsize=8192)
def _likeness(word: str, names: Names) -> Likeness:
    if word in names.spelled:
        return Likeness.SAME
    heard = sound(word)
    candidates = names.kana if _KANA.search(word) else names.latin
    return (
        max((_compare(heard, name) for name in candidates), default=Likeness.NONE) if heard else Likeness.NONE
    )


def _compare(heard: str, name: str) -> Likeness:
    if heard == name:
        return Likeness.SAME
    sounds = len(name.replace(":", ""))
    if sounds < SHORTEST_FUZZY:
        return Likeness.SAME if heard.replace(":", "") == name.replace(":", "") else Likeness.NONE
    if abs(len(heard) - len(name)) > 2 or not _begin_alike(heard, name):
        return Likeness.NONE
    cost = distance(heard, name) / sounds
    if cost <= SAME_COST:
        return Likeness.SAME
    return Likeness.NEAR if cost < NEAR_COST else Likeness.NONE


def _begin_alike(heard: str, name: str) -> bool:
    """Cheap, and true of every mishearing seen: spares nine words in ten the comparison."""
    first, other = name[0], heard[0]
    return first == other or frozenset((first, other)) in _ALIKE or (first in _VOWELS and other == "h")
