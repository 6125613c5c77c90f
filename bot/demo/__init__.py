"""`make demo`: a whole conversation on the real wire, with the unmodified bot, unattended."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console

from bot import log
from bot.demo.report import write
from bot.demo.show import Show
from bot.demo.steps import Steps


def main(out: Path) -> int:
    """Run the demonstration and write `out`. The exit code: 0, or 1 if a step failed."""
    log.configure(level="error")
    console = Console(highlight=False)
    steps = Steps(console)
    show = Show(steps, out)
    try:
        asyncio.run(show.run())
    except KeyboardInterrupt:
        console.print("interrupted")
        return 130
    ok = write(out, show.story, steps, console)
    return 0 if ok else 1
