"""What receiving costs beyond the library calls it cannot do without.

Bare: one transport decryption, one DAVE decryption, one Opus decoding per packet, called as plainly as Python
can. Ours: `Inbound.receive` and `Inbound.tick` on the same speech, everything included: parsing, ordering,
statistics, voice activity, mixing. They take turns every second of speech, so whatever else the machine does
falls on both.
"""

from __future__ import annotations

import ctypes
import os
import statistics
import time
from collections.abc import Iterator

import davey
import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audio import opus, rtp
from audio.e2ee import E2ee
from audio.formats import DISCORD_FRAME, FRAME_MS
from audio.inbound import Inbound
from audio.transport import Aes256Gcm
from bot.loopback import speech
from tests.audio.dave_pair import DaveGroup

BOT, ANA = 1, 2
SSRC = 4711
ROUNDS = 100
FRAMES = 50  # of each way per round


def measure() -> dict[str, float]:
    """µs per frame of 20 ms, medians over the rounds."""
    key = os.urandom(32)
    group = DaveGroup([BOT, ANA])
    stream = _datagrams(key, group)
    bare_way = _Bare(key, group.sessions[BOT])
    our_way = _Ours(key, group.sessions[BOT])
    bare, ours = [], []
    for _ in range(ROUNDS):  # nonces are single-use, so each way has its own packets of the same speech
        first, second = [[*pair] for pair in zip(*(next(stream) for _ in range(FRAMES)), strict=True)]
        bare.append(bare_way.run(first))
        ours.append(our_way.run(second))
    our_way.check(ROUNDS * FRAMES)
    ratios = [our / its_bare for our, its_bare in zip(ours, bare, strict=True)]
    return {
        "receive_us_per_frame": round(statistics.median(ours) * 1e6, 1),
        "receive_bare_us_per_frame": round(statistics.median(bare) * 1e6, 1),
        "receive_ratio": round(statistics.median(ratios), 2),
    }


def _datagrams(key: bytes, group: DaveGroup) -> Iterator[tuple[bytes, bytes]]:
    """Recorded speech as it leaves Ana's client, each frame twice, for ever."""
    samples = np.concatenate([speech.load(name) for name in ("question", "second", "hello")])
    frames = samples[: len(samples) // DISCORD_FRAME * DISCORD_FRAME].reshape(-1, DISCORD_FRAME)
    encoder = opus.Encoder()
    sealing = Aes256Gcm(key)
    number = 0
    while True:
        for frame in frames:
            packet = encoder.encode(frame)
            header = rtp.pack_header(number & 0xFFFF, number * DISCORD_FRAME & 0xFFFFFFFF, SSRC)
            first, second = (sealing.seal(header, group.sessions[ANA].encrypt_opus(packet)) for _ in range(2))
            yield first, second
            number += 1


class _Bare:
    def __init__(self, key: bytes, session: davey.DaveSession) -> None:
        decoder = self._decoder = opus.Decoder()
        self._decode, self._state = decoder._decode, decoder._state_address
        self._pcm = ctypes.create_string_buffer(4 * opus.MAX_PACKET_SAMPLES)
        self._aes = AESGCM(key)
        self._session = session

    def run(self, datagrams: list[bytes]) -> float:
        """Seconds per datagram."""
        decode, state, pcm = self._decode, self._state, ctypes.addressof(self._pcm)
        open_aes, open_dave, audio = self._aes.decrypt, self._session.decrypt, davey.MediaType.audio
        start = time.perf_counter()
        for datagram in datagrams:
            plain = open_aes(datagram[-4:] + bytes(8), datagram[12:-4], datagram[:12])
            packet = open_dave(ANA, audio, plain)
            decode(state, packet, len(packet), pcm, opus.MAX_PACKET_SAMPLES, 0)
        return (time.perf_counter() - start) / len(datagrams)


class _Ours:
    def __init__(self, key: bytes, session: davey.DaveSession) -> None:
        e2ee = E2ee()
        e2ee.version, e2ee.session = 1, session
        self._inbound = Inbound(BOT, e2ee)
        self._inbound.transport = Aes256Gcm(key)
        self._inbound.map_ssrc(SSRC, ANA)
        self._now = 100.0
        self._heard = 0

    def run(self, datagrams: list[bytes]) -> float:
        """Seconds per datagram."""
        inbound, now, heard = self._inbound, self._now, 0
        start = time.perf_counter()
        for datagram in datagrams:
            inbound.receive(datagram, now)
            heard += inbound.tick(now + 0.005).pcm is not None
            now += FRAME_MS / 1000
        elapsed = time.perf_counter() - start
        self._now = now
        self._heard += heard
        return elapsed / len(datagrams)

    def check(self, frames: int) -> None:
        """What was timed must have been hearing."""
        stats = self._inbound.stats[ANA]
        assert stats.received == frames and not stats.lost and not stats.undecryptable, stats
        assert self._heard > frames - 5, f"{self._heard} of {frames} frames came out"
