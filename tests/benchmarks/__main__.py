"""`python -m tests.benchmarks [receive] [send] [cost] [latency] [rooms]`: measure these parts, or all.

Writes build/bench/report.json and prints a table. What the figures mean is in docs/performance.md.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console

from tests.benchmarks import cost, latency, receive, report, rooms, send
from tests.benchmarks.world import BenchFailed

PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "receive": receive.measure,
    "send": send.measure,
    "cost": cost.measure,
    "latency": lambda: asyncio.run(latency.measure()),
    "rooms": lambda: asyncio.run(rooms.measure()),
}


def main(names: list[str]) -> int:
    """Run the parts; 2 if there is no such part. A missed target is shown, and no failure of the run."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"There is no part {unknown[0]!r}; there are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    console = Console()
    figures: dict[str, Any] = {"machine": report.machine()}
    for name in names or PARTS:
        began = time.monotonic()
        try:
            with console.status(f"measuring: {name} …"):
                figures |= PARTS[name]()
        except BenchFailed as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        console.print(f"[dim]{name}: {time.monotonic() - began:.0f} s[/]")
    report.write(figures)
    report.show(figures, console)
    console.print(f"\n{report.OUT}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
