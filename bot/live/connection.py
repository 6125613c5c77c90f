"""One open connection of a line: a task that sends, a task that hears, and the wish to leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress

from bot.errors import LiveClosed, LiveError
from bot.live.events import GoAway, LiveEvent, Resumable
from bot.live.outbox import Outbox
from bot.live.outgoing import Begin, End, Image, Message, Note, Response, Sound, Text
from bot.live.session import LiveSession

REASON_S = 1.0
"""A send that fails says only that the connection is gone. The reason comes with what is received, and has so
long to arrive."""


class Changes:
    """What the tasks of a connection wait for. Two events: sound comes 50 times a second in every room, and
    says nothing about when to leave."""

    def __init__(self) -> None:
        self.unsent = asyncio.Event()
        """There may be something new to send."""
        self.leaving = asyncio.Event()
        """`leave_at` may have changed."""


async def converse(
    session: LiveSession,
    outbox: Outbox,
    deliver: Callable[[LiveEvent], None],
    leave_at: Callable[[], float | None],
    changes: Changes,
    clock: Callable[[], float],
) -> None:
    """Send what `outbox` has and deliver what comes, until `leave_at` says that it is time to leave.

    Raises LiveError when the connection ends by itself. No task is left behind.
    """
    tasks = [
        asyncio.create_task(_hear(session, deliver, changes), name="live hearing"),
        asyncio.create_task(_send(session, outbox, changes, clock), name="live sending"),
        asyncio.create_task(_leave(leave_at, changes, clock), name="live leaving"),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result


async def _hear(session: LiveSession, deliver: Callable[[LiveEvent], None], changes: Changes) -> None:
    async with aclosing(session.events()) as events:
        async for event in events:
            deliver(event)
            if isinstance(event, GoAway | Resumable):
                changes.leaving.set()
    raise LiveClosed(1000, "the server closed the connection")


async def _send(session: LiveSession, outbox: Outbox, changes: Changes, clock: Callable[[], float]) -> None:
    while True:
        changes.unsent.clear()
        message = outbox.take(clock())
        if message is None:
            await _wait(changes.unsent, outbox.next_image_at, clock)
            continue
        try:
            await _send_one(session, message)
        except LiveError:
            await asyncio.sleep(REASON_S)
            raise
        if not isinstance(message, Sound):
            changes.leaving.set()  # a turn may have ended with it


async def _leave(leave_at: Callable[[], float | None], changes: Changes, clock: Callable[[], float]) -> None:
    while True:
        changes.leaving.clear()
        at = leave_at()
        if at is not None and at <= clock():
            return
        await _wait(changes.leaving, at, clock)


async def _wait(event: asyncio.Event, until: float | None, clock: Callable[[], float]) -> None:
    """For `event`, but not beyond `until`. Whoever waits clears it before the look that makes them wait."""
    if until is None:
        await event.wait()
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, until - clock())):
            await event.wait()


async def _send_one(session: LiveSession, message: Message) -> None:
    match message:
        case Sound(pcm16):
            await session.send_audio(pcm16)
        case Begin():
            await session.activity_start()
        case End():
            await session.activity_end()
        case Note(text) | Text(text):
            await session.send_text(text)
        case Image(jpeg):
            await session.send_image(jpeg)
        case Response(call_id, name, result, scheduling):
            await session.respond(call_id, name, result, scheduling)
