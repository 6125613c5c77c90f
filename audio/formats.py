"""The sample formats of the path, in one place.

Inside the path, audio is mono float32 in ±1.0 (``Samples``): sums of speakers may exceed ±1.0 until the
limiter, and nothing is rounded twice. PCM16 exists only at the edges (the Live API, WAV files).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FRAME_MS = 20
"""One frame, one tick, one ordinary Discord packet."""

DISCORD_HZ = 48_000
DISCORD_FRAME = DISCORD_HZ * FRAME_MS // 1000  # 960 samples

LIVE_IN_HZ = 16_000
LIVE_IN_FRAME = LIVE_IN_HZ * FRAME_MS // 1000  # 320 samples

LIVE_OUT_HZ = 24_000
"""What the Live API answers with; the real rate of a chunk is in its mime type."""

SILENCE_PACKET = b"\xf8\xff\xfe"
"""Opus silence. Discord clients send five of them when a person stops talking; exempt from DAVE."""

Samples = npt.NDArray[np.float32]
"""Mono float32 in ±1.0, shape (n,)."""


def to_pcm16(samples: Samples) -> bytes:
    """Little-endian PCM16 of `samples`, clipped at full scale."""
    return (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


def from_pcm16(data: bytes) -> Samples:
    """Samples of little-endian PCM16; a trailing odd byte is ignored."""
    return np.frombuffer(data, dtype="<i2", count=len(data) // 2).astype(np.float32) / np.float32(32768.0)
