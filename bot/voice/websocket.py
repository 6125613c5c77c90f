"""The voice gateway, version 8, as this bot reads it.

discord.py's class opens, identifies, resumes and sends; reading is done here, since its own reader ignores
ops 11, 12 and 13, ends on any error, and feeds the end-to-end handshake only once op 4 has come.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from typing import TYPE_CHECKING, Any

import aiohttp
from discord.enums import SpeakingState
from discord.errors import ConnectionClosed
from discord.gateway import DiscordVoiceWebSocket

from bot.voice.dave import Send

if TYPE_CHECKING:
    from bot.voice.connection import VoiceConnection

_log = logging.getLogger(__name__)

HEARTBEAT_S = (
    5.0  # at most, as discord.py: quick to notice a dead peer; the gateway allows faster than it asks
)
MISSED_ACKS = 3  # as discord.js
SILENCE_S = 30.0  # as discord.py: not even a heartbeat's answer


class VoiceWebSocket(DiscordVoiceWebSocket):
    """One connection to the voice gateway. `poll_event` raises only when that connection has ended."""

    _connection: VoiceConnection

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hello = asyncio.Event()
        self.resumed = False
        self.described = False  # op 4 has come: media may flow
        self._interval_s = HEARTBEAT_S
        self._sent_at = 0.0
        self._unanswered = 0
        self._latency_s = float("inf")

    @property
    def latency(self) -> float:
        """Seconds from the last heartbeat to its answer; infinite before the first."""
        return self._latency_s

    @property
    def average_latency(self) -> float:
        return self._latency_s

    @property
    def is_established(self) -> bool:
        return self.described or self.resumed

    async def heartbeat(self) -> None:
        """Runs while the peer answers; returns when it has stopped to."""
        await self.hello.wait()
        while self._unanswered < MISSED_ACKS:
            await self._beat()
            await asyncio.sleep(self._interval_s)

    async def _beat(self) -> None:
        self._unanswered += 1
        self._sent_at = time.monotonic()
        beat = {"t": int(time.time() * 1000), "seq_ack": self.seq_ack}
        await self.send_heartbeat({"op": self.HEARTBEAT, "d": beat})

    async def poll_event(self) -> None:
        """Reads and handles one message.

        discord.py's own waits with `asyncio.wait_for`, which on Python 3.11 swallows a cancellation that
        comes together with a message: the reader of an obsolete connection would read on, and hold up the
        next one until the server closes the old.
        """
        async with asyncio.timeout(SILENCE_S):
            message = await self.ws.receive()
        match message.type:
            case aiohttp.WSMsgType.TEXT:
                await self.received_text(message.data)
            case aiohttp.WSMsgType.BINARY:
                await self.received_binary_message(message.data)
            case aiohttp.WSMsgType.ERROR:
                raise ConnectionClosed(self.ws, shard_id=None) from message.data
            case aiohttp.WSMsgType.CLOSE:
                # The server's code as it came: the socket's own is 1006 if answering the close frame failed.
                raise ConnectionClosed(self.ws, shard_id=None, code=self._close_code or message.data)
            case aiohttp.WSMsgType.CLOSED | aiohttp.WSMsgType.CLOSING:
                raise ConnectionClosed(self.ws, shard_id=None, code=self._close_code)

    async def received_text(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if isinstance(message, dict):
            await self.received_message(message)
        else:
            self._connection.counters.ignored_ops["not an object"] += 1

    async def received_message(self, msg: dict[str, Any]) -> None:
        self.seq_ack = msg.get("seq", self.seq_ack)  # only on messages that a resume would repeat
        op = msg.get("op")
        data = msg.get("d")
        try:
            if not await self._session_op(op, data if isinstance(data, dict) else {}):
                await self._room_op(op, data if isinstance(data, dict) else {})
        except OSError:  # no UDP: this session cannot go on
            raise
        except Exception:
            # A message of a shape nobody knows, or a fault of ours, must not end the reading of the others.
            self._connection.counters.ignored_ops[f"op {op} failed"] += 1
            _log.warning("voice gateway: op %s could not be handled", op, exc_info=True)

    async def received_binary_message(self, msg: bytes) -> None:
        """`u16 sequence | u8 op | payload`, ops 25 to 30."""
        if len(msg) < 3:
            return
        self.seq_ack = int.from_bytes(msg[:2], "big")
        await self.send_all(self._connection.handshake.received_binary(msg[2], msg[3:], time.monotonic()))

    async def send_as_json(self, data: Any) -> None:
        # On a connection that is closing there is nobody to tell; the reader is about to learn the code,
        # which says more than the failure to write.
        with contextlib.suppress(ConnectionError):
            await super().send_as_json(data)

    send_heartbeat = send_as_json

    async def send_binary(self, opcode: int, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            await super().send_binary(opcode, data)

    async def send_all(self, messages: list[Send]) -> None:
        for message in messages:
            if isinstance(message.data, bytes):
                await self.send_binary(message.op, message.data)
            else:
                await self.send_as_json({"op": message.op, "d": message.data})

    async def initial_connection(self, data: dict[str, Any]) -> None:
        """Op 2: open UDP, learn our address, choose the transport encryption."""
        state = self._connection
        state.ssrc = data["ssrc"]
        state.endpoint_ip, state.voice_port = data["ip"], data["port"]
        state.ip, state.port = await state.udp.open(data["ip"], data["port"], data["ssrc"])
        mode = next((mode for mode in state.supported_modes if mode in data["modes"]), None)
        if mode is None:
            raise ConnectionError(f"no transport encryption in common: {data['modes']}")
        await self.select_protocol(state.ip, state.port, mode)

    async def _session_op(self, op: int | None, data: dict[str, Any]) -> bool:
        """What concerns this connection itself. False: not one of those."""
        match op:
            case self.READY:
                await self.initial_connection(data)
            case self.SESSION_DESCRIPTION:
                # The gateway learns our SSRC by op 5; without one it forwards nothing in either direction.
                await self.speak(SpeakingState.none)
                await self.send_all(self._connection.described(data, time.monotonic()))
                self.described = True
            case self.HELLO:
                self._interval_s = min(data["heartbeat_interval"] / 1000, HEARTBEAT_S)
                self.hello.set()
            case self.HEARTBEAT:
                await self._beat()
            case self.HEARTBEAT_ACK:
                self._unanswered = 0
                self._latency_s = time.monotonic() - self._sent_at
            case self.RESUMED:
                self.resumed = True
                await self.send_all(self._connection.handshake.resumed())
            case _:
                return False
        return True

    async def _room_op(self, op: int | None, data: dict[str, Any]) -> None:
        """Who is in the call, which stream is whose, and the end-to-end handshake's JSON half."""
        people = self._connection.people
        match op:
            case 11:
                people.listed(int(user_id) for user_id in data["user_ids"])
            case 13:
                people.left(int(data["user_id"]))
            case 5:
                people.speaks(int(data["user_id"]), data["ssrc"])
            case 12 if data.get("audio_ssrc") and data.get("user_id"):
                people.speaks(int(data["user_id"]), data["audio_ssrc"])
            case 21 | 22 | 24:
                await self.send_all(self._connection.handshake.received_json(op, data, time.monotonic()))
