"""The recordings, as WAV files on one time axis."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from audio.formats import Samples, to_pcm16
from bot.loopback.member.recording import Track


def write_wav(path: Path, track: Track, hz: int, t0: float) -> None:
    """Mono PCM16; silence in front so that the file begins at `t0`."""
    lead = max(0, round((track.t0 - t0) * hz)) if len(track.samples) else 0
    samples: Samples = np.concatenate((np.zeros(lead, np.float32), track.samples))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(hz)
        file.writeframes(to_pcm16(samples))
