"""Change the sample rate of a stream, with soxr.

soxr's ordinary streams work in blocks: a frame pushed gives 0, 1 or 2 blocks back, and 23 ms are held back on
average. Its variable-rate engine, used at a constant rate, holds back a constant 10 ms (24→48 kHz), and every
frame pushed gives one back, for eight times the CPU. A reply is worth that: people wait for its first packet.
What goes to the Live API is not: a turn ends with its hangover, which is longer than any block.
``tests/benchmarks/resampler_quality.py`` (soxr 1.1.0), frames of 20 ms at 48→16 kHz:

                held back, mean / max   at 7 kHz   at 7.5 kHz   of 8.5 kHz, folded to 7.5   µs a frame
    steady         12.5 / 12.5 ms         0.0 dB       0.0 dB            −136 dB                50
    soxr QQ         0.0 /  0.0 ms         0.0 dB       0.0 dB               0 dB                 4
    soxr LQ        11.4 / 20.0 ms       −12.8 dB     −35.1 dB            −110 dB                 4
    soxr MQ        21.4 / 37.6 ms         0.0 dB      −0.5 dB            −126 dB                 6
    in blocks (HQ) 22.8 / 36.6 ms         0.0 dB      −0.4 dB            −138 dB                 6

A fresh `soxr.resample` per chunk would click at every seam.
"""

from __future__ import annotations

import numpy as np
import soxr

from audio.formats import Samples

_NOTHING: Samples = np.empty(0, np.float32)


class Resampler:
    """A stream of mono samples from `in_hz` to `out_hz`: quality HQ, in blocks of some 30 ms."""

    _variable_rate = False

    def __init__(self, in_hz: int, out_hz: int) -> None:
        self._stream = soxr.ResampleStream(in_hz, out_hz, 1, dtype="float32", vr=self._variable_rate)

    def push(self, samples: Samples) -> Samples:
        """What is ready of the stream, at the other rate; may be nothing."""
        ready: Samples = self._stream.resample_chunk(samples)
        return ready

    def flush(self) -> Samples:
        """The rest: all in all as long as what went in. Ready for another stream."""
        rest: Samples = self._stream.resample_chunk(_NOTHING, last=True)
        self.clear()
        return rest

    def clear(self) -> None:
        """Forget the stream so far; the next samples begin another."""
        self._stream.clear()


class SteadyResampler(Resampler):
    """One that holds the same back after every push."""

    _variable_rate = True
