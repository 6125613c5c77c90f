"""The far end of one connection: it hears turns, answers them, and is interrupted. As strict as the real one.

prompts (turns, texts) ──► pending ──first sound──► context
                              ▲ │
             activity_start ──┘ └── an answer owes itself to all of them
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bot.live import events as live
from tests.soak.judge import Judge, Wish
from tests.soak.nature import Nature
from tests.soak.speech import Speech, silence
from tests.soak.wire import Socket
from tests.soak.words import read_words

REMEMBERED = 200
"""Turns. The real context is compressed, too; a turn said twice is said twice within minutes."""

HANDLE_AFTER_S = (0.05, 1.0)

HEARD_AFTER_S = (0.3, 0.5)
"""What is being said is not recognised sooner."""

EARLY = 3
"""The word with which the first piece of a transcription comes."""


@dataclass
class Context:
    """What a session knows: the turns that it has heard, and had done with."""

    turns: list[int] = field(default_factory=list)

    def copy(self) -> Context:
        return Context(self.turns[-REMEMBERED:])


@dataclass
class _Turn:
    """A turn that is being spoken."""

    places: dict[int, list[int]] = field(default_factory=dict)
    noted: bool = False


@dataclass(frozen=True)
class Prompt:
    """Something that the model is asked: a turn, or (None) a text or a turn of which no word arrived."""

    turn: int | None
    noted: bool = False


class Model:
    """A `wire.Server`."""

    def __init__(
        self,
        socket: Socket,
        context: Context,
        nature: Nature,
        judge: Judge,
        random: Random,
        issue: Callable[[Socket, Context], None],
        broke: Callable[[Socket], None],
    ) -> None:
        self._socket, self._context, self._nature = socket, context, nature
        self._judge, self._random, self._issue, self._broke = judge, random, issue, broke
        self._loop = asyncio.get_running_loop()
        self._open: _Turn | None = None
        self._pending: list[Prompt] = []
        self._cut_off: list[int] = []  # turns whose answer was interrupted, perhaps unheard
        self._speech: Speech | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._repeat: tuple[int, ...] = ()
        self._cancelled: str | None = None
        self._words_at = 0.0
        self._told: dict[int, int] = {}  # characters of the turn that were transcribed while it was spoken

    # --- what the client says ---

    def activity_start(self) -> None:
        if self._open is not None:
            self._refuse("activity_start within a turn")
        self._open = _Turn()
        self._interrupt()
        if self._random.random() < self._nature.closes_in_turn:
            self._timers.append(self._loop.call_later(self._random.uniform(0, 8), self._broke, self._socket))

    def audio(self, pcm16: bytes) -> None:
        if self._open is None:
            return self._refuse("sound outside a turn")
        for turn, place in read_words(pcm16):
            self._open.places.setdefault(turn, []).append(place)
            if self._nature.pieces and place == EARLY:
                self._transcribe(turn, first=True)
        return None

    def activity_end(self) -> None:
        if self._open is None:
            return self._refuse("activity_end without a start")
        ended, self._open = self._open, None
        if len(ended.places) > 1:
            self._complain(f"turns {list(ended.places)} arrived as one", "merged turns")
        for number, places in ended.places.items():
            again = number in self._context.turns or any(p.turn == number for p in self._pending)
            self._judge.heard(number, places, self._loop.time(), again=again)
            self._transcribe(number, first=False)
        self._pending.append(Prompt(next(iter(ended.places), None), ended.noted))
        self._consider()
        return None

    def text(self, text: str) -> None:
        if self._open is None:
            self._judge.figures["texts"] += 1
            self._pending.append(Prompt(None))
            return self._consider()
        self._open.noted = True
        self._judge.figures["notes"] += 1
        if self._nature.answers_notes:
            self._judge.figures["notes answered"] += 1
            self._speak((), (), lambda: None)
        return None

    def image(self, jpeg: bytes) -> None:
        if self._open is not None:
            self._refuse("an image within a turn")

    def response(self, call_id: str, name: str, result: Mapping[str, Any]) -> None:
        if call_id != self._cancelled and (self._speech is None or not self._speech.answered(call_id)):
            self._complain(f"{name} ({call_id}) was not asked for", "unknown calls")

    def gone(self) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._speech is not None:
            self._speech.cancel()

    # --- what it makes of it ---

    def _consider(self, after_s: float | None = None) -> None:
        """Answer what is pending, unless somebody speaks or an answer is under way."""
        if self._open is not None or self._speech is not None or not self._pending:
            return
        first_s = self._random.uniform(*self._nature.first_s) if after_s is None else after_s
        self._timers = [timer for timer in self._timers if timer.when() > self._loop.time()]
        self._timers.append(self._loop.call_later(first_s, self._answer, len(self._pending)))

    def _answer(self, pending: int) -> None:
        if self._open is not None or self._speech is not None or pending != len(self._pending):
            return None  # things have changed since
        turns = tuple(prompt.turn for prompt in self._pending if prompt.turn is not None)
        saids = [self._judge.turns[number] for number in turns if number in self._judge.turns]
        meant = len(turns) < len(self._pending) or any(said.wish is not Wish.SILENCE for said in saids)
        if not meant and self._random.random() < self._nature.silent:
            return self._stay_silent()
        if (fault := self._fault(turns)) is not None:
            return self._fail(fault)
        passes_for = tuple(self._cut_off)
        if len(turns) < len(self._pending):
            # "Please answer" is about what was said last, or about what was to follow from a tool.
            passes_for += (*self._context.turns[-2:], *self._judge.results_due(self._context.turns[-20:]))
        noted = any(prompt.noted for prompt in self._pending)
        self._repeat = turns if noted and self._nature.answers_twice else ()
        return self._speak(turns, passes_for, self._begun)

    def _speak(self, owed: tuple[int, ...], passes_for: tuple[int, ...], begun: Callable[[], None]) -> None:
        self._speech = Speech(
            self._socket, self._nature, self._judge, self._random, owed, passes_for, begun, self._over
        )

    def _begun(self) -> None:
        """The first sound of the answer has left: its prompts are answered, as far as the model knows."""
        self._done_with_pending()
        self._cut_off.clear()

    def _over(self) -> None:
        """The answer is over, and taken to have been heard."""
        speech, self._speech = self._speech, None
        if self._repeat:
            turns, self._repeat = self._repeat, ()
            self._judge.figures["answers twice"] += 1
            if speech is not None and speech.called:  # it may as well be what was to follow from the tool
                self._judge.result_due(turns)
            self._speak(turns, (), lambda: None)
        elif self._pending:
            self._consider()
        else:
            self._timers.append(self._loop.call_later(self._random.uniform(*HANDLE_AFTER_S), self._hand_over))

    def _interrupt(self) -> None:
        speech, self._speech, self._repeat = self._speech, None, ()
        if speech is not None:
            self._cancelled = speech.call_id
            if speech.interrupt():
                self._cut_off += [*speech.passes_for, *speech.owed]
            return
        if self._pending and self._random.random() < 0.5:
            self._socket.emit(live.Interrupted())

    def _stay_silent(self) -> None:
        """The model has heard it and takes it not to have been meant."""
        self._done_with_pending()
        self._socket.emit(live.TurnComplete(None))
        self._over()

    def _done_with_pending(self) -> None:
        self._context.turns += [prompt.turn for prompt in self._pending if prompt.turn is not None]
        self._pending.clear()

    def _hand_over(self) -> None:
        """A handle, if nothing is open: one that does not know of a turn would lose it, as would one that
        knows of it but not of the answer."""
        if not (self._open or self._pending or self._cut_off or self._speech):
            self._issue(self._socket, self._context)

    # --- what goes wrong ---

    def _fault(self, turns: tuple[int, ...]) -> str | None:
        """At most two in a row for one turn, a dead connection counts for both: the remedies are two."""
        chosen = self._random.random()
        saids = [self._judge.turns[number] for number in turns if number in self._judge.turns]
        if (
            not saids
            or max(said.silent_faults for said in saids) >= 2
            or any(map(self._judge.was_mute, saids))
        ):
            return None
        nature = self._nature
        for name in ("no_answer", "empty_answer", "text_only", "zero_audio"):
            chosen -= getattr(nature, name)
            if chosen < 0:
                for said in saids:
                    said.silent_faults += 1
                self._judge.figures["silent faults"] += 1
                return name
        return None

    def _fail(self, fault: str) -> None:
        emit = self._socket.emit
        if fault == "text_only":
            emit(live.OutputTranscript("Yes."))
        if fault == "zero_audio":
            for _ in range(2):
                emit(silence())
        if fault in ("text_only", "zero_audio"):
            emit(live.GenerationComplete())
        if fault != "no_answer":
            emit(live.TurnComplete(None))

    def _transcribe(self, number: int, *, first: bool) -> None:
        """The input transcription, whole after the turn or in two pieces, the first while it is spoken."""
        said = self._judge.turns.get(number)
        if said is None:
            return
        half = len(said.text) // 2 if first else self._told.pop(number, 0)
        if first:
            self._told[number] = half  # somebody may join in, and the text get longer
            after_s, event = (
                self._random.uniform(*HEARD_AFTER_S),
                live.InputTranscript(said.text[:half], False),
            )
        else:
            late = self._random.random() < self._nature.late_words
            after_s = self._random.uniform(0.5, 2.0) if late else self._random.uniform(0.05, 0.5)
            event = live.InputTranscript(said.text[half:], self._nature.says_finished)
        # In the order of the turns, and of the pieces.
        self._words_at = max(self._words_at + 0.001, self._loop.time() + after_s)
        self._timers.append(self._loop.call_at(self._words_at, self._socket.emit, event))

    def _refuse(self, what: str) -> None:
        self._complain(what, "protocol errors")
        self._socket.die(1007, "Request contains an invalid argument.")

    def _complain(self, what: str, figure: str) -> None:
        self._judge.complain(self._loop.time(), what, figure)
