"""Who watches the demonstration: what the channel heard and what the model did, waited for and checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from statistics import median

from audio.formats import DISCORD_HZ
from bot.demo.latency import local_stop_ms
from bot.demo.loudness import gains_db
from bot.demo.steps import StepFailed
from bot.demo.story import Story, Utterance
from bot.loopback import speech
from bot.loopback.live.record import Kind, LiveEvent
from bot.loopback.loopback import BOT_TOKEN, Loopback
from bot.loopback.member.errors import MemberError
from bot.loopback.member.member import Member
from bot.loopback.member.message import Message

POLL_S = 0.02
ANSWER_TIMEOUT_S = 10.0
QUIET_S = 0.6
"""An answer is over when the bot has sent no voiced packet for so long."""

GOES_ON_S = 0.5
"""The longest pause within its sentences is 0.3 s."""

SOFTER_DB = -8.0
"""Ducked is −12 dB; what is left of 4 dB is for the fades within a window."""
AS_BEFORE_DB = -3.0


class Watch:
    """`ear` is a member of the channel who says nothing. Every method that does not see what it should raises
    StepFailed."""

    def __init__(self, world: Loopback, ear: Member, story: Story) -> None:
        self._world = world
        self._ear = ear
        self._story = story
        world.live.observer = self._observe

    @property
    def bot_id(self) -> int:
        account = self._world.discord.world.accounts.by_token(BOT_TOKEN)
        assert account is not None
        return account.id

    async def until(
        self, condition: Callable[[], object], otherwise: str, timeout_s: float = ANSWER_TIMEOUT_S
    ) -> None:
        """Wait for what can be seen from outside."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():  # noqa: ASYNC110  conditions of many kinds
                    await asyncio.sleep(POLL_S)
        except (TimeoutError, MemberError):
            raise StepFailed(otherwise) from None

    async def answered(self, clip: str, since: float) -> float:
        """Until the model has said `clip`, and nothing else, after `since`, and the channel hears it: when
        that was."""
        await self.until(lambda: self._story.of(Kind.ANSWER, since), "the model has not answered")
        chosen = self._story.of(Kind.ANSWER, since)[-1]
        if chosen.detail != clip:
            raise StepFailed(f"the model understood {self.understood(since)} and said {chosen.detail}")
        await self.until(lambda: self.heard_since(chosen.at), "nobody heard the answer")
        return self.heard_since(chosen.at)[0]

    async def quiet(self) -> None:
        """Until the bot has finished what it says."""
        loop = asyncio.get_running_loop()
        await self.until(
            lambda: loop.time() - (self._ear.heard.last_voiced(self.bot_id) or 0.0) > QUIET_S,
            "it does not stop talking",
            30.0,
        )

    async def unheard(self, clip: str, since: float) -> None:
        """Until the model has said `clip` to its end. Nobody may have heard a word since."""
        await self.until(lambda: self._story.of(Kind.ANSWER, since), "the model has not answered")
        await self.until(lambda: self._story.of(Kind.GENERATION_COMPLETE, since), "the model does not finish")
        chosen = self._story.of(Kind.ANSWER, since)[-1].detail
        if chosen != clip:
            raise StepFailed(f"the model understood {self.understood(since)} and said {chosen}")
        if self.heard_since(since):
            raise StepFailed("the bot answered what was not said to it")

    async def goes_on(self, since: float) -> None:
        """Until the bot is heard again, at once."""
        await self.until(lambda: self.heard_since(since), "it fell silent", GOES_ON_S)

    def heard_since(self, since: float) -> list[float]:
        """When the bot's voice arrived."""
        return self._ear.heard.voiced(self.bot_id, since)

    def understood(self, since: float) -> str:
        """What the model's ear made of what was said."""
        found = [heard for event in self._story.of(Kind.RECOGNISED, since) for heard in event.detail]
        return ", ".join(f"“{heard.name}” ({heard.score:.2f})" for heard in found) or "nothing"

    def stopped_ms(self, interruption: Utterance) -> float:
        """How long the bot went on under an interruption, which must have silenced it."""
        began = interruption.record.started_at
        answers = [event.at for event in self._story.of(Kind.ANSWER, began)]
        heard_at = self.heard_since(began)
        stopped_ms = local_stop_ms(interruption.record, heard_at, min(answers, default=float("inf")))
        if stopped_ms is None:
            raise StepFailed("the bot was not speaking when it was interrupted")
        if stopped_ms > (interruption.record.ended_at - began) * 1000:
            raise StepFailed("it went on talking")
        return stopped_ms

    def ducked(self, clip: str, since: float) -> str:
        """The answer `clip` was played softer for a moment, and to its end; says by how much."""
        heard, said = self._ear.heard.track(self.bot_id, since), speech.load(clip)
        if len(heard.samples) < 0.95 * len(said):
            raise StepFailed(f"only {len(heard.samples) / DISCORD_HZ:.1f} s of the answer were heard")
        gains = gains_db(heard.samples, said)
        at_s, softest = min(gains, key=lambda gain: gain[1], default=(0.0, 0.0))
        if softest > SOFTER_DB:
            raise StepFailed(f"it did not turn its voice down ({softest:.0f} dB at the softest)")
        if median(gain for _, gain in gains) < AS_BEFORE_DB:
            raise StepFailed("it did not go on as before")
        self._story.softest_at = heard.t0 + at_s
        return f"{-softest:.0f} dB softer for a moment, then on to the end"

    async def message(self, member: Member, wanted: Callable[[Message], bool], otherwise: str) -> Message:
        """The first that `member` can read and that is `wanted`."""
        try:
            return await member.wait_message(wanted, ANSWER_TIMEOUT_S)
        except TimeoutError:
            raise StepFailed(otherwise) from None

    def told(self, part: str) -> str:
        """The turn note that says `part`: what the model was told beside the sound."""
        notes = [text.text for session in self._world.live.sessions for text in session.texts]
        for note in reversed(notes):
            if part in note:
                return note
        raise StepFailed(f"the model was not told: {part}")

    def keep(self) -> None:
        """All that the picture and the recordings need."""
        story = self._story
        story.sessions = list(self._world.live.sessions)
        story.heard = self._ear.heard.mixed()
        story.bot = self._ear.heard.track(self.bot_id)
        story.bot_heard_at = self._ear.heard.voiced(self.bot_id)

    def _observe(self, event: LiveEvent) -> None:
        if event.kind is not Kind.AUDIO_IN:  # those are in the session's record
            self._story.events.append(event)
