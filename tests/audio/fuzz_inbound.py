"""Throw datagrams at `Inbound`: random, mutated, well sealed nonsense. Nothing may raise, nothing may grow.

    python tests/audio/fuzz_inbound.py [datagrams] [seed]

prints one line: how many datagrams, what became of them, seconds, and how much memory the second half added.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from dave_pair import DaveGroup

from audio import rtp
from audio.e2ee import E2ee
from audio.formats import SILENCE_PACKET
from audio.inbound import Inbound
from audio.jitter import MAX_PACKETS
from audio.transport import MODES, Transport, transport_for
from audio.waiting import MAX_SSRCS

BOT, ANA, BEN, EVE = 1, 2, 3, 4
KEY = bytes(range(32))
CORPUS = 200


@dataclass
class Outcome:
    datagrams: int
    causes: Counter[str]
    seconds: float
    growth_kib: int

    def __str__(self) -> str:
        causes = ", ".join(f"{name} {count}" for name, count in self.causes.most_common())
        return f"{self.datagrams} datagrams: {causes}; {self.seconds:.1f} s, {self.growth_kib} KiB growth"


class Fuzzer:
    """Makes datagrams. Some are perfect, so that the parts behind the ciphers are reached too."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.group = DaveGroup([BOT, ANA, BEN])
        self.transport: Transport = transport_for(next(iter(MODES)), KEY)
        self.sequence = self.rng.randrange(0x10000)
        self.sealed = [self.opus() for _ in range(CORPUS)]

    def opus(self) -> bytes:
        if self.rng.random() < 0.1:
            return SILENCE_PACKET
        return self.rng.randbytes(self.rng.choice([1, 2, 3, 10, 80, 200]))

    def header(self) -> bytes:
        rng = self.rng
        self.sequence += 1 if rng.random() < 0.9 else rng.choice([0, 1, 2, 5, -3, -40, 20_000])
        timestamp = self.sequence * 960 if rng.random() < 0.95 else rng.getrandbits(32)
        ssrc = rng.choice([102, 102, 102, 103, 103, 104, 105]) if rng.random() < 0.98 else rng.getrandbits(32)
        header = bytearray(rtp.pack_header(self.sequence, timestamp, ssrc))
        if rng.random() < 0.5:
            header[0] |= 0x10
            header += b"\xbe\xde" + rng.choice([0, 1, 2, 9]).to_bytes(2, "big")
        if rng.random() < 0.2:
            header[0] |= 0x20
        return bytes(header)

    def payload(self) -> bytes:
        rng = self.rng
        kind = rng.random()
        if kind < 0.5:
            opus = rng.choice(self.sealed)
            media = self.group.sessions[rng.choice([ANA, ANA, BEN])].encrypt_opus(opus)
            extended = rng.choice([b"", bytes(4), bytes(8)]) + media
            return extended + rng.choice([b"", b"\x01", b"\0\0\x03", b"\xff"])
        if kind < 0.7:
            return self.mutated(self.group.sessions[ANA].encrypt_opus(rng.choice(self.sealed)))
        if kind < 0.8:
            return rng.randbytes(rng.randrange(40)) + bytes([rng.randrange(30)]) + b"\xfa\xfa"
        return self.opus()

    def mutated(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(self.rng.randrange(1, 4)):
            if changed:
                changed[self.rng.randrange(len(changed))] = self.rng.randrange(256)
        if self.rng.random() < 0.3:
            del changed[self.rng.randrange(len(changed) + 1) :]
        return bytes(changed)

    def datagrams(self) -> Iterator[bytes]:
        while True:
            kind = self.rng.random()
            if kind < 0.1:
                yield self.rng.randbytes(self.rng.randrange(120))
            elif kind < 0.3:
                first = self.rng.choice([0x80, 0x90, 0xA0, 0xB0, 0xBF, 0x80])
                yield bytes([first, self.rng.choice([0x78, 0xF8, 0x65, 200])]) + self.rng.randbytes(
                    self.rng.randrange(120)
                )
            else:
                datagram = self.transport.seal(self.header(), self.payload())
                yield self.mutated(datagram) if kind < 0.45 else datagram
                if kind > 0.9:
                    yield datagram

    def disturb(self, inbound: Inbound, e2ee: E2ee) -> None:
        """Something the voice gateway may say at any time."""
        rng = self.rng
        user_id = rng.choice([BOT, ANA, BEN, EVE])
        match rng.randrange(16):
            case 0:
                inbound.user_joined(user_id)
            case 1:
                inbound.user_left(user_id)
            case 2:
                inbound.reset()
            case 3:
                e2ee.version = rng.choice([0, 1, 1, 1])
            case 4:
                e2ee.session = rng.choice([None, self.group.sessions[BOT]])
            case 5:
                self.transport = transport_for(rng.choice(list(MODES)), KEY)
                inbound.transport = rng.choice([None, self.transport, self.transport])
            case 6:
                inbound.map_ssrc(rng.choice([102, 103, 104]), user_id)
            case _:
                inbound.transport, e2ee.session = self.transport, self.group.sessions[BOT]
                inbound.map_ssrc(102, ANA)
                inbound.map_ssrc(103, BEN)


def run(datagrams: int, seed: int) -> Outcome:
    fuzzer = Fuzzer(seed)
    e2ee = E2ee()
    e2ee.version, e2ee.session = 1, fuzzer.group.sessions[BOT]
    inbound = Inbound(BOT, e2ee)
    inbound.transport = fuzzer.transport
    now = 0.0
    resident_half = 0
    start = time.perf_counter()
    for index, datagram in zip(range(datagrams), fuzzer.datagrams(), strict=False):
        inbound.receive(datagram, now)
        now += fuzzer.rng.choice([0.0, 0.001, 0.004, 0.01])
        if index % 5 == 0:
            pcm = inbound.tick(now).pcm
            assert pcm is None or pcm.shape == (960,)
        if index % 200 == 0:
            fuzzer.disturb(inbound, e2ee)
        if index == datagrams // 2:
            resident_half = _resident_kib()
    seconds = time.perf_counter() - start
    _check_bounds(inbound)
    return Outcome(datagrams, _causes(inbound), seconds, _resident_kib() - resident_half)


def _check_bounds(inbound: Inbound) -> None:
    assert len(inbound.stats) <= 4 and len(inbound._users) <= 4 and len(inbound._speakers) <= 3
    assert len(inbound._waiting) <= MAX_SSRCS
    for speaker in inbound._speakers.values():
        assert len(speaker._buffer._packets) <= MAX_PACKETS


def _causes(inbound: Inbound) -> Counter[str]:
    causes: Counter[str] = Counter({cause.value: count for cause, count in inbound.drops.items()})
    for stats in inbound.stats.values():
        causes.update({refusal.value: count for refusal, count in stats.undecryptable.items()})
        causes.update({"heard": stats.received, "duplicate": stats.duplicates, "late": stats.late})
        causes.update({"refused by Opus": stats.opus_errors, "concealed": stats.concealed})
    return causes


def _resident_kib() -> int:
    """The high-water mark: what it grows by in the second half is a leak."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    count, seed = (int(text) for text in [*sys.argv[1:3], "100000", "1"][:2])
    print(run(count, seed))  # noqa: T201
