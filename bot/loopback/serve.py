"""The stand-ins as a program: one JSON line says where they are, then they serve until cancelled."""

from __future__ import annotations

import asyncio
import errno
import json
import re
import sys
from collections.abc import Sequence

from bot.errors import ParleyError
from bot.loopback.loopback import Loopback
from bot.loopback.switches import switch


class PortTaken(ParleyError):
    """The text is the one line that the terminal shows."""


async def main(*, guilds: int = 1, live_port: int = 0, api_port: int = 0, faults: Sequence[str] = ()) -> None:
    """Serve until cancelled; ports of 0 are chosen.

    PortTaken if one of the given ports is in use, UnknownFault for a fault that there is not.
    """
    loopback = Loopback(guilds=guilds, live_port=live_port, api_port=api_port)
    for fault in faults:
        switch(loopback, fault)
    try:
        await loopback.__aenter__()
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        found = re.search(r"\('[^']+', (\d+)\)", str(error))  # asyncio names the address in the text only
        port = found[1] if found else " or ".join(str(port) for port in (api_port, live_port) if port)
        why = "in use" if error.errno == errno.EADDRINUSE else "not allowed"
        raise PortTaken(f"Port {port} on 127.0.0.1 is {why}; choose another one, or 0 for any.") from error
    try:
        sys.stdout.write(json.dumps(loopback.describe()) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
    finally:
        await loopback.__aexit__()
