"""Which recorded utterances are in this audio: the stand-in's ear for words.

Log-band spectrograms are correlated with those of the recordings, second by second, at every offset. That
stands resampling, Opus, noise, another voice and concealed losses, and fails where the path garbles the
words, which is the point: a wrong transcript in a test means that a person would not have understood either.

Measured on the 24 utterances of members: the right one scores at least 0.95 at 10 % concealed loss, 0.89
at 10 dB SNR, 0.72 with three jumps of 40 ms, 0.55 under a second voice as loud. Wrong ones, the model's own
speech, speech backwards and noises score at most 0.45, and 0.47 where two other voices speak at once. So
a new sentence must not begin with the words of another one of its voice: "Hello Parley, what" and "Parley,
what" scored 0.56. About 20 ms for 12 s of audio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audio.formats import LIVE_IN_HZ, Samples

WINDOW = 512
HOP = 320
BANDS = 20
LOW_HZ, HIGH_HZ = 150.0, 6500.0
RANGE_DB = 40.0
"""Under the loudest twentieth of the frames; below lies room noise, which differs from path to path."""
SMOOTH = 12
"""Frames to each side whose mean is taken off: what stays is the change within half a second, which tells
words apart better than the slow rise and fall that all sentences share."""
PIECE = 50
"""Frames that are matched together: 1 s."""
SLACK = 6
"""Frames that a piece may lie off its place: 120 ms, for jitter buffers that grew or shrank underway."""
THRESHOLD = 0.5

Features = npt.NDArray[np.float32]
"""Shape (frames, BANDS)."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance found: correlation 0 to 1, place in the audio in seconds (within SLACK)."""

    name: str
    score: float
    start_s: float
    end_s: float


class Recogniser:
    """Knows a set of utterances; `recordings` are 16 kHz."""

    def __init__(self, recordings: Mapping[str, Samples]) -> None:
        self._templates = {name: features(samples) for name, samples in recordings.items()}

    def recognise(self, samples: Samples) -> list[Heard]:
        """The utterances in `samples` (16 kHz), in the order they end."""
        found = [each for each in self.scores(samples) if each.score >= THRESHOLD]
        return sorted(found, key=lambda each: each.end_s)

    def scores(self, samples: Samples) -> list[Heard]:
        """The best place of every known utterance, whatever its score; nothing for less than a window."""
        heard = features(samples)
        if not len(heard):
            return []
        return [Heard(name, *_best_place(template, heard)) for name, template in self._templates.items()]


def features(samples: Samples) -> Features:
    """Of 16 kHz audio; no frames for less than one window."""
    if len(samples) < WINDOW:
        return np.zeros((0, BANDS), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(windows * _TAPER, axis=1)) ** 2
    bands = 10.0 * np.log10(power.astype(np.float32) @ _FILTERS + 1e-9)
    ceiling = np.percentile(bands.max(axis=1), 95)
    bands = np.maximum(bands, ceiling - RANGE_DB)
    padded = np.pad(bands, ((SMOOTH + 1, SMOOTH), (0, 0)), mode="edge")
    sums = np.cumsum(padded, axis=0, dtype=np.float64)
    span = 2 * SMOOTH + 1
    return np.asarray(bands - (sums[span:] - sums[:-span]) / span, np.float32)


def _best_place(template: Features, heard: Features) -> tuple[float, float, float]:
    """(score, start, end) of `template` in `heard`; parts that stick out at either end count as silence."""
    n, m = len(template), len(heard)
    lags = np.arange(-(n // 4), max(1, m - n + n // 4))
    reach = np.arange(lags[0] - SLACK, lags[-1] + SLACK + 1)
    size = 1 << (n + m + SLACK).bit_length()
    spectrum = np.fft.rfft(heard, size, axis=0)
    energy = np.concatenate(([0.0], np.cumsum(np.einsum("ij,ij->i", heard, heard))))
    total, weight = np.zeros(len(lags)), 0.0
    for piece in np.array_split(np.arange(n), max(1, round(n / PIECE))):
        part = template[piece]
        own = float(np.sum(part * part))
        products = np.fft.irfft((spectrum * np.conj(np.fft.rfft(part, size, axis=0))).sum(axis=1), size)
        starts = reach + piece[0]
        inside = energy[np.clip(starts + len(piece), 0, m)] - energy[np.clip(starts, 0, m)]
        # A tenth of the piece's own energy at least: near silence any correlation is chance.
        scores = products[starts % size] / np.sqrt(np.maximum(inside, 0.1 * own) * own + 1e-6)
        total += own * np.lib.stride_tricks.sliding_window_view(scores, 2 * SLACK + 1).max(axis=1)
        weight += own
    best = int(np.argmax(total))
    start = int(lags[best])
    return float(total[best]) / (weight + 1e-6), start * HOP / LIVE_IN_HZ, (start + n) * HOP / LIVE_IN_HZ


def _mel(hz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hz / 700.0))


def _filterbank() -> npt.NDArray[np.float32]:
    """Triangles, evenly spaced in mel: shape (WINDOW // 2 + 1, BANDS)."""
    mel = np.linspace(_mel(LOW_HZ), _mel(HIGH_HZ), BANDS + 2)
    edges = 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    bins = np.fft.rfftfreq(WINDOW, 1.0 / LIVE_IN_HZ)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


_FILTERS = _filterbank()
_TAPER = np.hanning(WINDOW).astype(np.float32)
