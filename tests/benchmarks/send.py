"""What sending costs beyond the library calls it cannot do without.

Bare: one Opus encoding, one DAVE encryption, one transport encryption per frame. Ours: `Outbound.tick` with
a reply that is there, `E2ee.encrypt`, the RTP header, `Transport.seal`. What a reply costs when it arrives
(`push_reply`, in the chunks of 40 ms that the Live API sends) is a figure of its own, and so is its
resampling to 48 kHz, wherever that is done. All take turns every second of speech.
"""

from __future__ import annotations

import ctypes
import os
import statistics
import time

import davey
import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audio import opus, rtp
from audio.e2ee import E2ee
from audio.formats import DISCORD_FRAME, DISCORD_HZ, LIVE_OUT_HZ, Samples, from_pcm16, to_pcm16
from audio.outbound import Outbound
from audio.resample import SteadyResampler
from audio.transport import Aes256Gcm
from bot.loopback import speech
from tests.audio.dave_pair import DaveGroup

BOT, ANA = 1, 2
SSRC = 815
CLIP = "answer_long"
ROUNDS = 100
FRAMES = 50
CHUNK_MS = 40


def measure() -> dict[str, float]:
    """µs per frame of 20 ms, medians over the rounds."""
    key = os.urandom(32)
    session = DaveGroup([BOT, ANA]).sessions[BOT]
    bare_way, our_way, resampling = _Bare(key, session), _Ours(key, session), _Resampling()
    results = [
        (bare_way.run(number), *our_way.run(number), resampling.run(number)) for number in range(ROUNDS)
    ]
    bare, arriving, ours, resample = (
        statistics.median(column) * 1e6 for column in zip(*results, strict=True)
    )
    ratio = statistics.median(round_[2] / round_[0] for round_ in results)
    return {
        "send_us_per_frame": round(ours, 1),
        "send_bare_us_per_frame": round(bare, 1),
        "send_ratio": round(ratio, 2),
        "send_arrival_us_per_frame": round(arriving, 1),
        "send_resample_us_per_frame": round(resample, 1),
    }


def _second(hz: int, number: int) -> Samples:
    """Another second of the clip for every round."""
    samples = speech.load(CLIP, hz)
    start = number % (len(samples) // hz) * hz
    return samples[start : start + hz]


class _Bare:
    def __init__(self, key: bytes, session: davey.DaveSession) -> None:
        encoder = self._encoder = opus.Encoder()  # for its settings
        self._encode, self._state = encoder._encode, encoder._state_address
        self._packet = ctypes.create_string_buffer(4000)
        self._aes = AESGCM(key)
        self._session = session
        self._nonce = 1 << 31

    def run(self, number: int) -> float:
        """Seconds per frame."""
        frames = np.array(_second(DISCORD_HZ, number)).reshape(-1, DISCORD_FRAME)
        addresses = [int(frame.ctypes.data) for frame in frames]
        encode, state, packet = self._encode, self._state, ctypes.addressof(self._packet)
        seal_aes, seal_dave = self._aes.encrypt, self._session.encrypt_opus
        header = rtp.pack_header(1, 960, SSRC)
        start = time.perf_counter()
        for address in addresses:
            size = encode(state, address, DISCORD_FRAME, packet, 4000)
            frame = seal_dave(ctypes.string_at(packet, size))
            nonce = self._nonce.to_bytes(4, "big")
            self._nonce += 1
            _ = header + seal_aes(nonce + bytes(8), frame, header) + nonce
        return (time.perf_counter() - start) / FRAMES


class _Ours:
    def __init__(self, key: bytes, session: davey.DaveSession) -> None:
        self._e2ee = E2ee()
        self._e2ee.version, self._e2ee.session = 1, session
        self._transport = Aes256Gcm(key)
        self._outbound = Outbound()
        self._sequence = 0
        self._outbound.push_reply(to_pcm16(_second(LIVE_OUT_HZ, 0)))  # always a second ahead

    def run(self, number: int) -> tuple[float, float]:
        """Seconds per frame to arrive, and to be sent."""
        return self._arrive(to_pcm16(_second(LIVE_OUT_HZ, number))), self._send()

    def _arrive(self, pcm16: bytes) -> float:
        outbound, size = self._outbound, 2 * LIVE_OUT_HZ * CHUNK_MS // 1000
        start = time.perf_counter()
        for at in range(0, len(pcm16), size):
            outbound.push_reply(pcm16[at : at + size])
        return (time.perf_counter() - start) / FRAMES

    def _send(self) -> float:
        outbound, e2ee, transport, sequence = self._outbound, self._e2ee, self._transport, self._sequence
        sent = 0
        start = time.perf_counter()
        for _ in range(FRAMES):
            packet = outbound.tick()
            payload = None if packet is None else e2ee.encrypt(packet)
            if payload is not None:
                sequence = (sequence + 1) & 0xFFFF
                header = rtp.pack_header(sequence, sequence * DISCORD_FRAME & 0xFFFFFFFF, SSRC)
                sent += len(transport.seal(header, payload)) > 40  # not silence
        elapsed = time.perf_counter() - start
        self._sequence = sequence
        assert sent > FRAMES // 2 and not outbound.underruns, "what was timed must have been speech"
        return elapsed / FRAMES


class _Resampling:
    """24 → 48 kHz alone, in the chunks of the Live API."""

    def __init__(self) -> None:
        self._resampler = SteadyResampler(LIVE_OUT_HZ, DISCORD_HZ)

    def run(self, number: int) -> float:
        """Seconds per frame of 20 ms."""
        pcm16 = to_pcm16(_second(LIVE_OUT_HZ, number))
        size = LIVE_OUT_HZ * CHUNK_MS // 1000
        whole: npt.NDArray[np.float32] = from_pcm16(pcm16)
        chunks = [whole[at : at + size] for at in range(0, len(whole), size)]
        start = time.perf_counter()
        for chunk in chunks:
            self._resampler.push(chunk)
        return (time.perf_counter() - start) / FRAMES
