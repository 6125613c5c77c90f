"""Is anybody there? Asked once at the start, so that a wrong address is told at once and in one line."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

from bot.errors import Unreachable

REACH_TIMEOUT_S = 10.0


async def check_reachable(address: str, context: ssl.SSLContext, *, whom: str, setting: str) -> None:
    """Open and close a connection to `address`, with TLS if it is https or wss. Raises Unreachable."""
    url = urlsplit(address)
    secure = url.scheme in {"https", "wss"}
    try:
        async with asyncio.timeout(REACH_TIMEOUT_S):
            _, writer = await asyncio.open_connection(
                url.hostname, url.port or (443 if secure else 80), ssl=context if secure else None
            )
    except TimeoutError:
        reason = "no answer"
    except ssl.SSLError as error:
        reason = f"TLS: {error.reason or 'failed'}"
    except OSError as error:
        reason = error.strerror or "no connection"
    else:
        writer.close()
        return
    raise Unreachable(f"{whom} cannot be reached at {address} ({reason}). Check the network and {setting}.")
