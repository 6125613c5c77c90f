"""One voice channel with the bot in it: the shell around its conversation.

Every 20 ms the tick takes one frame from the channel and gives it one; the Live side and the voice side
report by events. What follows from them is decided in `bot.conversation`. All tasks live in one group: to
leave is to cancel `run`, and nothing outlives it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import NoReturn

import structlog

from audio.formats import FRAME_MS
from bot.announcements import Chat, unintelligible
from bot.answering import Prompt
from bot.calls import Calls
from bot.clock import Beat, monotonic, utc_now
from bot.company import Company
from bot.context import RoomContext
from bot.conversation import Conversation
from bot.errors import ParleyError, first_of
from bot.hearing import Hearing
from bot.home import Home
from bot.live import events as live
from bot.live.line import Connected, Disconnected, LineEvent
from bot.manners import Manners, RoomEnded
from bot.onair import OnAir
from bot.sessions import OpenLine, Sessions
from bot.settings import Settings
from bot.speaking import Speaking
from bot.status import RoomStatus, status_of, tally_of
from bot.store.rows import Stay
from bot.tools.behalf import OnBehalf
from bot.turns.exchange import Patience
from bot.turns.turn import FalseAlarm, SpeechOnset, TurnEnded, TurnEvent, TurnStarted
from bot.voice import events as voice
from bot.voice.chat import NOTICE
from bot.voice.entry import VoiceRoom, ask_to_speak, move
from bot.voice.link import VoiceLink
from bot.whereabouts import hush_again, hushed_until

log = structlog.get_logger(__name__)

PRODUCT_NAME = "Parley"
"""It answers to this besides what it is called in the server: the commands and the notice say so."""


class Room:
    """`run` is the conversation; `company` is who takes part and by which rules, `manners`, once it runs,
    what people can ask of the bot besides talking. `earlier` is where it was when the program ended."""

    def __init__(
        self,
        link: VoiceLink,
        open_line: OpenLine,
        home: Home,
        settings: Settings,
        post: Callable[[str], Coroutine[object, object, object]],
        earlier: Stay | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._link = link
        self._settings = settings
        self._home = home
        self._post = post
        self._earlier = earlier
        self._patience = patience
        names = dict.fromkeys((link.guild.me.display_name, PRODUCT_NAME, *settings.aliases))
        self.company = Company(
            lambda: link.people, lambda: home.chosen, lambda: home.persona(link.channel.id), tuple(names)
        )
        self._sessions = Sessions(
            settings,
            self.company,
            home,
            channel_id=lambda: self.channel_id,
            summary=lambda: self._conversation.minutes.summary(),
        )
        self._line = open_line(
            self._sessions.configure,
            handle=None if earlier is None else self._sessions.resume(earlier),
            earlier=earlier is not None,
        )
        self.noteworthy = asyncio.Event()
        """Something happened that a restart must not forget."""
        self._hearing = Hearing(settings)
        self._speaking = Speaking()
        self._context = RoomContext(self.company, link, home, self)
        self._began_at = monotonic()
        self._joined_at = utc_now() if earlier is None else earlier.joined_at
        self._beat = Beat(FRAME_MS / 1000, self._began_at)

    async def run(self, opened: asyncio.Future[Room]) -> NoReturn:
        """Until cancelled; fulfils `opened` when the bot can be talked to.

        Raises what ended it: RoomEnded (left, removed) or LiveError, never a group of them.
        """
        self._opened = opened
        try:
            async with asyncio.TaskGroup() as tasks:
                self._chat = Chat(tasks, self._post)
                self._on_air = OnAir(self._link, tasks)
                self._conversation = self._converse(tasks)
                self.manners = Manners(self.company, self._conversation, self._chat, self._end_turn)
                if self._earlier is not None:
                    self._conversation.minutes.resume(self._earlier.summary)
                    hush_again(self.company.presence, self._earlier.hushed_until)
                tasks.create_task(self._beat.run(self._tick), name="beat")
                tasks.create_task(self._watch_voice(tasks), name="voice events")
                tasks.create_task(self._line.run(self._on_live), name="live line")
        except ExceptionGroup as group:
            expected, bugs = group.split(ParleyError)
            raise bugs or first_of(expected) from None
        finally:
            self.manners.close()
            log.info("room closed", **tally_of(self._link, self._line, self._speaking, self._beat.skipped))
        raise AssertionError("the beat never ends by itself")

    def _converse(self, tasks: asyncio.TaskGroup) -> Conversation:
        calls = Calls(
            tasks,
            self._home,
            self._line,
            partial(OnBehalf, self._context),
            settled=lambda: conversation.calls_answered(monotonic()),
            working=self._speaking.work,
            listening=lambda: conversation.listening,
            idle=lambda: conversation.idle,
        )
        conversation = Conversation(
            self._line,
            self._speaking,
            calls,
            self.company.floor,
            name_of=self._link.name_of,
            tell=lambda notice: self._chat.notify(notice, self.status().speakers),
            local_turns=self._hearing.local_turns,
            patience=self._patience,
        )
        return conversation

    # --- the beat ---

    def _tick(self, now: float) -> None:
        speaking, inbound = self._speaking, self._link.inbound
        tick = inbound.tick(now)
        for event in self._hearing.tick(tick, inbound.stats, now, bot_speaking=speaking.playing):
            self._on_heard(event, now)
        self._conversation.tick(now)
        self._chat.tick(now)
        packet = speaking.tick(now)
        if packet is not None:
            self._on_air.set(True)
            self._link.send_packet_opus(packet)
        else:
            if not speaking.sounding:
                self._on_air.set(False)
            self._link.skip_frame()
        if self._opened.done():
            self.manners.tick(now, sounding=packet is not None)

    # --- the channel ---

    def _on_heard(self, event: TurnEvent | bytes, now: float) -> None:
        if self.company.presence.hushed:
            return
        match event:
            case bytes():
                self._conversation.send_audio(event)
            case SpeechOnset():
                self._speaking.duck()
            case FalseAlarm():
                self._speaking.unduck()
            case TurnStarted():
                self.company.presence.spoke(now)
                self._conversation.turn_started(event, now)
            case TurnEnded(turn=turn):
                self.company.presence.spoke(now)
                self._context.turn_ended(turn)
                self._conversation.turn_ended(turn, now)
                self._speaking.asked(now)

    def _end_turn(self) -> None:
        """What is being said ends here, whoever says it."""
        now = monotonic()
        for event in self._hearing.finish(now):
            self._on_heard(event, now)

    async def _watch_voice(self, tasks: asyncio.TaskGroup) -> NoReturn:
        while True:
            match await self._link.next_event():
                case voice.Gone(sentence=sentence):
                    raise RoomEnded(sentence=sentence)
                case voice.Moved():
                    self._end_turn()
                    if self._sessions.elsewhere:
                        self.changed()
                    if self._opened.done():
                        self._chat.say(NOTICE)  # other people are there
                case voice.Connected(resumed=False):
                    tasks.create_task(ask_to_speak(self._link), name="ask to speak")
                case voice.PersonJoined() | voice.PersonLeft():
                    self.company.look_again()
                case voice.SpeakerTrouble(user_id=user_id):
                    self._chat.say(unintelligible(user_id))
                case voice.Interrupted(reason=reason):
                    log.warning("voice connection interrupted", reason=reason)
                case _:
                    pass

    # --- the model ---

    def _on_live(self, event: LineEvent) -> None:
        now = monotonic()
        self._conversation.on_live(event, now)
        match event:
            case live.Audio() if self._speaking.playing:
                self._on_air.set(True)
            case live.Usage():
                self._sessions.used(event)
            case live.Resumable():
                self._sessions.handed()
                self.noteworthy.set()
            case Connected():
                self._chat.live_connected()
                if not self._opened.done():
                    self._opened.set_result(self)  # nothing that was heard before now has left this machine
                    self.manners.arrive(now, self._earlier)
            case Disconnected():
                self._chat.live_lost(now)

    # --- from outside ---

    async def move_to(self, channel: VoiceRoom) -> None:
        """Take the conversation along to another channel. Raises VoiceTimeout."""
        await move(self._link, channel)

    def tell(self, text: str) -> None:
        """Let the model know, and say something about it, as soon as nobody speaks."""
        self._conversation.prompt(Prompt(text), monotonic())

    def play(self, pcm16: bytes, hz: int) -> bool:
        """Let the channel hear something that is no part of the conversation. False: somebody speaks, or the
        bot is hushed."""
        if self.company.presence.hushed or not self.idle:
            return False
        self._speaking.push(live.Audio(pcm16, hz))
        self._speaking.finish()
        return True

    def changed(self) -> None:
        """The server has chosen anew, or the bot is somebody else: go by it from the next quiet moment on."""
        self.company.rules_changed()
        self._line.renew(resumable=self._sessions.wanted_model == self._sessions.model)

    def stay(self) -> Stay:
        """Where the bot is, and what it needs to go on after a restart."""
        return Stay(
            guild_id=self._link.channel.guild.id,
            channel_id=self.channel_id,
            joined_at=self._joined_at,
            seen_at=utc_now(),
            model=self._sessions.model,
            handle=self._line.handle,
            handle_at=self._sessions.handle_at,
            summary=self._conversation.minutes.summary(),
            hushed_until=hushed_until(self.company.presence),
        )

    @property
    def idle(self) -> bool:
        """Whether nobody speaks."""
        return self._conversation.idle

    @property
    def channel_id(self) -> int:
        return self._link.channel.id

    def status(self) -> RoomStatus:
        """The figures of this moment."""
        return status_of(
            self._link,
            self._line,
            self._speaking,
            self._conversation,
            self.company,
            usage=self._sessions.usage,
            spent_usd=self._home.spent_usd,
            began_at=self._began_at,
            now=monotonic(),
        )
