"""The Live service in memory is as strict as the real one, and the judge sees what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random

import pytest

from bot.errors import LiveClosed, LiveUnavailable
from bot.live import events as live
from bot.live.config import LiveSettings
from tests.soak.judge import KEPT_WORDS, Judge, Said, Wish
from tests.soak.nature import Nature
from tests.soak.service import Service
from tests.soak.virtual import run
from tests.soak.wire import Socket
from tests.soak.words import WORD_S, read_piece, word

MILD = replace(
    Nature.of(Random(0)),
    closes_h=0.001, closes_in_turn=0.0, vanishes=0.0, ghost_s=0.0, dead_day=0, first_s=(0.3, 0.4),
    silent=0.0, calls=0.0, no_answer=0.0, empty_answer=0.0, text_only=0.0, zero_audio=0.0, late_words=0.0,
    pieces=False, says_finished=True, duplicates=0.0, disorder=0.0, answers_notes=False, answers_twice=False,
)  # fmt: skip

Scene = Callable[[Service, Judge], Awaitable[None]]


def play(scene: Scene, nature: Nature = MILD) -> Judge:
    judge = Judge()

    async def main() -> None:
        await scene(Service(nature, judge, Random(1)), judge)

    run(main())
    return judge


class Ear:
    """Reads a socket in the background."""

    def __init__(self, socket: Socket) -> None:
        self.events: list[live.LiveEvent] = []
        self.closed: LiveClosed | None = None
        self._task = asyncio.create_task(self._read(socket))

    async def _read(self, socket: Socket) -> None:
        try:
            async for event in socket.events():
                self.events.append(event)
        except LiveClosed as closed:
            self.closed = closed

    def of(self, kind: type) -> list[live.LiveEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def handle(self) -> str:
        (newest,) = self.of(live.Resumable)[-1:]
        assert isinstance(newest, live.Resumable)
        return newest.handle


async def say(
    socket: Socket, judge: Judge, number: int, words: int = 5, wish: Wish = Wish.ANSWER, note: str = ""
) -> None:
    judge.said(Said(number, [1], "Parley, what time is it?", wish, 0.0, ended_at=0.0, words=words))
    await socket.activity_start()
    if note:
        await socket.send_text(note)
    for place in range(words):
        await socket.send_audio(word(number, place))
    await socket.activity_end()


def test_a_turn_is_answered_and_its_answer_says_to_what() -> None:
    async def scene(service: Service, judge: Judge) -> None:
        async with service.connect(LiveSettings()) as socket:
            ear = Ear(socket)
            await say(socket, judge, 7)
            await asyncio.sleep(20)
            sounds = [event for event in ear.events if isinstance(event, live.Audio)]
            assert {read_piece(audio.pcm16) for audio in sounds} == {1}
            judge.played(1, 5.0)
            assert judge.turns[7].answered_s == [5.0]
            assert ear.of(live.GenerationComplete) and ear.of(live.TurnComplete) and ear.of(live.Resumable)

    judge = play(scene)
    assert judge.complaints == []


def test_who_speaks_again_interrupts_and_both_are_answered_at_once() -> None:
    async def scene(service: Service, judge: Judge) -> None:
        async with service.connect(LiveSettings()) as socket:
            ear = Ear(socket)
            await say(socket, judge, 1)
            await asyncio.sleep(0.1)  # before the first sound
            await say(socket, judge, 2)
            await asyncio.sleep(20)
            assert len({read_piece(event.pcm16) for event in ear.of(live.Audio)}) == 1  # type: ignore[attr-defined]
            judge.played(1, 5.0)
            assert judge.turns[1].answered_s and judge.turns[2].answered_s

    assert play(scene).complaints == []


@pytest.mark.parametrize(("after_s", "due"), [(0.6, True), (2.5, False)])
def test_what_follows_from_a_tool_is_due_until_it_was_heard_for_a_second(after_s: float, due: bool) -> None:
    async def scene(service: Service, judge: Judge) -> None:
        async with service.connect(LiveSettings()) as socket:
            ear = Ear(socket)
            await say(socket, judge, 1)
            while not ear.of(live.ToolCall):  # noqa: ASYNC110 - time costs nothing here
                await asyncio.sleep(0.1)
            begun = len(ear.of(live.Audio))
            await socket.respond("call 1", "clock", {})
            while len(ear.of(live.Audio)) == begun:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await asyncio.sleep(after_s)
            await say(socket, judge, 2)
            await asyncio.sleep(0.2)
            assert len(ear.of(live.Audio)) > begun + 1, "more was generated than can have been heard"
            assert judge.turns[1].result_due == due

    assert play(scene, replace(MILD, calls=1.0, faster=8.0)).complaints == []


@pytest.mark.parametrize(("calls", "doubled"), [(0.0, 1), (1.0, 0)])
def test_an_answer_given_twice_may_after_a_call_be_what_follows_from_it(calls: float, doubled: int) -> None:
    async def scene(service: Service, judge: Judge) -> None:
        async with service.connect(LiveSettings()) as socket:
            ear = Ear(socket)
            await say(socket, judge, 1, note="Ana speaks now.")
            for number in (1, 2):
                await asyncio.sleep(3)
                if calls:
                    await socket.respond(f"call {number}", "clock", {})
                await asyncio.sleep(15)
                assert any(read_piece(event.pcm16) == number for event in ear.of(live.Audio))  # type: ignore[attr-defined]
                judge.played(number, 5.0)

    assert play(scene, replace(MILD, calls=calls, answers_twice=True)).figures["doubled"] == doubled


def test_a_handle_knows_what_was_answered_and_no_more() -> None:
    async def scene(service: Service, judge: Judge) -> None:
        async with service.connect(LiveSettings()) as socket:
            ear = Ear(socket)
            await say(socket, judge, 1)
            await asyncio.sleep(20)
            await say(socket, judge, 2)
        async with service.connect(LiveSettings(resumption_handle=ear.handle)) as socket:
            await say(socket, judge, 2)
            await asyncio.sleep(20)
            assert judge.complaints == []
            await say(socket, judge, 1)
            await asyncio.sleep(1)

    assert play(scene).figures["words twice"] == 1


@pytest.mark.parametrize("wrong", ["sound", "end", "start", "two"])
def test_what_the_real_one_refuses_is_refused(wrong: str) -> None:
    async def scene(service: Service, judge: Judge) -> None:
        async with service.connect(LiveSettings()) as socket:
            ear = Ear(socket)
            if wrong == "sound":
                await socket.send_audio(word(1, 0))
            elif wrong == "end":
                await socket.activity_end()
            else:
                await socket.activity_start()
                await socket.activity_start()
            await asyncio.sleep(1)
            assert ear.closed is not None and ear.closed.code == 1007

    async def two(service: Service, judge: Judge) -> None:
        async with service.connect(LiveSettings()), service.connect(LiveSettings()):
            pass

    judge = play(two if wrong == "two" else scene)
    assert judge.figures["two sockets" if wrong == "two" else "protocol errors"] == 1


def test_an_old_handle_is_refused() -> None:
    async def scene(service: Service, judge: Judge) -> None:
        with pytest.raises(LiveClosed, match="session not found"):
            async with service.connect(LiveSettings(resumption_handle="of yesterday")):
                pass

    play(scene)


def test_what_is_under_way_when_the_connection_breaks_is_lost() -> None:
    async def scene(service: Service, judge: Judge) -> None:
        async with service.connect(LiveSettings()) as socket:
            ear = Ear(socket)
            await say(socket, judge, 1)
            service.die(60.0, refuses=True)
            await asyncio.sleep(1)
            assert ear.closed is not None and ear.closed.code == 1006
            with pytest.raises(LiveClosed):
                await socket.activity_start()
            assert not judge.turns[1].heard

    play(scene)


def test_the_judge_sees_what_is_lost_doubled_and_overheard() -> None:
    judge = Judge()
    for number, wish in enumerate((Wish.ANSWER, Wish.ANSWER, Wish.SILENCE), start=1):
        judge.said(Said(number, [1], "", wish, 0.0, ended_at=0.0, words=2))
        judge.heard(number, [0, 1] if number > 1 else [0], 0.5, again=False)
    for turn in (1, 1, 3):
        judge.played(judge.answers((turn,), ()), 1.0)
    judge.played(judge.answers((), ()), 1.0)
    judge.settle(1000.0)
    for figure in ("lost words", "lost", "doubled", "overheard played", "unasked played", "answered"):
        assert judge.figures[figure] == 1, figure
    assert judge.figures["addressed"] == 2


@pytest.mark.parametrize(("kept", "doubled"), [(True, 0), (False, 1)])
def test_the_judge_takes_what_may_have_passed_for_an_answer_for_none_when_its_own_was_kept(
    kept: bool, doubled: int
) -> None:
    judge = Judge()
    for number in (1, 2):
        judge.said(Said(number, [1], "", Wish.ANSWER, 0.0, ended_at=0.0))
    cut_off = judge.answers((1,), ())
    judge.played(judge.answers((2,), (1,)), 1.0)
    judge.played(cut_off if kept else judge.answers((1,), ()), 2.0)
    assert judge.figures["doubled"] == doubled
    judge.played(judge.answers((1,), ()), 3.0)
    judge.settle(1000.0)
    assert judge.figures["doubled"] == doubled + 1
    assert not judge.figures["lost"]


@pytest.mark.parametrize(("during_s", "after_s", "lost"), [(8, 0, 1), (8, 20, 1), (12, 0, 0)])
def test_the_judge_excuses_what_was_too_much_for_an_outage(during_s: int, after_s: int, lost: int) -> None:
    judge = Judge()
    first = Said(1, [1], "", Wish.ANSWER, 102.0)
    judge.outage(100.0)
    judge.said(first)
    for _ in range(round(during_s / WORD_S)):
        judge.spoke(first)
    judge.outage(100.0, 160.0)
    for _ in range(round(after_s / WORD_S)):
        judge.spoke(first)
    assert judge.overflowed(170.0) == (not lost)
    assert not judge.overflowed(1000.0)
    first.ended_at = 104.0
    first.heard.update(range(first.words))
    judge.settle(1000.0)
    assert judge.figures["lost"] == lost


def test_the_judge_forgives_a_sentence_that_is_longer_than_a_line_keeps_and_no_more() -> None:
    for dropped, lost in ((4, 0), (5, 1)):
        judge = Judge()
        said = Said(1, [1], "", Wish.SILENCE, 0.0, ended_at=11.0)
        judge.said(said)
        for _ in range(KEPT_WORDS + 4):
            judge.spoke(said)
        said.heard.update(range(dropped, said.words))
        judge.settle(1000.0)
        assert judge.figures["lost words"] == lost


@pytest.mark.parametrize("refuses", [True, False])
def test_a_dead_minute_refuses_or_says_nothing_and_then_is_over(refuses: bool) -> None:
    async def scene(service: Service, judge: Judge) -> None:
        service.die(60.0, refuses=refuses)
        with pytest.raises(LiveUnavailable if refuses else TimeoutError):
            async with asyncio.timeout(8), service.connect(LiveSettings()):
                pass
        await asyncio.sleep(60)
        async with service.connect(LiveSettings()):
            pass

    assert play(scene).complaints == []
