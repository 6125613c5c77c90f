"""The model's half of a session: prompts in, turns out, one at a time, each of which can be cut off."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from audio.formats import LIVE_IN_HZ
from bot.loopback.live.calls import Call, Calls
from bot.loopback.live.channel import Channel
from bot.loopback.live.delivery import Delivery, until
from bot.loopback.live.faults import Moment, TurnFault
from bot.loopback.live.hearing import Hearing
from bot.loopback.live.listening import Spoken
from bot.loopback.live.memory import Memory
from bot.loopback.live.messages import Setup, ToolResponse
from bot.loopback.live.models import LiveModel, is_blocking
from bot.loopback.live.record import Kind, Known, Source
from bot.loopback.live.resumption import Kept
from bot.loopback.live.schema import Json
from bot.loopback.live.script import ToolUse
from bot.loopback.live.service import Service

REASONS: dict[TurnFault | None, str | None] = {
    TurnFault.EMPTY: None,
    TurnFault.REJECTED: "RESPONSE_REJECTED",
    TurnFault.FORBIDDEN: "PROHIBITED_INPUT_CONTENT",
}
"""The turns that hold nothing, and the turnCompleteReason of each."""


@dataclass(frozen=True, slots=True)
class Typed:
    """Text to answer; `at` is when it came."""

    text: str
    at: float


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A finished call of an earlier turn."""

    call: Call
    at: float


Prompt = Spoken | Typed | ToolResult


@dataclass(frozen=True, slots=True)
class _Asked:
    """A prompt that waits for its turn. `hearing` is that of a spoken one."""

    prompt: Prompt
    fault: TurnFault | None
    hearing: asyncio.Task[list[str] | None] | None


class Conversation:
    """`run` it in a task; everything else is called from the receiving side."""

    def __init__(
        self, service: Service, channel: Channel, setup: Setup, model: LiveModel, kept: Kept
    ) -> None:
        self._service = service
        self._channel = channel
        self._setup = setup
        self._model = model
        self._kept = kept
        self.tools = setup.tools
        self._searches = "google_search" in setup.built_in_tools
        self.memory = Memory(kept, channel.record, setup.compression, service.context_tokens)
        self._calls = Calls(model, service.faults)
        self._hearing = Hearing(service, channel, transcribed=setup.transcribe_input)
        self._prompts: asyncio.Queue[_Asked] = asyncio.Queue()
        self._turn: asyncio.Task[None] | None = None
        self._delivery: Delivery | None = None
        self._floor = asyncio.Lock()
        self._last: str | ToolUse | None = None
        """What was to be said last, whatever became of it."""
        self._untaken: _Asked | None = None
        """The prompt of the present turn until the model has taken it in."""
        self._sulks = False

    async def run(self) -> None:
        """Answer prompts until cancelled; raises Refused and ConnectionClosed."""
        try:
            while True:
                asked = await self._prompts.get()
                async with self._floor:
                    turn = self._turn = asyncio.create_task(self._take_turn(asked))
                try:
                    await asyncio.wait({turn})
                finally:
                    turn.cancel()
                    await asyncio.wait({turn})
                self._turn = None
                if not turn.cancelled():
                    turn.result()
        finally:
            await self._hearing.close()

    def prompt(self, prompt: Prompt) -> None:
        """Answer this when the present turn is over. A spoken one is heard at once."""
        fault, hearing = self._service.faults.take_turn(), None
        if isinstance(prompt, Spoken):
            if self._sulks:
                fault, self._sulks = TurnFault.SILENCE, False
            hearing = self._hearing.hear(prompt, tell=fault is not TurnFault.SILENCE)
        self._prompts.put_nowait(_Asked(prompt, fault, hearing))

    async def interrupt(self) -> None:
        """Cut the present turn off, if there is one: interrupted, cancellations, turnComplete.

        What waited for its turn becomes part of what the user says now.
        """
        async with self._floor:
            await self._supersede()
            turn, faults = self._turn, self._service.faults
            if turn is None or turn.done():
                await self._cancel_calls(blocking_only=True)
                if faults.spurious_interrupted:
                    await self._say_interrupted()
                return
            turn.cancel()
            await asyncio.wait({turn})
            if self._untaken is not None:
                asked, self._untaken = self._untaken, None
                await self._reply_to(asked)
            self._sulks = faults.silent_after_interrupted
            await self._cancel_calls(blocking_only=False)
            if faults.turn_complete_before_interrupted:
                await self._complete()
                await self._say_interrupted()
            else:
                await self._say_interrupted()
                await self._complete()

    async def _supersede(self) -> None:
        while not self._prompts.empty():
            asked = self._prompts.get_nowait()
            self._channel.note(Kind.SUPERSEDED, asked.prompt)
            await self._reply_to(asked)

    async def tool_response(self, message: ToolResponse, now: float) -> None:
        """Raises Refused for what the model rejects."""
        faults = self._service.faults
        for response in message.responses:
            call = self._calls.answer(response)
            self._channel.note(Kind.TOOL_RESPONSE if call else Kind.IGNORED, response)
            if call is None:
                continue
            if faults.late_cancellation:
                self._channel.note(Kind.TOOL_CANCELLED, [call.id])
                await self._channel.send({"toolCallCancellation": {"ids": [call.id]}})
            if call.blocking or (response.scheduling == "SILENT" and not faults.silent_ignored):
                continue
            if response.scheduling == "INTERRUPT":
                await self.interrupt()
            self.prompt(ToolResult(call, now))

    # One turn

    async def _take_turn(self, asked: _Asked) -> None:
        if asked.fault is not TurnFault.SILENCE and self._setup.resumable:
            await self._channel.send({"sessionResumptionUpdate": {}})  # not resumable while generating
        self._untaken = asked
        reply = self._last = await self._reply_to(asked)
        self._untaken = None
        prompt = asked.prompt
        if asked.fault is TurnFault.SILENCE:
            return
        if asked.fault in REASONS or reply is None:
            await self._complete(reason=REASONS.get(asked.fault))
        elif isinstance(reply, ToolUse):
            left = prompt.call.left if isinstance(prompt, ToolResult) else reply.times
            await self._call(reply, left - 1)
        elif not (isinstance(prompt, ToolResult) and self._service.faults.result_unspoken):
            asked_at = prompt.ended_at if isinstance(prompt, Spoken) else prompt.at
            await self._answer(reply, asked_at, asked.fault)

    async def _reply_to(self, asked: _Asked) -> str | ToolUse | None:
        """Take the prompt in; what to say to it, None to silence."""
        script = self._service.script
        shown = self.memory.take_shown()
        match asked.prompt:
            case Spoken(notes=notes) as spoken:
                assert asked.hearing is not None
                names = await asyncio.shield(asked.hearing)
                known = [Known(Source.NOTE, note) for note in notes]
                known.append(Known(Source.SPOKEN, " ".join(names or ())))
                self.memory.add(*known, audio_s=spoken.samples / LIVE_IN_HZ, text=" ".join(notes))
                if names is None:
                    return None
                return script.reply(names[-1] if names else None, self.tools)
            case Typed(text):
                self.memory.add(Known(Source.TYPED, text), text=text)
                if script.asks_again(text) and self._last is not None:
                    return self._last
                return script.reply_to_text(text, shown=shown)
            case ToolResult(call):
                self.memory.add(Known(Source.TOOL, call.use.name))
                return call.use if call.left else call.use.then

    async def _answer(self, name: str, asked_at: float, fault: TurnFault | None) -> None:
        service = self._service
        await until(asked_at + service.pace.delay_ms / 1000.0)
        for _ in range(2 if service.faults.answered_twice else 1):
            self._channel.note(Kind.ANSWER, name)
            self.memory.add(Known(Source.ANSWER, name))
            clip = service.answers.clip(name)
            lookup = service.script.lookups.get(name) if self._searches else None
            delivery = Delivery(clip, service.pace, self._setup.transcribe_output, fault, lookup)
            self._delivery = delivery
            await delivery.run(self._channel, service.answers, service.faults)
            if fault is TurnFault.INTERRUPTED:
                await self._say_interrupted()
            await self._complete()
            await delivery.afterword(self._channel)

    async def _call(self, use: ToolUse, left: int) -> None:
        faults = self._service.faults
        blocking = faults.blocking_calls or is_blocking(self.tools[use.name], self._model)
        call = self._calls.new(use, left, blocking=blocking)
        function = {"id": call.id, "name": use.name, "args": use.args}
        self._channel.note(Kind.TOOL_CALL, call.id)
        await self._channel.send({"toolCall": {"functionCalls": [function]}})
        await self._channel.strike(Moment.TOOL_CALL)
        if not call.blocking:
            await self._complete()
            return
        try:
            async with asyncio.timeout(self._service.tool_timeout_s):
                await call.answered.wait()
        except TimeoutError:
            await self._cancel_calls(blocking_only=True)
            await self._complete()
            return
        if call.left:
            await self._call(use, call.left - 1)
        elif faults.result_unspoken:
            await self._complete()
        else:
            await self._answer(use.then, time.monotonic(), None)

    async def _complete(self, reason: str | None = None) -> None:
        """turnComplete with the bill, then a fresh handle."""
        delivery, self._delivery = self._delivery, None
        spoken_s = delivery.spoken_s if delivery else 0.0
        content: Json = {"turnComplete": True}
        if reason is not None:
            content["turnCompleteReason"] = reason
        if self._model.interaction_status:
            content["interactionStatus"] = "IN_PROGRESS" if self._calls.pending else "IDLE"
        message: Json = {"serverContent": content}
        if not self._service.faults.omit_usage:
            message["usageMetadata"] = self.memory.bill(spoken_s)
        self.memory.add(audio_s=spoken_s)
        self._channel.note(Kind.TURN_COMPLETE, message.get("usageMetadata"))
        await self._channel.send_mark(message)
        if delivery is not None and delivery.audible:  # a turn without an answer is in no handle
            await self.offer_handle()
        await self._channel.strike(Moment.TURN_COMPLETE)
        if self._service.faults.interrupted_after_turn:
            await self._say_interrupted()

    async def offer_handle(self) -> None:
        """A resumption handle for the session as it is now, if the client asked for them and nothing is
        pending.
        """
        if self._setup.resumable and not self._calls.pending:
            handle = self._service.resumptions.issue(self._kept)
            self._channel.note(Kind.HANDLE, handle)
            await self._channel.send({"sessionResumptionUpdate": {"newHandle": handle, "resumable": True}})

    async def _say_interrupted(self) -> None:
        self._channel.note(Kind.INTERRUPTED)
        await self._channel.send_mark({"serverContent": {"interrupted": True}})
        await self._channel.strike(Moment.INTERRUPTED)

    async def _cancel_calls(self, *, blocking_only: bool) -> None:
        ids = self._calls.cancel(blocking_only=blocking_only)
        if ids:
            self._channel.note(Kind.TOOL_CANCELLED, ids)
            await self._channel.send({"toolCallCancellation": {"ids": ids}})
