"""The server's end of a WebSocket, which can be slow to close and deaf to pings."""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import ServerConnection

from bot.loopback.live.faults import LiveFaults

_FIN_CLOSE, _FIN_PING = 0x88, 0x89


def connections(faults: LiveFaults) -> type[ServerConnection]:
    """The class of connections that `faults` governs, for `serve`."""

    class Connection(ServerConnection):
        def data_received(self, data: bytes) -> None:
            """Clients send control frames by themselves, so the first byte tells."""
            if data[0] == _FIN_PING and faults.ignore_pings:
                return
            if data[0] == _FIN_CLOSE and faults.slow_close_s > 0:
                asyncio.get_running_loop().call_later(faults.slow_close_s, self._take_up, data)
                return
            super().data_received(data)

        def _take_up(self, data: bytes) -> None:
            if not self.transport.is_closing():  # else the client has lost patience
                super().data_received(data)

    return Connection
