"""What a member hears: packets as they came, decoded when somebody asks.

Audio is laid on the axis of arrival times (monotonic seconds), so that recordings of several members and of
the Live server fit together. Within a talk spurt the RTP timestamp places a packet; where it disagrees with
the arrival by more than a quarter of a second the arrival wins (discord.py's sender lets its timestamp stand
still in silence).
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from audio.formats import DISCORD_HZ, SILENCE_PACKET, Samples

_DISAGREEMENT = DISCORD_HZ // 4  # samples
_JUMP = 1000  # packets: a sequence number that leaps so far is a new start, not loss
_CAPACITY = 30_000  # packets per sender: ten minutes; the oldest go


class HeardPacket(NamedTuple):
    arrived_at: float
    sequence: int
    timestamp: int
    ssrc: int
    opus: bytes


class Track(NamedTuple):
    """Contiguous 48 kHz audio that begins at `t0` (monotonic seconds); gaps are silent."""

    t0: float
    samples: Samples


class Recording:
    """Packets by sender. `counters` holds what was dropped, by cause."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self.counters: Counter[str] = Counter()
        self.observer: Callable[[int, HeardPacket], None] | None = None
        """Called with every audio packet."""
        self._capacity = capacity
        self._packets: dict[int, deque[HeardPacket]] = {}

    def add(self, user_id: int, packet: HeardPacket) -> None:
        """A packet, once; one without Opus (a probe) only fills its place in the sequence."""
        self._packets.setdefault(user_id, deque(maxlen=self._capacity)).append(packet)
        if self.observer is not None and packet.opus:
            self.observer(user_id, packet)

    def clear(self) -> None:
        self._packets.clear()

    @property
    def user_ids(self) -> list[int]:
        return list(self._packets)

    @property
    def t0(self) -> float:
        """Arrival of the very first packet; nan if nothing was heard."""
        return min((packets[0].arrived_at for packets in self._packets.values() if packets), default=math.nan)

    def timeline(self, user_id: int, since: float | None = None) -> list[HeardPacket]:
        """Everything from one sender in order of arrival, silence packets included."""
        return [packet for packet in self._since(user_id, since) if packet.opus]

    def _since(self, user_id: int, since: float | None) -> list[HeardPacket]:
        start = -math.inf if since is None else since
        return [packet for packet in self._packets.get(user_id, ()) if packet.arrived_at >= start]

    def voiced(self, user_id: int, since: float | None = None) -> list[float]:
        """Arrival times of the packets that are not Opus silence."""
        return [
            packet.arrived_at for packet in self.timeline(user_id, since) if packet.opus != SILENCE_PACKET
        ]

    def first_voiced(self, user_id: int, since: float | None = None) -> float | None:
        return next(iter(self.voiced(user_id, since)), None)

    def last_voiced(self, user_id: int, since: float | None = None) -> float | None:
        return next(reversed(self.voiced(user_id, since)), None)

    def lost(self, user_id: int, since: float | None = None) -> int:
        """Packets missing between the first and the last one of each SSRC, by sequence number."""
        missing = 0
        for run in _runs(self._since(user_id, since)):
            numbers = sorted({position for position, _ in _unwrapped(run)})
            missing += sum(step - 1 for a, b in pairwise(numbers) if (step := b - a) < _JUMP)
        return missing

    def track(self, user_id: int, since: float | None = None) -> Track:
        """One sender's audio from its first packet (after `since`) on."""
        return _lay(self.timeline(user_id, since))

    def mixed(self, since: float | None = None) -> Track:
        """All senders summed."""
        tracks = [track for user_id in self._packets if len((track := self.track(user_id, since)).samples)]
        if not tracks:
            return Track(math.nan, np.zeros(0, np.float32))
        t0 = min(track.t0 for track in tracks)
        starts = [round((track.t0 - t0) * DISCORD_HZ) for track in tracks]
        total = np.zeros(
            max(at + len(track.samples) for at, track in zip(starts, tracks, strict=True)), np.float32
        )
        for at, track in zip(starts, tracks, strict=True):
            total[at : at + len(track.samples)] += track.samples
        return Track(t0, total)


def _runs(packets: Iterable[HeardPacket]) -> list[list[HeardPacket]]:
    """Packets of one SSRC each, in order of first arrival."""
    runs: dict[int, list[HeardPacket]] = {}
    for packet in packets:
        runs.setdefault(packet.ssrc, []).append(packet)
    return list(runs.values())


def _unwrapped(run: list[HeardPacket]) -> Iterator[tuple[int, HeardPacket]]:
    """Positions without the 16-bit wrap. After a jump (±20000, say) counting goes on behind all before it."""
    position = highest = 0
    last = run[0].sequence
    for packet in run:
        step = _signed(packet.sequence - last, 16)
        position = position + step if abs(step) < _JUMP else highest + _JUMP
        highest = max(highest, position)
        last = packet.sequence
        yield position, packet


def _signed(difference: int, bits: int) -> int:
    """The wrap-around difference of two unsigned counters."""
    half = 1 << (bits - 1)
    return (difference + half & (1 << bits) - 1) - half


def _lay(packets: list[HeardPacket]) -> Track:
    if not packets:
        return Track(math.nan, np.zeros(0, np.float32))
    t0 = packets[0].arrived_at
    pieces: list[tuple[int, Samples]] = []
    for run in _runs(packets):
        decoder = OpusDecoder()
        previous: tuple[int, HeardPacket] | None = None
        for _, packet in sorted(_unwrapped(run), key=lambda item: item[0]):
            arrival = round((packet.arrived_at - t0) * DISCORD_HZ)
            at = arrival
            if previous is not None:
                step = _signed(packet.timestamp - previous[1].timestamp, 32)
                if abs(previous[0] + step - arrival) < _DISAGREEMENT:
                    at = previous[0] + step
            pieces.append((at, decoder.decode(packet.opus)))
            previous = (at, packet)
    start = min(at for at, _ in pieces)
    laid = np.zeros(max(at + len(samples) for at, samples in pieces) - start, np.float32)
    for at, samples in pieces:
        laid[at - start : at - start + len(samples)] = samples
    return Track(t0 + start / DISCORD_HZ, laid)


class OpusDecoder:
    """FFmpeg's own Opus decoder by way of PyAV: not libopus, which the bot uses."""

    def __init__(self) -> None:
        self._codec = self._open()

    @staticmethod
    def _open() -> AudioCodecContext:
        codec = av.CodecContext.create("opus", "r")
        codec.sample_rate = DISCORD_HZ
        codec.layout = "mono"
        return codec

    def decode(self, packet: bytes) -> Samples:
        """Mono samples; silence of 20 ms for a packet that is no Opus."""
        try:
            frames = self._codec.decode(av.Packet(packet))
        except av.error.FFmpegError:
            self._codec = self._open()
            return np.zeros(960, np.float32)
        decoded = [frame.to_ndarray().mean(axis=0, dtype=np.float32) for frame in frames]
        return np.concatenate(decoded) if decoded else np.zeros(0, np.float32)
