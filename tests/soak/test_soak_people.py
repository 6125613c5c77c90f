"""A day of four people: enough turns, overlaps, and a bot that plays in real time."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

from bot.live.events import Audio
from bot.turns.turn import Turn, TurnStarted
from tests.soak.channel import Ear, Playback
from tests.soak.judge import Judge, Wish
from tests.soak.people import People
from tests.soak.virtual import run
from tests.soak.words import piece, read_words


class Parrot:
    """Answers every turn that is for the bot with two seconds of sound, and remembers what it heard."""

    def __init__(self, judge: Judge, playback: Playback) -> None:
        self._judge, self._playback = judge, playback
        self.turns: list[Turn] = []
        self.words: list[tuple[int, int]] = []
        self._loop = asyncio.get_running_loop()

    def turn_started(self, event: TurnStarted, now: float) -> None:
        if self._playback.playing:
            self._playback.stop()

    def send_audio(self, pcm16: bytes) -> None:
        self.words += read_words(pcm16)

    def turn_ended(self, turn: Turn, now: float) -> None:
        self.turns.append(turn)
        number = self.words[-1][0]
        places = [place for known, place in self.words if known == number]
        self._judge.heard(number, places, self._loop.time(), again=False)
        if self._judge.turns[number].wish is not Wish.SILENCE:
            self._loop.call_later(1.0, self._answer, number)

    def _answer(self, number: int) -> None:
        answer = self._judge.answers((number,), ())
        for place in range(4):
            self._playback.push(Audio(piece(answer, place), 24_000))
        self._playback.finish()


def test_four_people_talk_for_hours() -> None:
    judge = Judge()

    async def main() -> Parrot:
        loop = asyncio.get_running_loop()
        playback = Playback(judge, loop.time)
        parrot = Parrot(judge, playback)
        people = People(Ear(parrot, judge), playback, judge, Random(1))
        await people.live(6 * 3600.0, pause_s=60.0)
        await asyncio.sleep(30)
        judge.settle(loop.time() + 100)
        return parrot

    parrot = run(main())
    assert judge.complaints == []
    assert judge.figures["turns"] == len(parrot.turns) > 300
    assert judge.figures["addressed"] == judge.figures["answered"] > 100
    speakers = Counter(spoken.user_id for turn in parrot.turns for spoken in turn.speakers)
    assert set(speakers) == {1, 2, 3, 4}
    assert any(len(turn.speakers) > 1 for turn in parrot.turns)
    assert len(set(parrot.words)) == len(parrot.words)


def test_playback_takes_as_long_as_the_sound_and_can_be_stopped() -> None:
    judge = Judge()

    async def main() -> None:
        playback = Playback(judge, asyncio.get_running_loop().time)
        for place in range(4):
            playback.push(Audio(piece(1, place), 24_000))
        playback.finish()
        await asyncio.sleep(1.5)
        assert playback.playing
        played = playback.stop()
        assert (round(played.played_ms), round(played.dropped_ms)) == (1500, 500)
        assert not playback.playing

    run(main())
