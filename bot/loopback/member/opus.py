"""What a member says, as Opus packets: encoded once per process and shared by all members.

Through FFmpeg (PyAV), so that the member shares no code with the bot's own encoder.
"""

from __future__ import annotations

from functools import lru_cache

import av
import numpy as np

from audio.formats import DISCORD_FRAME, DISCORD_HZ, Samples
from bot.loopback import speech

_BIT_RATE = 64_000  # Discord's default for a voice channel


@lru_cache(maxsize=64)
def packets_of(name: str) -> tuple[bytes, ...]:
    """The 20 ms packets of one recorded utterance."""
    return encode(speech.load(name, DISCORD_HZ))


def encode(samples: Samples) -> tuple[bytes, ...]:
    """20 ms packets of mono 48 kHz samples, with in-band FEC; the last one is padded with silence."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate = DISCORD_HZ
    encoder.layout = "mono"
    encoder.format = "flt"
    encoder.bit_rate = _BIT_RATE
    # compression_level is libopus' complexity; packet_loss makes it spend bits on FEC at all
    encoder.options = {"application": "voip", "fec": "1", "packet_loss": "15", "compression_level": "5"}
    encoder.open()
    packets: list[bytes] = []
    for start in range(0, len(samples), DISCORD_FRAME):
        piece = np.zeros((1, DISCORD_FRAME), np.float32)
        voiced = samples[start : start + DISCORD_FRAME]
        piece[0, : len(voiced)] = voiced
        frame = av.AudioFrame.from_ndarray(piece, format="flt", layout="mono")
        frame.sample_rate = DISCORD_HZ
        frame.pts = start
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return (*packets, *(bytes(packet) for packet in encoder.encode(None)))
