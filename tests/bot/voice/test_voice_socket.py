"""The UDP socket of a session, against a media server on 127.0.0.1."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.voice import socket as voice_socket
from bot.voice.socket import VoiceSocket

SSRC = 0x01020304


class MediaServer(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self.discoveries_to_lose = 0
        self.peer: tuple[str, int] = ("", 0)
        self.transport: Any = None  # asyncio's own is no subclass of its DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.peer = addr
        if len(data) == 74 and data[:4] == b"\0\x01\0\x46":
            if self.discoveries_to_lose:
                self.discoveries_to_lose -= 1
                return
            self.transport.sendto(
                b"\0\x02\0\x46" + data[4:8] + b"203.0.113.7".ljust(64, b"\0") + b"\xc3\x50", addr
            )
        else:
            self.received.put_nowait(data)

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])


@pytest.fixture
async def server() -> AsyncIterator[MediaServer]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        MediaServer, local_addr=("127.0.0.1", 0)
    )
    yield protocol
    transport.close()


@pytest.fixture
def heard() -> "asyncio.Queue[bytes]":
    return asyncio.Queue()


@pytest.fixture
async def udp(heard: "asyncio.Queue[bytes]") -> AsyncIterator[VoiceSocket]:
    udp = VoiceSocket(lambda datagram, now: heard.put_nowait(datagram))
    yield udp
    udp.close()


async def test_discovery_gives_our_address(server: MediaServer, udp: VoiceSocket) -> None:
    assert await udp.open("127.0.0.1", server.port, SSRC) == ("203.0.113.7", 50000)
    assert udp.is_open


async def test_a_lost_discovery_is_repeated(
    server: MediaServer, udp: VoiceSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_socket, "_RETRY_S", 0.01)
    server.discoveries_to_lose = 3
    await udp.open("127.0.0.1", server.port, SSRC)


async def test_no_answer_to_discovery_is_a_timeout(
    server: MediaServer, udp: VoiceSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_socket, "_RETRY_S", 0.001)
    server.discoveries_to_lose = 1000
    with pytest.raises(TimeoutError):
        await udp.open("127.0.0.1", server.port, SSRC)
    assert not udp.is_open


async def test_keep_alives_begin_at_once_and_go_on(
    server: MediaServer, udp: VoiceSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_socket, "_KEEP_ALIVE_S", 0.005)
    await udp.open("127.0.0.1", server.port, SSRC)
    assert [int.from_bytes(await server.received.get(), "little") for _ in range(3)] == [0, 1, 2]


async def test_datagrams_pass_both_ways(
    server: MediaServer, udp: VoiceSocket, heard: "asyncio.Queue[bytes]"
) -> None:
    await udp.open("127.0.0.1", server.port, SSRC)
    await server.received.get()  # the keep-alive
    assert udp.send(b"from the bot")
    assert await server.received.get() == b"from the bot"
    server.transport.sendto(bytes(8), server.peer)  # the keep-alive's echo is not for the path
    server.transport.sendto(b"to the bot", server.peer)
    assert await heard.get() == b"to the bot"


async def test_a_new_session_has_a_new_socket(
    server: MediaServer, udp: VoiceSocket, heard: "asyncio.Queue[bytes]"
) -> None:
    """discord.py needs up to 30 s to notice; here the next datagram is read at once."""
    await udp.open("127.0.0.1", server.port, SSRC)
    first = server.peer
    await udp.open("127.0.0.1", server.port, SSRC)
    assert server.peer != first
    server.transport.sendto(b"of the old session", first)
    server.transport.sendto(b"of the new session", server.peer)
    assert await heard.get() == b"of the new session"


async def test_a_closed_socket_sends_nothing(server: MediaServer, udp: VoiceSocket) -> None:
    assert not udp.send(b"too early")
    await udp.open("127.0.0.1", server.port, SSRC)
    udp.close()
    assert not udp.send(b"too late")
    udp.close()


async def test_a_server_that_went_away_raises_nothing(udp: VoiceSocket, server: MediaServer) -> None:
    await udp.open("127.0.0.1", server.port, SSRC)
    server.transport.close()
    await asyncio.sleep(0)
    for _ in range(3):  # the ICMP answer to one send is the error of the next
        udp.send(b"anybody there?")
    assert udp.is_open


async def test_who_is_closed_by_a_datagram_reads_no_further(server: MediaServer) -> None:
    seen: list[bytes] = []
    closed = asyncio.Event()

    def receive(datagram: bytes, now: float) -> None:
        seen.append(datagram)
        udp.close()
        closed.set()

    udp = VoiceSocket(receive)
    await udp.open("127.0.0.1", server.port, SSRC)
    await server.received.get()
    for text in (b"first", b"second"):
        server.transport.sendto(text, server.peer)
    await closed.wait()
    assert seen == [b"first"]
