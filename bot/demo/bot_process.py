"""The bot under demonstration: the program itself, in a process of its own, told by environment alone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bot.demo.steps import StepFailed

STOP_TIMEOUT_S = 15.0


@asynccontextmanager
async def bot_process(
    environment: Mapping[str, str], log_file: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m bot`, its log in `log_file`; killed at the end of the block if it still runs."""
    keep = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DISCORD_", "GEMINI_", "GOOGLE_", "PARLEY_"))
    }
    with log_file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            env={**keep, **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the demonstration, which then ends the bot in order
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def stop(process: asyncio.subprocess.Process) -> int:
    """SIGTERM, as a service manager would; the exit code. StepFailed if it does not end."""
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            return await process.wait()
    except TimeoutError:
        raise StepFailed(f"the bot did not end within {STOP_TIMEOUT_S:.0f} s of SIGTERM") from None
