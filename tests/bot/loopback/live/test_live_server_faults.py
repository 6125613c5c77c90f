"""Every failure that can be ordered, as the client meets it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from live_wire import LEAVE, Dial, Raw, find, settled, setup
from test_live_server import answered, call_of, interrupted_answer, kinds, seconds_of_audio
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bot.loopback.live import Close, LiveServer, Moment, TurnFault
from bot.loopback.live.record import Kind


async def drained(raw: Raw) -> None:
    """Read until the connection ends, in whichever way."""
    with suppress(ConnectionClosed):
        while True:
            await raw.next()


async def turn(raw: Raw) -> list[dict[str, Any]]:
    await raw.say("hello")
    return await raw.until("serverContent", "turnComplete")


async def provoke(raw: Raw, moment: Moment) -> None:
    """Do what leads to `moment`."""
    if moment in (Moment.TOOL_CALL, Moment.TOOL_RESPONSE):
        await raw.say("goodbye")
        await raw.send(answered(await call_of(raw)))
    elif moment is Moment.INTERRUPTED:
        await raw.say("question")
        await raw.until("serverContent", "modelTurn")
        await raw.send({"realtimeInput": {"activityStart": {}}})
    else:
        await raw.say("hello")


@pytest.mark.parametrize("code", [1006, 1007, 1008, 1011])
@pytest.mark.parametrize("moment", list(Moment))
async def test_close_at_a_moment(live: LiveServer, dial: Dial, moment: Moment, code: int) -> None:
    live.faults.close = Close(moment, code, "broken")
    async with dial() as raw:
        await raw.send(setup(tools=LEAVE))
        if moment is not Moment.SETUP:
            await raw.next()
            await provoke(raw, moment)
        await drained(raw)
        assert await raw.closed() == (code, "" if code == 1006 else "broken")
    assert live.faults.close is None
    assert live.sessions[0].close == (code, "broken")


async def test_the_upgrade_is_refused(live: LiveServer, dial: Dial) -> None:
    live.faults.refuse_upgrade = 503
    with pytest.raises(InvalidStatus, match="503"):
        async with dial():
            pass


async def test_setup_without_an_answer(live: LiveServer, dial: Dial) -> None:
    live.faults.setup_silence = True
    async with dial() as raw:
        await raw.send(setup())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await raw.next()


async def test_some_setups_without_an_answer(live: LiveServer, dial: Dial) -> None:
    live.faults.silent_setups = 1
    async with dial() as raw:
        await raw.send(setup())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await raw.next()
    async with dial(setup()):
        pass


async def test_setup_answered_late(live: LiveServer, dial: Dial) -> None:
    live.faults.setup_delay_s = 0.05
    async with dial(setup()):
        pass


@pytest.mark.parametrize(
    ("fault", "seen", "audio_s"),
    [
        (TurnFault.EMPTY, ["turnComplete"], 0.0),
        (TurnFault.REJECTED, ["turnComplete"], 0.0),
        (TurnFault.TEXT_ONLY, ["turnComplete"], 0.0),
        (TurnFault.THOUGHT_FIRST, ["generationComplete", "turnComplete"], 0.12),
        (TurnFault.ZEROS, ["generationComplete", "turnComplete"], 0.12),
        (TurnFault.FAINT, ["generationComplete", "turnComplete"], 0.12),
        (TurnFault.STALL, ["generationComplete", "turnComplete"], 0.12),
        (TurnFault.CUT, ["turnComplete"], 0.04),
    ],
)
async def test_a_turn_that_fails(
    live: LiveServer, dial: Dial, fault: TurnFault, seen: list[str], audio_s: float
) -> None:
    live.faults.turns.append(fault)
    live.faults.stall_s = 0.05
    async with dial(setup()) as raw:
        messages = await turn(raw)
        assert kinds(messages) == seen
        assert seconds_of_audio(messages) == pytest.approx(audio_s)
        parts = [p for m in messages for p in find(m, "serverContent", "modelTurn", "parts") or []]
        assert any(part.get("thought") for part in parts) == (fault is TurnFault.THOUGHT_FIRST)
        assert any("text" in part and "thought" not in part for part in parts) == (
            fault is TurnFault.TEXT_ONLY
        )
        reason = messages[-1]["serverContent"].get("turnCompleteReason")
        assert reason == ("RESPONSE_REJECTED" if fault is TurnFault.REJECTED else None)
        # Only that turn.
        assert seconds_of_audio(await turn(raw)) == pytest.approx(0.12)


async def test_no_reaction_at_all(live: LiveServer, dial: Dial) -> None:
    live.faults.turns.append(TurnFault.SILENCE)
    async with dial(setup()) as raw:
        await raw.say("hello")
        await settled(live.sessions[0], Kind.ACTIVITY_END)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await raw.next()
        assert kinds(await turn(raw)) == ["generationComplete", "turnComplete"]


async def test_turn_complete_before_interrupted(live: LiveServer, dial: Dial) -> None:
    live.faults.turn_complete_before_interrupted = True
    async with dial(setup()) as raw:
        await interrupted_answer(raw)
        assert kinds([await raw.next()]) == ["interrupted"]


async def test_interrupted_without_an_answer(live: LiveServer, dial: Dial) -> None:
    live.faults.spurious_interrupted = True
    async with dial(setup()) as raw:
        assert kinds(await turn(raw)) == ["interrupted", "generationComplete", "turnComplete"]


async def test_a_cancellation_after_the_answer(live: LiveServer, dial: Dial) -> None:
    live.faults.late_cancellation = True
    async with dial(setup(tools=LEAVE)) as raw:
        await raw.say("goodbye")
        call = await call_of(raw)
        await raw.send(answered(call))
        cancelled = (await raw.until("toolCallCancellation"))[-1]
        assert cancelled["toolCallCancellation"]["ids"] == [call["id"]]


async def test_no_usage(live: LiveServer, dial: Dial) -> None:
    live.faults.omit_usage = True
    async with dial(setup()) as raw:
        assert "usageMetadata" not in (await turn(raw))[-1]


async def test_unknown_messages(live: LiveServer, dial: Dial) -> None:
    live.faults.unknown_messages = True
    async with dial(setup()) as raw:
        assert {"interactionStatus": "IN_PROGRESS"} in await turn(raw)


async def test_no_handle_is_good(live: LiveServer, dial: Dial) -> None:
    async with dial(setup(sessionResumption={})) as raw:
        update = (await raw.until("sessionResumptionUpdate"))[-1]
        handle = update["sessionResumptionUpdate"]["newHandle"]
    await settled(live.sessions[0], Kind.CLOSED)
    live.faults.resume_refused = True
    async with dial() as raw:
        await raw.send(setup(sessionResumption={"handle": handle}))
        assert await raw.closed() == (1008, "BidiGenerateContent session not found")


async def test_anything_may_be_sent_and_any_close(live: LiveServer, dial: Dial) -> None:
    async with dial(setup()) as one, dial(setup()) as two:
        await live.send({"serverContent": {"interrupted": True}}, session="live-2")
        assert kinds([await two.next()]) == ["interrupted"]
        await live.drop(1011, "Internal error encountered.")
        assert await one.closed() == await two.closed() == (1011, "Internal error encountered.")


async def test_go_away_on_command(live: LiveServer, dial: Dial) -> None:
    async with dial(setup()) as raw:
        leaving = asyncio.create_task(live.go_away(0.02))
        assert await raw.next() == {"goAway": {"timeLeft": "0.02s"}}
        assert (await raw.closed())[0] == 1011
        await leaving
