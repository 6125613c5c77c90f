"""How a link is doing: counters it keeps, and the picture the room shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class LinkCounters:
    """Written by the link's parts as things happen; they only grow."""

    resumes: int = 0
    rejoins: int = 0
    moves: int = 0
    recoveries: int = 0  # op 31, new key package
    events_dropped: int = 0  # the room did not fetch its events
    sent: int = 0
    unsent: Counter[str] = field(default_factory=Counter)  # packets not sent, by cause
    ignored_ops: Counter[str] = field(
        default_factory=Counter
    )  # stale or impossible handshake messages, by cause


@dataclass(frozen=True, slots=True)
class VoiceHealth:
    """One look at a link. `latency_ms` is the voice gateway's heartbeat, infinite before the first answer."""

    connected: bool
    latency_ms: float
    mode: str
    dave_version: int
    dave_ready: bool
    privacy_code: str | None
    resumes: int
    rejoins: int
    moves: int
    recoveries: int
    sent: int
    unsent: dict[str, int]
    ignored_ops: dict[str, int]
    events_dropped: int
