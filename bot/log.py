"""Logging: structlog in front of the standard library's, and one formatter at the end that redacts.

discord.py logs the whole op 4 at DEBUG (the voice session's `secret_key`) and `websockets` the request's
headers (`x-goog-api-key`), so the redaction works on the finished line, tracebacks included, and on every
logger of the process.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from typing import Literal, TextIO

import structlog

REDACTED = "[redacted]"

_QUOTE = r"\\*['\"]"  # the JSON renderer escapes the quotes of a message once more
_PATTERNS = [
    # 'secret_key': [1, 2, …] of op 4, as a Python or a JSON literal
    re.compile(rf"(?P<name>secret_key{_QUOTE}?\s*[:=]\s*)\[[^\]]*\]?"),
    # tokens of the gateway, of a voice session, of an interaction; resumption handles
    re.compile(
        rf"(?P<name>{_QUOTE}(?:token|access_token|session_id|handle|new_?handle|newHandle){_QUOTE}\s*:\s*{_QUOTE})"
        rf"[^'\"\\]+"
    ),
    re.compile(
        rf"(?P<name>(?i:x-goog-api-key|authorization){_QUOTE}?\s*[:=]\s*(?:{_QUOTE})?)"
        r"(?:Bot |Bearer |Token )?[^\s'\",}\\]+"
    ),
    re.compile(r"(?P<name>[?&]key=)[^&\s'\"\\]+"),
    re.compile(r"(?P<name>/(?:webhooks|interactions)/\d+/)[A-Za-z0-9_\-.]{8,}"),
]

_SHARED_PROCESSORS: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without the given secrets and without whatever looks like one of Discord's or Google's."""
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: match["name"] + REDACTED, text)
    return text


class _Redacting(structlog.stdlib.ProcessorFormatter):
    def __init__(self, secrets: list[str], renderer: structlog.types.Processor) -> None:
        super().__init__(
            foreign_pre_chain=[*_SHARED_PROCESSORS, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
        self.secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record), self.secrets)


def _fold_reconnect(record: logging.LogRecord) -> bool:
    """discord.py puts a traceback under every lost connection, which says no more than its last line."""
    if record.exc_info and record.exc_info[1] is not None and "reconnect" in str(record.msg):
        error = record.exc_info[1]
        record.msg, record.args = f"{record.getMessage()} ({type(error).__name__}: {error})", ()
        record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
    return True


def conceal(secrets: Iterable[str]) -> None:
    """These must not be written from now on either."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _Redacting):
            handler.formatter.secrets.extend(secret for secret in secrets if secret)


def configure(
    *,
    level: str = "info",
    style: Literal["console", "json"] = "console",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Route every logger of the process to `stream` (standard error), redacted. May be called again."""
    stream = stream or sys.stderr
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Redacting([s for s in secrets if s], renderer))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("discord.client").addFilter(_fold_reconnect)
    for telltale in ("aiosqlite", "sqlalchemy"):  # they tell of every statement, and of what it writes
        logging.getLogger(telltale).setLevel(logging.WARNING)
    if level != "debug":
        # Their INFO is chatter: one line per request, per heartbeat, per connection attempt.
        for chatty in ("discord", "websockets", "google_genai", "aiohttp", "httpx", "alembic", "mcp"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED_PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
