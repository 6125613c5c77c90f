"""The playout buffer on virtual time: order, loss, pauses, jumps, and how long packets wait."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.delay import MAX_DELAY_S, DelayEstimate
from audio.formats import DISCORD_FRAME, SILENCE_PACKET
from audio.jitter import LOST, MAX_PACKETS, STALE_S, WAIT, Gap, JitterBuffer, Packet
from audio.sequence import WINDOW, SequenceWindow

TICK_S = 0.02


class Listener:
    """A buffer, the ticks that pull from it, and what came out."""

    def __init__(self, phase_s: float = 0.013) -> None:
        self.buffer = JitterBuffer()
        self.next_tick = phase_s
        self.heard: list[Packet | Gap] = []

    def until(self, now: float) -> None:
        while self.next_tick <= now:
            self.heard.append(self.buffer.pop(self.next_tick))
            self.next_tick += TICK_S

    def feed(self, arrivals: Iterable[tuple[float, int]], payload: bytes = b"x") -> None:
        """(arrival, packet number) pairs; the number gives sequence and timestamp, both wrapped."""
        for now, number in sorted(arrivals):
            self.until(now)
            timestamp = number * DISCORD_FRAME & 0xFFFFFFFF
            self.buffer.push(number & 0xFFFF, timestamp, payload, now)

    @property
    def numbers(self) -> list[int]:
        """Wire sequence numbers of what was played."""
        return [found.sequence & 0xFFFF for found in self.heard if isinstance(found, Packet)]

    def gaps(self) -> list[Gap]:
        """Everything between the first and the last packet that is not a packet."""
        played = [index for index, found in enumerate(self.heard) if isinstance(found, Packet)]
        between = self.heard[played[0] : played[-1]]
        return [found for found in between if isinstance(found, Gap)]


def steadily(numbers: Iterable[int], start: float = 0.0) -> list[tuple[float, int]]:
    return [(start + TICK_S * place, number) for place, number in enumerate(numbers)]


@pytest.mark.parametrize("phase_s", [0.0, 0.001, 0.007, 0.013, 0.0199])
def test_a_quiet_network_costs_at_most_two_packets(phase_s: float) -> None:
    listener = Listener(phase_s)
    listener.feed(steadily(range(100)))
    listener.until(3.0)
    assert listener.numbers == list(range(100)) and not listener.gaps()
    played_at = {
        f.sequence: phase_s + TICK_S * tick for tick, f in enumerate(listener.heard) if isinstance(f, Packet)
    }
    waits = [at - TICK_S * (number % 0x10000) for number, at in played_at.items()]
    assert min(waits) >= 0.018 and max(waits) <= 0.0401


def test_the_wrap_is_not_noticed() -> None:
    listener = Listener()
    numbers = list(range(0xFFFF - 20, 0xFFFF + 20))
    listener.feed(steadily(numbers))
    listener.until(2.0)
    assert listener.numbers == [number & 0xFFFF for number in numbers] and not listener.gaps()


def test_reordered_duplicated_packets_come_out_in_order_once() -> None:
    listener = Listener()
    swapped = [number ^ 1 for number in range(60)]
    listener.feed(steadily(swapped) + steadily(swapped, start=0.005))
    listener.until(3.0)
    assert listener.numbers == list(range(60))
    assert listener.buffer.counts.duplicates == 60
    assert listener.buffer.counts.lost == 0


def test_a_lost_packet_is_lost_at_its_place_and_the_next_one_offered_for_recovery() -> None:
    listener = Listener()
    arrivals = [(now, number) for now, number in steadily(range(30)) if number not in (10, 20, 21)]
    listener.feed(arrivals[:12])
    assert listener.heard[-1] is LOST
    following = listener.buffer.peek_next()
    assert following is not None and following.sequence == 11
    listener.feed(arrivals[12:])
    listener.until(3.0)
    assert listener.numbers == [number for number in range(30) if number not in (10, 20, 21)]
    assert listener.gaps() == [LOST] * 3
    assert listener.buffer.counts.lost == 3


def test_the_end_of_talk_is_silent_at_once() -> None:
    listener = Listener()
    listener.feed(steadily(range(10)))
    listener.feed(steadily(range(10, 15), start=0.2), payload=SILENCE_PACKET)
    listener.until(1.0)
    assert LOST not in listener.heard
    assert not listener.buffer.active


def test_talk_that_just_stops_is_concealed_for_100_ms() -> None:
    listener = Listener()
    listener.feed(steadily(range(10)))
    listener.until(2.0)
    assert listener.heard.count(LOST) == 5
    assert listener.heard[-1] is WAIT and not listener.buffer.active


def test_a_single_packet_is_played() -> None:
    listener = Listener()
    listener.feed([(0.0, 7)])
    listener.until(0.05)
    assert listener.numbers == [7]


def test_a_pause_is_not_loss_whatever_the_timestamp_does() -> None:
    for runs_on in (True, False):
        listener = Listener()
        for burst in range(3):
            for number in range(burst * 10, burst * 10 + 10):
                now = burst * 5.0 + (number % 10) * TICK_S
                timestamp = int((now * 48_000) if runs_on else number * DISCORD_FRAME)
                payload = SILENCE_PACKET if number % 10 > 4 else b"x"
                listener.until(now)
                listener.buffer.push(number, timestamp, payload, now)
        listener.until(20.0)
        assert listener.numbers == list(range(30))
        assert LOST not in listener.heard
        assert listener.buffer.target_s == pytest.approx(0.02)


def test_a_stall_loses_nothing() -> None:
    """300 ms of packets come at once after 300 ms of nothing."""
    listener = Listener()
    listener.feed([(max(now, 0.7) if now > 0.4 else now, n) for now, n in steadily(range(100))])
    listener.until(4.0)
    assert listener.numbers == list(range(100))
    assert listener.buffer.surplus_s > 0.1  # and says that it is behind


def test_the_delay_follows_the_network_and_comes_back() -> None:
    rng = random.Random(1)
    listener = Listener()
    calm = steadily(range(100))
    rough = [(now + rng.uniform(0, 0.06), n) for now, n in steadily(range(100, 300), start=3.0)]
    listener.feed(calm)
    assert listener.buffer.target_s == pytest.approx(0.02)
    listener.feed(rough)
    assert 0.05 <= listener.buffer.target_s <= 0.07
    listener.feed(steadily(range(300, 1300), start=8.0))
    assert listener.buffer.target_s == pytest.approx(0.02)


def test_the_delay_is_bounded() -> None:
    estimate = DelayEstimate()
    rng = random.Random(1)
    for number in range(500):
        estimate.observe(number * DISCORD_FRAME, number * TICK_S + rng.uniform(0, 0.9))
    assert estimate.target_s == pytest.approx(MAX_DELAY_S)


def test_a_slow_sender_clock_is_not_jitter() -> None:
    listener = Listener()
    listener.feed([(now * 1.0003, number) for now, number in steadily(range(20_000))])  # 300 ppm, 400 s
    assert listener.buffer.target_s == pytest.approx(0.02)
    assert listener.heard.count(LOST) <= 8  # 120 ms of drift, a frame at a time


@given(jump=st.integers(129, 0xFFFF - 129), where=st.integers(0, 0xFFFF))
def test_any_jump_resynchronises_and_loses_nothing_behind_it(jump: int, where: int) -> None:
    listener = Listener()
    listener.feed(steadily(range(where, where + 20)))
    listener.feed(steadily(range(where + 20 + jump, where + 40 + jump), start=0.4))
    listener.until(2.0)
    assert listener.numbers[-20:] == [number + jump & 0xFFFF for number in range(where + 20, where + 40)]
    assert listener.buffer.counts.resyncs == 1


@given(back=st.integers(1, 0xFFFF), pause_s=st.sampled_from([0.0, 0.1, 5.0]))
def test_a_restart_resynchronises_in_bounded_time(back: int, pause_s: float) -> None:
    listener = Listener()
    listener.feed(steadily(range(70_000, 70_100)))
    restart = 70_100 - back
    listener.feed(steadily(range(restart, restart + 200), start=2.0 + pause_s))
    listener.until(20.0)
    # At once after a pause; else at worst when the numbers have caught up with the window of duplicates.
    deaf = 0 if pause_s > STALE_S else WINDOW
    again = [number & 0xFFFF for number in range(restart + deaf, restart + 200)]
    assert listener.numbers[-len(again) :] == again


def test_probes_in_a_silent_channel_are_not_kept() -> None:
    listener = Listener()
    listener.feed(steadily(range(5)), payload=SILENCE_PACKET)
    listener.until(1.0)
    for number in range(5, 5000):
        listener.buffer.skip(number)
        listener.buffer.skip(number)
    assert not listener.buffer._hollow
    listener.feed(steadily(range(5000, 5010), start=2.0))
    listener.until(3.0)
    assert listener.numbers[-10:] == list(range(5000, 5010))
    assert listener.buffer.counts.lost == 0


def test_one_straggler_of_an_older_stream_changes_nothing() -> None:
    listener = Listener()
    listener.feed([*steadily(range(100)), (1.005, 40_000), (1.305, 40_001)])
    listener.until(4.0)
    assert listener.numbers == list(range(100))
    assert listener.buffer.counts.resyncs == 0


@st.composite
def networks(draw: st.DrawFn) -> tuple[int, list[tuple[float, int]]]:
    """A stream from anywhere in the 16 bits through loss, duplication and delays that reorder."""
    start = draw(st.integers(0, 0xFFFF))
    count = draw(st.integers(1, 120))
    seed = draw(st.integers(0, 1000))
    loss, doubled = draw(st.floats(0, 0.5)), draw(st.floats(0, 0.5))
    jitter_s = draw(st.sampled_from([0.0, 0.01, 0.04, 0.1, 0.3]))
    rng = random.Random(seed)
    arrivals = []
    for number in range(count):
        if rng.random() >= loss:
            copies = 2 if rng.random() < doubled else 1
            arrivals += [(number * TICK_S + rng.uniform(0, jitter_s), start + number)] * copies
    return start, arrivals


@given(networks())
def test_never_out_of_order_never_twice_never_invented(network: tuple[int, list[tuple[float, int]]]) -> None:
    start, arrivals = network
    listener = Listener()
    listener.feed(arrivals)
    listener.until(6.0)
    unwrapped = [found.sequence for found in listener.heard if isinstance(found, Packet)]
    assert all(a < b for a, b in itertools.pairwise(unwrapped))
    order = [number - start & 0xFFFF for number in listener.numbers]
    assert order == sorted(set(order))
    assert set(order) <= {number - start for _, number in arrivals}
    counts = listener.buffer.counts
    assert len(order) + counts.late + counts.duplicates == counts.received == len(arrivals)
    assert not listener.buffer.active


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.floats(0, 0.05)), max_size=300)
)
def test_anything_at_all_keeps_the_order_and_the_bound(packets: list[tuple[int, int, float]]) -> None:
    buffer = JitterBuffer()
    now, last = 0.0, -(10**9)
    for sequence, timestamp, wait in packets:
        now += wait
        assert buffer.seen(sequence, now) in (True, False)
        buffer.push(sequence, timestamp, b"x", now)
        assert len(buffer._packets) <= MAX_PACKETS
        if wait > 0.02:
            found = buffer.pop(now)
            if isinstance(found, Packet):
                assert found.sequence > last
                last = found.sequence


@given(st.lists(st.integers(0, 100), max_size=100))
def test_seen_is_what_was_pushed(numbers: list[int]) -> None:
    buffer = JitterBuffer()
    pushed: set[int] = set()
    for number in numbers:
        assert buffer.seen(number, 0.0) == (number in pushed)
        buffer.push(number, number * DISCORD_FRAME, b"x", 0.0)
        pushed.add(number)


@given(st.integers(0, 1 << 20), st.integers(-0x8000, 0x7FFF))
def test_numbers_unwrap(highest: int, step: int) -> None:
    numbers = SequenceWindow()
    numbers.restart(highest)
    numbers.note(highest)
    assert numbers.unwrap(highest + step & 0xFFFF) == highest + step
    assert 0 < numbers.first_after(highest + step & 0xFFFF) - highest <= 0x10000
    assert numbers.near(highest + step) == (abs(step) < WINDOW)
    assert numbers.has(highest) and not numbers.has(highest + 1) and not numbers.has(highest - WINDOW)
