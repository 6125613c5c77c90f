"""`python -m tests.soak --seeds 1000 --jobs 2`: days of talk on virtual time, and one line of figures.

A seed that went wrong says what and when; `--only SEED` runs it again by itself, and it is the same day.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.soak.day import Report, soak
from tests.soak.figures import line_of

MEMORY_EVERY = 50
"""Every fiftieth seed watches its memory: that takes it four times as long."""


def main() -> int:
    """1 if anything was lost, doubled or given up on any of the days."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many days")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--only", type=int, help="this seed alone, with everything there is to say about it")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    asked = parser.parse_args()
    seeds = [asked.only] if asked.only is not None else range(asked.first, asked.first + asked.seeds)
    began, reports = time.monotonic(), []
    for report in _run(seeds, asked.jobs):
        reports.append(report)
        for complaint in report.complaints[: 50 if asked.only is not None else 3]:
            sys.stdout.write(f"seed {report.seed}: {complaint}\n")
            sys.stdout.flush()
    if asked.only is not None:
        sys.stdout.writelines(f"{count:8} {name}\n" for name, count in sorted(_all(reports).items()))
    sys.stdout.write(line_of(reports, time.monotonic() - began) + "\n")
    return int(any(report.complaints for report in reports))


def _run(seeds: Iterable[int], jobs: int) -> Iterator[Report]:
    if jobs <= 1:
        yield from map(_one, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_one, seeds)


def _one(seed: int) -> Report:
    return soak(seed, memory=seed % MEMORY_EVERY == 1)


def _all(reports: Iterable[Report]) -> Counter[str]:
    return sum((report.figures for report in reports), Counter())


if __name__ == "__main__":
    sys.exit(main())
