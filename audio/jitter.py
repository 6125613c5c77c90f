"""The playout buffer of one SSRC: packets go in as they arrive, one comes out whenever a frame is due.

`pop` has three answers: a `Packet`, `LOST` (a frame is due and not there: conceal it) and `WAIT` (nothing is
being said).

    IDLE ──push──► FILLING ──the first packet has waited `target_s`──► PLAYING
     ▲                                                                    │
     └── silence played out, or nothing came for MAX_CONCEALED_S ─────────┘

The delay is chosen anew for every talk spurt, from how unevenly packets came so far, and moves within a
spurt only when it must: it grows when a packet is overdue (its place is concealed, and it is played if it
comes meanwhile), and `surplus_s` tells the caller when leaving out a quiet frame would do no harm. Pauses
are recognised by arrival, never by timestamp alone: some senders stop the timestamp while they are silent
(discord.py does).

Sequence numbers are unwrapped to plain integers on arrival, so nothing behind `push` knows that they wrap.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from audio.delay import MAX_DELAY_S, DelayEstimate
from audio.formats import FRAME_MS, SILENCE_PACKET
from audio.sequence import WINDOW, SequenceWindow

FRAME_S = FRAME_MS / 1000

MAX_CONCEALED_S = 0.100
"""Longest run of invented audio; libopus has faded it out by then. Without a cap, a gap emits minutes of
it."""

SETTLING_PACKETS = 25
"""Half a second, in which a spurt's delay is raised as soon as more is wanted: then one frame is stretched,
where later a packet would be lost or the middle of a sentence torn. With 40 ms of even jitter this lifts the
worst intelligibility (STOI) of a person's first sentence from 0.86 to 0.96."""

MAX_PACKETS = 64
"""Bound of the buffer, 1.3 s: more than the second for which packets are held until their key arrives."""

STALE_S = 2.0
"""After so long without a packet nothing can be a straggler or a duplicate: any number is a new start."""

_EPSILON_S = 0.001  # ticks are not exact to the microsecond


class Gap(enum.Enum):
    """What `JitterBuffer.pop` says instead of a packet."""

    LOST = "lost"
    WAIT = "wait"


LOST: Final = Gap.LOST
WAIT: Final = Gap.WAIT


@dataclass(slots=True)
class Packet:
    sequence: int
    """Unwrapped: grows by one per packet sent, without bound."""
    timestamp: int
    payload: bytes
    arrived_at: float


@dataclass(slots=True)
class PlayoutCounts:
    """What happened to one person's packets. Outlives the buffers of single SSRCs."""

    received: int = 0
    lost: int = 0
    """Never arrived, as the gaps in the sequence numbers tell (RFC 3550 A.3)."""
    late: int = 0
    """Arrived after their place had been concealed."""
    duplicates: int = 0
    resyncs: int = 0


class _State(enum.Enum):
    IDLE = enum.auto()
    FILLING = enum.auto()
    PLAYING = enum.auto()


class JitterBuffer:
    """Puts one SSRC's packets in order and paces them. Bounded; raises nothing."""

    def __init__(self, counts: PlayoutCounts | None = None) -> None:
        self.counts = counts if counts is not None else PlayoutCounts()
        self.packet_s = FRAME_S
        """Duration of this sender's packets; whoever decodes them sets it."""
        self._estimate = DelayEstimate()
        self._state = _State.IDLE
        self._packets: dict[int, Packet] = {}
        self._hollow: set[int] = set()  # numbers to come that carry nothing; emptied when the talk ends
        self._numbers = SequenceWindow()
        self._last_push = float("-inf")
        self._next = -WINDOW  # to be played next; lower ones are late. Never goes back
        self._filling_since = 0.0
        self._concealed = 0  # times LOST was answered since a packet was played
        self._owed = 0  # of these, the ones whose place was kept open: their packet may come yet
        self._delay_s = 0.0
        self._played = 0  # packets of this spurt
        self._ending = False  # the last packet played was silence
        self._fec_source: int | None = None
        self._suspect: Packet | None = None  # far off; one more like it, and it was a jump

    @property
    def active(self) -> bool:
        """Whether `pop` may answer anything but WAIT before the next `push`."""
        return self._state is not _State.IDLE

    @property
    def target_s(self) -> float:
        """The delay that the next talk spurt will start with."""
        return self._estimate.target_s

    @property
    def delay_s(self) -> float:
        """How long the fastest packets of this spurt wait in here."""
        return self._delay_s

    @property
    def surplus_s(self) -> float:
        """Delay beyond need. From `FRAME_S` on, a frame can be left out and no packet comes too late."""
        return self._delay_s - self._estimate.target_s - FRAME_S

    def seen(self, sequence: int, now: float) -> bool:
        """Whether the packet of this (wire) sequence number has been pushed already."""
        return now - self._last_push <= STALE_S and self._numbers.has(self._numbers.unwrap(sequence))

    def push(self, sequence: int, timestamp: int, payload: bytes, now: float) -> None:
        """One packet, as it arrived at `now`; `sequence` and `timestamp` as on the wire."""
        self.counts.received += 1
        if now - self._last_push > STALE_S:
            self._start_at(self._numbers.first_after(sequence))
        self._last_push = now
        number = self._numbers.unwrap(sequence)
        packet = Packet(number, timestamp, payload, now)
        if number == self._numbers.highest + 1 and number >= self._next:  # nearly always
            self._suspect = None
            self._store(packet)
            self._note(packet)
        elif not self._numbers.near(number):
            self._doubt(packet)
        elif self._numbers.has(number):
            self.counts.duplicates += 1
        elif number < self._next:
            self.counts.late += 1
            self._note(packet)
        else:
            self._suspect = None
            self._store(packet)
            self._note(packet)

    def skip(self, sequence: int) -> None:
        """The packet of this (wire) number came and carries nothing but padding: its place is no hole."""
        number = self._numbers.unwrap(sequence)
        if self._numbers.highest < 0 or self._numbers.has(number) or not self._numbers.near(number):
            return
        if self._state is not _State.IDLE and number >= self._next:
            self._hollow.add(number)
        self.counts.lost = max(0, self.counts.lost + self._numbers.note(number))

    def pop(self, now: float) -> Packet | Gap:
        """The packet that is due, LOST if it is missing, WAIT if there is nothing to say."""
        self._fec_source = None
        if self._state is _State.IDLE:
            return WAIT
        if self._state is _State.FILLING:
            if now - self._filling_since < self._estimate.target_s - _EPSILON_S:
                return WAIT
            self._state = _State.PLAYING
            self._next = min(self._packets)
            self._played = 0
        elif self._too_soon():
            return LOST
        while self._next in self._hollow:
            self._next += 1
        packet = self._packets.pop(self._next, None)
        return self._missing(now) if packet is None else self._play(packet, now)

    def peek_next(self) -> Packet | None:
        """After LOST: the packet right behind, if it is here; it may hold a copy (in-band FEC)."""
        return None if self._fec_source is None else self._packets.get(self._fec_source)

    # -- playout

    def _too_soon(self) -> bool:
        """Whether to stretch this frame, so that the packets behind it come in time."""
        if self._played >= SETTLING_PACKETS or self._concealed or not self._packets:
            return False
        # Several short packets are pulled in one tick: all but the first look early.
        if self.packet_s < FRAME_S or self._delay_s >= self._estimate.target_s - _EPSILON_S:
            return False
        self._concealed = 1
        self._delay_s += self.packet_s
        return True

    def _play(self, packet: Packet, now: float) -> Packet:
        self._next = packet.sequence + 1
        self._played += 1
        if self._hollow:
            self._hollow = {number for number in self._hollow if number >= self._next}
        self._concealed = self._owed = 0
        self._ending = packet.payload == SILENCE_PACKET
        self._delay_s = self._estimate.behind_s(packet.timestamp, now)
        return packet

    def _missing(self, now: float) -> Packet | Gap:
        """The next packet is not here. If later ones are, its place may have been concealed already."""
        enough = max(1, round(MAX_CONCEALED_S / self.packet_s))
        if not self._packets:
            return self._starve(enough)
        first = min(self._packets)
        self._next += min(self._owed, first - self._next)
        self._owed = 0
        if self._next == first or self._concealed >= enough:
            return self._play(self._packets.pop(first), now)
        # To wait for it a little longer was tried: a few more come in time, and the sentence gets stretched,
        # which costs more intelligibility (STOI) than it saves.
        self._concealed += 1
        self._next += 1
        self._fec_source = self._next
        return LOST

    def _starve(self, enough: int) -> Gap:
        """Nothing is here at all: the talk has ended, or the network holds it up."""
        if self._ending or self._concealed >= enough:
            self._state = _State.IDLE
            self._hollow.clear()
            return WAIT
        self._concealed += 1
        if self._delay_s + self._owed * self.packet_s < MAX_DELAY_S:
            self._owed += 1
        else:
            self._next += 1
        return LOST

    # -- arrival

    def _start_at(self, number: int) -> None:
        """Forget what is here: the stream goes on with `number`, or one a little before it."""
        self._packets.clear()
        self._hollow.clear()
        self._state = _State.IDLE
        self._numbers.restart(number)
        self._next = max(self._next, number - WINDOW // 4)
        self._suspect = None

    def _store(self, packet: Packet) -> None:
        if self._state is _State.IDLE:
            self._state = _State.FILLING
            self._filling_since = packet.arrived_at
            self._concealed = self._owed = 0
            self._estimate.new_spurt()
        self._packets[packet.sequence] = packet
        if len(self._packets) > MAX_PACKETS:
            oldest = min(self._packets)
            del self._packets[oldest]
            self._next = oldest + 1
            self.counts.late += 1

    def _note(self, packet: Packet) -> None:
        """Keep the books: what was received, what is lost, how late it came."""
        self.counts.lost = max(0, self.counts.lost + self._numbers.note(packet.sequence))
        self._estimate.observe(packet.timestamp, packet.arrived_at)

    def _doubt(self, packet: Packet) -> None:
        """`packet` is far off. Two such in ascending order, and the stream goes on there (RFC 3550 A.1).

        A single one may be a straggler of an older stream.
        """
        previous, self._suspect = self._suspect, packet
        if previous is None or not 0 < packet.sequence - previous.sequence <= 16:
            return
        self.counts.resyncs += 1
        number = self._numbers.first_after(previous.sequence)
        packet.sequence += number - previous.sequence
        previous.sequence = number
        self._start_at(number)
        for confirmed in (previous, packet):
            self._store(confirmed)
            self._note(confirmed)
