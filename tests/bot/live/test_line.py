"""A room's line: order kept, sound bounded, a lost connection replaced, a lost cause reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from bot.errors import LiveRefused
from bot.live import events as live
from bot.live.config import LiveSettings
from bot.live.line import Connected, Disconnected, Line, LineEvent
from bot.live.outbox import WAITING_BYTES
from bot.live.session import LiveClient
from bot.loopback import speech
from bot.loopback.certificates import Certificates
from bot.loopback.live.answer import Pace
from bot.loopback.live.record import Kind
from bot.loopback.live.server import LiveServer


class Call:
    """A line that is running, and what it delivered."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.events: list[LineEvent] = []
        self.task = asyncio.create_task(line.run(self.events.append))

    async def until(self, condition: Callable[[], bool], timeout_s: float = 10) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.01)

    def count(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.events)

    def say(self, clip: str, since: float = 0.0, until: float = 1.0) -> None:
        """The recording, or a part of it, in frames of 20 ms."""
        frames = [pcm16_of(clip)[at : at + 640] for at in range(0, len(pcm16_of(clip)), 640)]
        for frame in frames[round(since * len(frames)) : round(until * len(frames))]:
            self.line.send_audio(frame)


def pcm16_of(clip: str) -> bytes:
    return (speech.load(clip, 16_000) * 32767).astype("<i2").tobytes()


@pytest.fixture
async def server() -> AsyncIterator[LiveServer]:
    server = LiveServer()
    server.service.pace = Pace(delay_ms=0, burst_ms=0, speed=200.0)
    await server.start(CERTIFICATES.server_context(), "127.0.0.1", 0)
    yield server
    await server.close()


CERTIFICATES = Certificates.create()


@pytest.fixture
async def call(server: LiveServer, tmp_path) -> AsyncIterator[Call]:  # type: ignore[no-untyped-def]
    client = LiveClient("key", server.base_url, CERTIFICATES.write_ca(tmp_path / "ca.pem"))
    call = Call(Line(client, lambda start: LiveSettings()))
    yield call
    call.task.cancel()
    await asyncio.gather(call.task, return_exceptions=True)
    await client.close()


async def test_a_turn_is_answered(call: Call, server: LiveServer) -> None:
    await call.until(lambda: call.count(Connected) == 1)
    call.line.start_turn()
    call.say("hello")
    call.line.end_turn()
    await call.until(lambda: call.count(live.GenerationComplete) == 1)
    assert call.count(live.Audio)


async def test_what_is_said_before_the_connection_is_sent_after(call: Call, server: LiveServer) -> None:
    call.line.start_turn()
    call.say("hello")
    call.line.end_turn()
    await call.until(lambda: call.count(live.GenerationComplete) == 1)
    heard = [each.name for event in server.sessions[0].of(Kind.RECOGNISED) for each in event.detail]
    assert heard == ["hello"]


async def test_a_connection_that_dies_is_resumed_and_an_open_turn_is_opened_again(
    call: Call, server: LiveServer
) -> None:
    await call.until(lambda: any(isinstance(event, live.Resumable) for event in call.events))
    call.line.start_turn()
    await call.until(lambda: bool(server.sessions[0].of(Kind.ACTIVITY_START)))
    await server.drop(1011, "Internal error encountered.")
    await call.until(lambda: call.count(Connected) == 2)
    assert call.count(Disconnected) == 1
    assert call.line.generation == 2
    await call.until(lambda: bool(server.sessions[1].of(Kind.ACTIVITY_START)))
    setup = server.sessions[1].setup
    assert setup is not None
    assert setup.handle


async def test_a_rollover_in_mid_sentence_loses_nothing_and_the_old_socket_is_closed_before(
    call: Call, server: LiveServer
) -> None:
    await call.until(lambda: any(isinstance(event, live.Resumable) for event in call.events))
    call.line.start_turn()
    call.say("hello", until=0.5)
    leaving = asyncio.create_task(server.go_away(1.0))  # so at the latest after half a second
    await call.until(lambda: call.count(Connected) == 2)
    call.say("hello", since=0.5)
    call.line.end_turn()
    await call.until(lambda: call.count(live.GenerationComplete) == 1)
    await leaving
    first, second = server.sessions
    assert first.close == (1000, "")
    assert bytes(second.pcm16) == pcm16_of("hello")
    assert call.count(Disconnected) == 0
    assert call.line.tally == {"rollovers": 1}


async def test_the_answer_to_a_call_of_an_earlier_connection_is_not_sent(
    call: Call, server: LiveServer
) -> None:
    await call.until(lambda: call.count(Connected) == 1)
    call.line.respond(0, "id", "tool", {"status": "ok"})
    call.line.send_text("after it")
    await call.until(lambda: bool(server.sessions[0].of(Kind.TEXT_IN)))
    assert not server.sessions[0].tool_responses


async def test_a_refused_key_is_not_tried_again(server: LiveServer, tmp_path) -> None:  # type: ignore[no-untyped-def]
    client = LiveClient("bad-key", server.base_url, CERTIFICATES.write_ca(tmp_path / "ca.pem"))
    with pytest.raises(LiveRefused):
        await Line(client, lambda start: LiveSettings()).run(lambda event: None)
    await client.close()


def test_sound_without_a_connection_is_bounded_and_counted() -> None:
    line = Line(LiveClient("key", "https://127.0.0.1:9"), lambda start: LiveSettings())
    line.start_turn()
    for number in range(600):
        line.send_audio(bytes([number % 256]) * 640)
    assert line.dropped_audio_bytes == 600 * 640 - WAITING_BYTES
