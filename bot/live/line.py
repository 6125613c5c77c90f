"""A room's line to the Live API: what is said goes out in order, whatever happens to the connection.

The room writes without waiting. While there is no connection, what is said is kept (bounded) and sent after.
A connection that ends, or that the server is about to end, is replaced by one that resumes the session, after
the old one has been closed. Thin: `outbox` decides what goes out, `lifecycle` when and how to connect.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Never, TypeAlias

import structlog

from bot.clock import monotonic
from bot.errors import LiveClosed, LiveError, LiveUnavailable
from bot.live.config import LiveSettings
from bot.live.connection import Changes, converse
from bot.live.events import GoAway, LiveEvent
from bot.live.failures import SetupTimeout
from bot.live.lifecycle import Attempt, Lifecycle, Start
from bot.live.models import Model, model
from bot.live.outbox import Outbox
from bot.live.outgoing import Response, Scheduling
from bot.live.session import LiveClient, LiveSession

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection is ready. `generation` counts them: 1 is the first. What was not settled is asked again
    on it, but for what is `gone`: too much was said to keep it. (So are prompts that were settled.)"""

    generation: int
    start: Start
    gone: frozenset[int] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A connection ended, or an attempt at another failed; the next is made in `retry_in_s`. Not told of a
    rollover, which is over in a moment, nor of attempts at the first connection."""

    error: LiveError
    retry_in_s: float


LineEvent: TypeAlias = LiveEvent | Connected | Disconnected


class Line:
    """Say with `start_turn`, `send_audio`, … at any time; hear by what `run` delivers.

    `configure` is asked before every connection, so that instruction and tools are of that moment; the handle
    is the line's own affair. `earlier`: the conversation began before a restart, and `handle` may resume it.
    """

    def __init__(
        self,
        client: LiveClient,
        configure: Callable[[Start], LiveSettings],
        *,
        handle: str | None = None,
        earlier: bool = False,
        clock: Callable[[], float] = monotonic,
        random_unit: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._configure = configure
        self._clock = clock
        self._life = Lifecycle(random_unit, handle=handle, earlier=earlier)
        self._outbox = Outbox()
        self._changes = Changes()
        self._quiet = False
        self._notes_stopped = False
        self._model: Model | None = None
        self.connected = False

    # --- what the room says ---

    def start_turn(self, note: str | None = None) -> int:
        """Somebody began to speak (local turn detection only). Interrupts an answer that is under way.

        `note` goes before the sound, where the line `takes_notes`. Returns the number of the prompt.
        """
        number = self._outbox.start_turn(note)
        self._changes.unsent.set()
        self._changes.leaving.set()
        return number

    def send_audio(self, pcm16: bytes) -> None:
        """Mono PCM16 at 16 kHz. Beyond ten seconds that wait to be sent the oldest is dropped and counted."""
        if pcm16:
            self._outbox.sound(pcm16)
            self._changes.unsent.set()

    def end_turn(self) -> None:
        """They have finished: the model answers."""
        self._outbox.end_turn()
        self._changes.unsent.set()
        self._changes.leaving.set()

    def send_text(self, text: str) -> int:
        """A prompt of its own, never inside a turn: it waits until the turn has ended. Returns its number."""
        number = self._outbox.text(text)
        self._changes.unsent.set()
        return number

    def remark(self, text: str) -> None:
        """Text that is no prompt, for this connection only: not numbered, not settled, never sent again."""
        if self.connected:
            self._outbox.remark(text)
            self._changes.unsent.set()

    def send_image(self, jpeg: bytes) -> None:
        """A frame for the text that follows; one a second leaves, and what is said later waits for it."""
        self._outbox.image(jpeg)
        self._changes.unsent.set()

    def respond(
        self,
        generation: int,
        call_id: str,
        name: str,
        result: Mapping[str, Any],
        scheduling: Scheduling | None = None,
    ) -> None:
        """Answer a tool call. One of an earlier connection is dropped: the server has forgotten its id."""
        if generation == self.generation and self.connected:
            self._outbox.respond(Response(call_id, name, result, scheduling))
            self._changes.unsent.set()

    def settled(self, number: int) -> None:
        """All prompts up to `number` have been answered and are never sent again."""
        self._outbox.settle(number)

    @property
    def held(self) -> bool:
        """Whether what is said stays here from now on; answers to tool calls do not."""
        return self._outbox.held

    @held.setter
    def held(self, held: bool) -> None:
        if held:
            self._outbox.hold()
        else:
            self._outbox.release()
            self._changes.unsent.set()

    def stop_notes(self) -> None:
        """No note leaves any more, not with a turn that is sent again either."""
        self._notes_stopped = True
        self._outbox.notes = False

    @property
    def takes_notes(self) -> bool:
        """Whether a note of `start_turn` reaches the model: by its entry in the table of models, with local
        turn detection, and until `stop_notes`. False before `run`."""
        return self._outbox.notes

    @property
    def waits_for_calls(self) -> bool:
        """Whether the model says nothing more until its calls are answered (BLOCKING functions only)."""
        return self._model is not None and not self._model.non_blocking_tools

    # --- the connection ---

    @property
    def generation(self) -> int:
        """The number of the present connection, or of the last one; 0 before the first."""
        return self._life.generation

    @property
    def tally(self) -> Counter[str]:
        """What happened to the connections so far, in words for people."""
        return self._life.tally

    @property
    def dropped_audio_bytes(self) -> int:
        return self._outbox.dropped_bytes

    @property
    def quiet(self) -> bool:
        """Whether this is a moment in which a rollover disturbs nobody; for the room to say."""
        return self._quiet

    @quiet.setter
    def quiet(self, quiet: bool) -> None:
        if quiet != self._quiet:
            self._quiet = quiet
            self._changes.leaving.set()

    def reconnect(self, cause: str) -> None:
        """Drop this connection and resume on another: the remedy for a session that has fallen silent."""
        if self.connected:
            self._life.drop(cause)
            self._changes.leaving.set()

    def renew(self, *, resumable: bool) -> None:
        """Have `configure` asked anew and the session be as it says, at the next quiet moment. `resumable`:
        it is of the same model."""
        self._life.renew(self._clock(), resumable=resumable)
        self._changes.leaving.set()

    @property
    def handle(self) -> str | None:
        """The newest by which the session can be resumed."""
        return self._life.handle

    async def run(self, deliver: Callable[[LineEvent], None]) -> Never:
        """Keep a connection open and deliver its events until cancelled.

        Raises LiveError when trying again cannot help or has not helped often enough.
        """

        def hear(event: LiveEvent) -> None:
            self._life.heard(event, self._clock())
            if isinstance(event, GoAway):
                log.info("live server will close this connection", time_left_s=event.time_left_s)
            deliver(event)

        while True:
            attempt = self._life.attempt(self._clock())
            error: LiveError | None = None
            try:
                async with self._opened(attempt) as session:
                    deliver(Connected(self.generation, attempt.start, self._outbox.gone))
                    await converse(
                        session,
                        self._outbox,
                        deliver=hear,
                        leave_at=lambda: self._life.leave_at(quiet=self._quiet, in_turn=self._outbox.in_turn),
                        changes=self._changes,
                        clock=self._clock,
                    )
                if self._life.dropping is not None:
                    error = LiveClosed(1000, self._life.dropping)
            except LiveError as closed:
                error = closed
            rest_s = self._life.closed(error, self._clock())
            if rest_s is None:
                raise error or LiveUnavailable("one goAway after another")
            if error is not None:
                log.warning("live connection ended", error=str(error), retry_in_s=round(rest_s, 2))
                if self.generation > 0:
                    deliver(Disconnected(error, rest_s))
            await asyncio.sleep(rest_s)

    @asynccontextmanager
    async def _opened(self, attempt: Attempt) -> AsyncIterator[LiveSession]:
        settings = replace(self._configure(attempt.start), resumption_handle=attempt.handle)
        local_turns = settings.turn_detection == "local"
        self._model = model(settings.model)
        self._outbox.notes = local_turns and self._model.notes and not self._notes_stopped
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(attempt.timeout_s):
                    session = await stack.enter_async_context(self._client.connect(settings))
            except TimeoutError:
                raise SetupTimeout(f"no answer to the setup within {attempt.timeout_s:g} s") from None
            self._life.opened(self._clock())
            if not self._life.resend:
                self._outbox.settle(self._outbox.heard)
            self._outbox.connected(local_turns=local_turns)
            self.connected = True
            try:
                yield session
            finally:
                self.connected = False
