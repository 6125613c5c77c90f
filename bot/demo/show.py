"""The stage of the demonstration: a Discord, a Gemini Live, three members, and the bot as it is."""

from __future__ import annotations

import shutil
from contextlib import AsyncExitStack
from pathlib import Path

from bot.demo.bot_process import bot_process, stop
from bot.demo.scenes import Scenes
from bot.demo.steps import StepFailed, Steps
from bot.demo.story import Story
from bot.demo.watch import Watch
from bot.loopback.loopback import Loopback
from bot.loopback.member.member import Member

HANGOVER_MS = 500
START_TIMEOUT_S = 30.0


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
                if self.story.utterances:
                    self._watch.keep()

    async def _play(self, stack: AsyncExitStack) -> None:
        with self._steps.step("a Discord and a Gemini Live on 127.0.0.1") as step:
            self._world = await stack.enter_async_context(Loopback())
            step.detail = "REST, gateway, voice over TLS, UDP, DAVE, Live API"
        with self._steps.step("three members join a voice channel") as step:
            ana, ben, cleo = [await self._join(stack, name) for name in ("Ana", "Ben", "Cleo")]
            self._watch = Watch(self._world, cleo, self.story)
            step.detail = "Ana, Ben, and Cleo who has no microphone; end-to-end encrypted"
        with self._steps.step("the bot logs in") as step:
            environment = self._world.env() | {
                "PARLEY_HANGOVER_MS": str(HANGOVER_MS),
                "PARLEY_DATABASE_URL": f"sqlite:///{self._world.ca_file.parent / 'parley.db'}",
            }
            self._bot = await stack.enter_async_context(bot_process(environment, self._out / "bot.log"))
            await self._commands_there()
            step.detail = "python -m bot, unmodified, and its commands are there"
        await Scenes(self._steps, self._world, self.story, self._watch, ana, ben, cleo).play()
        with self._steps.step("the bot ends on SIGTERM") as step:
            code = await stop(self._bot)
            step.detail = f"exit code {code}"
            if code != 0:
                raise StepFailed(f"exit code {code}")

    async def _join(self, stack: AsyncExitStack, name: str) -> Member:
        world = self._world
        member = await stack.enter_async_context(Member.of(world, name))
        await member.join(world.guild_id, world.voice_channel_id)
        return member

    async def _commands_there(self) -> None:
        """Until the bot's commands can be typed: it is logged in and has synced them."""
        sessions, bot_id = self._world.discord.world.sessions, self._watch.bot_id

        def failed() -> bool:
            return self._bot.returncode is not None

        await self._watch.until(lambda: failed() or sessions.of(bot_id), "it did not log in", START_TIMEOUT_S)
        if failed():
            last = (self._out / "bot.log").read_text(errors="replace").strip().splitlines()[-1:]
            raise StepFailed(f"it ended with {self._bot.returncode}: {' '.join(last)}")
