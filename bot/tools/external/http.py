"""One `[[http]]` entry as a tool: fills in the request, sends it, and says what came of it."""

from __future__ import annotations

import asyncio
import http
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import structlog

from bot.tools.external import answers
from bot.tools.external.entries import HttpEntry
from bot.tools.external.network import Answer, Elsewhere, NotAllowed, TooLarge, fetch
from bot.tools.external.template import BadArgument, BodyTemplate, Template, UrlTemplate
from bot.tools.registry import INVOCATION_CONDITION, Need, Needs, Result, Tool, ToolContext, error

log = structlog.get_logger(__name__)

USER_AGENT = "Parley"
GRACE_S = 2.0
"""The tool's own timeout comes first: it knows whether something may have been done."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What one tool calls. `query` and `headers` have their secrets in them, `secrets` are those alone."""

    entry: HttpEntry
    url: UrlTemplate
    query: Mapping[str, Template]
    body: BodyTemplate | None
    headers: Mapping[str, str]
    secrets: Sequence[str]

    def request(self, args: Mapping[str, Any]) -> httpx2.Request:
        """Raises BadArgument."""
        query = {
            key: template.fill(args) for key, template in self.query.items() if template.names <= args.keys()
        }
        headers = {"Accept": "application/json, text/plain;q=0.5", "User-Agent": USER_AGENT, **self.headers}
        content = b""
        if self.body is not None:
            content = json.dumps(self.body.fill(args), allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        seconds = self.entry.timeout_s
        return httpx2.Request(
            self.entry.method,
            self.url.fill(args, query),
            headers=headers,
            content=content,
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), seconds)},
        )

    @property
    def changes(self) -> bool:
        return self.entry.method != "GET" if self.entry.changes is None else self.entry.changes


def http_tool(endpoint: Endpoint, transport: httpx2.AsyncBaseTransport) -> Tool:
    entry = endpoint.entry

    async def run(context: ToolContext, args: Mapping[str, Any]) -> Result:
        return await _call(endpoint, transport, args)

    return Tool(
        name=entry.name,
        description=f"{entry.description} {INVOCATION_CONDITION} {entry.condition}",
        run=run,
        parameters={"type": "object", **entry.parameters} if entry.parameters else {},
        timeout_s=entry.timeout_s + GRACE_S,
        summary=entry.description,
        group=entry.group,
        changes=endpoint.changes,
        needs=needs(entry.who),
        enabled=entry.enabled,
        confirm=entry.confirm,
    )


def needs(who: Sequence[str]) -> Needs:
    """Everybody who asks must have these permissions in the server."""
    wanted = [Need(frozenset(who))] if who else []
    return lambda context, args: wanted


async def _call(endpoint: Endpoint, transport: httpx2.AsyncBaseTransport, args: Mapping[str, Any]) -> Result:
    entry, source = endpoint.entry, endpoint.url.host
    try:
        request = endpoint.request(args)
    except BadArgument as problem:
        return error(str(problem), retryable=True)
    try:
        async with asyncio.timeout(entry.timeout_s):
            answer = await fetch(transport, request)
    except (TimeoutError, httpx2.TimeoutException):
        return _failed(endpoint, f"{source} did not answer within {entry.timeout_s:g} seconds.")
    except TooLarge as problem:
        log.warning("answer refused", tool=entry.name, reason=str(problem))
        return _failed(endpoint, f"{source} answered, but the answer is too large to be read.")
    except Elsewhere as problem:
        log.warning("answer refused", tool=entry.name, reason=str(problem))
        return _failed(endpoint, f"{source} points to another place, where this tool may not go.")
    except httpx2.ConnectError as problem:
        if isinstance(problem.__cause__, NotAllowed):
            log.warning("connection refused", tool=entry.name, reason=str(problem))
            return error(f"{source} may not be called from here; the person who runs the bot can tell why.")
        return error(f"{source} cannot be reached.", retryable=True)
    except httpx2.HTTPError as problem:
        log.warning("no answer", tool=entry.name, reason=type(problem).__name__)
        return _failed(endpoint, f"{source} did not give a proper answer.")
    return _result(endpoint, answer)


def _failed(endpoint: Endpoint, sentence: str) -> Result:
    """The request was sent, and what became of it is not known."""
    if endpoint.changes:
        return error(f"{sentence} It may have been done all the same: look before you try again.")
    return error(sentence, retryable=True)


def _result(endpoint: Endpoint, answer: Answer) -> Result:
    entry, source = endpoint.entry, endpoint.url.host
    if answer.status < 300 and not answer.body.strip():
        return {"source": source, "data": "Done; the answer is empty."}
    try:
        value = _value(answer)
        if answer.status < 300:
            return {"source": source, "data": answers.told(answers.at(value, entry.result), endpoint.secrets)}
    except answers.NoJson:
        if answer.status < 300:
            return _failed(endpoint, f"{source} answered with something that is not JSON.")
        value = None
    except answers.NotFound:
        return _failed(endpoint, f"{source} answered, but {entry.result} is not in its answer.")
    again = answer.status == http.HTTPStatus.TOO_MANY_REQUESTS or (
        answer.status >= 500 and not endpoint.changes
    )
    refused = error(f"{source} answered {answer.status}{_phrase(answer.status)}.", retryable=again)
    return refused if value is None else {**refused, "data": answers.told(value, endpoint.secrets)}


def _value(answer: Answer) -> Any:
    """None for a failure without content."""
    if not answer.body.strip():
        return None
    if answer.content_type == "text/plain":
        return answer.body.decode(errors="replace")
    if answer.content_type == "application/json" or answer.content_type.endswith("+json"):
        return answers.parsed(answer.body)
    raise answers.NoJson(answer.content_type)


def _phrase(status: int) -> str:
    try:
        return f" ({http.HTTPStatus(status).phrase.lower()})"
    except ValueError:
        return ""
