"""The bot's mouth: answers, small sounds, and what is known of both."""

from __future__ import annotations

import numpy as np

from audio.formats import FRAME_MS, LIVE_OUT_HZ, SILENCE_PACKET
from audio.sounds import WORKING_MS
from bot.live.events import Audio
from bot.speaking import Speaking

TICK_S = FRAME_MS / 1000


def sound(ms: int) -> Audio:
    samples = np.full(LIVE_OUT_HZ * ms // 1000, 6000, "<i2")
    return Audio(samples.tobytes(), LIVE_OUT_HZ)


class Beat:
    """Ticks of a mouth; `packets` is what it sent, None where it was silent."""

    def __init__(self) -> None:
        self.speaking = Speaking()
        self.now = 10.0
        self.packets: list[bytes | None] = []

    def tick(self, ms: int = FRAME_MS) -> list[bytes | None]:
        for _ in range(ms // FRAME_MS):
            self.now += TICK_S
            self.packets.append(self.speaking.tick(self.now))
        return self.packets[-(ms // FRAME_MS) :]

    def sent(self, ms: int) -> int:
        """How many packets with sound leave within `ms`."""
        return sum(packet not in (None, SILENCE_PACKET) for packet in self.tick(ms))


def test_an_answer_is_played_to_its_end_and_then_it_is_silent() -> None:
    beat = Beat()
    assert not beat.speaking.playing
    beat.speaking.push(sound(100))
    beat.speaking.finish()
    assert beat.speaking.playing
    assert beat.sent(1000) == 5
    assert not beat.speaking.playing
    assert not beat.speaking.sounding
    assert beat.packets[-1] is None


def test_stopped_it_is_silent_after_one_frame_and_tells_what_was_heard() -> None:
    beat = Beat()
    beat.speaking.push(sound(1000))
    beat.tick(400)
    played = beat.speaking.stop()
    assert 400 <= played.played_ms <= 440
    assert 560 <= played.played_ms + played.dropped_ms <= 1020
    assert not beat.speaking.playing
    assert beat.sent(1000) <= 1


def test_the_time_to_the_answer_is_from_the_end_of_the_turn_to_the_first_packet() -> None:
    beat = Beat()
    assert beat.speaking.answer_latency_ms is None
    for waited_ms in (400, 600, 1000):
        beat.speaking.asked(beat.now)
        beat.tick(waited_ms)
        beat.speaking.push(sound(100))
        beat.speaking.finish()
        beat.tick(500)
    assert beat.speaking.answer_latency_ms is not None
    assert abs(beat.speaking.answer_latency_ms - (600 + FRAME_MS)) < 1


def test_the_sound_of_work_is_no_answer() -> None:
    beat = Beat()
    beat.speaking.asked(beat.now)
    beat.speaking.work(True)
    assert beat.sent(1000) > 0
    assert not beat.speaking.playing
    assert beat.speaking.sounding
    assert beat.speaking.answer_latency_ms is None


def test_work_is_heard_at_once_and_as_long_as_it_goes_on() -> None:
    beat = Beat()
    beat.speaking.work(True)
    for _ in range(3):
        beat.speaking.work(True)  # said by every call that is slow: one sound
    assert beat.tick()[0] not in (None, SILENCE_PACKET)
    assert beat.sent(3 * WORKING_MS) >= 3 * WORKING_MS // FRAME_MS - 6
    beat.speaking.work(False)
    beat.tick(WORKING_MS + 200)
    assert beat.sent(WORKING_MS) == 0


def test_work_is_not_heard_under_an_answer_and_goes_on_after_it() -> None:
    beat = Beat()
    beat.speaking.push(sound(500))
    beat.speaking.finish()
    beat.speaking.work(True)
    assert beat.sent(500) == 25
    assert beat.tick()[0] not in (None, SILENCE_PACKET)
    assert not beat.speaking.playing


def test_work_that_was_over_before_it_was_heard_never_is() -> None:
    beat = Beat()
    beat.speaking.work(True)
    beat.speaking.work(False)
    assert beat.sent(WORKING_MS) == 0


def test_to_stop_ends_the_sounds_too_and_the_next_answer_is_as_loud_as_ever() -> None:
    beat, fresh = Beat(), Beat()
    beat.speaking.push(sound(1000))
    beat.tick(100)
    beat.speaking.duck()
    beat.tick(100)
    beat.speaking.stop()
    beat.tick(200)
    assert beat.packets[-1] is None
    for each in (beat, fresh):
        each.speaking.push(sound(400))
        each.speaking.finish()
        each.tick(200)
    last, reference = beat.packets[-1], fresh.packets[-1]
    assert last is not None
    assert reference is not None
    assert abs(len(last) - len(reference)) <= 0.5 * len(reference)
