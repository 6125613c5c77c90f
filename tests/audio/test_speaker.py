"""One person through a bad network: every packet size, loss, SSRC changes, garbage, and how well words
survive."""

from __future__ import annotations

import random

import numpy as np
import pytest
from pystoi import stoi

from audio.activity import Voice
from audio.formats import DISCORD_FRAME, DISCORD_HZ, SILENCE_PACKET, Samples
from audio.opus import Encoder
from audio.speaker import Speaker
from bot.loopback import speech

TICK_S = 0.02
SSRC = 7


def packets(samples: Samples, size: int = DISCORD_FRAME) -> list[bytes]:
    encoder = Encoder()
    return [encoder.encode(samples[i : i + size]) for i in range(0, len(samples) - size + 1, size)]


class Call:
    """A speaker, the packets under way to them, and what is heard at every tick."""

    def __init__(self, phase_s: float = 0.007) -> None:
        self.speaker = Speaker(1)
        self.now = phase_s
        self.frames: list[Samples | None] = []

    def say(
        self,
        opus: list[bytes],
        *,
        size: int = DISCORD_FRAME,
        first: int = 65_500,
        ssrc: int = SSRC,
        loss: float = 0.0,
        jitter_s: float = 0.0,
        seed: int = 1,
    ) -> None:
        """Send `opus` at its pace from now on, five silence frames behind it, and hear it to the end."""
        rng = random.Random(seed)
        whole = [*opus, *[SILENCE_PACKET] * 5]
        sent = [(self.now + index * size / DISCORD_HZ, index, data) for index, data in enumerate(whole)]
        arriving = sorted((at + rng.uniform(0, jitter_s), n, d) for at, n, d in sent if rng.random() >= loss)
        end = sent[-1][0] + 0.5
        for at, index, data in arriving:
            self.until(at)
            self.speaker.push(ssrc, first + index & 0xFFFF, index * size & 0xFFFFFFFF, data, at)
        self.until(end)

    def until(self, now: float) -> None:
        while self.now <= now:
            self.frames.append(self.speaker.frame(self.now))
            self.now += TICK_S

    @property
    def heard(self) -> Samples:
        nothing = np.zeros(DISCORD_FRAME, np.float32)
        return np.concatenate([nothing if frame is None else frame for frame in self.frames])


def intelligibility(said: Samples, heard: Samples) -> float:
    """STOI after aligning the two by their best correlation."""
    size = 1 << (len(said) + len(heard)).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)))
    lag = int(correlation[: len(heard)].argmax())
    aligned = np.zeros_like(said)
    part = heard[lag : lag + len(said)]
    aligned[: len(part)] = part
    return float(stoi(said, aligned, DISCORD_HZ))


def test_without_loss_every_word_survives() -> None:
    said = speech.load("question", DISCORD_HZ)
    call = Call()
    call.say(packets(said))
    assert intelligibility(said, call.heard) >= 0.98
    stats = call.speaker.stats
    assert (stats.concealed, stats.recovered, stats.lost, stats.late) == (0, 0, 0, 0)
    assert not call.speaker.active
    assert stats.last_heard is not None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["hello", "question"])
def test_jitter_alone_hardly_costs_a_word_even_in_the_first_sentence(name: str, seed: int) -> None:
    said = speech.load(name, DISCORD_HZ)
    call = Call()
    call.say(packets(said), jitter_s=0.04, seed=seed)
    assert intelligibility(said, call.heard) >= 0.93
    assert call.speaker.stats.concealed <= 4


@pytest.mark.parametrize("seed", range(4))
def test_words_survive_ten_percent_loss_with_40_ms_of_jitter(seed: int) -> None:
    said = speech.load("long_question", DISCORD_HZ)
    call = Call()
    call.say(packets(said), loss=0.1, jitter_s=0.04, seed=seed)
    assert intelligibility(said, call.heard) >= 0.9
    stats = call.speaker.stats
    assert stats.recovered > stats.concealed / 2  # in-band FEC does most of it
    assert stats.late <= 5
    assert call.speaker.delay_s <= 0.1


@pytest.mark.parametrize("ms", [2.5, 5, 10, 40, 60])
def test_packets_of_any_size_become_frames(ms: float) -> None:
    said = speech.load("hello", DISCORD_HZ)
    size = int(DISCORD_HZ * ms / 1000)
    call = Call()
    call.say(packets(said, size), size=size)
    assert all(frame is None or len(frame) == DISCORD_FRAME for frame in call.frames)
    assert intelligibility(said, call.heard) >= 0.95
    assert call.speaker.stats.concealed == 0


@pytest.mark.parametrize("ms", [10, 60])
def test_lost_packets_of_any_size_are_concealed_at_their_length(ms: int) -> None:
    said = speech.load("hello", DISCORD_HZ)
    size = DISCORD_HZ * ms // 1000
    call = Call()
    call.say(packets(said, size), size=size, loss=0.05, seed=3)
    sounding = sum(frame is not None for frame in call.frames)
    assert abs(sounding * DISCORD_FRAME - len(said)) <= 10 * DISCORD_FRAME
    assert call.speaker.stats.concealed > 0


def test_a_new_ssrc_is_the_same_person_with_a_new_decoder() -> None:
    said = speech.load("hello", DISCORD_HZ)
    call = Call()
    call.say(packets(said)[:50])
    before = call.speaker.stats.received
    call.say(packets(said), ssrc=SSRC + 1, first=9)
    assert intelligibility(said, call.heard) >= 0.95
    assert call.speaker.stats.received > before and call.speaker.stats.resyncs == 0
    newest = 9 + call.speaker.stats.received - before - 1
    assert call.speaker.seen(SSRC + 1, newest, call.now)
    assert not call.speaker.seen(SSRC, newest, call.now)


def test_garbage_costs_its_own_frame_and_nothing_else() -> None:
    said = speech.load("hello", DISCORD_HZ)
    opus = packets(said)
    for place in range(10, len(opus), 25):
        opus[place] = b"\xff\xff\xff\xff"
    call = Call()
    call.say(opus)
    assert call.speaker.stats.opus_errors == len(range(10, len(opus), 25))
    assert intelligibility(said, call.heard) >= 0.8
    assert max(float(np.abs(frame).max()) for frame in call.frames if frame is not None) < 1.5


def test_a_backlog_is_caught_up() -> None:
    """A second of speech that was held back arrives at once; by the end of the sentence nothing is behind."""
    said = speech.load("long_question", DISCORD_HZ)
    call = Call()
    for index, data in enumerate(packets(said)):
        at = max(1.0, index * TICK_S)
        call.until(at)
        call.speaker.push(SSRC, index, index * DISCORD_FRAME, data, at)
    assert call.speaker.stats.late == 0
    assert call.now - call.speaker.arrived_at <= 0.25


def test_voice_level_and_arrival_belong_to_the_frame() -> None:
    call = Call()
    voices = []
    for index, data in enumerate(packets(speech.load("hello", DISCORD_HZ))):
        at = index * TICK_S
        call.until(at)
        voices.append(call.speaker.voice)
        call.speaker.push(SSRC, index, index * DISCORD_FRAME, data, at)
        if index > 5:
            assert 0.01 < call.now - call.speaker.arrived_at < 0.061
    assert voices.count(Voice.VOICED) > len(voices) / 2
    call.until(call.now + 1.0)
    assert call.speaker.voice is Voice.SILENT


@pytest.mark.parametrize(("gain", "low", "high"), [(1.0, -35, -10), (0.001, -95, -60)])
def test_the_level_is_that_of_the_voice_not_of_the_silence_after_it(
    gain: float, low: float, high: float
) -> None:
    said = speech.load("hello", DISCORD_HZ) * gain
    call = Call()
    call.say(packets(np.concatenate([said, np.zeros(DISCORD_FRAME * 50, np.float32)])))
    assert call.speaker.level_db < -100
    assert low < call.speaker.stats.level_db < high
    assert (call.speaker.stats.last_heard is None) is (gain < 1), "too soft to be taken for a voice"
