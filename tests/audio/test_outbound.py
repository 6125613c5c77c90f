"""The sending half without a clock: one `tick` is 20 ms, whatever it takes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pystoi import stoi

from audio import playout as playout_module
from audio.formats import SILENCE_PACKET, Samples, to_pcm16
from audio.mixer import soft_limit
from audio.opus import Decoder
from audio.outbound import MAX_SOUNDS, Outbound
from audio.playout import Playout
from bot.loopback import speech

HZ = 24_000


def sine(ms: float, amplitude: float = 0.5, hz: int = HZ) -> Samples:
    return (amplitude * np.sin(2 * np.pi * 220 * np.arange(round(hz * ms / 1000)) / hz)).astype(np.float32)


def pcm(ms: float) -> bytes:
    return to_pcm16(sine(ms))


def steepest(samples: Samples) -> float:
    return float(np.abs(np.diff(samples)).max())


STEP = steepest(sine(1000, hz=48_000))
"""The largest step between neighbours in the undisturbed sine: what is larger is a click. Only where the sine
begins from silence, in the first frame, the filter makes larger ones."""


def drain(outbound: Outbound, ticks: int = 10_000) -> list[bytes]:
    packets = []
    for _ in range(ticks):
        packet = outbound.tick()
        if packet is None:
            break
        packets.append(packet)
    return packets


def decode(packets: list[bytes]) -> Samples:
    decoder = Decoder()
    return np.concatenate([decoder.decode(packet) for packet in packets])


def pull_all(playout: Playout) -> Samples:
    frames = []
    while (frame := playout.pull()) is not None:
        frames.append(frame)
    return np.concatenate([np.empty(0, np.float32), *frames])


# --- start and end ---


def test_nothing_to_say() -> None:
    outbound = Outbound()
    assert outbound.tick() is None
    assert not outbound.playing
    outbound.finish_reply()
    assert outbound.stop().dropped_ms == 0
    assert outbound.tick() is None


def test_the_first_full_frame_leaves_at_the_next_tick() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(29))  # of which the resampler holds 10 ms back
    assert outbound.tick() is None
    outbound.push_reply(pcm(1))
    packet = outbound.tick()
    assert packet is not None
    assert packet != SILENCE_PACKET
    assert outbound.played_ms == 20


def test_the_end_of_one_utterance_is_not_heard_at_the_beginning_of_the_next() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(200))
    outbound.finish_reply()
    drain(outbound)
    outbound.push_reply(bytes(2 * 24 * 200))
    outbound.finish_reply()
    assert np.abs(decode(drain(outbound))).max() < 0.001


def test_an_empty_chunk_is_no_reply() -> None:
    outbound = Outbound()
    outbound.push_reply(b"")
    assert not outbound.playing


def test_five_packets_of_silence_after_the_end_then_none() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(55))
    outbound.finish_reply()
    packets = drain(outbound)
    assert packets[-5:] == [SILENCE_PACKET] * 5
    assert len(packets) == 3 + 5
    assert SILENCE_PACKET not in packets[:3]
    assert outbound.played_ms == 55
    assert not outbound.playing


def test_a_reply_shorter_than_a_frame_is_said_when_it_is_complete() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(7))
    assert outbound.tick() is None
    outbound.finish_reply()
    assert len(drain(outbound)) == 1 + 5
    assert outbound.played_ms == 7


def test_a_reply_that_nobody_completes_is_played_and_given_up_after_a_second() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(7))
    packets = [outbound.tick() for _ in range(120)]
    assert sum(packet is not None for packet in packets) == 1 + 5
    assert packets[50] is not None
    assert outbound.played_ms == 7
    assert not outbound.playing
    assert outbound.underruns == 0


def test_the_next_reply_follows_without_a_gap_and_counts_from_zero() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(400))
    outbound.finish_reply()
    outbound.push_reply(pcm(100))
    outbound.finish_reply()
    assert outbound.buffered_ms == 500
    packets = [outbound.tick() for _ in range(19)]
    assert outbound.played_ms == 380
    packets += [outbound.tick() for _ in range(3)]
    assert outbound.played_ms == 40
    assert None not in packets
    assert SILENCE_PACKET not in packets


def test_sound_again_cuts_the_trailing_silence_short() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(20))
    outbound.finish_reply()
    while outbound.tick() != SILENCE_PACKET:
        pass
    outbound.push_reply(pcm(100))
    packet = outbound.tick()
    assert packet is not None
    assert packet != SILENCE_PACKET


# --- nothing lost ---


def test_a_minute_in_one_burst_loses_nothing() -> None:
    playout = Playout()
    sound = np.resize(speech.load("answer_long", HZ), 60 * HZ)
    for second in range(60):
        playout.push(to_pcm16(sound[second * HZ : (second + 1) * HZ]), HZ)
    assert playout.buffered_ms == 60_000
    playout.finish()
    assert playout.buffered_ms == 60_000
    heard = pull_all(playout)
    assert playout.played_ms == 60_000
    assert len(heard) == 60 * 48_000
    np.testing.assert_allclose(heard[::2], sound, atol=2e-3)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 30)), max_size=25))
def test_chunks_of_any_size_and_pace_are_played_to_the_last_sample(chunks: list[tuple[int, int]]) -> None:
    playout = Playout()
    data = to_pcm16(sine(2500))
    sent = 0
    for size, ticks in chunks:
        chunk = data[sent % 50_000 : sent % 50_000 + size]
        playout.push(chunk, HZ)
        sent += len(chunk)
        for _ in range(ticks):
            playout.pull()
    before = playout.played_ms
    playout.finish()
    pull_all(playout)
    assert playout.played_ms == pytest.approx(sent // 2 / HZ * 1000)
    assert playout.played_ms >= before
    assert playout.buffered_ms == 0
    assert not playout.active


def test_a_sample_split_between_chunks_is_whole_again() -> None:
    playout = Playout()
    data = pcm(200)
    for at in range(0, len(data), 333):
        playout.push(data[at : at + 333], HZ)
    playout.finish()
    whole = Playout()
    whole.push(data, HZ)
    whole.finish()
    np.testing.assert_array_equal(pull_all(playout), pull_all(whole))


@pytest.mark.parametrize("end", [Playout.finish, Playout.cut])
def test_half_a_sample_at_the_end_does_not_shift_the_next_reply(end: Callable[[Playout], object]) -> None:
    playout = Playout()
    playout.push(pcm(20) + b"\x7f", HZ)
    end(playout)
    pull_all(playout)
    playout.push(pcm(200), HZ)
    playout.finish()
    whole = Playout()
    whole.push(pcm(200), HZ)
    whole.finish()
    np.testing.assert_array_equal(pull_all(playout), pull_all(whole))


def test_half_a_sample_is_kept_where_the_buffer_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playout_module, "MAX_BUFFERED_MS", 1000)
    playout = Playout()
    playout.push(bytes(HZ * 2 - 2), HZ)
    playout.push(b"\0\0\0\0\0", HZ)
    assert playout.buffered_ms == 1000
    assert playout.overflow_ms == pytest.approx(1000 / HZ)
    for _ in range(10):
        playout.pull()
    playout.push(b"\x40" + b"\0\x40" * 959, HZ)
    playout.finish()
    assert pull_all(playout)[-960] == pytest.approx(0.5, abs=0.01)  # half a sample off it would be 0.002


def test_ten_minutes_wait_and_what_comes_later_is_counted() -> None:
    outbound = Outbound()
    minute = bytes(HZ * 2 * 60)
    for _ in range(11):
        outbound.push_reply(minute)
    assert outbound.buffered_ms == 600_000
    assert outbound.overflow_ms == 60_000


def test_replies_at_another_rate_are_brought_to_ours() -> None:
    playout = Playout()
    sound = sine(1000, hz=16_000)
    for at in range(0, len(sound), 700):
        playout.push(to_pcm16(sound[at : at + 700]), 16_000)
    playout.push(pcm(100), HZ)
    assert playout.buffered_ms == 1100
    playout.finish()
    heard = pull_all(playout)
    assert playout.played_ms == 1100
    expected = np.concatenate((sine(1000, hz=48_000), sine(100, hz=48_000)))
    away_from_the_seams = np.r_[960 : 48_000 - 960, 48_960 : len(expected) - 960]
    np.testing.assert_allclose(heard[away_from_the_seams], expected[away_from_the_seams], atol=0.01)


# --- too slow ---


def trickle(chunk_ms: float, every_ms: float, seconds: float) -> tuple[Playout, list[bool], Samples]:
    """Chunks on a slow line: what was sounding in each tick, and all frames in a row."""
    playout = Playout()
    source, next_at, sounding, frames = to_pcm16(sine(seconds * 1000)), 0.0, [], []
    for tick in range(int(seconds * 50)):
        while next_at <= tick * 20:
            playout.push(source[: round(chunk_ms * HZ / 1000) * 2], HZ)
            source = source[round(chunk_ms * HZ / 1000) * 2 :]
            next_at += every_ms
        frame = playout.pull()
        sounding.append(frame is not None)
        frames.append(np.zeros(960, np.float32) if frame is None else frame)
    return playout, sounding, np.concatenate(frames)


def test_a_slow_line_makes_pauses_and_no_stutter() -> None:
    playout, sounding, heard = trickle(40, 45, 60)
    assert playout.underruns <= 20  # a frame played whenever there is one would stutter 330 times
    starts = [at for at in range(51, len(sounding)) if sounding[at] and not sounding[at - 1]]
    settled = [start for start in starts if start > 10 * 50]
    assert min(np.diff(settled)) >= 3 * 50
    assert sum(sounding) * 20 > 0.85 * 60_000
    assert steepest(heard[960:]) <= 1.02 * STEP


def test_an_even_line_settles_after_its_first_underrun() -> None:
    playout, sounding, _ = trickle(40, 40.0, 20)
    assert playout.underruns <= 1
    assert sum(sounding[-900:]) == 900


def test_a_stall_is_faded_into_and_out_of() -> None:
    playout = Playout()
    source = sine(3000)
    playout.push(to_pcm16(source[: round(0.307 * HZ)]), HZ)
    frames = []
    for tick in range(200):
        if tick == 30:
            playout.push(to_pcm16(source[round(0.307 * HZ) :]), HZ)
        frame = playout.pull()
        frames.append(np.zeros(960, np.float32) if frame is None else frame)
    heard = np.concatenate(frames)
    assert playout.underruns == 1
    quiet = np.flatnonzero(np.abs(heard[: 60 * 960]).reshape(-1, 960).max(axis=1) < 1e-3)
    assert list(quiet) == list(
        range(16, 30)
    )  # 307 ms fill 16 frames, and it goes on in the tick of the next chunk
    assert steepest(heard[960:]) <= 1.02 * STEP
    # Nothing is lost: but for the fades, 10 ms out and 5 ms in, what is heard is what was sent.
    expected = sine(3000, hz=48_000)
    stall, after = round(0.307 * 48_000), heard[30 * 960 :]
    np.testing.assert_allclose(heard[960 : stall - 480], expected[960 : stall - 480], atol=2e-3)
    assert not heard[stall : 30 * 960].any()
    np.testing.assert_allclose(after[960:48_000], expected[stall + 960 : stall + 48_000], atol=2e-3)


@pytest.mark.parametrize("more_ms", [5, 100, 1895])
@pytest.mark.parametrize("more_at", [5, 6])
def test_what_comes_while_the_sound_fades_waits_behind_it(more_at: int, more_ms: int) -> None:
    """A stall ends in up to two frames; more that comes in between belongs after them."""
    playout = Playout()
    data = pcm(2000)
    stall, more = 105 * 48, (105 + more_ms) * 48
    playout.push(data[:stall], HZ)  # 95 ms are ready: 4 frames, then 25 ms fading
    frames = []
    for tick in range(110):
        if tick == more_at:
            playout.push(data[stall:more], HZ)
        if tick == 7:
            playout.push(data[more:], HZ)
            playout.finish()
        frame = playout.pull()
        frames.append(np.zeros(960, np.float32) if frame is None else frame)
    heard = np.concatenate(frames)
    assert playout.played_ms == 2000
    begins = 7 if more_ms == 5 else 6  # 5 ms are not enough to go on with
    assert not heard[stall : begins * 960].any()
    assert steepest(heard[960 : 98 * 960]) <= 1.02 * STEP
    expected = sine(2000, hz=48_000)[stall:]
    np.testing.assert_allclose(heard[begins * 960 :][960:80_000], expected[960:80_000], atol=2e-3)


def test_a_stall_at_a_frame_border_does_not_click_either() -> None:
    playout = Playout()
    playout.push(pcm(100), HZ)
    heard = pull_all(playout)
    assert len(heard) == 5 * 960
    assert playout.played_ms == 100
    assert steepest(np.append(heard[960:], 0)) <= 1.02 * STEP
    assert abs(heard[-1]) < 1e-3


def test_the_end_that_comes_late_is_no_underrun() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(100))
    for _ in range(12):
        outbound.tick()
    outbound.finish_reply()
    assert drain(outbound) == []
    assert outbound.underruns == 0
    assert not outbound.playing
    outbound.push_reply(pcm(30))
    assert outbound.tick() is not None


def test_silence_is_sent_while_the_line_stalls() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(30))
    packets = [outbound.tick() for _ in range(10)]
    assert packets[2:7] == [SILENCE_PACKET] * 5
    assert packets[7:] == [None] * 3
    assert outbound.playing  # it is expected to go on


# --- stop ---


def test_stop_fades_one_frame_then_five_of_silence() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(1000))
    spoken = [outbound.tick() for _ in range(10)]
    stopped = outbound.stop()
    assert stopped.played_ms == 220
    assert stopped.dropped_ms == 780
    assert outbound.playing
    after = drain(outbound)
    assert len(after) == 6
    assert after[1:] == [SILENCE_PACKET] * 5
    assert not outbound.playing
    heard = decode([packet for packet in spoken if packet is not None] + after)
    assert np.abs(heard[12 * 960 :]).max() < 1e-3
    assert steepest(heard) <= 1.6 * STEP


def test_what_was_played_and_what_was_dropped_is_all_there_was() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(515))
    outbound.finish_reply()
    outbound.push_reply(pcm(300))
    for _ in range(7):
        outbound.tick()
    stopped = outbound.stop()
    assert stopped.played_ms == 160
    assert stopped.played_ms + stopped.dropped_ms == 815
    assert outbound.played_ms == 160


def test_stop_before_anything_was_said_drops_it_silently() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(500))
    stopped = outbound.stop()
    assert (stopped.played_ms, stopped.dropped_ms) == (0, 500)
    assert outbound.tick() is None


def test_stop_in_the_last_frame_and_twice() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(40))
    outbound.finish_reply()
    outbound.tick()
    assert outbound.stop().played_ms == 40
    assert outbound.stop().played_ms == 40
    assert len(drain(outbound)) == 6


def test_a_new_reply_right_after_a_stop_waits_for_the_fade_only() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(1000))
    outbound.tick()
    outbound.stop()
    outbound.push_reply(pcm(100))
    assert outbound.tick() is not None
    assert outbound.played_ms == 0
    assert outbound.tick() not in (None, SILENCE_PACKET)
    assert outbound.played_ms == 20


def test_nothing_of_a_stopped_reply_is_in_the_next() -> None:
    playout = Playout()
    playout.push(to_pcm16(np.full(HZ, 0.9, np.float32)), HZ)
    playout.pull()
    playout.cut()
    playout.push(bytes(HZ), HZ)
    playout.finish()
    assert not pull_all(playout).any()


# --- duck ---


class Tape:
    """In the encoder's place: what it was given."""

    def __init__(self) -> None:
        self.frames: list[Samples] = []

    def encode(self, frame: Samples) -> bytes:
        self.frames.append(frame)
        return b"packet"


def ducked(outbound: Outbound, before: int = 5, during: int = 5, after: int = 10) -> Samples:
    """What goes into the encoder around a duck."""
    tape = Tape()
    outbound._encoder = tape  # type: ignore[assignment]
    for tick in range(before + during + after):
        if tick == before:
            outbound.duck()
        if tick == before + during:
            outbound.unduck()
        outbound.tick()
    return np.concatenate(tape.frames)


def test_duck_is_quick_quiet_and_without_a_click() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(2000))
    heard = ducked(outbound)
    loud = np.abs(heard[960 : 5 * 960]).max()
    within = np.abs(heard[5 * 960 + 48 * 40 : 10 * 960]).max()
    assert 20 * np.log10(within / loud) == pytest.approx(-12, abs=0.3)
    assert np.abs(heard[17 * 960 :]).max() == pytest.approx(loud, rel=0.01)
    assert steepest(heard[960:]) <= 1.02 * STEP


def test_duck_before_the_first_word() -> None:
    outbound = Outbound()
    outbound.duck()
    outbound.push_reply(pcm(200))
    assert np.abs(ducked(outbound, before=10, during=0, after=0)).max() < 0.2


def test_stop_ends_a_duck() -> None:
    outbound = Outbound()
    outbound.push_reply(pcm(500))
    outbound.tick()
    outbound.duck()
    outbound.tick()
    outbound.stop()
    drain(outbound)
    outbound.push_reply(pcm(200))
    assert np.abs(ducked(outbound, before=9, during=0, after=0)).max() > 0.45


# --- sounds ---


def test_a_sound_alone_and_over_a_reply() -> None:
    outbound = Outbound()
    chime = sine(50, 0.3, hz=48_000)
    outbound.play_sound(chime)
    outbound.play_sound(np.empty(0, np.float32))
    assert outbound.playing
    assert len(drain(outbound)) == 3 + 5
    outbound.push_reply(pcm(200))
    outbound.play_sound(sine(1000, 0.7, hz=48_000))
    outbound.finish_reply()
    heard = decode(drain(outbound))
    assert len(heard) == (50 + 5) * 960
    assert np.abs(heard).max() <= 1.05
    np.testing.assert_array_equal(chime, sine(50, 0.3, hz=48_000))  # the caller's array is not touched


def test_more_sounds_than_bearable_end_the_oldest() -> None:
    outbound = Outbound()
    for _ in range(3 * MAX_SOUNDS):
        outbound.play_sound(sine(100, 0.9, hz=48_000))
    packets = drain(outbound)
    assert len(packets) == 5 + 5
    assert np.abs(soft_limit(decode(packets))).max() <= 1.0


def test_stop_ends_sounds_too() -> None:
    outbound = Outbound()
    outbound.play_sound(sine(1000, hz=48_000))
    outbound.tick()
    outbound.stop()
    assert len(drain(outbound)) == 6


# --- quality ---


@pytest.mark.parametrize("name", ["answer_hello", "question", "second"])
def test_speech_survives_resampling_and_the_codec(name: str) -> None:
    outbound = Outbound()
    data = to_pcm16(speech.load(name, HZ))
    for at in range(0, len(data), 1920):
        outbound.push_reply(data[at : at + 1920])
    outbound.finish_reply()
    heard = decode(drain(outbound))
    original = speech.load(name, 48_000)
    heard = heard[312:][: len(original)]  # the encoder's look-ahead, 6.5 ms
    assert stoi(original, heard, 48_000) >= 0.97
