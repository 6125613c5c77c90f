"""What the service may do with its events, its tools and its sockets: the faults that end no connection."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest
from live_wire import LEAVE, Dial, Raw, find, settled, setup
from test_live_server import answered, call_of, interrupted_answer, kinds, seconds_of_audio, transcript
from websockets.exceptions import ConnectionClosed, InvalidMessage

from bot.loopback import speech
from bot.loopback.live import GoAway, Kind, LiveServer, Moment, TurnFault
from bot.loopback.live.answer import Pace


async def turn(raw: Raw, name: str = "hello") -> list[dict[str, Any]]:
    await raw.say(name)
    return await raw.until("serverContent", "turnComplete")


async def nothing_comes(raw: Raw, seconds: float = 0.1) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await raw.next()


# Events


async def test_every_mark_comes_ten_times(live: LiveServer, dial: Dial) -> None:
    live.faults.duplicates = 9
    async with dial(setup()) as raw:
        seen = kinds(await interrupted_answer(raw))
        assert [seen.count(each) for each in ("interrupted", "turnComplete")] == [10, 1]
        assert kinds([await raw.next() for _ in range(9)]) == ["turnComplete"] * 9


async def test_generation_complete_after_turn_complete(live: LiveServer, dial: Dial) -> None:
    live.faults.generation_complete_late = True
    async with dial(setup()) as raw:
        assert kinds(await turn(raw)) == ["turnComplete"]
        assert kinds([await raw.next()]) == ["generationComplete"]


async def test_generation_complete_in_one_message_with_sound(live: LiveServer, dial: Dial) -> None:
    live.faults.generation_complete_with_audio = True
    async with dial(setup()) as raw:
        messages = await turn(raw)
    assert seconds_of_audio(messages) == pytest.approx(0.12)
    [last] = [each for each in messages if find(each, "serverContent", "generationComplete")]
    assert find(last, "serverContent", "modelTurn") is not None


async def test_interrupted_out_of_the_blue(live: LiveServer, dial: Dial) -> None:
    live.faults.interrupted_after_turn = True
    async with dial(setup()) as raw:
        await turn(raw)
        assert kinds([await raw.next()]) == ["interrupted"]


async def test_interrupted_by_nobody(live: LiveServer, dial: Dial) -> None:
    live.faults.turns.append(TurnFault.INTERRUPTED)
    async with dial(setup()) as raw:
        messages = await turn(raw)
    assert kinds(messages) == ["interrupted", "turnComplete"]
    assert seconds_of_audio(messages) == pytest.approx(0.04)


async def test_a_forbidden_turn_says_so(live: LiveServer, dial: Dial) -> None:
    live.faults.turns.append(TurnFault.FORBIDDEN)
    async with dial(setup()) as raw:
        last = (await turn(raw))[-1]
    assert last["serverContent"]["turnCompleteReason"] == "PROHIBITED_INPUT_CONTENT"


# Answers


async def test_everything_is_answered_twice(live: LiveServer, dial: Dial) -> None:
    live.faults.answered_twice = True
    async with dial(setup()) as raw:
        assert seconds_of_audio(await turn(raw)) == pytest.approx(0.12)
        again = await raw.until("serverContent", "turnComplete")
        assert seconds_of_audio(again) == pytest.approx(0.12)


async def test_a_note_is_answered_within_its_turn(live: LiveServer, dial: Dial) -> None:
    live.faults.note_answered = True
    async with dial(setup()) as raw:
        await raw.send({"realtimeInput": {"activityStart": {}}})
        await raw.send({"realtimeInput": {"text": "[Ana speaks]"}})
        assert seconds_of_audio(await raw.until("serverContent", "turnComplete")) > 0
        await raw.send({"realtimeInput": {"activityEnd": {}}})
    [record] = live.sessions
    await settled(record, Kind.ACTIVITY_END)
    assert [event.detail for event in record.of(Kind.ANSWER)] == ["answer_text"]


async def test_silence_after_an_interruption(live: LiveServer, dial: Dial) -> None:
    live.faults.silent_after_interrupted = True
    async with dial(setup()) as raw:
        await interrupted_answer(raw)
        await raw.say("interrupt")
        await settled(live.sessions[0], Kind.RECOGNISED, 2)
        await nothing_comes(raw)
        assert kinds(await turn(raw)) == ["generationComplete", "turnComplete"]


# Transcripts


async def test_no_transcript(live: LiveServer, dial: Dial) -> None:
    live.faults.no_transcript = True
    async with dial(setup()) as raw:
        messages = await turn(raw)
    assert transcript(messages, "inputTranscription") == ""
    assert transcript(messages, "outputTranscription") != ""


async def test_a_transcript_after_the_answer(live: LiveServer, dial: Dial) -> None:
    live.faults.late_transcript_s = 0.3
    async with dial(setup()) as raw:
        assert transcript(await turn(raw), "inputTranscription") == ""
        late = await raw.until("serverContent", "inputTranscription", "finished")
    assert transcript(late, "inputTranscription") == speech.text("hello")


async def test_a_transcript_in_pieces(live: LiveServer, dial: Dial) -> None:
    live.faults.transcript_in_pieces = True
    async with dial(setup()) as raw:
        messages = await turn(raw)
    pieces = [find(each, "serverContent", "inputTranscription") for each in messages]
    assert "".join(piece["text"] for piece in pieces if piece) == speech.text("hello")
    assert all(len(piece["text"]) <= 3 and "finished" not in piece for piece in pieces if piece)


# Tools


async def test_a_loop_of_calls_ends_with_an_error(live: LiveServer, dial: Dial) -> None:
    live.faults.tool_loop = True
    async with dial(setup(tools=LEAVE)) as raw:
        await raw.say("goodbye")
        for _ in range(5):
            await raw.send(answered(await call_of(raw)))
        await raw.send(answered(await call_of(raw), response={"error": "enough"}))
        messages = await raw.until("serverContent", "generationComplete")
    assert seconds_of_audio(messages) > 0
    assert len(live.sessions[0].of(Kind.TOOL_CALL)) == 6


async def test_whoever_answers_for_ever_is_let_off(live: LiveServer, dial: Dial) -> None:
    live.faults.tool_loop = True
    async with dial(setup(tools=LEAVE)) as raw:
        await raw.say("goodbye")
        for _ in range(12):
            await raw.send(answered(await call_of(raw)))
        await raw.until("serverContent", "generationComplete")
    assert len(live.sessions[0].of(Kind.TOOL_CALL)) == 12


async def test_a_result_is_never_spoken(live: LiveServer, dial: Dial) -> None:
    live.faults.result_unspoken = True
    async with dial(setup(tools=LEAVE)) as raw:
        await raw.say("goodbye")
        call = await call_of(raw)
        await raw.until("serverContent", "turnComplete")
        await raw.send(answered(call))
        await settled(live.sessions[0], Kind.TOOL_RESPONSE)
        await nothing_comes(raw)


async def test_calls_may_block(live: LiveServer, dial: Dial) -> None:
    live.faults.blocking_calls = True
    async with dial(setup(tools=LEAVE)) as raw:
        await raw.say("goodbye")
        call = await call_of(raw)
        await nothing_comes(raw)
        await raw.send(answered(call))
        assert kinds(await raw.until("serverContent", "turnComplete"))[-2:] == [
            "generationComplete",
            "turnComplete",
        ]


@pytest.mark.parametrize("ignored", [False, True])
async def test_silent_results(live: LiveServer, dial: Dial, ignored: bool) -> None:
    live.faults.silent_ignored = ignored
    async with dial(setup(tools=LEAVE)) as raw:
        await raw.say("goodbye")
        response = answered(await call_of(raw), scheduling="SILENT")
        await raw.until("serverContent", "turnComplete")
        await raw.send(response)
        if ignored:
            assert seconds_of_audio(await raw.until("serverContent", "turnComplete")) > 0
        else:
            await nothing_comes(raw)


async def test_scheduling_is_refused(live: LiveServer, dial: Dial) -> None:
    live.faults.scheduling_refused = True
    async with dial(setup(tools=LEAVE)) as raw:
        await raw.say("goodbye")
        await raw.send(answered(await call_of(raw), scheduling="WHEN_IDLE"))
        assert await raw.closed() == (1007, "Function response scheduling is not supported for this model.")


# Sockets


async def test_a_dead_server_comes_back(live: LiveServer, dial: Dial) -> None:
    async with dial(setup()) as raw:
        await live.die(0.3)
        assert (await raw.closed())[0] == 1006
    tries = 0
    started = time.monotonic()
    while True:
        tries += 1
        try:
            async with dial(setup()):
                break
        except (OSError, InvalidMessage):
            await asyncio.sleep(0.05)
    assert tries > 1
    assert time.monotonic() - started == pytest.approx(0.3, abs=0.25)
    assert len(live.sessions) == 2


async def test_go_away_at_a_moment(live: LiveServer, dial: Dial) -> None:
    live.faults.go_away = GoAway(Moment.FIRST_AUDIO, 0.2, told=False)
    async with dial(setup()) as raw:
        assert {"goAway": {}} in await turn(raw)
        assert (await raw.closed())[0] == 1011
    assert live.faults.go_away is None


async def test_a_slow_close_goes_on_talking(live: LiveServer, dial: Dial) -> None:
    live.faults.slow_close_s = 0.3
    live.service.pace = Pace(delay_ms=0.0)
    async with dial(setup()) as raw:
        await raw.say("question")
        await raw.until("serverContent", "modelTurn")
        started = time.monotonic()
        closing = asyncio.create_task(raw.socket.close())
        with suppress(ConnectionClosed):
            while True:  # what nobody reads blocks the close
                await raw.next()
        await closing
        assert 0.25 < time.monotonic() - started < 1.5
    [record] = live.sessions
    await settled(record, Kind.CLOSED)
    assert record.of(Kind.AUDIO_OUT)[-1].at > started


async def test_pings_without_an_answer(live: LiveServer, dial: Dial) -> None:
    live.faults.ignore_pings = True
    async with dial(setup()) as raw:
        pong = await raw.socket.ping()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await asyncio.shield(pong)
        live.faults.ignore_pings = False
        await (await raw.socket.ping())
