"""What a bad network, or an odd client, does to the packets of one utterance.

Everything is drawn from a seed, so that a failing scenario fails again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.loopback.member import rtp


@dataclass(frozen=True, slots=True)
class Impairments:
    """Shares are 0…1 per packet; an index counts the 20 ms packets of the utterance from 0."""

    seed: int = 0
    loss: float = 0.0
    jitter_ms: float = 0.0
    """Every packet is late by a uniform 0…jitter_ms."""
    reorder: float = 0.0
    """Share of packets that leave after their successor (30 ms late)."""
    duplicate: float = 0.0
    padding: tuple[int, int] | None = None
    """RTP padding, drawn from this closed range of 1…255 bytes."""
    all_padding: float = 0.0
    """Share of packets preceded by a probe that is nothing but padding, with a sequence number of its own."""
    csrcs: int = 0
    extension: bool = True
    rtcp: float = 0.0
    """Share of packets preceded by an RTCP sender report on the same socket."""
    video: float = 0.0
    """Share of packets preceded by a video packet (payload type 101, the next SSRC)."""
    sequence_jumps: dict[int, int] = field(default_factory=dict)
    """Index → by how much the sequence number jumps there; ±20000 and the wrap are what breaks receivers."""
    announce: bool = True
    """False: speak without the op 5 that maps the SSRC to the user."""
    old_epoch: int = 0
    """After a re-key, so many further frames still use the key of the epoch before."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one packet."""

    delays_s: tuple[float, ...]
    """When copies leave, relative to the packet's deadline: () lost, two entries: a duplicate."""
    shape: rtp.Shape
    jump: int
    probe: bool
    rtcp: bool
    video: bool


CLEAN = Impairments()

_REORDER_S = 0.030  # past the next packet, not past the one after it


def fates(impairments: Impairments) -> Iterator[Fate]:
    """The fate of packet 0, 1, 2, … without end."""
    if impairments == CLEAN:
        return _clean()
    return _drawn(impairments)


_LEVEL = rtp.audio_level(30)


def _clean() -> Iterator[Fate]:
    fate = Fate((0.0,), rtp.Shape(_LEVEL), 0, False, False, False)
    while True:
        yield fate


def _drawn(wanted: Impairments) -> Iterator[Fate]:
    rng = random.Random(wanted.seed)
    csrcs = tuple(0x1000 + n for n in range(wanted.csrcs))
    index = 0
    while True:
        delay = rng.uniform(0.0, wanted.jitter_ms) / 1000
        if rng.random() < wanted.reorder:
            delay += _REORDER_S
        copies = 2 if rng.random() < wanted.duplicate else 1
        if rng.random() < wanted.loss:
            copies = 0
        padding = rng.randint(*wanted.padding) if wanted.padding else 0
        yield Fate(
            delays_s=(delay,) * copies,
            shape=rtp.Shape(_LEVEL if wanted.extension else None, csrcs, padding),
            jump=wanted.sequence_jumps.get(index, 0),
            probe=rng.random() < wanted.all_padding,
            rtcp=rng.random() < wanted.rtcp,
            video=rng.random() < wanted.video,
        )
        index += 1
