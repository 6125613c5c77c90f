"""What each message of a client does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from bot.loopback.live.activity import Mark
from bot.loopback.live.channel import Channel
from bot.loopback.live.conversation import Conversation, Typed
from bot.loopback.live.faults import LiveFaults, Moment
from bot.loopback.live.image import FrameRate, measure
from bot.loopback.live.listening import Ear, Spoken
from bot.loopback.live.messages import (
    ActivityEnd,
    ActivityStart,
    Audio,
    ClientContent,
    ClientMessage,
    ContextUpdate,
    MediaChunks,
    Setup,
    StreamEnd,
    Text,
    ToolResponse,
    Video,
)
from bot.loopback.live.models import LiveModel, check_tools, sees_all_video
from bot.loopback.live.record import ImageIn, Kind, TextIn
from bot.loopback.live.refusal import SETUP_FIRST, invalid
from bot.loopback.live.resumption import Kept
from bot.loopback.live.wire import text_tokens


class Receiver:
    """Of one session."""

    def __init__(
        self,
        faults: LiveFaults,
        channel: Channel,
        setup: Setup,
        model: LiveModel,
        conversation: Conversation,
        kept: Kept,
    ) -> None:
        self._faults = faults
        self._channel = channel
        self._record = channel.record
        self._setup = setup
        self._model = model
        self._conversation = conversation
        self._kept = kept
        self._frame_rate = FrameRate()
        self._sees_all = sees_all_video(setup, model)
        self._ear = Ear(setup.activity, ends_on_stream_end=model.ends_turn_on_stream_end)
        self._expecting_history = setup.initial_history
        self._began = False
        self._content_open = False

    async def receive(self, message: ClientMessage) -> None:
        """Raises Refused for what this session or its model does not take."""
        now = time.monotonic()
        match message:
            case Audio():
                self._began = True
                self._record.hear(message.pcm16, now)
                if self._ear.manual and self._ear.turn is None:
                    self._record.stray_samples += len(message.pcm16) // 2
                await self._heard(self._ear.hear(message, now))
            case ActivityStart():
                self._began = True
                await self._heard(self._ear.start(now))
            case ActivityEnd():
                await self._heard(self._ear.end(now))
            case StreamEnd():
                await self._heard(self._ear.stream_end(now))
            case Text(text):
                self._typed(text, now)
            case ClientContent():
                await self._content(message, now)
            case ToolResponse():
                self._record.tool_responses.extend(message.responses)
                await self._channel.strike(Moment.TOOL_RESPONSE)
                await self._conversation.tool_response(message, now)
            case MediaChunks(chunks):
                if not self._model.media_chunks:
                    raise invalid(
                        "realtime_input.media_chunks is deprecated. Use audio, video, or text instead."
                    )
                for chunk in chunks:
                    await self.receive(chunk)
            case ContextUpdate():
                self._update_context(message)
            case Setup():
                raise invalid(SETUP_FIRST)
            case Video():
                self._shown(message, now)

    async def _heard(self, happened: Sequence[Mark | Spoken]) -> None:
        for each in happened:
            if isinstance(each, Spoken):
                await self._turn_ended(each)
            else:
                kind = Kind.ACTIVITY_START if self._ear.manual else Kind.SPEECH_START
                self._channel.note(kind, self._record.samples)
                await self._tell_activity(Mark.START)
                await self._channel.strike(Moment.TURN_START)
                if self._setup.activity.interrupts:
                    await self._conversation.interrupt()

    async def _turn_ended(self, spoken: Spoken) -> None:
        kind = Kind.ACTIVITY_END if self._ear.manual else Kind.SPEECH_END
        self._channel.note(kind, self._record.samples)
        await self._tell_activity(Mark.END)
        await self._channel.strike(Moment.TURN_END)
        self._kept.doom = self._faults.take_doom()
        if self._kept.doom is not None:
            raise self._kept.doom
        if self._content_open:
            # After clientContent without turnComplete the server waits for more of it; spoken turns go
            # unanswered (google-gemini/live-api-web-console #60).
            self._channel.note(Kind.IGNORED, "spoken turn within an open client turn")
        else:
            self._conversation.prompt(spoken)

    async def _tell_activity(self, mark: Mark) -> None:
        if self._model.voice_activity_events and not self._ear.manual:
            offset = f"{self._record.samples / 16_000:.3f}s"
            await self._channel.send({"voiceActivity": {"type": mark.value, "audioOffset": offset}})

    def _typed(self, text: str, now: float) -> None:
        self._began = True
        turn = self._ear.turn if self._ear.manual else None
        self._channel.note(Kind.TEXT_IN, text)
        self._record.texts.append(TextIn(text, now, in_activity=turn is not None))
        if turn is not None and not self._faults.note_answered:
            turn.notes.append(text)
        else:
            self._conversation.prompt(Typed(text, now))

    def _shown(self, frame: Video, now: float) -> None:
        width, height = measure(frame.data, frame.mime_type)
        self._frame_rate.take(now)
        in_activity = self._ear.turn is not None
        seen = in_activity or self._sees_all
        self._channel.note(Kind.IMAGE_IN, (width, height))
        self._record.images.append(ImageIn(frame.data, width, height, now, in_activity, seen))
        if seen:
            self._conversation.memory.see(width, height)

    async def _content(self, message: ClientContent, now: float) -> None:
        text = "".join(text for _, text in message.turns)
        self._channel.note(Kind.TEXT_IN, text)
        self._record.texts.append(TextIn(text, now, in_activity=self._ear.turn is not None))
        if self._expecting_history and not self._began:
            # Initial history is not answered; the first realtime input is (pipecat gemini_live).
            self._kept.context = self._kept.context.with_text(text_tokens(text))
            self._expecting_history = not message.complete
        elif not self._model.history_any_time:
            raise invalid()
        elif message.complete:
            self._content_open = False
            await self._conversation.interrupt()
            self._conversation.prompt(Typed(text, now))
        else:
            self._content_open = True
            self._kept.context = self._kept.context.with_text(text_tokens(text))

    def _update_context(self, message: ContextUpdate) -> None:
        if not self._model.context_update:
            raise invalid()
        if message.tools is not None:
            check_tools(message.tools, (), self._model)
            self._conversation.tools = message.tools
        if message.system_tokens is not None:
            self._kept.context = replace(self._kept.context, system=message.system_tokens)
