"""`python -m tests.soak --seeds 1000 --jobs 2`: days of talk on virtual time, and one line of figures.

A seed that went wrong says what and when; `--only SEED` runs it again by itself, and it is the same day.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.soak.day import Report, soak
from tests.soak.figures import line_of

PROGRESS_EVERY = 50

SAMPLES = 2

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
        for complaint in report.complaints if asked.only is not None else _samples(report.complaints):
            sys.stdout.write(f"seed {report.seed}: {complaint}\n")
            sys.stdout.flush()
        if len(reports) % PROGRESS_EVERY == 0:
            _progress(reports, time.monotonic() - began)
    if asked.only is not None:
        sys.stdout.writelines(f"{count:8} {name}\n" for name, count in sorted(_all(reports).items()))
    sys.stdout.write(line_of(reports, time.monotonic() - began) + "\n")
    return int(any(report.complaints for report in reports))


def _run(seeds: Iterable[int], jobs: int) -> Iterator[Report]:
    if jobs <= 1:
        yield from map(_one, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(_one, seed) for seed in seeds]):
            yield done.result()


def _one(seed: int) -> Report:
    try:
        return soak(seed, memory=seed % MEMORY_EVERY == 1)
    except Exception as error:  # of a seed that hangs or breaks the others still are to be seen
        return Report(seed, Counter(bugs=1), ["".join(traceback.format_exception(error)[-20:])])


def _samples(complaints: Iterable[str]) -> Iterator[str]:
    """Two of each kind: one kind must not hide another."""
    seen: Counter[str] = Counter()
    for complaint in complaints:
        kind = complaint[10:].partition(":")[0]
        seen[kind] += 1
        if seen[kind] <= SAMPLES:
            yield complaint


def _progress(reports: Sequence[Report], wall_s: float) -> None:
    wrong = sum(bool(report.complaints) for report in reports)
    sys.stderr.write(f"{len(reports)} seeds, {wrong} with complaints, {wall_s:.0f} s\n")
    sys.stderr.flush()


def _all(reports: Iterable[Report]) -> Counter[str]:
    return sum((report.figures for report in reports), Counter())


if __name__ == "__main__":
    sys.exit(main())
