"""One voice session: from Identify to the close code that ends it, over as many connections as it takes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import aiohttp

from bot.loopback.member import rtp
from bot.loopback.member.allocation import Credentials
from bot.loopback.member.dave import Dave, Outgoing
from bot.loopback.member.errors import MemberError, VoiceEnded
from bot.loopback.member.frames import FrameKeys
from bot.loopback.member.http import Http
from bot.loopback.member.media import Receiver, Sender
from bot.loopback.member.recording import Recording
from bot.loopback.member.udp import UdpSocket
from bot.loopback.member.voice_socket import NO_CLOSE_FRAME, Frame, VoiceSocket

_MICROPHONE = 1
_ATTEMPTS = 6  # to resume, 0.05 s doubled each time: 3 s in all


class VoiceSession:
    """`run` drives it; it is `connected` from op 4 on, while its websocket lives."""

    def __init__(
        self,
        http: Http,
        credentials: Credentials,
        recording: Recording,
        modes: tuple[str, ...] = tuple(rtp.CIPHERS),
    ) -> None:
        self.credentials = credentials
        self.channel_id = credentials.channel_id
        self.keys = FrameKeys()
        self.dave = Dave(credentials.user_id, credentials.channel_id, self.keys)
        self.receiver = Receiver(credentials.user_id, self.keys, recording)
        self.udp = UdpSocket(self.receiver.receive)
        self.sender: Sender | None = None
        self.mode = ""
        self.resumes = 0
        self.announced = False
        """Whether the server was told that this member speaks (op 5)."""
        self.changed: Callable[[], None] = lambda: None
        """Called after every frame of the gateway."""
        self._http = http
        self._modes = modes
        self._ssrc = 0
        self._socket: VoiceSocket | None = None

    @property
    def connected(self) -> bool:
        return self.sender is not None and self._socket is not None

    async def run(self) -> None:
        """Until the session ends; raises `VoiceEnded` with the code. Cancel it to leave."""
        try:
            code, seq = await self._converse(-1)
            while self.sender is not None and _resumable(code):
                code, seq = await self._resume(code, seq)
            raise VoiceEnded(code)
        finally:
            self.udp.close()

    async def _resume(self, code: int, seq: int) -> tuple[int, int]:
        """Back with op 7; a dead network gives up after some attempts with the code it had."""
        for attempt in range(_ATTEMPTS):
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, MemberError):
                self.resumes += 1
                return await self._converse(seq)
            await asyncio.sleep(0.05 * 2**attempt)
        raise VoiceEnded(code, "no connection")

    async def _converse(self, seq: int) -> tuple[int, int]:
        """One connection; its close code, and the last sequence number seen."""
        socket = await VoiceSocket.connect(self._http, self.credentials.endpoint, seq)
        try:
            await socket.send(self._identify() if self.sender is None else self._resume_frame(seq))
            self._socket = socket
            async for frame in socket.frames():
                await self._handle(socket, frame)
                self.changed()
            return socket.close_code, socket.seq
        finally:
            self._socket = None
            self.changed()
            await socket.close()

    def _identify(self) -> dict[str, Any]:
        mine = self.credentials
        data = {
            "server_id": str(mine.guild_id),
            "user_id": str(mine.user_id),
            "session_id": mine.session_id,
            "token": mine.token,
            "video": False,
            "max_dave_protocol_version": 1,
        }
        return {"op": 0, "d": data}

    def _resume_frame(self, seq: int) -> dict[str, Any]:
        mine = self.credentials
        data = {
            "server_id": str(mine.guild_id),
            "session_id": mine.session_id,
            "token": mine.token,
            "seq_ack": seq,
        }
        return {"op": 7, "d": data}

    async def _handle(self, socket: VoiceSocket, frame: Frame) -> None:
        now = time.monotonic()
        match frame.op:
            case 2:
                await socket.send(await self._select_protocol(frame.data))
            case 4:
                await self._answer(self._describe(frame.data, now))
            case 5:
                self.receiver.map_ssrc(int(frame.data["ssrc"]), int(frame.data["user_id"]), now)
            case 9 if self.announced:  # it may have been lost with the connection
                await self._speak()
            case 11:
                self.dave.expected.update(map(int, frame.data["user_ids"]))
            case 12 if frame.data.get("audio_ssrc"):
                self.receiver.map_ssrc(int(frame.data["audio_ssrc"]), int(frame.data["user_id"]), now)
            case 13:
                self.dave.expected.discard(int(frame.data["user_id"]))
                self.receiver.forget(int(frame.data["user_id"]))
            case 21 | 22 | 24:
                await self._answer(self.dave.json_op(frame.op, frame.data, now))
                self.receiver.retry(now)
            case 25 | 27 | 29 | 30:
                await self._answer(self.dave.binary_op(frame.op, frame.payload, now))
                self.receiver.retry(now)

    async def _answer(self, frames: list[Outgoing]) -> None:
        for frame in frames:
            if self._socket is not None:
                await self._socket.send(frame)

    async def _select_protocol(self, ready: dict[str, Any]) -> dict[str, Any]:
        """Op 2: the server's address for UDP, our SSRC, and the modes on offer."""
        self._ssrc = int(ready["ssrc"])
        self.mode = next((mode for mode in self._modes if mode in ready["modes"]), "")
        if not self.mode:
            raise MemberError(f"no common transport mode in {ready['modes']}")
        self.udp.connect(ready["ip"], int(ready["port"]))
        address, port = await self.udp.discover(self._ssrc)
        data = {"address": address, "port": port, "mode": self.mode}
        return {"op": 1, "d": {"protocol": "udp", "data": data}}

    def _describe(self, data: dict[str, Any], now: float) -> list[Outgoing]:
        """Op 4: the transport key, and whether the call is end-to-end encrypted."""
        self.mode = data["mode"]
        cipher = rtp.CIPHERS[self.mode](bytes(data["secret_key"]))
        self.receiver.cipher = cipher
        if self.sender is None:
            self.sender = Sender(self._ssrc, cipher, self.keys)
        else:
            self.sender.cipher = cipher
        return self.dave.select(int(data.get("dave_protocol_version", 0)), now)

    async def announce(self) -> None:
        """Op 5 before the first packet, and then never again: what the real client does."""
        if self.sender is not None and not self.announced:
            self.announced = True
            await self._speak()

    async def _speak(self) -> None:
        if self.sender is not None:
            data = {"speaking": _MICROPHONE, "delay": 0, "ssrc": self.sender.ssrc}
            await self._answer([{"op": 5, "d": data}])

    async def move(self, channel_id: int) -> None:
        """The session turned out to belong to this channel."""
        self.channel_id = channel_id
        await self._answer(self.dave.move(channel_id, time.monotonic()))


def _resumable(code: int) -> bool:
    """Network trouble and crashed servers (discord.js: below 4000, or 4015); 4013 is WebRTC's crash."""
    return code < 4000 or code in (4013, 4015) or code == NO_CLOSE_FRAME
