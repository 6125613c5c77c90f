"""The script of the demonstration: what the members do, and what must come of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from bot.demo.bot_process import bot_process, stop
from bot.demo.latency import local_stop_ms
from bot.demo.steps import StepFailed, Steps
from bot.demo.story import Story, Utterance
from bot.loopback.discord.entities import Guild
from bot.loopback.live.record import Kind, LiveEvent
from bot.loopback.loopback import BOT_TOKEN, Loopback
from bot.loopback.member.errors import MemberError
from bot.loopback.member.member import Member

HANGOVER_MS = 500
POLL_S = 0.02
START_TIMEOUT_S = 30.0
ANSWER_TIMEOUT_S = 10.0
QUIET_S = 0.6
"""An answer is over when the bot has sent no voiced packet for so long."""

INTERRUPT_AFTER_S = 3.0


class Show:
    """`run` plays it; `story` is what happened, complete even when a step failed half way."""

    def __init__(self, steps: Steps, out: Path) -> None:
        self.story = Story(HANGOVER_MS)
        self._steps = steps
        self._out = out

    async def run(self) -> None:
        """Play the whole script; a failed step ends it and is in the steps."""
        shutil.rmtree(self._out, ignore_errors=True)
        self._out.mkdir(parents=True)
        async with AsyncExitStack() as stack:
            try:
                await self._play(stack)
            except StepFailed:
                pass
            finally:
                self._keep()

    async def _play(self, stack: AsyncExitStack) -> None:
        with self._steps.step("a Discord and a Gemini Live on 127.0.0.1") as step:
            self._world = await stack.enter_async_context(Loopback())
            self._world.live.observer = self._observe
            step.detail = "REST, gateway, voice over TLS, UDP, DAVE, Live API"
        with self._steps.step("three members join a voice channel") as step:
            self._ana, self._ben, self._cleo = [
                await self._join(stack, name) for name in ("Ana", "Ben", "Cleo")
            ]
            step.detail = "Ana, Ben, and Cleo who only listens; end-to-end encrypted"
        with self._steps.step("the bot logs in") as step:
            environment = self._world.describe()["env"] | {"PARLEY_HANGOVER_MS": str(HANGOVER_MS)}
            self._bot = await stack.enter_async_context(bot_process(environment, self._out / "bot.log"))
            await self._commands_there()
            step.detail = "python -m bot, unmodified, and its commands are there"
        await self._converse()
        with self._steps.step("the bot ends on SIGTERM") as step:
            code = await stop(self._bot)
            step.detail = f"exit code {code}"
            if code != 0:
                raise StepFailed(f"exit code {code}")

    async def _converse(self) -> None:
        with self._steps.step("Ana types /join") as step:
            answer = await self._ana.type("join")
            await self._until(lambda: bool(self._world.live.sessions), ANSWER_TIMEOUT_S, "no Live session")
            notice = await self._ana.wait_message(
                lambda message: "listening" in message.content, ANSWER_TIMEOUT_S
            )
            step.detail = answer.content.replace(f"<#{self._world.voice_channel_id}>", "#Lounge")
            if not notice.content:
                raise StepFailed("no notice in the chat")
        with self._steps.step("Ana says hello, the bot answers") as step:
            await self._say(self._ana, "hello")
            step.detail = await self._answered("answer_hello")
            await self._quiet()
        with self._steps.step("Ana asks, Ben interrupts, the bot stops") as step:
            await self._say(self._ana, "long_question")
            await self._answered("answer_long")
            await asyncio.sleep(INTERRUPT_AFTER_S)
            spoken = await self._say(self._ben, "interrupt")
            step.detail = self._stopped(spoken)
        with self._steps.step("and Ben is answered instead") as step:
            step.detail = await self._answered("answer_short")
            await self._quiet()
        with self._steps.step("Ana asks it to leave") as step:
            await self._say(self._ana, "goodbye")
            step.detail = await self._answered("answer_goodbye")
            await self._until(
                lambda: self._bot_id not in self._guild.occupants(self._world.voice_channel_id),
                ANSWER_TIMEOUT_S,
                "it is still in the channel",
            )
            step.detail += "; it has left"

    # --- what members do ---

    async def _join(self, stack: AsyncExitStack, name: str) -> Member:
        world = self._world
        member = await stack.enter_async_context(
            Member(
                name,
                api_base=world.discord.api_base,
                gateway_url=world.discord.gateway_url,
                ca_file=world.ca_file,
            )
        )
        await member.join(world.guild_id, world.voice_channel_id)
        return member

    async def _say(self, member: Member, clip: str) -> Utterance:
        record = await member.say(clip)
        utterance = Utterance(member.name, clip, record)
        self.story.utterances.append(utterance)
        return utterance

    async def _commands_there(self) -> None:
        """Until the bot's commands can be typed: it is logged in and has synced them."""

        def failed() -> bool:
            return self._bot.returncode is not None

        await self._until(
            lambda: failed() or bool(self._world.discord.world.sessions.of(self._bot_id)),
            START_TIMEOUT_S,
            "it did not log in",
        )
        if failed():
            last = (self._out / "bot.log").read_text(errors="replace").strip().splitlines()[-1:]
            raise StepFailed(f"it ended with {self._bot.returncode}: {' '.join(last)}")

    # --- what must come of it ---

    async def _answered(self, clip: str) -> str:
        """Until the model has chosen `clip` and Cleo hears it. Says what was understood."""
        since = self.story.utterances[-1].record.started_at

        def chosen() -> list[LiveEvent]:
            return [event for event in self.story.of(Kind.ANSWER) if event.at > since]

        await self._until(lambda: bool(chosen()), ANSWER_TIMEOUT_S, "the model has not answered")
        understood = [
            f"“{heard.name}” ({heard.score:.2f})"
            for event in self.story.of(Kind.RECOGNISED)
            if event.at > since
            for heard in event.detail
        ] or ["nothing"]
        if chosen()[-1].detail != clip:
            raise StepFailed(
                f"the model understood {', '.join(understood)} and answered {chosen()[-1].detail}"
            )
        await self._until(
            lambda: self._last_heard() > chosen()[-1].at, ANSWER_TIMEOUT_S, "nobody heard the answer"
        )
        return f"understood {', '.join(understood)}"

    def _stopped(self, interruption: Utterance) -> str:
        """The answer under way must have ended while Ben was speaking."""
        began = interruption.record.started_at
        answers = [event.at for event in self.story.of(Kind.ANSWER) if event.at > began]
        heard_at = self._cleo.heard.voiced(self._bot_id, began)
        stopped_ms = local_stop_ms(interruption.record, heard_at, min(answers, default=float("inf")))
        if stopped_ms is None:
            raise StepFailed("the bot was not speaking when Ben began")
        if stopped_ms > (interruption.record.ended_at - began) * 1000:
            raise StepFailed("it went on talking")
        return f"silent {stopped_ms:.0f} ms after Ben's first packet"

    async def _quiet(self) -> None:
        """Until the bot has finished what it says."""
        loop = asyncio.get_running_loop()
        await self._until(
            lambda: loop.time() - self._last_heard() > QUIET_S, 30.0, "it does not stop talking"
        )

    async def _until(self, condition: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():  # noqa: ASYNC110  conditions of many kinds, seen from outside
                    await asyncio.sleep(POLL_S)
        except (TimeoutError, MemberError):
            raise StepFailed(otherwise) from None

    # --- what is kept ---

    @property
    def _guild(self) -> Guild:
        return self._world.discord.world.guilds[self._world.guild_id]

    @property
    def _bot_id(self) -> int:
        account = self._world.discord.world.accounts.by_token(BOT_TOKEN)
        assert account is not None
        return account.id

    def _last_heard(self) -> float:
        return self._cleo.heard.last_voiced(self._bot_id) or 0.0

    def _observe(self, event: LiveEvent) -> None:
        if event.kind is not Kind.AUDIO_IN:  # those are in the session's record
            self.story.events.append(event)

    def _keep(self) -> None:
        if not self.story.utterances:
            return
        self.story.sessions = list(self._world.live.sessions)
        self.story.heard = self._cleo.heard.mixed()
        self.story.bot = self._cleo.heard.track(self._bot_id)
        self.story.bot_heard_at = self._cleo.heard.voiced(self._bot_id)
