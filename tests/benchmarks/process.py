"""What the kernel knows about processes and sockets: time, memory, datagrams thrown away. Linux only."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one process at one moment; subtract two of them."""

    at: float
    cpu_s: float
    waited_s: float
    """Runnable, but without a core: somebody else had it."""

    @classmethod
    def of(cls, pid: int) -> Usage:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S  # utime, stime: 14th and 15th of proc(5)
        waited_ns = sum(
            int((task / "schedstat").read_text().split()[1]) for task in Path(f"/proc/{pid}/task").iterdir()
        )
        return cls(time.monotonic(), cpu_s, waited_ns / 1e9)

    def cpu_percent_since(self, before: Usage) -> float:
        return 100 * (self.cpu_s - before.cpu_s) / (self.at - before.at)

    def waited_percent_since(self, before: Usage) -> float:
        return 100 * (self.waited_s - before.waited_s) / (self.at - before.at)


def rss_mb(pid: int) -> float:
    """Resident memory, 10⁶ bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES / 1e6


def stolen_ms() -> int:
    """Time that the hypervisor gave to other machines while a core of this one wanted to run."""
    return int(Path("/proc/stat").read_text().splitlines()[0].split()[8]) * 1000 // _TICKS_PER_S


def udp_drops() -> int:
    """Datagrams that any socket of this network namespace had no room for."""
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return sum(int(line.split()[-1]) for line in lines)


def pin(pid: int, core: int) -> None:
    """`pid` (0: this process) runs on `core` alone, if there are enough of them."""
    cores = sorted(os.sched_getaffinity(0)) if pid == 0 else sorted(range(os.cpu_count() or 1))
    if len(cores) > core:
        os.sched_setaffinity(pid, {cores[core]})
