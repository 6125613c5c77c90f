"""How long resamplers hold sound back, how flat they are, what they let through, what they cost.

    python tests/benchmarks/resampler_quality.py

Compares the two of audio.resample with soxr's streaming filters, in the two conversions of the path:
48→16 kHz in frames of 20 ms, 24→48 kHz in chunks of 40 ms. "Held back" is the sound pushed and not yet
returned, after each push; the levels are those of a sine of that frequency, and of its alias or image. Below
that, what a reply costs in audio.playout: a pushed chunk, and a tick.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import soxr

from audio.formats import Samples, to_pcm16
from audio.playout import Playout
from audio.resample import Resampler, SteadyResampler

Push = Callable[[Samples], Samples]

CONVERSIONS = (
    (48_000, 16_000, 20, (1000, 6000, 7000, 7500, 8500, 9000, 12_000)),
    (24_000, 48_000, 40, (1000, 7000, 9000, 10_000, 11_000)),
)


def candidates(in_hz: int, out_hz: int) -> dict[str, Callable[[], Push]]:
    """Name → how to make one."""

    def of_soxr(quality: str) -> Callable[[], Push]:
        def make() -> Push:
            push: Push = soxr.ResampleStream(
                in_hz, out_hz, 1, dtype="float32", quality=quality
            ).resample_chunk
            return push

        return make

    ours = {"steady": SteadyResampler, "in blocks": Resampler}
    return {name: partial(_push_of, kind, in_hz, out_hz) for name, kind in ours.items()} | {
        f"soxr {quality}": of_soxr(quality) for quality in ("QQ", "LQ", "MQ")
    }


def _push_of(kind: type[Resampler], in_hz: int, out_hz: int) -> Push:
    return kind(in_hz, out_hz).push


def sine(frequency_hz: int, hz: int) -> Samples:
    return np.sin(2 * np.pi * frequency_hz * np.arange(hz) / hz).astype(np.float32)


def level_db(samples: Samples, frequency_hz: float, hz: int) -> float:
    """Of one frequency in the middle half second, by correlation with it."""
    middle = samples[hz // 4 :][: hz // 2].astype(np.float64)
    tone = np.exp(-2j * np.pi * frequency_hz * np.arange(len(middle)) / hz)
    return float(20 * np.log10(2 * abs(np.mean(middle * tone)) + 1e-9))


def response(push: Push, chunk: int, frequency_hz: int, in_hz: int, out_hz: int) -> str:
    """The level at the frequency; if it cannot pass, of its alias; when upsampling also of its image."""
    sound = sine(frequency_hz, in_hz)
    heard = np.concatenate([push(sound[at : at + chunk]) for at in range(0, len(sound), chunk)])
    if frequency_hz > out_hz / 2:
        return f"{frequency_hz}: alias {level_db(heard, out_hz - frequency_hz, out_hz):.0f}"
    text = f"{frequency_hz}: {level_db(heard, frequency_hz, out_hz):.1f}"
    return text if out_hz < in_hz else f"{text} image {level_db(heard, in_hz - frequency_hz, out_hz):.0f}"


def holding_ms(push: Push, chunk: int, in_hz: int, out_hz: int) -> list[float]:
    sound = sine(440, in_hz)
    held, returned = [], 0
    for at in range(0, len(sound), chunk):
        returned += len(push(sound[at : at + chunk]))
        held.append(((at + chunk) / in_hz - returned / out_hz) * 1000)
    return held[10:]


def cost_us(step: Callable[[], object]) -> float:
    costs = []
    for _ in range(2000):
        started = time.perf_counter()
        step()
        costs.append(time.perf_counter() - started)
    return statistics.median(costs) * 1e6


def noise(samples: int) -> Samples:
    return (0.1 * np.random.default_rng(1).standard_normal(samples)).astype(np.float32)


def playout_costs() -> str:
    playout, chunk = Playout(), to_pcm16(noise(960))
    push_us = cost_us(partial(playout.push, chunk, 24_000))
    return f"audio.playout: {push_us:.1f} µs/chunk of 40 ms at 24 kHz, {cost_us(playout.pull):.1f} µs/tick"


def main() -> None:
    for in_hz, out_hz, chunk_ms, frequencies in CONVERSIONS:
        chunk = in_hz * chunk_ms // 1000
        print(f"\n{in_hz} → {out_hz} Hz in chunks of {chunk_ms} ms")
        for name, make in candidates(in_hz, out_hz).items():
            held = holding_ms(make(), chunk, in_hz, out_hz)
            levels = "  ".join(response(make(), chunk, frequency, in_hz, out_hz) for frequency in frequencies)
            print(f"{name:15} held back {statistics.mean(held):4.1f} mean {max(held):4.1f} max ms", end="")
            print(f"  {cost_us(partial(make(), noise(chunk))):5.1f} µs/chunk   dB at {levels}")
    print(f"\n{playout_costs()}")


if __name__ == "__main__":
    main()
