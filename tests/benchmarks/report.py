"""The figures of a run, what they should be, and how they are shown and kept."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

OUT = Path("build/bench/report.json")


@dataclass(frozen=True, slots=True)
class Target:
    """`figure` (dotted path into the report) is to be `at most` or `at least` the bound."""

    figure: str
    bound: float
    at_least: bool = False

    def met_by(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"


TARGETS = {
    target.figure: target
    for target in (
        Target("receive_ratio", 1.6),
        Target("send_ratio", 1.4),
        Target("latency_ms.speech_to_live.p50", 100),
        Target("latency_ms.speech_to_live.p99", 150),
        Target("latency_ms.turn_end.p99", 60),
        Target("latency_ms.live_to_ear.p50", 30),
        Target("latency_ms.live_to_ear.p99", 60),
        Target("latency_ms.barge_in_stop.p99", 60),
        Target("latency_ms.local_stop.p99", 400),
        Target("rooms_per_core", 50, at_least=True),
        Target("rss_mb_per_room", 4),
    )
}


def flatten(figures: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Every leaf as (dotted path, value); lists are left out, they are detail."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            yield f"{prefix}{name}", value


def machine() -> dict[str, Any]:
    """What the figures depend on; nothing that names the machine."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "priority": "ordinary" if os.sched_getscheduler(0) == os.SCHED_OTHER else "real-time",
    }


def write(figures: Mapping[str, Any], out: Path = OUT) -> None:
    """The figures of one run, of the parts that were run; an earlier report is replaced."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


def show(figures: Mapping[str, Any], console: Console) -> None:
    """The table."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("figure")
    for column in ("value", "target"):
        table.add_column(column, justify="right")
    table.add_column("")
    for name, value in flatten(figures):
        if name.startswith("machine."):
            continue
        target = TARGETS.get(name)
        good = target is None or (isinstance(value, int | float) and target.met_by(value))
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        mark = "" if target is None else "[green]met[/]" if good else "[red]not met[/]"
        table.add_row(name, shown, str(target or ""), mark)
    console.print(table)
