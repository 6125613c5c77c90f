"""What encoder complexity and bitrate cost and give, on the recorded answers.

    python tests/benchmarks/encoder_complexity.py

Prints per setting: µs per 20 ms frame (median), the real bitrate, STOI against the original, and the
log-spectral distance in dB up to 8 kHz over the frames that sound (lower is better). ENCODER_COMPLEXITY in
audio/opus.py follows from it.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
from pystoi import stoi

from audio.formats import DISCORD_FRAME, DISCORD_HZ, Samples
from audio.opus import Decoder, Encoder
from bot.loopback import speech

LOOKAHEAD_SAMPLES = 312
"""Of the encoder, 6.5 ms at 48 kHz (OPUS_GET_LOOKAHEAD with OPUS_APPLICATION_VOIP)."""


def log_spectral_distance_db(clean: Samples, heard: Samples) -> float:
    window = np.hanning(DISCORD_FRAME)
    spectra = []
    for samples in (clean, heard):
        frames = samples[: len(samples) // DISCORD_FRAME * DISCORD_FRAME].reshape(-1, DISCORD_FRAME)
        spectra.append(np.abs(np.fft.rfft(frames * window, axis=1))[:, 2:160])
    loud = spectra[0].mean(axis=1) > 0.05 * spectra[0].mean(axis=1).max()
    difference = 20 * np.log10((spectra[0][loud] + 1e-2) / (spectra[1][loud] + 1e-2))
    return float(np.sqrt((difference**2).mean(axis=1)).mean())


def measure(original: Samples, complexity: int, bitrate: int) -> tuple[float, float, float, float]:
    encoder, decoder = Encoder(bitrate, complexity), Decoder()
    heard, costs, size = [], [], 0
    for frame in original.reshape(-1, DISCORD_FRAME):
        started = time.perf_counter()
        packet = encoder.encode(frame)
        costs.append(time.perf_counter() - started)
        size += len(packet)
        heard.append(decoder.decode(packet))
    decoded = np.concatenate(heard)[LOOKAHEAD_SAMPLES:]
    clean = original[: len(decoded)]
    return (
        statistics.median(costs) * 1e6,
        size * 8 * DISCORD_HZ / len(original) / 1000,
        float(stoi(clean, decoded, DISCORD_HZ)),
        log_spectral_distance_db(clean, decoded),
    )


def main() -> None:
    original = np.concatenate([speech.load(name) for name in ("answer_long", "question", "second")])
    original = original[: len(original) // DISCORD_FRAME * DISCORD_FRAME]
    print("bitrate  complexity  µs/frame   kbit/s    STOI   LSD dB")
    for bitrate in (32_000, 64_000):
        for complexity in (0, 1, 2, 3, 4, 5, 6, 8, 10):
            cost, kbps, intelligibility, distance = measure(original, complexity, bitrate)
            print(f"{bitrate:7}  {complexity:10}  {cost:8.0f}  {kbps:7.1f}  {intelligibility:.4f}", end="")
            print(f"  {distance:6.2f}")


if __name__ == "__main__":
    main()
