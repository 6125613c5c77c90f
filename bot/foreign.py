"""Text by other people, made fit to stand beside our own: names, titles, messages. Pure.

Whatever the model reads may be taken for an instruction, so what people wrote must not be able to end the
quotation or the line that it stands in.
"""

from __future__ import annotations

import re
import unicodedata

MAX_DATA = 32
"""Characters of a name."""

_QUOTING = re.compile(r"[\"'`´‘’‚‛“”„‟«»‹›「」『』()\[\]{}<>（）［］｛｝【】〈〉《》〔〕＂＇｀＜＞⟨⟩⟦⟧]")
_INVISIBLE = {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}
"""Control and formatting characters (bidi among them), and those that have no meaning."""


_SQUARE = str.maketrans("[]［］【】〔〕⟦⟧", "()()()()()")


def unbracketed(text: str) -> str:
    """`text` with round brackets for square ones, and for what looks like these: notes of the software stand
    in square brackets, and nobody else's words shall begin or end one."""
    return text.translate(_SQUARE)


def data(text: str, limit: int = MAX_DATA) -> str:
    """`text` by somebody else, for a place between quotes: no quotes, brackets, control or bidi
    characters, no line breaks, at most `limit` characters."""
    shown = "".join(" " if unicodedata.category(char) in _INVISIBLE else char for char in text[: 8 * limit])
    words = " ".join(_QUOTING.sub(" ", shown).split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"
