"""The script of the demonstration: what the members do, and what must come of it, scene by scene."""

from __future__ import annotations

import asyncio
import io
import time

import av
import numpy as np

from audio.formats import DISCORD_HZ, Samples
from bot.demo.steps import Step, StepFailed, Steps
from bot.demo.story import Story, Utterance, Written
from bot.demo.watch import Watch
from bot.loopback import speech
from bot.loopback.live.record import Kind
from bot.loopback.loopback import Loopback
from bot.loopback.member.member import Member

COUGH_AFTER_S = 1.0
WORD_AFTER_S = 1.1
REPLY_AFTER_S = 0.25
"""Ben answers Ana before her turn is over: for the bot the two of them are one turn."""
GO_AWAY_AFTER_S, TIME_LEFT_S = 0.6, 2.0
"""The bot waits half of it for a quiet moment. There is none: it changes in the middle of the sentence."""
INTERRUPT_AFTER_S = 1.2
PAUSE_S = 1.5
"""From the last word to the answer at most, also with a rollover: half a second ends the turn, a quarter the
stand-in thinks."""


class Scenes:
    """`play` them in order: each a step, and the first that fails ends the play."""

    def __init__(
        self,
        steps: Steps,
        world: Loopback,
        story: Story,
        watch: Watch,
        ana: Member,
        ben: Member,
        cleo: Member,
    ) -> None:
        self._steps = steps
        self._world = world
        self._story = story
        self._watch = watch
        self._ana, self._ben, self._cleo = ana, ben, cleo

    async def play(self) -> None:
        """Raises StepFailed."""
        with self._steps.step("Ana types /join, and Parley greets them by voice") as step:
            await self._greeting(step)
        with self._steps.step("Ana says hello; Ben coughs, and swallows a word: Parley goes on") as step:
            await self._false_alarm(step)
        with self._steps.step("Ana and Ben talk to each other: not a word from Parley") as step:
            await self._overheard(step)
        with self._steps.step("Cleo mentions Parley in the chat, with a picture") as step:
            await self._picture(step)
        with self._steps.step("Gemini ends the connection while Ana asks something: nobody notices") as step:
            await self._rollover(step)
        with self._steps.step("Ana asks on without the name, and Ben breaks in") as step:
            await self._interruption(step)
        with self._steps.step("Ben is answered instead") as step:
            await self._answer(step, "answer_rice")
        with self._steps.step("Ana types /status") as step:
            await self._status(step)
        with self._steps.step("Ana asks it to leave") as step:
            await self._goodbye(step)

    # --- the scenes ---

    async def _greeting(self, step: Step) -> None:
        began = time.monotonic()
        await self._ana.type("join")
        notice = await self._watch.message(
            self._ana, lambda message: "listening" in message.content, "no notice in the chat"
        )
        if "/leave" not in notice.content:
            raise StepFailed("the notice does not say how to make it leave")
        await self._watch.answered("answer_greeting", began)
        await self._watch.quiet()
        step.detail = _quoted("answer_greeting")

    async def _false_alarm(self, step: Step) -> None:
        since = await self._ask(self._ana, "hello", "answer_hello")
        for after_s, text, sound in (
            (COUGH_AFTER_S, "(coughs)", speech.load("cough")),
            (WORD_AFTER_S, "“Hey–”", _beginning("addressed_ben", 0.18)),
        ):
            await asyncio.sleep(after_s)
            record = await self._ben.say(sound)
            self._story.noises.append(Utterance(self._ben.name, text, sound, record))
            await self._watch.goes_on(record.ended_at)
        await self._watch.quiet()
        if self._story.of(Kind.INTERRUPTED, since) or self._story.of(Kind.ACTIVITY_START, since):
            raise StepFailed("it was taken for a turn")
        step.detail = self._watch.ducked("answer_hello", since)

    async def _overheard(self, step: Step) -> None:
        asked = asyncio.create_task(self._say(self._ana, "overheard"))
        await asyncio.sleep(len(speech.load("overheard")) / DISCORD_HZ + REPLY_AFTER_S)
        await self._say(self._ben, "overheard_ben")
        began = (await asked).record.started_at
        await self._watch.unheard("answer_cinema", began)
        step.detail = "the model knows what they said; its answer was played to nobody"

    async def _picture(self, step: Step) -> None:
        began = time.monotonic()
        message = await self._cleo.mention(
            "what do you see here?", [("square.png", _red_square(), "image/png")]
        )
        self._story.written.append(
            Written(self._cleo.name, "@Parley what do you see here? (a red square)", began)
        )
        await self._watch.answered("answer_image", began)
        reply = await self._watch.message(
            self._cleo, lambda written: written.reply_to == message.id, "no answer in writing"
        )
        self._story.written.append(Written("Parley", reply.content, time.monotonic()))
        images = [image for session in self._world.live.sessions for image in session.images]
        if len(images) != 1 or not images[0].seen:
            raise StepFailed(f"the model was shown {len(images)} pictures")
        if reply.content != speech.text("answer_image"):
            raise StepFailed(f"it wrote {reply.content!r}")
        await self._watch.quiet()
        step.detail = f"by voice and in writing: {_quoted('answer_image')}"

    async def _rollover(self, step: Step) -> None:
        speaking = asyncio.create_task(self._say(self._ana, "addressed"))
        await asyncio.sleep(GO_AWAY_AFTER_S)
        leaving = asyncio.create_task(self._world.live.go_away(TIME_LEFT_S))
        said = await speaking
        heard_at = await self._watch.answered("answer_moon", said.record.started_at)
        await leaving
        pause_s = heard_at - said.record.ended_at
        old, new = self._world.live.sessions
        if not said.record.started_at < new.opened_at < said.record.ended_at:
            raise StepFailed("the connection was not changed in the middle of the sentence")
        if old.of(Kind.RECOGNISED)[-1].at > said.record.started_at or len(new.of(Kind.RECOGNISED)) != 1:
            raise StepFailed("the sentence reached the model twice, or in pieces")
        if pause_s > PAUSE_S:
            raise StepFailed(f"it took {pause_s:.1f} s to answer")
        await self._watch.quiet()
        score = new.of(Kind.RECOGNISED)[0].detail[0].score
        step.detail = f"whole sentence understood ({score:.2f}), answered {pause_s:.1f} s after it"

    async def _interruption(self, step: Step) -> None:
        await self._ask(self._ana, "follow_up", "answer_follow_up")
        await asyncio.sleep(INTERRUPT_AFTER_S)
        stopped_ms = self._watch.stopped_ms(await self._say(self._ben, "addressed_ben"))
        self._watch.told('"Ben" speaks')
        step.detail = f"silent {stopped_ms:.0f} ms after Ben's first packet; the model is told who speaks"

    async def _answer(self, step: Step, clip: str) -> None:
        await self._watch.answered(clip, self._story.utterances[-1].record.started_at)
        await self._watch.quiet()
        step.detail = _quoted(clip)

    async def _status(self, step: Step) -> None:
        status = (await self._ana.type("status")).content.splitlines()
        cost = next((line for line in status if line.startswith("Cost so far")), "")
        seen_to = next((line for line in status if line.startswith("Seen to")), "")
        if "$" not in cost or "rollovers 1×" not in seen_to:
            raise StepFailed(f"the figures of the session are not there: {status}")
        step.detail = f"{cost.partition(',')[0]}. {seen_to}"

    async def _goodbye(self, step: Step) -> None:
        await self._ask(self._ana, "goodbye", "answer_goodbye")
        guild = self._world.discord.world.guilds[self._world.guild_id]
        await self._watch.until(
            lambda: self._watch.bot_id not in guild.occupants(self._world.voice_channel_id),
            "it is still in the channel",
        )
        step.detail = f"{_quoted('answer_goodbye')} It has left."

    # --- what members do ---

    async def _say(self, member: Member, clip: str) -> Utterance:
        utterance = Utterance.of_clip(member.name, clip, await member.say(clip))
        self._story.utterances.append(utterance)
        return utterance

    async def _ask(self, member: Member, clip: str, answer: str) -> float:
        """Say it, and wait until `answer` is heard: when that began."""
        said = await self._say(member, clip)
        return await self._watch.answered(answer, said.record.started_at)


def _quoted(clip: str) -> str:
    return f"“{speech.text(clip)}”"


def _beginning(clip: str, seconds: float) -> Samples:
    """The first sound of a word that somebody then does not say."""
    sound = np.array(speech.load(clip)[: round(seconds * DISCORD_HZ)])
    fade = DISCORD_HZ // 50
    sound[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return sound


def _red_square() -> bytes:
    """A PNG, larger than the model takes."""
    picture = np.full((1000, 1000, 3), (200, 30, 40), np.uint8)
    file = io.BytesIO()
    with av.open(file, "w", format="image2pipe") as output:
        stream = output.add_stream("png", rate=1)
        stream.width = stream.height = 1000
        stream.pix_fmt = "rgb24"
        output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        output.mux(stream.encode(None))
    return file.getvalue()
