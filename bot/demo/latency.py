"""The four latencies, measured from outside: what left and reached the stand-ins, and when. Pure.

Both ends are in one process, so all times are of one monotonic clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audio.formats import DISCORD_FRAME, LIVE_IN_HZ, Samples, from_pcm16
from bot.loopback.live.record import Kind, LiveEvent
from bot.loopback.member.talk import SpokenRecord

FRAME_LIVE = DISCORD_FRAME * LIVE_IN_HZ // 48_000
MIDDLE_AFTER_S = 0.5
"""The pre-roll goes out in one burst when a turn begins; the middle of a turn begins after it."""

MINIMUM_MATCH = 0.4
"""Normalised correlation below which the Live server is taken not to have heard this utterance."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of one latency, in milliseconds; `n` is the number of samples it rests on."""

    p50: float
    p99: float
    n: int

    @classmethod
    def of(cls, values_ms: Sequence[float]) -> Percentiles | None:
        if not values_ms:
            return None
        p50, p99 = np.percentile(values_ms, [50, 99])
        return cls(round(float(p50), 1) + 0.0, round(float(p99), 1) + 0.0, len(values_ms))  # no "-0.0"


def offset_of(heard: Samples, said: Samples) -> tuple[int, float]:
    """Where in `heard` the utterance `said` begins (samples, same rate), and how well it matches (0 to 1)."""
    if len(heard) < FRAME_LIVE or len(said) < FRAME_LIVE:
        return 0, 0.0
    size = 1 << (len(heard) + len(said) - 1).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size))
    correlation = np.fft.irfft(spectrum, size)
    lags = np.concatenate((correlation[: len(heard)], correlation[-len(said) + 1 :]))
    best = int(np.argmax(lags))
    offset = best if best < len(heard) else best - len(lags)
    a, b = max(0, offset), max(0, -offset)
    length = min(len(heard) - a, len(said) - b)
    x, y = heard[a : a + length], said[b : b + length]
    norm = float(np.sqrt(np.dot(x, x) * np.dot(y, y)))
    return offset, float(np.dot(x, y)) / norm if norm else 0.0


def speech_to_live_ms(
    pcm16: bytes, arrivals: Sequence[tuple[float, int]], said: Samples, record: SpokenRecord
) -> list[float]:
    """Per millisecond of speech in mid-turn: from the packet that carried it to the message that did.

    Not only per message: a resampler that holds back 12.5 ms sends the end of each packet with the next one.
    `pcm16`: all that one Live session received; `arrivals`: time and samples received so far, per message;
    `said`: the utterance at 16 kHz; `record`: when its packets left the member.
    """
    offset, match = offset_of(from_pcm16(pcm16), said)
    if match < MINIMUM_MATCH:
        return []
    latencies = []
    until = min(len(said), len(record.packets) * FRAME_LIVE)
    before = 0
    for at, received in arrivals:
        begin = max(before - offset, round(MIDDLE_AFTER_S * LIVE_IN_HZ))
        for position in range(begin, min(received - offset, until), LIVE_IN_HZ // 1000):
            sent_at = record.packets[position // FRAME_LIVE].sent_at
            if sent_at is not None:
                latencies.append((at - sent_at) * 1000)
        before = received
    return latencies


def turn_end_ms(events: Sequence[LiveEvent], record: SpokenRecord, hangover_ms: float) -> float | None:
    """From the last voiced packet to `activityEnd`, less the configured hangover."""
    ends = [event.at for event in events if event.kind is Kind.ACTIVITY_END and event.at > record.ended_at]
    return (ends[0] - record.ended_at) * 1000 - hangover_ms if ends else None


def live_to_ear_ms(events: Sequence[LiveEvent], heard_at: Sequence[float]) -> list[float]:
    """Per answer: from its first audio leaving the Live server to its first packet at a member.

    `heard_at`: arrival times of the bot's voiced packets at that member.
    """
    firsts = [event.at for event in events if event.kind is Kind.AUDIO_OUT and event.detail == 0]
    latencies = []
    for first, following in zip(firsts, [*firsts, float("inf")][1:], strict=True):
        ears = [at for at in heard_at if first <= at < following]
        if ears:
            latencies.append((ears[0] - first) * 1000)
    return latencies


def barge_in_stop_ms(events: Sequence[LiveEvent], heard_at: Sequence[float]) -> list[float]:
    """Per interruption: from `interrupted` leaving the Live server to the answer's last packet at a member.

    Negative where the bot had stopped by itself before it was told to.
    """
    latencies = []
    firsts = [event.at for event in events if event.kind is Kind.AUDIO_OUT and event.detail == 0]
    for event in events:
        if event.kind is not Kind.INTERRUPTED:
            continue
        began = max((at for at in firsts if at <= event.at), default=None)
        following = min((at for at in firsts if at > event.at), default=float("inf"))
        ears = [at for at in heard_at if began is not None and began <= at < following]
        if ears:
            latencies.append((ears[-1] - event.at) * 1000)
    return latencies


def local_stop_ms(interruption: SpokenRecord, heard_at: Sequence[float], answer_until: float) -> float | None:
    """From the first packet of an interruption to the last packet of the answer that it stopped."""
    ears = [at for at in heard_at if interruption.started_at <= at < answer_until]
    return (ears[-1] - interruption.started_at) * 1000 if ears else None
