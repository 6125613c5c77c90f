"""Four people in a voice channel, for a day: they ask, go on asking, talk among themselves, and interrupt."""

from __future__ import annotations

import asyncio
from random import Random

from tests.soak.channel import Ear, Playback
from tests.soak.judge import Judge, Wish

NAMES = {1: "Ana", 2: "Ben", 3: "Cleo", 4: "Dan"}

ASKED = (
    "Parley, what time is it?",
    "Hey Parley, tell me a joke.",
    "What is the capital of Peru, Parley?",
    "Parley, how far away is the moon?",
    "Okay Parley, who wrote Dracula?",
)
ASKED_ON = ("And why is that?", "Can you say that again?", "And what about tomorrow?", "How do you know?")
CHATTED = (
    "I think the train leaves at nine.",
    "We could have pizza tonight.",
    "That was a strange film.",
    "My microphone is new.",
)
MENTIONED = ("I asked Parley about that yesterday.", "Parley said it would rain.")
TO_ANOTHER = ("{}, are you coming tonight?", "{}, did you see the match?", "{}, pass me the salt.")

BOUND_S = 30.0
"""An answer is at most 8 s long and takes 3 s for a tool; for 10 s after it no name is needed."""

WAIT_S = 20.0
"""So long somebody waits for an answer before they let it be."""


class People:
    """`live` is a day of theirs: scenes, one after another, with pauses between them."""

    def __init__(self, ear: Ear, playback: Playback, judge: Judge, random: Random) -> None:
        self._ear, self._playback, self._judge, self._random = ear, playback, judge, random
        self._loop = asyncio.get_running_loop()

    async def live(self, until: float, pause_s: float) -> None:
        """Until then; `pause_s` in the mean between two scenes."""
        scenes = [self._ask] * 3 + [self._chat] * 2 + [self._talk_at_once, self._ask_in_a_row]
        while self._loop.time() < until:
            await asyncio.sleep(self._random.expovariate(1 / pause_s))
            await self._random.choice(scenes)()

    async def _ask(self) -> None:
        """A question; often another after the answer; sometimes somebody interrupts."""
        user_id = self._somebody()
        number = self._say(user_id, self._random.choice(ASKED), Wish.ANSWER)
        while await self._answered(number):
            if self._random.random() < 0.15:
                await asyncio.sleep(self._random.uniform(0.3, 3.0))
                await self._interrupt()
                return
            await self._heard_out()
            if self._random.random() < 0.5 or self._ear.in_turn:
                return
            await asyncio.sleep(self._random.uniform(0.6, 3.0))
            if self._ear.in_turn or self._playback.playing:
                return
            number = self._say(user_id, self._random.choice(ASKED_ON), Wish.ANSWER)

    async def _interrupt(self) -> None:
        user_id = self._somebody()
        if self._random.random() < 0.5:
            await self._answered(self._say(user_id, self._random.choice(ASKED), Wish.ANSWER))
        else:
            self._chatter(user_id)

    async def _chat(self) -> None:
        """People among themselves."""
        for _ in range(self._random.randrange(1, 5)):
            self._chatter(self._somebody())
            await asyncio.sleep(self._random.uniform(1.5, 5.0))

    async def _talk_at_once(self) -> None:
        """Two people in one turn, or one right after the other."""
        first, second = self._random.sample(sorted(NAMES), 2)
        self._say(first, self._random.choice(ASKED), Wish.ANSWER)
        await asyncio.sleep(self._random.uniform(0.2, 5.0))
        self._chatter(second)

    async def _ask_in_a_row(self) -> None:
        """Questions by several people, without waiting for the answers."""
        for user_id in self._random.sample(sorted(NAMES), 3):
            self._say(user_id, self._random.choice(ASKED), Wish.ANSWER)
            await asyncio.sleep(self._random.uniform(1.0, 6.0))

    # --- one person ---

    def _somebody(self) -> int:
        return self._random.choice(sorted(NAMES))

    def _chatter(self, user_id: int) -> None:
        """Not for the bot. Who may still be in conversation with it says whom they mean."""
        other = self._random.choice([name for known, name in NAMES.items() if known != user_id])
        to_another = self._random.choice(TO_ANOTHER).format(other)
        free = self._random.choice((*CHATTED, *MENTIONED, to_another))
        bound = self._is_bound(user_id)
        self._say(user_id, to_another if bound else free, Wish.SILENCE, bound=bound)

    def _is_bound(self, user_id: int) -> bool:
        """Whether the bot may take what they say for a follow-up: they were answered, or still will be."""
        answered_at = self._judge.spoken_to_at.get(user_id, -BOUND_S)
        waiting = (said.speakers for said in self._judge.turns.values() if not said.answered_s)
        return self._loop.time() - answered_at < BOUND_S or any(user_id in speakers for speakers in waiting)

    def _say(self, user_id: int, text: str, wish: Wish, *, bound: bool = False) -> int:
        return self._ear.say(user_id, text, wish, self._random.uniform(0.8, 4.5), bound=bound)

    async def _answered(self, number: int) -> bool:
        """Wait until the answer begins."""
        gives_up = self._loop.time() + WAIT_S
        while self._loop.time() < gives_up:
            said = self._judge.turns.get(number)
            if said is not None and said.answered_s:
                return True
            await asyncio.sleep(0.25)
        return False

    async def _heard_out(self) -> None:
        """Wait until the bot has finished, or somebody speaks."""
        while self._playback.playing and not self._ear.in_turn:  # noqa: ASYNC110 - time costs nothing here
            await asyncio.sleep(0.2)
