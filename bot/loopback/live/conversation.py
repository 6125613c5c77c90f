"""The model's half of a session: prompts in, turns out, one at a time, each of which can be cut off."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import numpy as np

from audio.formats import LIVE_IN_FRAME, LIVE_IN_HZ
from bot.loopback.live.calls import Call, Calls
from bot.loopback.live.channel import Channel
from bot.loopback.live.delivery import Delivery, until
from bot.loopback.live.faults import Moment, TurnFault
from bot.loopback.live.listening import Spoken
from bot.loopback.live.messages import Setup, ToolResponse
from bot.loopback.live.models import LiveModel, is_blocking
from bot.loopback.live.record import Kind
from bot.loopback.live.refusal import invalid
from bot.loopback.live.resumption import Kept
from bot.loopback.live.schema import Json
from bot.loopback.live.script import ToolUse
from bot.loopback.live.service import Service
from bot.loopback.live.wire import text_tokens

SILENCE_DB = -50.0
"""A turn without a louder 20 ms frame has nobody speaking in it."""
UNINTELLIGIBLE = "<noise>"
"""What the service transcribes speech as that it cannot make out."""


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
        self._calls = Calls(model)
        self._prompts: asyncio.Queue[Prompt] = asyncio.Queue()
        self._turn: asyncio.Task[None] | None = None
        self._delivery: Delivery | None = None
        self._floor = asyncio.Lock()

    async def run(self) -> None:
        """Answer prompts until cancelled; raises Refused and ConnectionClosed."""
        while True:
            prompt = await self._prompts.get()
            async with self._floor:
                turn = self._turn = asyncio.create_task(self._take_turn(prompt))
            try:
                await asyncio.wait({turn})
            finally:
                turn.cancel()
                await asyncio.wait({turn})
            self._turn = None
            if not turn.cancelled():
                turn.result()

    def prompt(self, prompt: Prompt) -> None:
        """Answer this when the present turn is over."""
        self._prompts.put_nowait(prompt)

    async def interrupt(self) -> None:
        """Cut the present turn off, if there is one: interrupted, cancellations, turnComplete."""
        async with self._floor:
            turn, faults = self._turn, self._service.faults
            if turn is None or turn.done():
                await self._cancel_calls(blocking_only=True)
                if faults.spurious_interrupted:
                    await self._say_interrupted()
                return
            turn.cancel()
            await asyncio.wait({turn})
            await self._cancel_calls(blocking_only=False)
            if faults.turn_complete_before_interrupted:
                await self._complete()
                await self._say_interrupted()
            else:
                await self._say_interrupted()
                await self._complete()

    async def tool_response(self, message: ToolResponse, now: float) -> None:
        """Raises Refused for what the model rejects."""
        for response in message.responses:
            call = self._calls.answer(response)
            self._channel.note(Kind.TOOL_RESPONSE if call else Kind.IGNORED, response)
            if call is None:
                continue
            if self._service.faults.late_cancellation:
                self._channel.note(Kind.TOOL_CANCELLED, [call.id])
                await self._channel.send({"toolCallCancellation": {"ids": [call.id]}})
            if call.blocking or response.scheduling == "SILENT":
                continue
            if response.scheduling == "INTERRUPT":
                await self.interrupt()
            self.prompt(ToolResult(call, now))

    # One turn

    async def _take_turn(self, prompt: Prompt) -> None:
        fault = self._service.faults.take_turn()
        if fault is TurnFault.SILENCE:
            return
        if self._setup.resumable:
            await self._channel.send({"sessionResumptionUpdate": {}})  # not resumable while generating
        match prompt:
            case Spoken():
                reply, asked_at = await self._reply_to(prompt), prompt.ended_at
            case Typed(text, asked_at):
                self._remember(text=text)
                reply = self._service.script.reply_to_text(text, shown=False)
            case ToolResult(call, asked_at) if call.left:
                await self._call(call.use, call.left - 1)
                return
            case ToolResult(call, asked_at):
                reply = call.use.then
        if fault is TurnFault.EMPTY or reply is None:
            await self._complete()
        elif fault is TurnFault.REJECTED:
            await self._complete(reason="RESPONSE_REJECTED")
        elif isinstance(reply, ToolUse):
            await self._call(reply, reply.times - 1)
        else:
            await self._answer(reply, asked_at, fault)

    async def _reply_to(self, spoken: Spoken) -> str | ToolUse | None:
        """What to say to a spoken turn; None to silence."""
        script, audio = self._service.script, spoken.audio
        self._remember(audio_s=len(audio) / LIVE_IN_HZ, text=" ".join(spoken.notes))
        if script.always is not None:
            return script.always
        frames = audio[: len(audio) // LIVE_IN_FRAME * LIVE_IN_FRAME].reshape(-1, LIVE_IN_FRAME)
        if not len(frames) or np.max(np.mean(frames**2, axis=1)) < 10.0 ** (SILENCE_DB / 10.0):
            return None
        heard = await self._service.recognise(audio)
        self._channel.note(Kind.RECOGNISED, heard)
        if self._setup.transcribe_input:
            text = " ".join(self._service.answers.clip(each.name).text for each in heard) or UNINTELLIGIBLE
            await self._transcribe(text)
        return script.reply(heard[-1].name if heard else None, self.tools)

    async def _transcribe(self, text: str) -> None:
        head, _, tail = text.partition(" ")
        for piece in filter(None, (head + " " if tail else head, tail)):
            await self._channel.send({"serverContent": {"inputTranscription": {"text": piece}}})
        await self._channel.send({"serverContent": {"inputTranscription": {"finished": True}}})

    async def _answer(self, name: str, asked_at: float, fault: TurnFault | None) -> None:
        pace = self._service.pace
        await until(asked_at + pace.delay_ms / 1000.0)
        self._channel.note(Kind.ANSWER, name)
        self._delivery = Delivery(
            self._service.answers.clip(name), pace, self._setup.transcribe_output, fault
        )
        await self._delivery.run(self._channel, self._service.answers, self._service.faults)
        await self._complete()

    async def _call(self, use: ToolUse, left: int) -> None:
        call = self._calls.new(use, left, blocking=is_blocking(self.tools[use.name], self._model))
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
        if left:
            await self._call(use, left - 1)
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
            message["usageMetadata"] = self._kept.context.bill(spoken_s)
        self._remember(audio_s=spoken_s)
        self._channel.note(Kind.TURN_COMPLETE, message.get("usageMetadata"))
        await self._channel.send(message)
        await self.offer_handle()
        await self._channel.strike(Moment.TURN_COMPLETE)

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
        await self._channel.send({"serverContent": {"interrupted": True}})
        await self._channel.strike(Moment.INTERRUPTED)

    async def _cancel_calls(self, *, blocking_only: bool) -> None:
        ids = self._calls.cancel(blocking_only=blocking_only)
        if ids:
            self._channel.note(Kind.TOOL_CANCELLED, ids)
            await self._channel.send({"toolCallCancellation": {"ids": ids}})

    def _remember(self, *, audio_s: float = 0.0, text: str = "") -> None:
        context = self._kept.context.with_audio(audio_s).with_text(text_tokens(text))
        if self._setup.compression is not None:
            context = context.compressed(*self._setup.compression)
        elif context.total > self._service.context_tokens:
            raise invalid("The input token count exceeds the maximum number of tokens allowed.")
        self._kept.context = context
