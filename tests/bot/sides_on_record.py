"""The sides of a conversation, on record and in virtual time: a line, a mouth and tools that do what they are
told and nothing else, and a `Scene` in which people and the model speak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from audio.formats import LIVE_OUT_HZ
from audio.outbound import PlayedReply
from bot.answering import Prompt
from bot.conversation import Conversation
from bot.errors import LiveClosed
from bot.live.events import (
    Audio,
    GenerationComplete,
    InputTranscript,
    Interrupted,
    OutputTranscript,
    ToolCall,
    TurnComplete,
)
from bot.live.lifecycle import Start
from bot.live.line import Connected, Disconnected
from bot.notices import Notice
from bot.tools.registry import Asked
from bot.turns.exchange import Verdict
from bot.turns.floor import Floor, FloorRules, Interrupt, Mode
from bot.turns.turn import Spoken, Turn, TurnStarted

ANA, BEN = 1, 2
NAMES = {ANA: "Ana", BEN: "Ben"}
TICK_S = 0.02
PIECE_S = 0.1
"""Of the model's sound, as it comes."""


def piece(label: int, *, loud: bool = True) -> Audio:
    """100 ms that say which answer they are of."""
    amplitude = 1000 + label if loud else label
    return Audio(np.full(LIVE_OUT_HZ // 10, amplitude, "<i2").tobytes(), LIVE_OUT_HZ)


def label_of(audio: Audio) -> int:
    return int(np.frombuffer(audio.pcm16, "<i2")[0]) % 1000


class LineOnRecord:
    """`said` is what leaves, in order: what is held leaves when it is no longer."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.notes: list[str] = []
        self.takes_notes = True
        self.quiet = False
        self.settled_to = -1
        self.numbers: list[int] = []
        self._held: list[str] | None = None

    @property
    def held(self) -> bool:
        return self._held is not None

    @held.setter
    def held(self, held: bool) -> None:
        assert held is not self.held, "twice the same"
        waited, self._held = self._held, [] if held else None
        self.said += waited or ()

    def _say(self, what: str) -> None:
        (self.said if self._held is None else self._held).append(what)

    def _number(self) -> int:
        self.numbers.append(len(self.numbers) + 1)
        return self.numbers[-1]

    def start_turn(self, note: str | None = None) -> int:
        self._say("turn")
        if note is not None:
            self.notes.append(note)
        return self._number()

    def send_audio(self, pcm16: bytes) -> None:
        self._say("sound")

    def end_turn(self) -> None:
        self._say("end")

    def send_text(self, text: str) -> int:
        self._say(f"text {text}")
        return self._number()

    def send_image(self, jpeg: bytes) -> None:
        self._say(f"image {jpeg.decode()}")

    def remark(self, text: str) -> None:
        self._say("remark")

    def settled(self, number: int) -> None:
        assert number > self.settled_to, "settled twice"
        self.settled_to = number

    def stop_notes(self) -> None:
        self.takes_notes = False

    def reconnect(self, cause: str) -> None:
        self.said.append(f"reconnect: {cause}")


class MouthOnRecord:
    """Plays what it is given in real time, as long as the scene's clock goes on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.heard: list[int] = []
        """Labels of the answers that were given to play, each once in a row."""
        self.stops = 0
        self._from = self._until = 0.0
        self._open = False

    @property
    def playing(self) -> bool:
        return self._open or self.now < self._until

    def push(self, audio: Audio) -> None:
        if not self.playing:
            self._from = self._until = self.now
        self._open = True
        self._until = max(self._until, self.now) + PIECE_S
        if self.heard[-1:] != [label_of(audio)]:
            self.heard.append(label_of(audio))

    def finish(self) -> None:
        self._open = False

    def stop(self) -> PlayedReply:
        self.stops += 1
        played = PlayedReply(1000 * (self.now - self._from), max(0.0, 1000 * (self._until - self.now)))
        self._until, self._open = self.now, False
        return played


class ToolsOnRecord:
    """Calls wait for their verdict, and then for `Scene.calls_answered`."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.decided: dict[str, Verdict] = {}
        self.asked: dict[str, Asked] = {}
        self.turns = 0
        self.busy = False

    def called(self, call: ToolCall, asked: Asked) -> None:
        self.waiting.append(call.id)
        self.asked[call.id] = replace(asked, turn=None)
        self.busy = True

    def decide(self, verdict: Verdict | None) -> None:
        if verdict is not None:
            self.decided |= dict.fromkeys(self.waiting, verdict)
            self.waiting.clear()

    def cancel(self, ids: Iterable[str]) -> None:
        self.waiting = [call_id for call_id in self.waiting if call_id not in set(ids)]
        self.busy = False

    def cancel_all(self) -> None:
        self.waiting.clear()
        self.busy = False

    def turn_over(self) -> None:
        self.turns += 1


class Scene:
    """A conversation, its sides, and a clock. People are in the channel from the beginning."""

    def __init__(
        self,
        people: Mapping[int, str] = NAMES,
        *,
        mode: Mode = Mode.OPEN,
        interrupt: Interrupt = Interrupt.EVERYONE,
        hosts: frozenset[int] = frozenset(),
        local_turns: bool = True,
    ) -> None:
        self.now = 100.0
        self.line, self.mouth, self.tools = LineOnRecord(), MouthOnRecord(), ToolsOnRecord()
        self.told: list[Notice] = []
        rules = FloorRules(mode=mode, names=("Parley",), interrupt=interrupt, hosts=hosts)
        self.floor = Floor(rules)
        self.conversation = Conversation(
            self.line,
            self.mouth,
            self.tools,
            self.floor,
            name_of=lambda user_id: NAMES.get(user_id, "somebody"),
            tell=self.told.append,
            local_turns=local_turns,
        )
        self.conversation.present(people)
        self.connect(Start.FIRST)

    @property
    def heard(self) -> list[int]:
        return self.mouth.heard

    @property
    def minutes(self) -> list[str]:
        return self.conversation.minutes.lines

    def go_on(self, seconds: float, *, step_s: float = TICK_S) -> None:
        """Time passes, and nothing else happens."""
        for _ in range(round(seconds / step_s)):
            self.now += step_s
            self.mouth.now = self.now
            self.conversation.tick(self.now)

    def until_quiet(self) -> None:
        """Until the bot has finished speaking."""
        for _ in range(3000):
            if not self.mouth.playing:
                break
            self.go_on(TICK_S)
        self.go_on(TICK_S)

    # --- people ---

    def begin(self, *speakers: int) -> float:
        """They begin to speak. When their speech began."""
        self._speech_from = self.now - 0.1
        self.conversation.turn_started(TurnStarted(speakers, self._speech_from), self.now)
        self.conversation.send_audio(b"\0\0")
        return self._speech_from

    def end(self, *speakers: int, words: str | None = None, lost_s: float = 0.0) -> None:
        """They have finished; `words` are transcribed at once, None: not yet."""
        spoken = tuple(Spoken(user_id, self._speech_from, self.now, lost_s=lost_s) for user_id in speakers)
        self.conversation.turn_ended(Turn(spoken, self._speech_from, self.now, False), self.now)
        if words is not None:
            self.transcribed(words)

    def say(self, user_id: int, words: str | None = "What is that?", *, for_s: float = 1.0) -> None:
        """A whole turn."""
        self.begin(user_id)
        self.go_on(for_s)
        self.end(user_id, words=words)

    def transcribed(self, words: str, *, finished: bool = True) -> None:
        self.conversation.on_live(InputTranscript(words, finished), self.now)

    def type(self, text: str) -> list[str | None]:
        """Put a prompt; what its author gets, once it is there."""
        got: list[str | None] = []
        self.conversation.prompt(Prompt(text, done=got.append), self.now)
        return got

    def notes(self) -> str:
        """What the model was told beside the sound, newest last."""
        return " ".join(self.line.notes)

    # --- the model ---

    def model(self, *events: object) -> None:
        for event in events:
            self.conversation.on_live(event, self.now)  # type: ignore[arg-type]

    def speak(self, label: int, words: str = "", *, seconds: float = 1.0, loud: bool = True) -> None:
        """The beginning of an answer: its words and its sound, faster than real time."""
        if words:
            self.model(OutputTranscript(words))
        self.model(*[piece(label, loud=loud)] * round(seconds / PIECE_S))

    def over(self) -> None:
        """And its end."""
        self.model(GenerationComplete(), TurnComplete(None))

    def answer(self, label: int, words: str = "", *, seconds: float = 1.0) -> None:
        """A whole answer, half a second later."""
        self.go_on(0.5)
        self.speak(label, words, seconds=seconds)
        self.over()

    def interrupted(self) -> None:
        self.model(Interrupted(), TurnComplete(None))

    def call(self, call_id: str) -> None:
        self.model(ToolCall(call_id, "look", {}))
        self.go_on(TICK_S)

    def calls_answered(self) -> None:
        self.tools.busy = False
        self.conversation.calls_answered(self.now)

    # --- the connection ---

    def connect(self, start: Start = Start.RESUMED) -> None:
        self.model(Connected(1, start))

    def disconnect(self) -> None:
        self.model(Disconnected(LiveClosed(1011, "internal"), 0.5))


def heads(said: Sequence[str]) -> list[str]:
    """What left, without the sound and the texts."""
    return [what.split(" ")[0].rstrip(":") for what in said if what != "sound"]
