"""Put the figures of the last run into docs/performance.md: `python -m tests.benchmarks.document`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.report import OUT, TARGETS, flatten

DOCUMENT = Path("docs/performance.md")
_BLOCK = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)
_DETAIL = ("machine.", "rooms_counted.")


def markdown(report: Mapping[str, Any]) -> str:
    """The machine, a table of the figures, a table of the numbers of rooms tried."""
    machine = report["machine"]
    lines = [
        f"{machine['date']}, {machine['cpu']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}, {machine['priority']} priority.",
        "",
        "| figure | value | target |",
        "|---|---:|---:|",
    ]
    for name, value in flatten(report):
        if not name.startswith(_DETAIL):
            target = TARGETS.get(name)
            missed = target is not None and not target.met_by(value)
            lines.append(f"| `{name}` | {value}{' **missed**' if missed else ''} | {target or ''} |")
    lines += [
        "",
        "| rooms | gap p50 ms | p99.9 | longest | lost | bot core % | bot waited % | load core % | RSS MB |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for step in report["rooms_steps"] + report["rooms_confirmations"]:
        lost = step["missing"] + step["udp_drops"]
        shown = [step[name] for name in ("rooms", "gap_p50_ms", "gap_p999_ms", "gap_max_ms")]
        shown += [lost, step["bot_cpu_percent"], step["bot_waited_percent"]]
        shown += [step["load_cpu_percent"], step["bot_rss_mb"]]
        lines.append(f"| {' | '.join(map(str, shown))} |")
    counted = ", ".join(f"{name} {value}" for name, value in report["rooms_counted"].items())
    tries = len(report["rooms_confirmations"])
    lines += ["", f"Confirmations: the last {tries} of these. The rooms of the last counted: {counted}.", ""]
    return "\n".join(lines)


def main() -> None:
    report = json.loads(OUT.read_text())
    DOCUMENT.write_text(_BLOCK.sub(lambda _: markdown(report), DOCUMENT.read_text()))


if __name__ == "__main__":
    main()
