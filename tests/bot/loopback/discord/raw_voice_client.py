"""A voice client of bare aiohttp, UDP and davey, for tests of the server: does what it is told, logs all."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Self

import aiohttp
from dave_client import DaveClient

from bot.loopback.discord.voice_cipher import CIPHERS, Cipher
from bot.loopback.discord.voice_ops import Op

OPUS = b"\x78" + bytes(range(80))
TIMEOUT_S = 5.0


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.changed = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.append(data)
        self.changed.set()


class RawVoiceClient:
    """``async with RawVoiceClient(…) as one: await one.join()``; then `send_opus`, `hear`, `wait_for`."""

    def __init__(self, ssl_context: ssl.SSLContext, endpoint: str, guild_id: int, channel_id: int) -> None:
        self.guild_id, self.channel_id = guild_id, channel_id
        self.user_id, self.session_id, self.token = 0, "", ""
        self.mode = "aead_aes256_gcm_rtpsize"
        self.dave_version = 1
        self.log: list[tuple[int, Any]] = []
        self.seq = -1
        self.close_code: int | None = None
        self.dave: DaveClient | None = None
        self.ready: dict[str, Any] = {}
        self.cipher: Cipher | None = None
        self.udp: Datagrams | None = None
        self.transport: asyncio.DatagramTransport | None = None
        self.sequence = 0
        self._url = f"wss://{endpoint}/?v=8"
        self._ssl = ssl_context
        self._changed = asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._http = await self._stack.enter_async_context(aiohttp.ClientSession())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def connect(self, *, reads: bool = True) -> None:
        """Without `reads` whoever calls reads `ws`, and answers its close frame."""
        ws = self.ws = await self._http.ws_connect(self._url, ssl=self._ssl, compress=15, autoclose=reads)
        self.close_code = None
        self._stack.push_async_callback(ws.close)
        if reads:
            reader = asyncio.create_task(self._read(ws))
            self._stack.callback(reader.cancel)

    async def join(self) -> None:
        """Identify … op 4 and op 5, as any client does it."""
        await self.connect()
        await self.identify()
        await self.wait_for(Op.READY)
        self.ready = self.of(Op.READY)[-1]
        await self.discover()
        data = {"address": "127.0.0.1", "port": 9, "mode": self.mode}
        await self.send(Op.SELECT_PROTOCOL, {"protocol": "udp", "data": data})
        await self.wait_for(Op.SESSION_DESCRIPTION)
        await self.announce()

    async def announce(self) -> None:
        await self.send(Op.SPEAKING, {"speaking": 1, "delay": 0, "ssrc": self.ready["ssrc"]})

    async def identify(self, **changes: Any) -> None:
        data = {
            "server_id": str(self.guild_id),
            "user_id": str(self.user_id),
            "session_id": self.session_id,
            "token": self.token,
            "max_dave_protocol_version": self.dave_version,
        }
        await self.send(Op.IDENTIFY, data | changes)

    async def resume(self) -> None:
        await self.connect()
        data = {"server_id": str(self.guild_id), "session_id": self.session_id, "token": self.token}
        await self.send(Op.RESUME, data | {"seq_ack": self.seq})

    async def discover(self) -> tuple[str, int]:
        if self.transport is None:
            remote = (self.ready["ip"], self.ready["port"])
            loop = asyncio.get_running_loop()
            self.transport, self.udp = await loop.create_datagram_endpoint(Datagrams, remote_addr=remote)
            self._stack.callback(self.transport.close)
        ssrc = self.ready["ssrc"].to_bytes(4, "big")
        self.transport.sendto(b"\x00\x01\x00\x46" + ssrc + bytes(66))
        reply = await self.wait_datagram(lambda data: len(data) == 74)
        assert reply[:8] == b"\x00\x02\x00\x46" + ssrc
        return reply[8:72].rstrip(b"\x00").decode(), int.from_bytes(reply[72:], "big")

    async def send(self, op: int, data: Any) -> None:
        await self.ws.send_str(json.dumps({"op": int(op), "d": data}))

    async def send_binary(self, op: int, payload: bytes) -> None:
        await self.ws.send_bytes(bytes([op]) + payload)

    async def wait_for(self, op: int, count: int = 1) -> Any:
        """The payload of the `count`-th message with `op`."""
        await self.wait(lambda: len(self.of(op)) >= count)
        return self.of(op)[count - 1]

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Until `condition` holds; asked after every message, and now and then for what is not ours."""
        async with asyncio.timeout(TIMEOUT_S):
            while not condition():
                self._changed.clear()
                try:
                    async with asyncio.timeout(0.01):
                        await self._changed.wait()
                except TimeoutError:
                    continue

    async def closed(self) -> int:
        await self.wait(lambda: self.close_code is not None)
        assert self.close_code is not None
        return self.close_code

    def of(self, op: int) -> list[Any]:
        return [payload for seen, payload in self.log if seen == op]

    @property
    def ops(self) -> list[int]:
        return [op for op, _ in self.log]

    def send_rtp(self, body: bytes, first: int = 0x80, second: int = 0x78, middle: bytes = b"") -> None:
        """One packet; `middle` stands between the fixed header and the ciphertext."""
        assert self.cipher is not None and self.transport is not None
        self.sequence += 1
        header = bytes([first, second]) + self.sequence.to_bytes(2, "big")
        header += (self.sequence * 960).to_bytes(4, "big") + self.ready["ssrc"].to_bytes(4, "big") + middle
        self.transport.sendto(self.cipher.seal(header, body))

    def send_opus(self, opus: bytes = OPUS) -> None:
        """As a client does: end-to-end encrypted once the session is ready, silence never."""
        if self.dave is not None and self.dave.session.ready and len(opus) > 3:
            opus = bytes(self.dave.session.encrypt_opus(opus))
        self.send_rtp(opus)

    async def wait_datagram(self, condition: Callable[[bytes], bool]) -> bytes:
        assert self.udp is not None
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                for data in self.udp.received:
                    if condition(data):
                        self.udp.received.remove(data)
                        return data
                self.udp.changed.clear()
                await self.udp.changed.wait()

    async def hear(self, ssrc: int) -> tuple[bytes, bytes]:
        """The next RTP packet of `ssrc`: its clear header, and the plaintext behind it."""
        source = ssrc.to_bytes(4, "big")
        datagram = await self.wait_datagram(lambda data: data[0] >> 6 == 2 and data[8:12] == source)
        header_len = 12 + 4 * (datagram[0] & 15) + (4 if datagram[0] & 0x10 else 0)
        assert self.cipher is not None
        body = self.cipher.open(datagram, header_len)
        assert body is not None
        return datagram[:header_len], body

    async def _read(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                frame = json.loads(message.data)
                self.seq = frame.get("seq", self.seq)
                await self._act(frame["op"], frame["d"])
            elif message.type is aiohttp.WSMsgType.BINARY:
                self.seq = int.from_bytes(message.data[:2], "big")
                await self._act(message.data[2], message.data[3:])
        if ws is self.ws:
            self.close_code = ws.close_code
        self._changed.set()

    async def _act(self, op: int, payload: Any) -> None:
        self.log.append((op, payload))
        if op == Op.SESSION_DESCRIPTION:
            self.cipher = CIPHERS[payload["mode"]](bytes(payload["secret_key"]))
            if payload["dave_protocol_version"]:
                self.dave = DaveClient(self.user_id, self.channel_id)
                await self.send_binary(*self.dave.key_package())
        elif op == Op.MLS_EXTERNAL_SENDER and self.dave is not None:
            self.dave.receive_external_sender(payload)
        elif self.dave is not None and op in set(Op):
            for answer_op, answer in self.dave.receive(Op(op), payload):
                await (self.send_binary if isinstance(answer, bytes) else self.send)(answer_op, answer)
        self._changed.set()
