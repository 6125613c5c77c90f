"""In which line of a TOML file a field stands: tomllib does not say. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

Location = tuple[str | int, ...]
"""Table, its number where there are several, and the keys below: ``("http", 0, "url")``."""

_KEY = r"(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)"
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[|\[)\s*({_DOTTED})\s*\]")
_FIELD = re.compile(rf"\s*({_DOTTED})\s*=")
_QUOTES = re.compile(r'"""|\'\'\'')


class Positions:
    """Lines count from one."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Location, int] = {}
        self._count: dict[str, int] = {}
        table: Location = ()
        quoted = False  # within a text of several lines
        for number, line in enumerate(text.splitlines(), start=1):
            if not quoted:
                if header := _HEADER.match(line):
                    table = self._table(_keys(header[2]), array=header[1] == "[[")
                    self._lines.setdefault(table, number)
                    self._lines.setdefault(table[:1], number)
                elif field := _FIELD.match(line):
                    self._lines.setdefault((*table, *_keys(field[1])), number)
            if len(_QUOTES.findall(line)) % 2:
                quoted = not quoted

    def line(self, where: Sequence[str | int]) -> int:
        """Of the field, or of the nearest thing around it that is in the file."""
        for length in range(len(where), 0, -1):
            if (found := self._lines.get(tuple(where[:length]))) is not None:
                return found
        return 1

    def _table(self, keys: list[str], *, array: bool) -> Location:
        first, *rest = keys
        if array and not rest:
            self._count[first] = self._count.get(first, -1) + 1
        return (first, self._count[first], *rest) if first in self._count else (first, *rest)


def _keys(dotted: str) -> list[str]:
    return [key.strip("\"'") for key in re.findall(_KEY, dotted)]
