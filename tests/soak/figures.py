"""The one line at the end of a soak."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.soak.day import Report

MUST_BE_ZERO = (
    "lost",
    "doubled",
    "lost words",
    "words twice",
    "words out of order",
    "overheard played",
    "unasked played",
    "given up",
    "two sockets",
    "protocol errors",
    "rooms ended",
    "bugs",
)

BEYOND_BOUNDS = ("lost", "lost words", "overheard played", "given up")
"""Of what was said in a dead minute, or while somebody had to wait, and was more than a line keeps."""


def line_of(reports: Sequence[Report], wall_s: float) -> str:
    """What all the days together come to."""
    figures: Counter[str] = sum((report.figures for report in reports), Counter())
    cpu_s = sum(report.cpu_s for report in reports)
    parts = [
        f"{len(reports)} seeds",
        *(f"{figures[name]:,} {name}" for name in ("turns", "addressed", "answered")),
        *(f"{figures[name]} {name}" for name in MUST_BE_ZERO),
        *(
            f"{figures[name]:,} {name}"
            for name in ("dead minutes", "rollovers", "reconnects", "fresh starts")
        ),
        "beyond bounds: " + ", ".join(f"{figures[f'{name} beyond bounds']} {name}" for name in BEYOND_BOUNDS),
        f"peak memory {max((report.peak_kb for report in reports), default=0):,.0f} kB",
        f"growth {max((report.growth_kb for report in reports), default=0):,.0f} kB",
        f"{wall_s:.0f} s, {cpu_s / max(1, len(reports)):.1f} s of CPU per seed",
    ]
    return " · ".join(parts)
