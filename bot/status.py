"""What `/status` shows of a room: plain figures, taken at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from audio.formats import LIVE_IN_HZ
from audio.speaker import SpeakerStats
from bot.live.line import Line
from bot.speaking import Speaking
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
class RoomStatus:
    """One room."""

    channel_id: int
    uptime_s: float
    encrypted: bool
    voice_latency_ms: float | None
    answer_latency_ms: float | None
    """Median of the last answers: end of a turn (hangover included) to the first packet of the answer."""
    live_connected: bool
    reconnects: int
    suppressed: bool
    """In the audience of a stage: not to be heard."""
    muted: bool
    deafened: bool
    speakers: list[SpeakerStatus]


def status_of(
    link: VoiceLink, *, uptime_s: float, answer_latency_ms: float | None, live_connected: bool, now: float
) -> RoomStatus:
    """The room of `link` at `now` (monotonic seconds); those heard last come first."""
    health, own = link.health, link.guild.me.voice
    speakers = [
        _speaker(user_id, stats, now)
        for user_id, stats in link.inbound.stats.items()
        if stats.last_heard is not None or stats.failure_streak
    ]
    return RoomStatus(
        channel_id=link.channel.id,
        uptime_s=uptime_s,
        encrypted=health.dave_version > 0,
        voice_latency_ms=health.latency_ms if health.latency_ms < float("inf") else None,
        answer_latency_ms=answer_latency_ms,
        live_connected=live_connected,
        reconnects=health.resumes + health.rejoins,
        suppressed=own is not None and own.suppress,
        muted=own is not None and own.mute,
        deafened=own is not None and own.deaf,
        speakers=sorted(speakers, key=lambda speaker: speaker.last_heard_s),
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
