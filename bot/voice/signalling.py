"""What the main gateway says about our place: VOICE_STATE_UPDATE and VOICE_SERVER_UPDATE.

To connect, both are needed, and they come in any order (Discord API docs, "Retrieving Voice Server
Information"). While connected, a new server update means: another voice server, or another channel, or both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from bot.voice.closing import KICKED, Ending, Step

PAIR_S = 0.25  # a move's two messages come within milliseconds; a change of region has only the server's
MOVE_S = 5.0  # a move without any server update: enter anew


class Signalling:
    """The credentials for the voice gateway, and whether newer ones have come."""

    def __init__(self, moved: Callable[[int], None]) -> None:
        """`moved(channel_id)` is called as soon as our channel is known to be another one."""
        self._moved = moved
        self._news = asyncio.Event()
        self.session_id: str | None = None
        self.token: str | None = None
        self.endpoint: str | None = None
        self.channel_id: int | None = None
        self._has_state = False
        self._has_server = False
        self._state_is_new = False
        self._in_use: tuple[str | None, str | None] | None = None
        self._paired = True  # the credentials in use came with word of the channel
        self.is_out = True  # the main gateway's last word: in no channel
        self._leaving = False

    def state_update(self, data: Mapping[str, Any]) -> None:
        if data["channel_id"] is None:
            self._has_state = False
            self.is_out = True
        else:
            channel_id = int(data["channel_id"])
            self.session_id = data["session_id"]
            self.is_out = self._leaving = False
            self._has_state = True
            if channel_id != self.channel_id:
                self._state_is_new = True
                self.channel_id = channel_id
                self._moved(channel_id)
        self._news.set()

    def server_update(self, data: Mapping[str, Any]) -> None:
        """An endpoint of null: the server has gone away and the next one will be announced."""
        endpoint: str | None = data.get("endpoint")
        if endpoint is not None and data["token"] is not None:
            self.token = data["token"]
            self.endpoint = endpoint.removeprefix("wss://")
            self._has_server = True
        else:
            self._in_use = None
        self._news.set()

    def calling(self, channel_id: int) -> None:
        """We ask to be put into `channel_id`: what was said before no longer counts."""
        self.channel_id = channel_id
        self._leaving = False
        self._has_state = self._has_server = self._state_is_new = False

    def leaving(self) -> None:
        self._leaving = True

    def left(self) -> None:
        """We are leaving for good and shall not be told when it is done."""
        self._leaving = self.is_out = True

    @property
    def was_kicked(self) -> bool:
        return self.is_out and not self._leaving

    async def complete(self) -> None:
        """Both halves are there. Wrap in a timeout: a full channel is answered with silence."""
        await self._until(lambda: self._has_state and self._has_server)

    async def out(self) -> None:
        await self._until(lambda: self.is_out)

    def used(self) -> None:
        """The newest credentials are being used from here on."""
        self._paired = self._has_state
        self._in_use = (self.endpoint, self.token)
        self._has_server = self._state_is_new = False

    async def verdict(self) -> bool:
        """After a close that may be a move: True when new credentials came, False when we are out."""
        await self._until(lambda: self._has_server or self.was_kicked)
        if not self.was_kicked:
            await self._pair()
        return not self.was_kicked

    async def changed(self) -> Ending:
        """While connected: waits until the main gateway makes this connection obsolete."""
        await self._until(lambda: self._has_newer_server or self._state_is_new or self.was_kicked)
        if not self._has_newer_server and not self.was_kicked:
            wait_s = MOVE_S if self._paired else 0.0
            if not await self._within(wait_s, lambda: self._has_newer_server or self.was_kicked):
                return Ending(Step.REJOIN, reason="moved, but no server was named for it")
        if self.was_kicked:
            return Ending(Step.END, 4014, "out of the channel", KICKED)
        await self._pair()
        return Ending(Step.FOLLOW, reason="another channel" if self._state_is_new else "another server")

    @property
    def _has_newer_server(self) -> bool:
        """Discord may repeat itself: the credentials in use are no news."""
        return self._has_server and (self.endpoint, self.token) != self._in_use

    async def _pair(self) -> None:
        """The server's half came; gives the state's half a moment, since it names the channel."""
        self._has_state = await self._within(PAIR_S, lambda: self._state_is_new)

    async def _within(self, seconds: float, condition: Callable[[], bool]) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._until(condition)
        except TimeoutError:
            return condition()
        return True

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._news.clear()
            await self._news.wait()
