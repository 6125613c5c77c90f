"""When the garbage collector may hold everything up.

A full collection takes a millisecond for every room, 40 ms at forty of them, and by itself comes twice a
minute: longer than a frame, in every room at once. The young generations, 1 to 4 ms, are collected as ever.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import NoReturn

LOOK_S = 2.0
PERIOD_S = 60.0
"""So often is enough, where nobody speaks."""
PATIENCE_S = 600.0
"""A moment in which nobody speaks in any room may never come: then what piles up is collected after so long
all the same."""

_NEVER = 2**31 - 1


def settle() -> None:
    """Take what start-up left out of garbage collection for good (127,000 objects, mostly google-genai's
    types, 25 ms), and leave full collections to `keep_tidy`."""
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)


async def keep_tidy(quiet: Callable[[], bool]) -> NoReturn:
    """Collect in moments that are `quiet`."""
    loop = asyncio.get_running_loop()
    tidied_at = loop.time()
    while True:
        await asyncio.sleep(LOOK_S)
        since_s = loop.time() - tidied_at
        if since_s >= (PERIOD_S if quiet() else PATIENCE_S):
            gc.collect()
            tidied_at = loop.time()
