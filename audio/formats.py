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

# Made once, and np.clip left out: 2.4 µs instead of 3.6 for a frame to PCM16, 1.6 instead of 2.2 for one from
# it, each of them 50 times a second in every room.
_PCM16 = np.dtype("<i2")
_FULL_SCALE = np.float32(32767.0)
_STEP = np.float32(1 / 32768)


def to_pcm16(samples: Samples) -> bytes:
    """Little-endian PCM16 of `samples`, clipped at full scale."""
    scaled = samples * _FULL_SCALE
    np.minimum(scaled, _FULL_SCALE, out=scaled)
    np.maximum(scaled, -_FULL_SCALE, out=scaled)
    return scaled.astype(_PCM16).tobytes()


def from_pcm16(data: bytes) -> Samples:
    """Samples of little-endian PCM16; a trailing odd byte is ignored."""
    samples = np.frombuffer(data, _PCM16, len(data) // 2).astype(np.float32)
    samples *= _STEP
    return samples
