"""Recorded speech for the stand-ins: what members say, what the Live stand-in answers, and a few noises.

The texts and voices are in `index.toml`; `make.sh` records them (see README.md).
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import av
import numpy as np
import soxr

from audio.formats import DISCORD_HZ, Samples


def names(role: str | None = None) -> list[str]:
    """All recordings in the order of the index, or those of one role: ``member``, ``live`` or ``noise``."""
    return [name for name, entry in _index().items() if role in (None, entry["role"])]


def text(name: str) -> str:
    """What is said in the recording; empty for a noise. KeyError for an unknown name."""
    return _index()[name].get("text", "")


@cache
def load(name: str, hz: int = DISCORD_HZ) -> Samples:
    """The recording at `hz`, shape (n,). KeyError for an unknown name.

    All callers share the array, therefore it is read-only.
    """
    if name not in _index():
        raise KeyError(name)
    samples = _decode(name) if hz == DISCORD_HZ else soxr.resample(load(name), DISCORD_HZ, hz)
    samples.flags.writeable = False
    return samples


def _decode(name: str) -> Samples:
    with (files(__name__) / f"{name}.opus").open("rb") as file, av.open(file, "r") as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(frames).astype(np.float32, copy=False)


@cache
def _index() -> dict[str, dict[str, str]]:
    return tomllib.loads((files(__name__) / "index.toml").read_text(encoding="utf-8"))
