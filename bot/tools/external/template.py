"""Filling in what the model passes: ``{name}`` in the path, the query and the JSON body of a request. Pure.

Scheme, host and port are fixed; a value in the path stays within its segment. ``{{`` and ``}}`` are braces.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, unquote_plus, urlencode

import httpx2

from bot.tools.external.reach import host_problem

MAX_VALUE = 2_000
"""Characters of one argument."""
MAX_URL = 4_000

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[^/?#@\\:\[\]]+|\[[0-9a-fA-F:.]+\])(?::(?P<port>\d{1,5}))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?"
)
_LITERAL_SAFE = "/:@!$&'()*+,;=~-._%"


class TemplateError(ValueError):
    """The template in the file is wrong; the text says how."""


class BadArgument(ValueError):
    """What the model passed cannot be filled in; the text tells it why."""


@dataclass(frozen=True, slots=True)
class Template:
    """Text with ``{name}`` in it: literals and names in turn, as ``(literal, name or None)``."""

    parts: tuple[tuple[str, str | None], ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        parts = []
        try:
            for literal, name, spec, conversion in string.Formatter().parse(text):
                if name is not None and (spec or conversion or not name.isidentifier()):
                    raise TemplateError(f"{{{name}}} is no name of a parameter")
                parts.append((literal, name))
        except TemplateError:
            raise
        except ValueError:
            raise TemplateError(
                "has a { or } without its other half; write {{ or }} for the character"
            ) from None
        return cls(tuple(parts))

    @property
    def names(self) -> set[str]:
        return {name for _, name in self.parts if name is not None}

    @property
    def alone(self) -> str | None:
        """The name, if there is nothing but one."""
        if len(self.parts) == 1 and self.parts[0][0] == "":
            return self.parts[0][1]
        return None

    def fill(self, args: Mapping[str, Any]) -> str:
        """With every name in `args`."""
        return "".join(
            literal + ("" if name is None else _text(name, args[name])) for literal, name in self.parts
        )


@dataclass(frozen=True, slots=True)
class UrlTemplate:
    """A URL of which only the path and the query change. `query`: the pairs behind the question mark."""

    scheme: str
    host: str
    port: int
    segments: tuple[Template, ...]
    query: tuple[tuple[str, Template], ...]

    @classmethod
    def parse(cls, text: str) -> UrlTemplate:
        match = _URL.fullmatch(text)
        if match is None or any(ord(char) <= 0x20 for char in text):
            raise TemplateError(
                "is not an address of the form https://host/path; name and password, a # part and spaces "
                "have no place in it"
            )
        host = match["host"].strip("[]").lower()
        if problem := host_problem(host):
            raise TemplateError(f"the host {problem}; nothing can be filled in before the path")
        port = int(match["port"] or (443 if match["scheme"] == "https" else 80))
        if not 0 < port < 65536:
            raise TemplateError("the port must be between 1 and 65535")
        segments = tuple(Template.parse(part) for part in (match["path"] or "/").split("/")[1:])
        for segment in segments:
            if not segment.names and _climbs(segment.fill({})):
                raise TemplateError("the path must not contain . or .. as a part")
        return cls(match["scheme"], host, port, segments, _pairs(match["query"] or ""))

    @property
    def path_names(self) -> set[str]:
        return {name for segment in self.segments for name in segment.names}

    @property
    def query_names(self) -> set[str]:
        return {name for _, template in self.query for name in template.names}

    @property
    def authority(self) -> str:
        """Host and port, as people write them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"

    def fill(self, args: Mapping[str, Any], query: Mapping[str, str]) -> httpx2.URL:
        """The address for `args`, which has every name of the path; pairs with a name it lacks are left
        out. `query`: further pairs, finished. Raises BadArgument."""
        path = "/".join(_segment(segment, args) for segment in self.segments)
        pairs = [(key, template.fill(args)) for key, template in self.query if template.names <= args.keys()]
        encoded = urlencode([*pairs, *query.items()], quote_via=quote)
        text = f"{self.scheme}://{self.authority}/{path}" + (f"?{encoded}" if encoded else "")
        if len(text) > MAX_URL:
            raise BadArgument("The arguments are too long.")
        url = httpx2.URL(text)
        # Nothing above can change it; this is the last look before the connection.
        if (url.scheme, url.host, url.port or self.port) != (self.scheme, self.host, self.port):
            raise BadArgument("The arguments cannot be part of an address.")
        return url


def _pairs(query: str) -> tuple[tuple[str, Template], ...]:
    pairs = []
    for pair in filter(None, query.split("&")):
        key, _, value = pair.partition("=")
        if Template.parse(key).names:
            raise TemplateError("the names of the query cannot be filled in, only the values")
        pairs.append((unquote_plus(key), Template.parse(unquote_plus(value))))
    return tuple(pairs)


def _segment(template: Template, args: Mapping[str, Any]) -> str:
    """One part of the path. A server may decode it once more than it should, so what would climb out of its
    place then is refused as well."""
    encoded = []
    for literal, name in template.parts:
        encoded.append(quote(literal, safe=_LITERAL_SAFE))
        if name is None:
            continue
        value = _text(name, args[name])
        seen = unquote(unquote(value))
        if not value.strip() or any(char in seen for char in "/\\") or not seen.isprintable():
            raise BadArgument(f"{name} must not be empty and not contain slashes or line breaks.")
        encoded.append(quote(value, safe=""))
    if template.names and _climbs("".join(encoded)):
        raise BadArgument(f"{', '.join(sorted(template.names))} cannot be dots only.")
    return "".join(encoded)


def _climbs(segment: str) -> bool:
    return unquote(unquote(unquote(segment))).partition(";")[0].strip() in {".", ".."}


def _text(name: str, value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(whole(value))
    if len(text) > MAX_VALUE:
        raise BadArgument(f"{name} must not be longer than {MAX_VALUE} characters.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadArgument(f"{name} is not proper text.") from None
    return text


def whole(value: Any) -> Any:
    """3 for 3.0: JSON has one kind of number, and the wire turns one into the other."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class BodyTemplate:
    """A JSON value whose texts are templates. A text that is nothing but one ``{name}`` becomes the argument
    itself, of whatever type; where it is missing, so is the key or the item."""

    def __init__(self, value: Any) -> None:
        self._value = _parsed(value)

    @property
    def names(self) -> set[str]:
        return _names(self._value)

    @property
    def alone(self) -> set[str]:
        """The names that stand alone wherever they stand, and so may be missing."""
        return self.names - _mixed(self._value)

    def fill(self, args: Mapping[str, Any]) -> Any:
        return _filled(self._value, args)


_MISSING = object()


def _parsed(value: Any) -> Any:
    if isinstance(value, str):
        return Template.parse(value)
    if isinstance(value, Mapping):
        return {key: _parsed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_parsed(item) for item in value]
    if isinstance(value, bool | int | float):
        return value
    raise TemplateError("dates and times have no form in JSON; write them as text")


def _templates(value: Any) -> list[Template]:
    if isinstance(value, Template):
        return [value]
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [template for item in items for template in _templates(item)]


def _names(value: Any) -> set[str]:
    return {name for template in _templates(value) for name in template.names}


def _mixed(value: Any) -> set[str]:
    return {name for template in _templates(value) if template.alone is None for name in template.names}


def _filled(value: Any, args: Mapping[str, Any]) -> Any:
    if isinstance(value, Template):
        if value.alone is None:
            return value.fill(args)
        if value.alone not in args:
            return _MISSING
        argument = args[value.alone]
        if isinstance(argument, str):
            return _text(value.alone, argument)
        return _numbers(argument)
    if isinstance(value, Mapping):
        filled = {key: _filled(item, args) for key, item in value.items()}
        return {key: item for key, item in filled.items() if item is not _MISSING}
    if isinstance(value, list):
        return [item for item in (_filled(item, args) for item in value) if item is not _MISSING]
    return value


def _numbers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return whole(value)
