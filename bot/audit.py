"""The record of all calls: what moderators see under /tools log. Who asked and what came of it is kept; with
what arguments and result is forgotten after 30 days, and secrets are never written."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

import structlog

from bot.clock import utc_now
from bot.log import REDACTED, redact
from bot.store.rows import AuditEntry
from bot.store.store import Store
from bot.tools.confirmation import CONFIRM_S
from bot.tools.ledger import Outcome, Record
from bot.tools.results import MAX_BYTES, fitted

log = structlog.get_logger(__name__)

CONTENT_DAYS = 30
FORGET_EVERY_S = 24 * 3600.0

_SECRET_KEY = re.compile(
    r"(?i)pass(?:word|phrase|wd)|secret|token|api[-_ ]?key|authorization|credential|cookie"
)
_SAID = re.compile(
    r"(?i)(?P<name>\b(?:password|passphrase|secret|token|api[-_ ]?key|authorization)\b\s*(?::|=|\bis\b)\s*)"
    r"(?:(?:bot|bearer|basic)\s+)?\S+"
)
_BEARER = re.compile(r"(?i)(?P<name>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}")
_TOKENS = re.compile(
    r"\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"  # Discord's
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # JSON Web Tokens
    r"|\bAIza[\w-]{30,}"  # Google's
    r"|\b(?:sk|pk|rk|gh[opsru]|github_pat|glpat|hf|xox[abeprs])[-_][\w-]{10,}"
)
_LONG = re.compile(r"[A-Za-z0-9_+=-]{32,}")


class Audit:
    """`bot.tools.ledger.Ledger` over the store. `secrets` are values that must not be written wherever they
    come up; `now` is UTC."""

    def __init__(
        self, store: Store, secrets: Iterable[str] = (), now: Callable[[], datetime] = utc_now
    ) -> None:
        self._store = store
        self._secrets = [secret for secret in secrets if secret]
        self._now = now

    async def write(self, record: Record) -> int:
        """Its number. Raises StoreError."""
        entry = AuditEntry(
            guild_id=record.guild_id,
            channel_id=record.channel_id,
            at=self._now(),
            tool=record.tool,
            asked_by=record.asked.speakers if record.asked.clear else (),
            how=record.asked.how,
            outcome=record.outcome,
            arguments=self._kept(record.arguments),
            result=self._kept(record.result),
        )
        return await self._store.audit.add(entry)

    async def settle(self, number: int, outcome: Outcome, result: Mapping[str, Any]) -> None:
        """What has become of a call since. Raises StoreError."""
        await self._store.audit.settle(number, outcome, self._kept(result))

    async def newest(self, guild_id: int, limit: int, before_id: int | None = None) -> list[AuditEntry]:
        """Of one server, newest first; `before_id`: only those before this one. What waited for a
        confirmation when the process ended has expired. Raises StoreError."""
        expired = self._now() - timedelta(seconds=CONFIRM_S)
        return [
            replace(entry, outcome="expired") if entry.outcome == "waiting" and entry.at < expired else entry
            for entry in await self._store.audit.of(guild_id, limit, before_id)
        ]

    async def run(self) -> NoReturn:
        """Forget old content once a day, and at the start. Until cancelled."""
        while True:
            try:
                if forgotten := await self.forget():
                    log.info("audit content forgotten", entries=forgotten)
            except Exception:  # a full disk today must not keep it for ever
                log.exception("audit content not forgotten")
            await asyncio.sleep(FORGET_EVERY_S)

    async def forget(self) -> int:
        """Take arguments and results out of what is older than 30 days; how many had any. Raises
        StoreError."""
        return await self._store.audit.forget_content(self._now() - timedelta(days=CONTENT_DAYS))

    def _kept(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        kept: Mapping[str, Any] = without_secrets(fitted(content, MAX_BYTES), self._secrets)
        return kept


def without_secrets(value: Any, secrets: Iterable[str] = ()) -> Any:
    """Plain JSON without the given secrets, and without what is called one or looks like one."""
    if isinstance(value, str):
        return _redacted(value, secrets)
    if isinstance(value, list):
        return [without_secrets(item, secrets) for item in value]
    if isinstance(value, Mapping):
        return {
            key: REDACTED if _SECRET_KEY.search(key) and item else without_secrets(item, secrets)
            for key, item in value.items()
        }
    return value


def _redacted(text: str, secrets: Iterable[str]) -> str:
    text = _TOKENS.sub(REDACTED, redact(text, secrets))
    for pattern in (_SAID, _BEARER):
        text = pattern.sub(lambda match: match["name"] + REDACTED, text)
    return _LONG.sub(lambda match: REDACTED if _looks_random(match[0]) else match[0], text)


def _looks_random(word: str) -> bool:
    return any(char.isdigit() for char in word) and any(char.isalpha() for char in word)
