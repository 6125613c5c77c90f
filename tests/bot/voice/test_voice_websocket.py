"""Reading the voice gateway: what ends it, what does not. A queue stands in for the socket."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from discord.errors import ConnectionClosed

from bot.voice.health import LinkCounters
from bot.voice.websocket import VoiceWebSocket

HELLO = json.dumps({"op": 8, "d": {"v": 8, "heartbeat_interval": 13750.25}})


class Socket:
    """What aiohttp gives, as far as it is read."""

    close_code = 4006

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[aiohttp.WSMessage] = asyncio.Queue()

    async def receive(self) -> aiohttp.WSMessage:
        return await self.inbox.get()

    def put(self, kind: aiohttp.WSMsgType, data: Any = None) -> None:
        self.inbox.put_nowait(aiohttp.WSMessage(kind, data, None))


@pytest.fixture
async def socket() -> Socket:
    return Socket()


@pytest.fixture
async def websocket(socket: Socket) -> VoiceWebSocket:
    stand_in: Any = socket
    websocket = VoiceWebSocket(stand_in, asyncio.get_running_loop())
    connection: Any = SimpleNamespace(counters=LinkCounters())
    websocket._connection = connection
    return websocket


async def test_a_cancellation_that_comes_with_a_message_is_not_lost(
    socket: Socket, websocket: VoiceWebSocket
) -> None:
    async def read() -> None:
        while True:
            await websocket.poll_event()

    reader = asyncio.create_task(read())
    await asyncio.sleep(0)  # it waits for a message
    socket.put(aiohttp.WSMsgType.TEXT, HELLO)
    await asyncio.sleep(0)  # the message is there, the reader has not been told yet
    reader.cancel()
    done, _ = await asyncio.wait({reader}, timeout=1)
    assert done == {reader}
    assert reader.cancelled()


async def test_text_that_is_no_message_is_passed_over(socket: Socket, websocket: VoiceWebSocket) -> None:
    for text in ("", "nonsense", "[1, 2]", "null", HELLO):
        socket.put(aiohttp.WSMsgType.TEXT, text)
        await websocket.poll_event()
    assert websocket._connection.counters.ignored_ops == {"not an object": 4}
    assert websocket.hello.is_set()


@pytest.mark.parametrize("kind", [aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR])
async def test_a_closed_socket_says_its_code(
    socket: Socket, websocket: VoiceWebSocket, kind: aiohttp.WSMsgType
) -> None:
    socket.put(kind, OSError("broken") if kind is aiohttp.WSMsgType.ERROR else None)
    with pytest.raises(ConnectionClosed) as closed:
        await websocket.poll_event()
    assert closed.value.code == 4006


async def test_a_close_frame_counts_although_it_could_not_be_answered(
    socket: Socket, websocket: VoiceWebSocket
) -> None:
    socket.close_code = 1006
    socket.put(aiohttp.WSMsgType.CLOSE, 4014)
    with pytest.raises(ConnectionClosed) as closed:
        await websocket.poll_event()
    assert closed.value.code == 4014
