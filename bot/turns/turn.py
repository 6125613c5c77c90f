"""Whose turn it is, from who was voiced when. Pure: one `push` per tick of the room.

    QUIET ──40 ms voiced──► ONSET ──enough voiced──► TURN ──hangover──► QUIET
      ▲                       │
      └──200 ms without───────┘

Every path through this table is visible outside as events, always in this order:
SpeechOnset, then either FalseAlarm or TurnStarted; TurnStarted, then TurnEnded.

How much voice is enough depends on what a mistake costs. While the bot is silent, a turn too many costs
little and a late one makes it slow: 60 ms. While it speaks, a turn silences it: 160 ms, by which time a cough
is over, and which together with the playout buffer stays below 400 ms after the real onset.

A voice may take its time to be recognised: a hoarse or gliding one up to a second and a half. So a turn
begins not where it became certain, but where that person's sound began.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeAlias

from audio.formats import FRAME_MS
from bot.turns.person import SOUND_GAP_MS, Person, Rule, Sound

HANGOVER_MS = 500
"""Google's advice for silence at the end of a turn is 500 to 800 ms; 100 to 200 cuts sentences in pieces."""

MAX_TURN_MS = 60_000
"""A turn that goes on longer is ended, and what follows is a turn of its own: a stuck microphone or a radio
in the channel must not grow a context that is billed again with every turn."""

LAPSE_MS = 200
"""An onset not confirmed and silent for this long was none. The closure of a plosive is below 150 ms."""

WORD_S = 0.16
"""For so long a sound that begins when the hangover is over may still turn out to be a word: 60 ms of voice,
after the unvoiced start (p, t, k, s) of many words. Without it "… penguins, Parley?" were two turns."""

MAX_WAIT_MS = 200
"""How much earlier than its tick a frame can have arrived: the playout buffer's bound and a margin. Packets
that were held for their keys are older, and would otherwise end the turn in the moment they are heard."""

LOOK_BACK_MS = 1500
"""How far before its confirmation a turn may begin. Synthetic voices in ten variants were confirmed after
160 ms in the median and 1.5 s at worst; a fan in the background must not make every turn longer than that."""


class HeardFrame(Protocol):
    """What one person's frame in one tick has to say about itself."""

    @property
    def user_id(self) -> int: ...
    @property
    def voiced(self) -> bool: ...
    @property
    def sounding(self) -> bool:
        """Whether there is any sound in it, a voice or not."""

    @property
    def arrived_at(self) -> float:
        """When the packet arrived, monotonic seconds."""

    @property
    def lost_s(self) -> float:
        """Sound of this person that got lost on the wire, in seconds since they came: it only grows."""


class Frame(NamedTuple):
    """A HeardFrame as a plain tuple."""

    user_id: int
    voiced: bool
    arrived_at: float
    sounding: bool = True
    lost_s: float = 0.0


ONSET = Rule(40, 100)
SPEECH = Rule(60, 100)
BARGE_IN = Rule(160, 300)


@dataclass(frozen=True, slots=True)
class SpeechOnset:
    """Somebody may have begun to speak: play the bot's voice softer."""

    user_id: int
    at: float


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """The onset was none: play as before."""

    at: float


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """Speech, confirmed. `speech_from` is the tick at which the sound began that turned out to be speech."""

    speakers: tuple[int, ...]
    speech_from: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """One person's part of a turn: arrival of the first and of the last voiced frame, monotonic seconds.

    `overlap_s`: how long they were voiced while somebody else of the turn was too; `lost_s`: how much of
    their sound got lost on the wire meanwhile.
    """

    user_id: int
    start: float
    end: float
    overlap_s: float = 0.0
    lost_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that is over. `speakers` in the order in which they began; `cut` if it reached its bound."""

    speakers: tuple[Spoken, ...]
    speech_from: float
    speech_until: float
    cut: bool


@dataclass(frozen=True, slots=True)
class TurnEnded:
    turn: Turn


TurnEvent: TypeAlias = SpeechOnset | FalseAlarm | TurnStarted | TurnEnded


class _OpenTurn:
    """A turn in progress."""

    def __init__(self, speech_from: float, now: float) -> None:
        self.speech_from = speech_from
        self.opened_at = now
        self.speech_until = -1.0
        self._spoken: dict[int, Spoken] = {}
        self._overlap_s: Counter[int] = Counter()
        self._lost_from_s: dict[int, float] = {}

    def add(self, user_id: int, person: Person, rule: Rule, sound: Sound) -> None:
        """`person`, of whom `rule` holds, was heard just now in `sound`."""
        known = self._spoken.get(user_id)
        start = known.start if known else person.heard_at - person.speech_s(rule)
        if known is None:
            near = sound.began_at >= self.speech_from - SOUND_GAP_MS / 1000.0
            self._lost_from_s[user_id] = sound.lost_before_s if near else sound.lost_s
        lost_s = sound.lost_s - self._lost_from_s[user_id]
        self._spoken[user_id] = Spoken(user_id, start, person.heard_at, lost_s=lost_s)
        self.speech_until = max(self.speech_until, person.heard_at)

    def voiced(self, user_ids: Iterable[int]) -> None:
        """These are voiced in this tick; of interest are those who take part."""
        together = [user_id for user_id in user_ids if user_id in self._spoken]
        if len(together) > 1:
            self._overlap_s.update(together)

    def closed(self, *, cut: bool) -> Turn:
        speakers = [
            replace(spoken, overlap_s=self._overlap_s[user_id] * FRAME_MS / 1000.0)
            for user_id, spoken in self._spoken.items()
        ]
        speakers.sort(key=lambda spoken: spoken.start)
        return Turn(tuple(speakers), self.speech_from, self.speech_until, cut)


class TurnDetector:
    """Local turn detection for one room.

    The hangover runs from the arrival of the last voiced packet, not from when it left the playout buffer, so
    a turn ends `hangover_ms` after the person did, rounded up to the next tick; not while a word may be
    beginning, or the rest of a sentence would become a turn of its own. A voiced frame on its own (a
    chair, a key that rings) neither begins a turn nor holds one open.
    """

    def __init__(self, hangover_ms: int = HANGOVER_MS, max_turn_ms: int = MAX_TURN_MS) -> None:
        self._hangover_s = hangover_ms / 1000.0
        self._max_turn_s = max_turn_ms / 1000.0
        self._people: dict[int, Person] = {}
        self._sounds: dict[int, Sound] = {}
        self._onset_at: float | None = None  # newest tick at which the onset rule held, if in ONSET
        self._turn: _OpenTurn | None = None

    @property
    def in_turn(self) -> bool:
        return self._turn is not None

    def push(
        self, frames: Iterable[HeardFrame], now: float, *, bot_speaking: bool = False
    ) -> list[TurnEvent]:
        """One tick: the frames of everybody who was heard in it. Called every tick, also when nobody was."""
        self._remember(frames, now)
        if self._turn is not None:
            return self._hold_or_end(self._turn, now)
        if not self._people and self._onset_at is None:
            return []
        events = self._find_onset(now)
        if self._onset_at is not None:
            events += self._confirm(now, BARGE_IN if bot_speaking else SPEECH)
        return events

    def finish(self, now: float) -> list[TurnEvent]:
        """End whatever is under way: the room moves or closes."""
        if self._turn is not None:
            return [self._end(self._turn, cut=True)]
        if self._onset_at is not None:
            return [self._lapse(now)]
        self._people.clear()
        return []

    def _remember(self, frames: Iterable[HeardFrame], now: float) -> None:
        forgotten = [user_id for user_id, person in self._people.items() if not person.tick()]
        for user_id in forgotten:
            del self._people[user_id]
        earliest = now - MAX_WAIT_MS / 1000.0
        for frame in frames:
            if frame.sounding or frame.voiced:
                self._sound(frame.user_id, frame.lost_s, now)
            if frame.voiced:
                person = self._people.get(frame.user_id)
                if person is None:
                    person = self._people[frame.user_id] = Person()
                person.voiced(min(max(frame.arrived_at, earliest), now))

    def _sound(self, user_id: int, lost_s: float, now: float) -> None:
        sound = self._sounds.get(user_id)
        if sound is None or now - sound.heard_at > SOUND_GAP_MS / 1000.0:
            sound = self._sounds[user_id] = Sound(now, lost_s, sound)
        sound.heard_at = now
        sound.lost_s = lost_s

    def _find_onset(self, now: float) -> list[TurnEvent]:
        onset = next((user_id for user_id, person in self._people.items() if person.meets(ONSET)), None)
        if onset is not None:
            begins = self._onset_at is None
            self._onset_at = now
            return [SpeechOnset(onset, now)] if begins else []
        if self._onset_at is not None and now - self._onset_at >= LAPSE_MS / 1000.0:
            return [self._lapse(now)]
        return []

    def _confirm(self, now: float, rule: Rule) -> list[TurnEvent]:
        speaking = {user_id: person for user_id, person in self._people.items() if person.meets(rule)}
        if not speaking:
            return []
        earliest = now - LOOK_BACK_MS / 1000.0
        speech_from = min(max(self._sounds[user_id].began_at, earliest) for user_id in speaking)
        self._turn = _OpenTurn(speech_from, now)
        self._onset_at = None
        for user_id, person in speaking.items():
            self._turn.add(user_id, person, rule, self._sounds[user_id])
        return [TurnStarted(tuple(speaking), speech_from)]

    def _hold_or_end(self, turn: _OpenTurn, now: float) -> list[TurnEvent]:
        held = False
        for user_id, person in self._people.items():
            if person.meets(SPEECH):
                turn.add(user_id, person, SPEECH, self._sounds[user_id])
                held = True
        turn.voiced(user_id for user_id, person in self._people.items() if person.voiced_now)
        if now - turn.opened_at >= self._max_turn_s:
            return [self._end(turn, cut=held)]
        if not held and now - turn.speech_until >= self._hangover_s and not self._begins_anew(now):
            return [self._end(turn, cut=False)]
        return []

    def _begins_anew(self, now: float) -> bool:
        """Whether a sound has begun just now that may be the next word."""
        return any(sound.heard_at == now and now - sound.began_at < WORD_S for sound in self._sounds.values())

    def _lapse(self, now: float) -> FalseAlarm:
        self._onset_at = None
        self._people.clear()
        return FalseAlarm(now)

    def _end(self, turn: _OpenTurn, *, cut: bool) -> TurnEnded:
        self._turn = None
        self._people.clear()
        return TurnEnded(turn.closed(cut=cut))
