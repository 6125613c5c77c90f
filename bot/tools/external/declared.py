"""From an entry of the file to what can be called: secrets put in, templates read, and all checked that can
be without the network."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bot.tools.external.entries import HttpEntry, McpEntry
from bot.tools.external.http import Endpoint
from bot.tools.external.network import Origin
from bot.tools.external.schema import SCALARS, TYPES
from bot.tools.external.template import BodyTemplate, Template, TemplateError, UrlTemplate

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_KEYWORDS = {"type", "description", "properties", "required", "items", "enum", "minimum", "maximum"}


class Wrong(Exception):
    """`field` (with the keys below it) of an entry is wrong; the text says how."""

    def __init__(self, field: tuple[str, ...], text: str) -> None:
        super().__init__(text)
        self.field: tuple[str, ...] = field


def endpoint(entry: HttpEntry, environ: Mapping[str, str], private: Collection[str]) -> Endpoint:
    """Raises Wrong."""
    used: list[str] = []
    _check_parameters(entry.parameters)
    url = _url(entry.url, private)
    query = {}
    for key, text in entry.query.items():
        value, secrets = _with_variables(("query", key), text, environ)
        used += secrets
        with _template(("query", key)):
            query[key] = Template.parse(value)
    body: BodyTemplate | None = None
    with _template(("json",)):
        body = None if entry.body is None else BodyTemplate(entry.body)
    headers, secrets = with_secrets(entry.headers, environ)
    result = Endpoint(entry, url, query, body, headers, [*used, *secrets])
    _check_names(result)
    return result


def _url(text: str, private: Collection[str]) -> UrlTemplate:
    with _template(("url",)):
        url = UrlTemplate.parse(text)
    if url.scheme == "http" and url.host not in private:
        raise Wrong(("url",), "must begin with https://; http:// is for hosts named in allow_private")
    return url


def origin(url: UrlTemplate, private: Collection[str]) -> Origin:
    return Origin(url.host, url.port, url.host in private)


def server_url(entry: McpEntry, private: Collection[str]) -> UrlTemplate:
    """Raises Wrong."""
    url = _url(entry.url or "", private)
    if url.path_names or url.query_names:
        raise Wrong(("url",), "nothing can be filled in here")
    return url


def with_secrets(headers: Mapping[str, str], environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The headers as they are sent, and the secrets in them. Raises Wrong."""
    finished: dict[str, str] = {}
    used: list[str] = []
    for name, text in headers.items():
        where = ("headers", name)
        rest = _VARIABLE.sub("", text)
        if re.search(r"\{\w+\}", rest):
            raise Wrong(where, "headers cannot be filled in by the model; write ${NAME} for a variable")
        value, secrets = _with_variables(where, text, environ, in_template=False)
        if not value.isascii() or not value.isprintable():
            raise Wrong(where, "must be one line of plain characters, and so must the variables in it")
        finished[name] = value
        used += secrets
    return finished, used


def variables(names: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Those of the environment that a server's program is given. Raises Wrong."""
    return {name: _variable(("env",), name, environ) for name in names}


def _with_variables(
    where: tuple[str, ...], text: str, environ: Mapping[str, str], *, in_template: bool = True
) -> tuple[str, list[str]]:
    used: list[str] = []

    def value(match: re.Match[str]) -> str:
        found = _variable(where, match[1], environ)
        used.append(found)
        return found.replace("{", "{{").replace("}", "}}") if in_template else found

    return _VARIABLE.sub(value, text), used


def _variable(where: tuple[str, ...], name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise Wrong(where, f"the environment has no {name}, and neither has .env")
    return value


@contextmanager
def _template(where: tuple[str, ...]) -> Iterator[None]:
    try:
        yield
    except TemplateError as problem:
        raise Wrong(where, str(problem)) from None


def _check_names(endpoint: Endpoint) -> None:
    """Every name that is filled in is a parameter, and every parameter is used."""
    parameters = endpoint.entry.parameters
    declared: Mapping[str, Any] = parameters.get("properties", {})
    required = set(parameters.get("required", ()))
    places: list[tuple[tuple[str, ...], set[str], set[str]]] = [
        (("url",), endpoint.url.path_names, endpoint.url.path_names),
        (("url",), endpoint.url.query_names, set()),
        *((("query", key), template.names, set[str]()) for key, template in endpoint.query.items()),
    ]
    for where, names, _ in places:
        for name in names & declared.keys():
            if declared[name]["type"] not in SCALARS:
                raise Wrong(where, f"{{{name}}} is a list or an object, which has no place in an address")
    if endpoint.body is not None:
        places.append((("json",), endpoint.body.names, endpoint.body.names - endpoint.body.alone))
    for where, names, needed in places:
        for name in sorted(names):
            if name not in declared:
                raise Wrong(where, f"{{{name}}} is not among the parameters")
            if name in needed and name not in required:
                raise Wrong(where, f"{{{name}}} must be among the required parameters to stand here")
    unused = declared.keys() - {name for _, names, _ in places for name in names}
    if unused:
        raise Wrong(("parameters", "properties", min(unused)), f"{{{min(unused)}}} is used nowhere")


def _check_parameters(schema: Mapping[str, Any]) -> None:
    if not schema:
        return
    if schema.get("type", "object") != "object" or not schema.get("properties"):
        raise Wrong(("parameters",), "must have properties; a tool without parameters has no such table")
    _check_schema({"type": "object", **schema}, ("parameters",))


def _check_schema(schema: Any, where: tuple[str, ...]) -> None:
    if not isinstance(schema, Mapping) or schema.get("type") not in TYPES:
        raise Wrong((*where, "type"), f"must be one of {', '.join(TYPES)}")
    for keyword in schema:
        if keyword not in _KEYWORDS:
            raise Wrong((*where, keyword), f"is not known here; there are {', '.join(sorted(_KEYWORDS))}")
    kind = schema["type"]
    _check_choices(schema, where)
    if kind == "array":
        _check_schema(schema.get("items"), (*where, "items"))
    if kind == "object":
        _check_object(schema, where)


def _check_choices(schema: Mapping[str, Any], where: tuple[str, ...]) -> None:
    choices = schema.get("enum")
    if "enum" in schema and not (
        schema["type"] == "string"
        and isinstance(choices, list)
        and choices
        and all(isinstance(choice, str) and choice for choice in choices)
    ):
        raise Wrong((*where, "enum"), "must be a list of texts, of a parameter of type string")
    for bound in ("minimum", "maximum"):
        if bound in schema and not (schema["type"] in ("integer", "number") and _is_number(schema[bound])):
            raise Wrong((*where, bound), "must be a number, of a parameter of type integer or number")
    if not isinstance(schema.get("description", ""), str):
        raise Wrong((*where, "description"), "must be a text")


def _check_object(schema: Mapping[str, Any], where: tuple[str, ...]) -> None:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        raise Wrong((*where, "properties"), "must name the parameters")
    for name, inner in properties.items():
        if not name.isidentifier():
            raise Wrong((*where, "properties", name), "must be of letters, digits and underscores")
        _check_schema(inner, (*where, "properties", name))
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(
        isinstance(name, str) and name in properties for name in required
    ):
        raise Wrong((*where, "required"), "must be a list of names that are among the properties")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
