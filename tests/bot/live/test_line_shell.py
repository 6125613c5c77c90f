"""The line's shell in virtual time, against a service in memory: one socket, nothing late, no word lost."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import LiveClosed, LiveError, LiveRefused, LiveUnavailable
from bot.live.config import LiveSettings
from bot.live.events import Audio, GoAway, LiveEvent, Resumable, TurnComplete
from bot.live.lifecycle import Start
from bot.live.line import Connected, Disconnected, Line, LineEvent
from tests.soak.virtual import run

LOST = LiveClosed(1011, "Internal error encountered.")
NOISE = Audio(b"\0\0", 24_000)


class Session:
    """What LiveSession has; `hear` and `die` are the far end."""

    def __init__(self, settings: LiveSettings) -> None:
        self.settings = settings
        self.heard: list[Any] = []
        self._events: asyncio.Queue[LiveEvent | LiveError] = asyncio.Queue()
        self._died: LiveError | None = None

    def say(self, event: LiveEvent) -> None:
        self._events.put_nowait(event)

    def die(self, error: LiveError) -> None:
        self._died = error
        self._events.put_nowait(error)

    async def events(self) -> AsyncGenerator[LiveEvent, None]:
        while True:
            event = await self._events.get()
            if isinstance(event, LiveError):
                raise event
            yield event

    async def _hear(self, what: Any) -> None:
        if self._died is not None:
            raise self._died
        self.heard.append(what)

    async def activity_start(self) -> None:
        await self._hear("begin")

    async def activity_end(self) -> None:
        await self._hear("end")

    async def send_audio(self, pcm16: bytes) -> None:
        await self._hear(pcm16)

    async def send_text(self, text: str) -> None:
        await self._hear(("text", text))

    async def send_image(self, jpeg: bytes) -> None:
        await self._hear(("image", jpeg, asyncio.get_running_loop().time()))

    async def respond(
        self, call_id: str, name: str, result: Mapping[str, Any], scheduling: str | None = None
    ) -> None:
        await self._hear(("response", call_id, dict(result), scheduling))


class Client:
    """What LiveClient has. A setup takes 0.2 s, or ends with the next of `refusals`; to close takes 0.3 s."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.refusals: list[LiveError] = []
        self.hangs = False
        self.open = self.most_open = 0

    @asynccontextmanager
    async def connect(self, settings: LiveSettings) -> AsyncIterator[Session]:
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            await asyncio.sleep(1000 if self.hangs else 0.2)
            if self.refusals:
                raise self.refusals.pop(0)
            session = Session(settings)
            self.sessions.append(session)
            yield session
            await asyncio.sleep(0.3)
        finally:
            self.open -= 1


class Call:
    """A line that runs; use as a context manager."""

    def __init__(self, **settings: Any) -> None:
        self.client = Client()
        self.starts: list[Start] = []
        self.delivered: list[LineEvent] = []
        self._settings = settings
        clock = asyncio.get_running_loop().time
        self.line = Line(self.client, self._configure, clock=clock, random_unit=lambda: 0.0)  # type: ignore[arg-type]

    def _configure(self, start: Start) -> LiveSettings:
        self.starts.append(start)
        return LiveSettings(instruction=f"connection {len(self.starts)}", **self._settings)

    async def __aenter__(self) -> Call:
        self.task = asyncio.create_task(self.line.run(self.delivered.append))
        await asyncio.sleep(1.0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        assert self.client.open == 0, "the socket is closed with the line"
        assert len(asyncio.all_tasks()) == 1, "no task is left behind"

    @property
    def session(self) -> Session:
        return self.client.sessions[-1]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.delivered if isinstance(event, kind)]


def virtual(test: Callable[[], Any]) -> Callable[[], None]:
    """The test in virtual time, without a loop of pytest's."""

    def runner() -> None:
        run(test())

    runner.__name__ = test.__name__
    return runner


@virtual
async def test_configure_is_asked_before_every_connection_and_the_handle_added() -> None:
    async with Call() as call:
        assert call.session.settings.resumption_handle is None
        call.session.say(Resumable("h"))
        await asyncio.sleep(60)
        call.session.die(LOST)
        await asyncio.sleep(5)
        assert call.starts == [Start.FIRST, Start.RESUMED]
        assert call.session.settings.instruction == "connection 2"
        assert call.session.settings.resumption_handle == "h"
        assert call.of(Connected) == [Connected(1, Start.FIRST), Connected(2, Start.RESUMED)]
        assert call.of(Disconnected) == [Disconnected(LOST, 0.5)]


@virtual
async def test_after_go_away_it_leaves_at_the_quiet_moment_and_nobody_is_told() -> None:
    async with Call() as call:
        call.session.say(Resumable("h"))
        await asyncio.sleep(600)
        call.session.say(GoAway(50.0))
        await asyncio.sleep(20)
        assert call.line.connected, "somebody is being answered"
        call.line.quiet = True
        await asyncio.sleep(0.6)
        assert call.of(Connected)[-1] == Connected(2, Start.RESUMED)
        assert call.of(Disconnected) == []
        assert call.line.tally == {"rollovers": 1}
        assert call.client.most_open == 1


@virtual
async def test_after_go_away_it_leaves_when_the_handle_of_the_answer_has_come() -> None:
    async with Call() as call:
        call.line.quiet = True
        call.session.say(NOISE)
        call.session.say(GoAway(50.0))
        await asyncio.sleep(20)
        assert call.line.generation == 1
        call.session.say(Resumable("h"))
        await asyncio.sleep(0.6)
        assert call.session.settings.resumption_handle == "h"


@virtual
async def test_after_go_away_it_leaves_at_once_where_nobody_speaks() -> None:
    async with Call() as call:
        call.line.quiet = True
        await asyncio.sleep(600)
        assert call.line.generation == 1
        call.session.say(GoAway(50.0))
        await asyncio.sleep(0.6)
        assert call.line.generation == 2


@virtual
async def test_after_go_away_it_leaves_in_mid_sentence_in_the_end_and_no_word_is_lost() -> None:
    async with Call() as call:
        await asyncio.sleep(600)
        call.line.quiet = True
        call.line.start_turn("note")
        call.session.say(GoAway(10.0))
        for word in range(100):  # ten seconds
            call.line.send_audio(bytes([word]) * 3200)
            await asyncio.sleep(0.1)
        call.line.end_turn()
        await asyncio.sleep(1)
        first, second = call.client.sessions
        assert "end" not in first.heard
        assert len(first.heard) == pytest.approx(52, abs=2), "5 s before the server would have closed"
        assert second.heard == [
            "begin",
            ("text", "note"),
            *[bytes([word]) * 3200 for word in range(100)],
            "end",
        ]


@virtual
async def test_nothing_of_the_old_connection_comes_after_the_new_one() -> None:
    async with Call() as call:
        old = call.session
        old.say(NOISE)
        call.line.reconnect("no answer")
        for _ in range(20):
            await asyncio.sleep(0.1)
            old.say(NOISE)
        at = call.delivered.index(Connected(2, Start.AFRESH))
        assert NOISE not in call.delivered[at:]
        assert call.of(Disconnected)[0].retry_in_s == 0.0


@virtual
async def test_sound_wakes_nobody_but_the_sender() -> None:
    """It comes 50 times a second in every room, and says nothing about when to leave."""
    async with Call() as call:
        asked = 0
        leave_at = call.line._life.leave_at

        def counted(**state: bool) -> float | None:
            nonlocal asked
            asked += 1
            return leave_at(**state)

        call.line._life.leave_at = counted  # type: ignore[method-assign]
        call.line.start_turn()
        await asyncio.sleep(0.1)
        asked = 0
        for _ in range(100):
            call.line.send_audio(b"\1\0")
            await asyncio.sleep(0.02)
        assert asked == 0
        assert len(call.session.heard) == 101
        call.line.end_turn()
        await asyncio.sleep(0.1)
        assert asked > 0, "with the end of a turn it may be time"


@virtual
async def test_the_answer_to_a_call_stays_with_its_connection() -> None:
    async with Call() as call:
        call.line.respond(1, "a", "f", {"ok": 1}, "SILENT")
        await asyncio.sleep(0)
        call.session.die(LOST)
        await asyncio.sleep(0.1)
        call.line.respond(1, "b", "f", {"ok": 1})
        await asyncio.sleep(5)
        call.line.respond(1, "c", "f", {"ok": 1})
        await asyncio.sleep(5)
        assert call.client.sessions[0].heard == [("response", "a", {"ok": 1}, "SILENT")]
        assert call.session.heard == []


@virtual
async def test_images_leave_one_a_second_and_a_text_after_them() -> None:
    async with Call() as call:
        for jpeg in (b"1", b"2", b"3"):
            call.line.send_image(jpeg)
        call.line.send_text("what is this?")
        await asyncio.sleep(5)
        *images, text = call.session.heard
        times = [at for _, _, at in images]
        assert [after - before for before, after in pairwise(times)] == [1.0, 1.0]
        assert text == ("text", "what is this?")


@virtual
async def test_a_remark_without_a_connection_is_not_kept() -> None:
    async with Call() as call:
        call.line.remark("now")
        await asyncio.sleep(0)
        call.session.die(LOST)
        await asyncio.sleep(0.1)
        call.line.remark("never")
        await asyncio.sleep(5)
        assert [session.heard for session in call.client.sessions] == [[("text", "now")], []]


@pytest.mark.parametrize(
    ("chosen", "takes"),
    [
        ({}, True),
        ({"turn_detection": "server"}, False),
        ({"model": "gemini-2.5-flash-native-audio-preview-12-2025"}, False),
    ],
)
def test_notes_are_taken_where_the_model_and_the_mode_allow(chosen: dict[str, Any], takes: bool) -> None:
    async def main() -> None:
        async with Call(**chosen) as call:
            assert call.line.takes_notes is takes
            call.line.stop_notes()
            assert not call.line.takes_notes
            call.session.die(LOST)
            await asyncio.sleep(5)
            assert call.line.generation == 2
            assert not call.line.takes_notes, "for the rest of the line's life"

    run(main())


@virtual
async def test_a_later_setup_that_is_not_answered_is_waited_for_eight_seconds() -> None:
    async with Call() as call:
        call.client.hangs = True
        call.session.die(LOST)
        await asyncio.sleep(0.5 + 8.1)
        assert call.line.tally["setup timeouts"] == 1
        assert "8 s" in str(call.of(Disconnected)[-1].error)
        call.client.hangs = False
        await asyncio.sleep(2)
        assert call.line.connected


@virtual
async def test_the_first_connection_is_tried_again_quickly_and_nobody_is_told() -> None:
    call = Call()
    call.client.refusals = [LiveUnavailable("refused"), LOST]
    async with call:
        await asyncio.sleep(3)
        assert call.delivered == [Connected(1, Start.FIRST)]


@pytest.mark.parametrize("refusals", [[LiveRefused("key")], [LiveUnavailable("refused")] * 3])
def test_what_ends_the_first_connection_ends_the_line(refusals: list[LiveError]) -> None:
    async def main() -> None:
        call = Call()
        call.client.refusals = list(refusals)
        with pytest.raises(type(refusals[0])):
            await call.line.run(call.delivered.append)
        assert call.client.refusals == []

    run(main())


@virtual
async def test_what_a_session_cannot_bear_is_not_said_for_ever() -> None:
    async with Call() as call:
        call.line.send_text("poison")
        for _ in range(4):
            await asyncio.sleep(5)
            if call.session.heard:
                call.session.die(LiveClosed(1007, "Request contains an invalid argument."))
        assert [session.heard for session in call.client.sessions] == [[("text", "poison")]] * 2 + [[]]


@virtual
async def test_a_bug_in_the_room_is_not_taken_for_a_lost_connection() -> None:
    def broken(event: LineEvent) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Call().line.run(broken)


# --- whatever happens ---

WORD = struct.Struct("<ii")
HAPPENINGS = st.one_of(
    st.sampled_from(["start", "word", "end", "text", "settle", "hold", "release", "quiet", "busy"]),
    st.sampled_from(["word", "wait", "long wait"]),
    st.sampled_from(["goaway", "lose", "lose", "forget", "refuse", "silent", "turn"]),
)


class Conversation:
    """Somebody who speaks, and what every session has understood."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.said: dict[int, list[tuple[int, int]]] = {}
        self.settled = 0
        self.turn: int | None = None

    async def happens(self, what: str) -> None:
        line, session = self.call.line, self.call.session
        match what:
            case "start":
                self.turn = line.start_turn()
                self.said[self.turn] = []
            case "word" if self.turn is not None:
                words = self.said[self.turn]
                words.append((self.turn, len(words)))
                line.send_audio(WORD.pack(*words[-1]))
            case "end":
                self.turn = None
                line.end_turn()
            case "text":
                number = line.send_text(str(len(self.said) + 1))
                self.said[number] = [(number, 0)]
            case "settle":
                self.settled = line._outbox.heard
                line.settled(self.settled)
            case "hold":
                line.held = True
            case "release":
                line.held = False
            case "quiet" | "busy":
                line.quiet = what == "quiet"
            case "wait" | "long wait":
                await asyncio.sleep(0.05 if what == "wait" else 11.0)
            case "goaway":
                session.say(GoAway(8.0))
            case "lose" | "forget":
                session.die(LOST if what == "lose" else LiveClosed(1008, "session not found"))
            case "refuse":
                self.call.client.refusals.append(LiveUnavailable("away"))
                line.reconnect("no answer")
            case "silent":
                line.reconnect("no answer")
            case "turn":
                session.say(Resumable("h"))
                session.say(TurnComplete(None))

    async def ends(self) -> None:
        self.call.line.end_turn()
        self.call.line.held = False
        await asyncio.sleep(30)


def understood(session: Session) -> list[tuple[int, int]]:
    """The words of a session, which must keep to the protocol."""
    words: list[tuple[int, int]] = []
    in_turn = False
    for what in session.heard:
        if what in ("begin", "end"):
            assert in_turn == (what == "end")
            in_turn = not in_turn
        elif isinstance(what, bytes):
            assert in_turn
            words += WORD.iter_unpack(what)
        else:
            assert not in_turn
            words.append((int(what[1]), 0))
    return words


@given(st.lists(HAPPENINGS, max_size=40))
@settings(max_examples=150, deadline=None)
def test_every_word_reaches_every_session_once_and_sockets_never_overlap(happenings: list[str]) -> None:
    async def main() -> None:
        async with Call() as call:
            conversation = Conversation(call)
            for what in happenings:
                await conversation.happens(what)
                if call.task.done():
                    assert isinstance(call.task.exception(), LiveError)
                    return
            await conversation.ends()
            assert call.client.most_open == 1
            assert call.line.dropped_audio_bytes == 0
            generations = [event.generation for event in call.of(Connected)]
            assert generations == list(range(1, len(call.client.sessions) + 1))
            for session in call.client.sessions:
                words = understood(session)
                assert words == sorted(set(words))
            if not call.task.done():
                last = understood(call.session)
                for number, words in conversation.said.items():
                    heard = [word for word in last if word[0] == number]
                    assert heard == words or (heard == [] and number <= conversation.settled)

    run(main())
