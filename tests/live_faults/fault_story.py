"""One failure of the Live service in the life of one room, and what came of it.

Ana asks something, and there the failure strikes; Ben says something that is not meant for the bot; then Ben
asks something. Or the failure strikes already in what is not meant. The Live server, its client, line,
conversation and room are the real ones, over TLS on 127.0.0.1; only Discord is not there.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fault_channel import ANA, BEN, CLEO, Channel, Standstill, answers, recording
from pydantic import SecretStr

from audio.formats import LIVE_IN_HZ
from bot.clock import monotonic
from bot.errors import ParleyError
from bot.live.line import Line
from bot.live.session import LiveClient
from bot.loopback.certificates import Certificates
from bot.loopback.live import Kind, Known, LiveServer, Needs, Switch
from bot.loopback.live.answer import AnswerBook
from bot.loopback.live.recognise import Recogniser
from bot.loopback.live.script import Script, ToolUse
from bot.loopback.live.service import Service
from bot.room import Room
from bot.settings import Settings
from bot.tools.who import WHO_IS_SPEAKING
from bot.turns.exchange import Patience
from bot.voice.chat import NOTICE
from tests.bot.home_on_record import HomeOnRecord

A_FIFTH = Patience(nudge_s=1.2, after_interrupted_s=0.8, reconnect_s=2.4, give_up_s=2.4, empty_s=0.4)
"""Of the time to wait for what does not come, so that this takes seconds; of that after an empty turn two
fifths, for a turnComplete within 0.3 s of another is a duplicate."""
HANGOVER_MS = 800
"""More than a busy machine stalls within a pause between two words: a turn must not end there."""
STALL_S = 0.6
"""A fifth, too."""
OVER_S = STALL_S + 0.9
"""An answer that is not heard for so long is over: by then one that broke off with its connection has begun
again."""

FIRST, OVERHEARD, NEXT = "answer_moon", "answer_yesterday", "answer_rice"
LONG = "answer_planets"
RECORDINGS = ("addressed", "mentioned", "addressed_ben", "addressed_cleo")
WAIT_S = 12.0
"""For an answer."""
OVERHEARD_S = HANGOVER_MS / 1000 + 1.0
"""By then the model has said something to what was not meant for it."""


@dataclass(slots=True)
class Story:
    """`first_s`, `next_s`: from the last sound of a question to the first of its answer, less what the
    machine stood still meanwhile; None: none came."""

    switch: Switch
    first_s: float | None = None
    next_s: float | None = None
    heard_s: Counter[str] = field(default_factory=Counter)
    posts: list[str] = field(default_factory=list)
    tally: Mapping[str, int] = field(default_factory=dict)
    notes: bool = True
    ended: BaseException | None = None
    sessions: list[tuple[Known, ...]] = field(default_factory=list)
    """What the model remembered at the end of each connection."""
    calls: int = 0
    strays: int = 0
    """Sound that came while no activity was open, in samples."""


class Studio:
    """What all stories share: certificates, and recordings that were made ready once."""

    def __init__(self, ca_file: Path) -> None:
        self._certificates = Certificates.create()
        self._certificates.write_ca(ca_file)
        self._ca_file = ca_file
        self._recogniser = Recogniser({name: recording(name, LIVE_IN_HZ) for name in RECORDINGS})
        self._book = AnswerBook(answers())
        self.standstill = Standstill()

    @asynccontextmanager
    async def server(self, script: Script) -> AsyncIterator[tuple[LiveServer, LiveClient]]:
        service = Service(script=script, answers=self._book, make_recogniser=lambda: self._recogniser)
        server = LiveServer(service)
        await server.start(self._certificates.server_context())
        client = LiveClient("a-key", server.base_url, self._ca_file)
        try:
            yield server, client
        finally:
            await client.close()
            await server.close()


class Cast:
    """A room with Ana and Ben in it, and its own Live server."""

    def __init__(self, server: LiveServer, client: LiveClient, standstill: Standstill) -> None:
        self.server = server
        self._standstill = standstill
        self.channel = Channel()
        self.posts: list[str] = []
        link: Any = self.channel
        settings = Settings(
            discord_token=SecretStr("t"), gemini_api_key=SecretStr("k"), parley_hangover_ms=HANGOVER_MS
        )
        self.room = Room(
            link,
            partial(Line, client),
            HomeOnRecord([WHO_IS_SPEAKING]),
            settings,
            post=self._post,
            patience=A_FIFTH,
        )
        self.opened: asyncio.Future[Room] = asyncio.get_running_loop().create_future()
        self.life = asyncio.create_task(self.room.run(self.opened))

    async def _post(self, text: str) -> None:
        if text != NOTICE:
            self.posts.append(text)

    async def until(self, condition: Callable[[], object], within_s: float = WAIT_S) -> bool:
        """Whether it came true before the time was up or the room over."""
        latest = monotonic() + within_s
        while not condition():
            if self.life.done() or monotonic() >= latest:
                return False
            await asyncio.sleep(0.05)
        return True

    async def ask(self, who: int, recording: str, answer: str) -> float | None:
        """Say it, and wait for the end of the answer, or for word that there is none. The answer's delay."""
        posts = len(self.posts)
        asked_at = await self.channel.say(who, recording)
        stood_s = self._standstill.total_s
        given_up = lambda: any(f"<@{who}>" in post for post in self.posts[posts:])  # noqa: E731
        await self.until(lambda: self.channel.first(answer, asked_at) or given_up())
        stood_s = self._standstill.total_s - stood_s
        await self.until(lambda: self.channel.quiet_since(monotonic()) > OVER_S)
        heard_at = self.channel.first(answer, asked_at)
        return None if heard_at is None else heard_at - asked_at - stood_s

    async def leave(self) -> BaseException | None:
        """What had ended the room before."""
        if self.life.done():
            return self.life.exception()
        self.life.cancel()
        await asyncio.wait({self.life})
        return None


async def tell(switch: Switch, studio: Studio, *, meant: bool = True) -> Story:
    """Play it through; a room that ends early ends the story. `meant`: it strikes in a question."""
    story, script = Story(switch), Script()
    if switch.needs is Needs.CALL:
        script.tools = {"addressed": ToolUse("who_is_speaking", {}, FIRST)}
    async with studio.server(script) as (server, client):
        if switch.needs is Needs.CONNECTION:
            _turn_on(switch, server)
        cast = Cast(server, client, studio.standstill)
        try:
            await _play(cast, switch, story, meant=meant)
        finally:
            story.tally = cast.room.status().live.tally
            story.notes = cast.room.status().live.notes
            story.ended = await cast.leave()
            story.heard_s, story.posts = cast.channel.heard_s, cast.posts
            story.sessions = [record.known for record in server.sessions]
            story.calls = sum(len(record.of(Kind.TOOL_CALL)) for record in server.sessions)
            story.strays = sum(record.stray_samples for record in server.sessions)
    if story.ended is not None and not isinstance(story.ended, ParleyError):
        raise story.ended
    return story


async def _play(cast: Cast, switch: Switch, story: Story, *, meant: bool) -> None:
    if not await cast.until(cast.opened.done, 20.0):
        return
    if switch.needs is Needs.INTERRUPTION:
        await cast.channel.say(CLEO, "addressed_cleo")
        await cast.until(lambda: cast.channel.heard_s[LONG] >= 0.5)
    if switch.needs is not Needs.CONNECTION:
        _turn_on(switch, cast.server)
    if meant:
        story.first_s = await cast.ask(ANA, "addressed", FIRST)
    await cast.channel.say(BEN, "mentioned")
    await asyncio.sleep(OVERHEARD_S)
    story.next_s = await cast.ask(BEN, "addressed_ben", NEXT)


def _turn_on(switch: Switch, server: LiveServer) -> None:
    switch.on(server.faults)
    server.faults.stall_s = STALL_S
