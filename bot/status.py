"""What `/status` shows of a room: plain figures, taken at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audio.formats import LIVE_IN_HZ
from audio.speaker import SpeakerStats
from bot.company import Company
from bot.conversation import Conversation
from bot.live.line import Line
from bot.live.usage import UsageMeter
from bot.speaking import Speaking
from bot.turns.floor import Mode
from bot.voice.link import VoiceLink


@dataclass(frozen=True, slots=True)
class SpeakerStatus:
    """One person who has been heard."""

    user_id: int
    last_heard_s: float
    """Seconds since their voice was last heard."""
    level_db: float
    """dB relative to full scale."""
    loss_percent: float
    undecryptable: int
    """Packets."""


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """The Gemini side of a room."""

    connected: bool
    answer_latency_ms: float | None
    """Median of the last answers: end of a turn (hangover included) to the first packet of the answer."""
    cost_usd: float
    """Of this room since it was entered, at the prices of the paid tier."""
    guild_cost_usd: float
    """Of this server this month (UTC)."""
    tokens: int
    estimated: bool
    """Whether the service's figures did not add up and the rest was taken at the dearer price."""
    tally: Mapping[str, int]
    """What had to be done to keep the conversation going, and how often, in words for people."""
    notes: bool
    """Whether the model is told who speaks at the start of a turn."""


@dataclass(frozen=True, slots=True)
class RoomStatus:
    """One room."""

    channel_id: int
    uptime_s: float
    encrypted: bool
    voice_latency_ms: float | None
    reconnects: int
    suppressed: bool
    """In the audience of a stage: not to be heard."""
    muted: bool
    deafened: bool
    people: int
    mode: Mode
    hushed: bool
    live: LiveStatus
    speakers: list[SpeakerStatus]


def status_of(
    link: VoiceLink,
    line: Line,
    speaking: Speaking,
    conversation: Conversation,
    company: Company,
    *,
    usage: UsageMeter,
    spent_usd: float,
    began_at: float,
    now: float,
) -> RoomStatus:
    """The room at `now` (monotonic seconds); those heard last come first. `usage`: of the room, `spent_usd`:
    of the server this month."""
    health, own = link.health, link.guild.me.voice
    speakers = [
        _speaker(user_id, stats, now)
        for user_id, stats in link.inbound.stats.items()
        if stats.last_heard is not None or stats.failure_streak
    ]
    return RoomStatus(
        channel_id=link.channel.id,
        uptime_s=now - began_at,
        encrypted=health.dave_version > 0,
        voice_latency_ms=health.latency_ms if health.latency_ms < float("inf") else None,
        reconnects=health.resumes + health.rejoins,
        suppressed=own is not None and own.suppress,
        muted=own is not None and own.mute,
        deafened=own is not None and own.deaf,
        people=len(company.people),
        mode=company.floor.rules.mode,
        hushed=company.presence.hushed,
        live=_live(line, speaking, conversation, usage, spent_usd),
        speakers=sorted(speakers, key=lambda speaker: speaker.last_heard_s),
    )


def _live(
    line: Line, speaking: Speaking, conversation: Conversation, usage: UsageMeter, spent_usd: float
) -> LiveStatus:
    return LiveStatus(
        connected=line.connected,
        answer_latency_ms=speaking.answer_latency_ms,
        cost_usd=usage.usd,
        guild_cost_usd=spent_usd,
        tokens=usage.tokens,
        estimated=usage.estimated,
        tally={what: count for what, count in (line.tally + conversation.tally).items() if count},
        notes=line.takes_notes,
    )


def _speaker(user_id: int, stats: SpeakerStats, now: float) -> SpeakerStatus:
    expected = stats.received + stats.lost
    return SpeakerStatus(
        user_id=user_id,
        last_heard_s=now - stats.last_heard if stats.last_heard is not None else float("inf"),
        level_db=stats.level_db,
        loss_percent=100.0 * stats.lost / expected if expected else 0.0,
        undecryptable=sum(stats.undecryptable.values()),
    )


def tally_of(link: VoiceLink, line: Line, speaking: Speaking, skipped_ticks: int) -> dict[str, int]:
    """What a room has counted since it was entered, for the log: what went well, then what should be 0."""
    health, heard = link.health, link.inbound.stats.values()
    return {
        "sent": health.sent,
        "received": sum(stats.received for stats in heard),
        "skipped_ticks": skipped_ticks,
        "unsent": sum(health.unsent.values()),
        "lost": sum(stats.lost for stats in heard),
        "late": sum(stats.late for stats in heard),
        "concealed": sum(stats.concealed for stats in heard),
        "undecryptable": sum(stats.undecryptable.total() for stats in heard),
        "live_audio_dropped_ms": line.dropped_audio_bytes * 1000 // (2 * LIVE_IN_HZ),
        "reply_overflow_ms": round(speaking.overflow_ms),
        "underruns": speaking.underruns,
        "rejoins": health.rejoins,
    }
