"""What the gate, the watchdogs and the labels cost, beside what a room does anyway.

Two people are in a channel. Ana says a sentence to the bot, the model transcribes and answers it, over and
over: the parts of a real room, in virtual time and without a socket. *Anyway* is receiving (transport, DAVE,
Opus), hearing (limit, resample, turns) and speaking (resample, encode). *Besides* are `Conversation` and
`Manners`: who is meant, which answer is owed, what to do for want of one, who speaks, who is there, is it
time to go.
"""

from __future__ import annotations

import os
import statistics
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar, cast

from audio import rtp
from audio.e2ee import E2ee
from audio.formats import DISCORD_FRAME, FRAME_MS, LIVE_OUT_HZ, SILENCE_PACKET, to_pcm16
from audio.inbound import Inbound
from audio.transport import Aes256Gcm
from bot.company import Company
from bot.conversation import Conversation
from bot.guilds import GuildSettings
from bot.hearing import Hearing
from bot.live import events as live
from bot.live.line import Line, LineEvent
from bot.loopback import speech
from bot.loopback.member.opus import packets_of
from bot.manners import Manners
from bot.settings import Settings
from bot.speaking import Speaking
from bot.turns.floor import Floor, FloorRules, Mode
from bot.turns.notes import News
from bot.turns.turn import TurnEnded, TurnStarted
from tests.audio.dave_pair import DaveGroup
from tests.bot.home_on_record import PARLEY

BOT, ANA, BEN = 1, 2, 3
PEOPLE = {ANA: "Ana", BEN: "Ben"}
SSRC = 4711
SAID, ANSWERED = "addressed", "answer_moon"  # 3.1 and 5.3 s
CHUNK_MS = 40  # one of them every tick: twice real time
TICK_S = FRAME_MS / 1000
TURNS = 30
ROUNDS = 200

T = TypeVar("T")


def measure() -> dict[str, dict[str, float]]:
    """µs of one beat, turn, piece of sound, judgement and label; ratio and share of a core of them all.
    Medians over the turns of one conversation."""
    room = _Room()
    room.turn()  # it compiles patterns and fills caches
    turns = [room.turn() for _ in range(TURNS)]
    found = {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}
    found |= {"gate_us": _gate_us(), "label_us": _label_us()}
    return {"cost": {name: round(value, 3) for name, value in found.items()}}


def _gate_us() -> float:
    """Who is meant by what was said: every recorded sentence, judged among two."""
    floor = Floor(FloorRules(Mode.NAMED, ("Parley",)))
    floor.present(PEOPLE)
    texts = [speech.text(name) for name in speech.names("member")]

    def judge() -> None:
        for text in texts:
            floor.decide((ANA,), text, 1.0, began=0.0, final=True)

    return _median_us(judge) / len(texts)


def _label_us() -> float:
    """The note of a turn before which much has happened."""
    news = News()

    def label() -> None:
        news.joined("Cleo")
        news.broke_off("the train leaves", 0.4)
        news.lost("Ana", 3.0)
        assert news.compose(["Ana", "Ben"])
        assert news.compose(["Ben"])

    return _median_us(label) / 2


def _median_us(once: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


class _Mouth(Speaking):
    """Knows what pushing an answer took: a room without a conversation would have to do that as well."""

    pushing_s = 0.0

    def push(self, audio: live.Audio) -> None:
        start = time.perf_counter()
        super().push(audio)
        self.pushing_s += time.perf_counter() - start


class _NoTools:
    """The model calls none."""

    busy = False

    def decide(self, verdict: object, asked: object) -> None: ...
    def turn_over(self) -> None: ...


class _Room:
    """The parts of a room that decide and sound, and a model that answers everything."""

    def __init__(self) -> None:
        self._mouth, self._hearing = _Mouth(), Hearing(_settings())
        self._line = Line(cast(Any, None), lambda start: cast(Any, None))
        self._line._outbox.notes = True
        self._line._outbox.connected(local_turns=True)
        company = Company(
            lambda: PEOPLE, lambda: GuildSettings(alone_s=120.0, nudge_s=600.0), lambda: PARLEY, ("Parley",)
        )
        self._conversation = Conversation(
            self._line,
            self._mouth,
            cast(Any, _NoTools()),
            company.floor,
            name_of=PEOPLE.__getitem__,
            tell=lambda notice: None,
        )
        self._manners = Manners(company, self._conversation, cast(Any, None), lambda: None)
        self._conversation.present(PEOPLE)
        self._ear, self._ana = _hearing_of(ANA)
        self._now = 100.0
        self._seconds: Counter[str] = Counter()
        self._times: Counter[str] = Counter()

    def turn(self) -> dict[str, float]:
        """Ana speaks, the bot answers until it is heard out. The figures of that."""
        self._seconds.clear()
        self._times.clear()
        for packet in (*packets_of(SAID), *[SILENCE_PACKET] * 5):
            self._tick(self._ana(packet))
        while not self._times["turn over"]:
            self._tick()
        word, _, words = speech.text(SAID).partition(" ")
        self._model(live.InputTranscript(f"{word} ", False))
        self._model(live.InputTranscript(words, True))
        pcm16, size = to_pcm16(speech.load(ANSWERED, LIVE_OUT_HZ)), 2 * LIVE_OUT_HZ * CHUNK_MS // 1000
        for at in range(0, len(pcm16), size):
            chunk = live.Audio(pcm16[at : at + size], LIVE_OUT_HZ)
            self._timed("chunk", lambda chunk=chunk: self._conversation.on_live(chunk, self._now))
            self._tick()
        assert self._mouth.playing, "what was timed must have been an answer"
        self._model(live.OutputTranscript(speech.text(ANSWERED)))
        self._model(live.GenerationComplete())
        self._model(live.TurnComplete(None))
        while self._mouth.playing:
            self._tick()
        assert not self._conversation.tally, self._conversation.tally
        return self._figures()

    def _figures(self) -> dict[str, float]:
        seconds, times = self._seconds, self._times
        besides = seconds["beat"] + seconds["turn"] + seconds["chunk"]
        return {
            "beat_us": seconds["beat"] / times["beat"] * 1e6,
            "turn_us": seconds["turn"] * 1e6,
            "chunk_us": seconds["chunk"] / times["chunk"] * 1e6,
            "ratio": (seconds["anyway"] + besides) / seconds["anyway"],
            "core_percent_per_room": 100 * besides / (times["beat"] * TICK_S),
        }

    def _tick(self, datagram: bytes | None = None) -> None:
        self._now = now = self._now + TICK_S
        ear, conversation = self._ear, self._conversation
        if datagram is not None:
            self._timed("anyway", lambda: ear.receive(datagram, now - 0.005))
        tick = self._timed("anyway", lambda: ear.tick(now))
        for event in self._timed(
            "anyway", lambda: self._hearing.tick(tick, ear.stats, now, bot_speaking=self._mouth.playing)
        ):
            match event:
                case bytes():
                    self._timed("anyway", lambda pcm16=event: conversation.send_audio(pcm16))
                case TurnStarted():
                    self._timed("turn", lambda started=event: conversation.turn_started(started, now))
                case TurnEnded(turn=turn):
                    self._timed("turn", lambda turn=turn: conversation.turn_ended(turn, now))
                    self._times["turn over"] += 1
        sounding = self._mouth.sounding
        self._timed("beat", lambda: (conversation.tick(now), self._manners.tick(now, sounding=sounding)))
        self._timed("anyway", lambda: self._mouth.tick(now))
        while self._line._outbox.take(now) is not None:
            pass

    def _model(self, event: LineEvent) -> None:
        self._timed("turn", lambda: self._conversation.on_live(event, self._now))

    def _timed(self, what: str, call: Callable[[], T]) -> T:
        pushing_s = self._mouth.pushing_s
        start = time.perf_counter()
        result = call()
        took = time.perf_counter() - start
        within = self._mouth.pushing_s - pushing_s
        self._seconds[what] += took - within
        self._seconds["anyway"] += within
        self._times[what] += 1
        return result


def _settings() -> Settings:
    return Settings(discord_token="-", gemini_api_key="-")  # type: ignore[arg-type]


def _hearing_of(user_id: int) -> tuple[Inbound, Callable[[bytes], bytes]]:
    """The bot's ear, and what makes datagrams of that person's packets."""
    key, group = os.urandom(32), DaveGroup([BOT, user_id])
    e2ee = E2ee()
    e2ee.version, e2ee.session = 1, group.sessions[BOT]
    ear = Inbound(BOT, e2ee)
    ear.transport = Aes256Gcm(key)
    ear.map_ssrc(SSRC, user_id)
    sealing, number = Aes256Gcm(key), 0

    def datagram(packet: bytes) -> bytes:
        nonlocal number
        number += 1
        header = rtp.pack_header(number & 0xFFFF, number * DISCORD_FRAME & 0xFFFFFFFF, SSRC)
        return sealing.seal(header, group.sessions[user_id].encrypt_opus(packet))

    return ear, datagram
