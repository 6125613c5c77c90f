"""One connection of a client: the handshake, then what it sends, dispatched."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from bot.loopback.live.activity import Mark
from bot.loopback.live.channel import Channel
from bot.loopback.live.conversation import Conversation, Typed
from bot.loopback.live.faults import Moment
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
from bot.loopback.live.models import LiveModel, accept, check_tools
from bot.loopback.live.record import Kind, LiveSessionRecord
from bot.loopback.live.refusal import DEADLINE, SETUP_FIRST, Refused, invalid, not_found
from bot.loopback.live.resumption import Kept
from bot.loopback.live.service import Service
from bot.loopback.live.usage import Context
from bot.loopback.live.wire import decode, text_tokens


class _Ended(Exception):
    """The client closed; takes the session's tasks with it."""


class LiveSession:
    """Create one per connection and `run` it."""

    def __init__(self, service: Service, socket: ServerConnection, record: LiveSessionRecord) -> None:
        self._service = service
        self._socket = socket
        self._record = record
        self.channel = Channel(socket, record, service.faults)

    async def run(self, version: str, refusal: Refused | None) -> None:
        """Serve until either side closes. `refusal` is what the key earned; it is told after the setup."""
        kept: Kept | None = None
        try:
            setup = await self._receive_setup(version)
            if refusal is not None:
                raise refusal
            model = accept(setup, version)
            kept = self._keep(setup, model)
            await self._converse(setup, model, kept, version)
        except* Refused as group:
            refused = group.exceptions[0]
            assert isinstance(refused, Refused)  # no task group within a task group, so nothing is nested
            await self.channel.close(refused.code, refused.reason)
        except* (ConnectionClosed, _Ended):
            pass
        finally:
            if kept is not None:
                self._service.resumptions.leave(kept, time.monotonic())
            self._note_close()

    def _note_close(self) -> None:
        if self._record.close is None:
            close = (self._socket.close_code or 1006, self._socket.close_reason or "")
            self._record.close = close
            self.channel.note(Kind.CLOSED, close)

    async def _receive_setup(self, version: str) -> Setup:
        messages = decode(await self._socket.recv(), version if version != "v1" else "v1beta")
        if len(messages) != 1 or not isinstance(messages[0], Setup):
            raise invalid(SETUP_FIRST)
        setup = messages[0]
        if version == "v1":
            raise not_found(setup.model, version)
        self._record.setup = setup
        return setup

    def _keep(self, setup: Setup, model: LiveModel) -> Kept:
        if setup.handle is None:
            return Kept(model.id, Context(system=setup.system_tokens))
        resumptions = self._service.resumptions
        kept = resumptions.resume(
            setup.handle, model.id, time.monotonic(), refuse=self._service.faults.resume_refused
        )
        kept.context = replace(kept.context, system=setup.system_tokens)
        return kept

    async def _converse(self, setup: Setup, model: LiveModel, kept: Kept, version: str) -> None:
        faults = self._service.faults
        await self.channel.strike(Moment.SETUP)
        if faults.setup_silence:
            await self._socket.wait_closed()
            return
        if faults.setup_delay_s:
            await asyncio.sleep(faults.setup_delay_s)
        self.channel.note(Kind.SETUP, setup)
        await self.channel.send({"setupComplete": {"sessionId": self._record.id}})
        conversation = Conversation(self._service, self.channel, setup, model, kept)
        await conversation.offer_handle()
        receiver = Receiver(self._record, self.channel, setup, model, conversation, kept)
        async with asyncio.TaskGroup() as group:
            group.create_task(conversation.run())
            group.create_task(self._grow_old())
            async for frame in self._socket:
                for message in decode(frame, version):
                    await receiver.receive(message)
            raise _Ended

    async def _grow_old(self) -> None:
        if self._service.lifetime_s is not None:
            await asyncio.sleep(self._service.lifetime_s)
            await self.go_away(self._service.go_away_s)

    async def go_away(self, time_left_s: float) -> None:
        """goAway now, 1011 after `time_left_s`."""
        await self.channel.send({"goAway": {"timeLeft": f"{time_left_s:g}s"}})
        self.channel.note(Kind.GO_AWAY, time_left_s)
        await asyncio.sleep(time_left_s)
        await self.channel.close(1011, DEADLINE)


class Receiver:
    """What each client message does."""

    def __init__(
        self,
        record: LiveSessionRecord,
        channel: Channel,
        setup: Setup,
        model: LiveModel,
        conversation: Conversation,
        kept: Kept,
    ) -> None:
        self._record = record
        self._channel = channel
        self._setup = setup
        self._model = model
        self._conversation = conversation
        self._kept = kept
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
                pass

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
        self._channel.note(Kind.TEXT_IN, text)
        if self._ear.manual and self._ear.turn is not None:
            self._ear.turn.notes.append(text)
        else:
            self._conversation.prompt(Typed(text, now))

    async def _content(self, message: ClientContent, now: float) -> None:
        text = "".join(text for _, text in message.turns)
        self._channel.note(Kind.TEXT_IN, text)
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
