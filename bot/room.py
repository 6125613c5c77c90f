"""One voice channel with the bot in it: the whole conversation on one screen.

Every 20 ms the tick takes one frame from the channel and gives it one; the Live side and the voice side
report by events. All tasks live in one group: to leave is to cancel `run`, and nothing outlives it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import NoReturn

import structlog

from audio.formats import FRAME_MS
from bot.calls import Calls
from bot.clock import Beat, monotonic
from bot.departure import Departure
from bot.errors import ParleyError
from bot.hearing import Hearing
from bot.live import events as live
from bot.live.line import Connected, Disconnected, Line, LineEvent
from bot.live.usage import UsageMeter
from bot.settings import Settings
from bot.speaking import Speaking
from bot.status import RoomStatus, status_of, tally_of
from bot.tools.registry import Registry
from bot.turns.turn import FalseAlarm, SpeechOnset, TurnEnded, TurnStarted
from bot.voice import events as voice
from bot.voice.chat import NOTICE
from bot.voice.entry import VoiceRoom, ask_to_speak, move
from bot.voice.link import VoiceLink

log = structlog.get_logger(__name__)

OUTAGE_FAILURES = 2
"""A lost connection is replaced within half a second and nobody need know; a second failure is an outage."""

OUTAGE = "I have lost Google Gemini and am trying to reach it again. I answer as soon as it is back."
OUTAGE_OVER = "Google Gemini is back. Go on."


class RoomEnded(ParleyError):
    """The conversation is over; `sentence` is for the channel's chat, empty if there is nothing to say."""

    sentence = ""


class Room:
    """`run` is the conversation; everything else is for looking at it from outside."""

    def __init__(
        self,
        link: VoiceLink,
        line: Line,
        registry: Registry,
        settings: Settings,
        post: Callable[[str], Coroutine[object, object, object]],
    ) -> None:
        self.usage = UsageMeter(settings.gemini_model)
        self._link = link
        self._line = line
        self._registry = registry
        self._post = post
        self._hearing = Hearing(line, settings)
        self._speaking = Speaking()
        self._departure: Departure | None = None
        self._began_at = monotonic()
        self._clock = Beat(FRAME_MS / 1000, self._began_at)
        self._announced = False
        self._live_failures = 0
        self._last_speakers: frozenset[int] = frozenset()

    async def run(self, opened: asyncio.Future[Room]) -> NoReturn:
        """Until cancelled; fulfils `opened` when the bot can be talked to.

        Raises what ended it: RoomEnded (left, removed) or LiveError, never a group of them.
        """
        self._opened = opened
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._calls = Calls(tasks, self._registry, self._line, self)
                tasks.create_task(self._beat(), name="beat")
                tasks.create_task(self._watch_voice(), name="voice events")
                tasks.create_task(self._line.run(self._on_live), name="live line")
        except ExceptionGroup as group:
            expected, bugs = group.split(ParleyError)
            raise bugs or _first(expected) from None
        finally:
            log.info("room closed", **tally_of(self._link, self._line, self._speaking, self._clock.skipped))
        raise AssertionError("the beat never ends by itself")

    # --- the beat ---

    async def _beat(self) -> NoReturn:
        while True:
            self._tick(await self._clock.wait())

    def _tick(self, now: float) -> None:
        speaking = self._speaking
        for event in self._hearing.tick(self._link.inbound.tick(now), now, bot_speaking=speaking.playing):
            self._on_floor(event, now)
        packet = speaking.tick(now)
        if packet is not None:
            self._announce(True)
            self._link.send_packet_opus(packet)
        else:
            if not speaking.playing:
                self._announce(False)
            self._link.skip_frame()
        if self._departure is not None and self._departure.due(packet is not None, now):
            raise RoomEnded

    def _announce(self, speaking: bool) -> None:
        """Op 5, when it changes: members' clients show by it who speaks, and drop what was never announced.
        Hence already when sound comes from the model, a tick before its first packet leaves."""
        if speaking != self._announced:
            self._announced = speaking
            self._tasks.create_task(self._link.announce_speaking(speaking), name="op 5")

    # --- whose turn it is ---

    def _on_floor(self, event: SpeechOnset | FalseAlarm | TurnStarted | TurnEnded, now: float) -> None:
        match event:
            case SpeechOnset():
                self._speaking.duck()
            case FalseAlarm():
                self._speaking.unduck()
            case TurnStarted() if self._hearing.local_turns:
                self._speaking.yield_floor()
            case TurnEnded(turn=turn):
                self._last_speakers = frozenset(spoken.user_id for spoken in turn.speakers)
                self._speaking.turn_ended(now)
                self._calls.turn_over()
            case _:
                pass

    # --- what the model says ---

    def _on_live(self, event: LineEvent) -> None:
        match event:
            case live.Audio():
                self._speaking.push(event)
                if self._speaking.playing:
                    self._announce(True)
            case live.Interrupted():
                self._speaking.interrupted()
            case live.GenerationComplete() | live.TurnComplete():
                self._speaking.complete()
            case live.ToolCall():
                self._calls.start(event)
            case live.ToolCallsCancelled():
                self._calls.cancel(event.ids)
            case live.Usage():
                self.usage.add(event)
            case Connected():
                self._calls.cancel_all()
                self._speaking.connected()
                self._live_is_up()
            case Disconnected():
                self._live_failures += 1
                if self._live_failures == OUTAGE_FAILURES:
                    self._say_in_chat(OUTAGE)
            case _:
                pass

    def _live_is_up(self) -> None:
        if not self._opened.done():
            self._opened.set_result(self)
            self._say_in_chat(NOTICE)  # nothing that was heard before now has left this machine
        elif self._live_failures >= OUTAGE_FAILURES:
            self._say_in_chat(OUTAGE_OVER)
        self._live_failures = 0

    # --- what a tool may ask of the room ---

    @property
    def speakers(self) -> frozenset[int]:
        """Who spoke in the last turn."""
        return self._last_speakers

    def leave_when_quiet(self, reason: str) -> None:
        """Go, once the model's goodbye has been heard."""
        log.info("leaving", reason=reason)
        self._departure = self._departure or Departure(monotonic())

    # --- what happens to the channel ---

    async def _watch_voice(self) -> NoReturn:
        while True:
            match await self._link.next_event():
                case voice.Gone(sentence=sentence):
                    raise RoomEnded(sentence=sentence)
                case voice.Moved():
                    for event in self._hearing.finish(monotonic()):
                        self._on_floor(event, monotonic())
                    if self._opened.done():
                        self._say_in_chat(NOTICE)  # other people are there
                case voice.Connected(resumed=False):
                    self._tasks.create_task(ask_to_speak(self._link), name="ask to speak")
                case voice.SpeakerTrouble(user_id=user_id):
                    self._say_in_chat(
                        f"I cannot understand <@{user_id}>: their audio does not decrypt. Leaving the "
                        "channel and joining it again helps, or another voice region for the channel."
                    )
                case voice.Interrupted(reason=reason):
                    log.warning("voice connection interrupted", reason=reason)
                case _:
                    pass

    def _say_in_chat(self, text: str) -> None:
        """Without waiting: a chat that is slow must not hold up the conversation."""
        self._tasks.create_task(self._post(text), name="chat")

    async def move_to(self, channel: VoiceRoom) -> None:
        """Take the conversation along to another channel. Raises VoiceTimeout."""
        await move(self._link, channel)

    @property
    def channel_id(self) -> int:
        return self._link.channel.id

    def status(self) -> RoomStatus:
        """The figures of this moment."""
        now = monotonic()
        return status_of(
            self._link,
            uptime_s=now - self._began_at,
            answer_latency_ms=self._speaking.answer_latency_ms,
            live_connected=self._line.connected,
            now=now,
        )


def _first(group: BaseException | None) -> BaseException:
    """The first exception that is not itself a group."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    assert group is not None
    return group
