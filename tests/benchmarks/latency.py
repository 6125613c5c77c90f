"""The latencies of a conversation, measured from outside, at the stand-ins.

In each of several rooms Ana says a sentence, waits until Ben hears the answer, and breaks into it with the
next sentence, over and over. With turn detection by the bot (`local`) that gives speech_to_live, turn_end,
live_to_ear and local_stop; with turn detection by the service (`server`) the bot has to be told of every
interruption, which gives barge_in_stop.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import soxr

from audio.formats import DISCORD_FRAME, DISCORD_HZ, LIVE_IN_HZ, SILENCE_PACKET, Samples
from audio.opus import Decoder
from bot.demo.latency import (
    MIDDLE_AFTER_S,
    Percentiles,
    barge_in_stop_ms,
    live_to_ear_ms,
    speech_to_live_ms,
    turn_end_ms,
)
from bot.loopback import speech
from bot.loopback.live.answer import Pace
from bot.loopback.live.record import Kind, LiveSessionRecord
from bot.loopback.member import opus
from bot.loopback.member.recording import HeardPacket
from bot.loopback.member.talk import SpokenRecord
from tests.benchmarks.world import Room, on_the_load_core, running_world

CLIPS = ("hello", "question", "interrupt", "goodbye", "second", "long_question")
ROOMS = 8
DURATION_S = 30.0
HANGOVER_MS = 500
ANSWER_TIMEOUT_S = 15.0
SENTENCE_S = 2.5
"""No sentence and its way last longer."""
ONSET_DB = -40.0
"""A frame louder than this is speech: the clips begin within one frame of it."""
CUT_BETWEEN_S = (1.2, 1.8)
"""A sentence is cut off after its loudest frame in this span, which is a vowel: that packet is voiced beyond
doubt, so the end of the turn is known to the packet."""


@dataclass(frozen=True, slots=True)
class Sentence:
    packets: tuple[bytes, ...]
    sound: Samples
    """What a decoder makes of the packets, 16 kHz: sample n is in packet n // 320 (the coder delays)."""
    onset: int
    """The first packet that is speech."""


@dataclass(slots=True)
class Talk:
    """What was said in one room, and what was heard of the bot there."""

    room: Room
    said: list[tuple[Sentence, SpokenRecord]] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)
    """When its packets with sound reached Ben."""

    def listen(self, bot_id: int) -> None:
        def heard(user_id: int, packet: HeardPacket) -> None:
            if user_id == bot_id and packet.opus != SILENCE_PACKET:
                self.heard_at.append(packet.arrived_at)

        self.room.members[1].heard.observer = heard


@cache
def sentence(name: str) -> Sentence:
    samples = speech.load(name)
    frames = samples[: len(samples) // DISCORD_FRAME * DISCORD_FRAME].reshape(-1, DISCORD_FRAME)
    levels_db = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    first, last = (round(at * DISCORD_HZ / DISCORD_FRAME) for at in CUT_BETWEEN_S)
    end = first + int(np.argmax(levels_db[first:last])) + 1
    packets = tuple(opus.encode(samples[: end * DISCORD_FRAME]))
    decoder = Decoder()
    decoded = np.concatenate([decoder.decode(packet) for packet in packets])
    sound: Samples = soxr.resample(decoded, DISCORD_HZ, LIVE_IN_HZ)
    return Sentence(packets, sound, int(np.argmax(levels_db > ONSET_DB)))


async def measure() -> dict[str, object]:
    """Percentiles of each latency in milliseconds."""
    async with on_the_load_core():
        local = await _converse("local")
        server = await _converse("server")
    samples = {
        "speech_to_live": [ms for talk, session in local for ms in _speech_to_live(talk, session)],
        "turn_end": [ms for talk, _ in local for ms in _turn_ends(talk)],
        "live_to_ear": [
            ms for talk, _ in local + server for ms in live_to_ear_ms(talk.room.events, talk.heard_at)
        ],
        "barge_in_stop": [
            ms for talk, _ in server for ms in barge_in_stop_ms(talk.room.events, talk.heard_at)
        ],
        "local_stop": [ms for talk, _ in local for ms in _local_stops(talk)],
    }
    found = {name: Percentiles.of(values) for name, values in samples.items()}
    return {
        "latency_ms": {
            name: {"p50": value.p50, "p99": value.p99, "max": round(max(samples[name]), 1), "n": value.n}
            for name, value in found.items()
            if value is not None
        }
    }


async def _converse(turn_detection: str) -> list[tuple[Talk, LiveSessionRecord]]:
    async with running_world(
        guilds=ROOMS,
        answer="answer_long",
        pace=Pace(),
        parley_turn_detection=turn_detection,
        parley_hangover_ms=HANGOVER_MS,
    ) as world:
        talks = [Talk(await world.open_room(members=2)) for _ in range(ROOMS)]
        for talk in talks:
            talk.listen(world.bot_id)
        await asyncio.gather(*(_talk(talk) for talk in talks))
        await world.stop()
        records = {record.id: record for record in world.loopback.live.sessions}
        return [(talk, records[talk.room.session]) for talk in talks]


async def _talk(talk: Talk) -> None:
    """Speak, wait for the answer, break into it with the next sentence."""
    until = time.monotonic() + DURATION_S
    await asyncio.sleep(random.uniform(0, 3))
    while time.monotonic() < until:
        chosen = sentence(random.choice(CLIPS))
        record = await talk.room.members[0].say(chosen.packets)
        talk.said.append((chosen, record))
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            while not talk.heard_at or talk.heard_at[-1] < record.ended_at + 0.2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await asyncio.sleep(random.uniform(0.6, 1.4))


def _speech_to_live(talk: Talk, session: LiveSessionRecord) -> list[float]:
    """Utterance by utterance: the same sentence comes many times, so each is looked for in its own time."""
    found: list[float] = []
    for said, record in talk.said:
        span = [
            (at, received) for at, received in session.arrivals if 0 < at - record.started_at < SENTENCE_S
        ]
        if not span or record.ended_at - record.started_at < MIDDLE_AFTER_S:
            continue
        first = (
            next(received for at, received in reversed(session.arrivals) if at < span[0][0])
            if (session.arrivals[0][0] < span[0][0])
            else 0
        )
        arrivals = [(at, received - first) for at, received in span]
        pcm16 = bytes(session.pcm16[2 * first : 2 * span[-1][1]])
        found += speech_to_live_ms(pcm16, arrivals, said.sound, record)
    return found


def _turn_ends(talk: Talk) -> list[float]:
    ends = (turn_end_ms(talk.room.events, record, HANGOVER_MS) for _, record in talk.said)
    return [end for end in ends if end is not None]


def _local_stops(talk: Talk) -> list[float]:
    """From the first packet of real speech to the last packet of the answer that it stopped."""
    firsts = [event.at for event in talk.room.events if event.kind is Kind.AUDIO_OUT and event.detail == 0]
    found = []
    for said, record in talk.said[1:]:
        onset = record.packets[said.onset].due_at
        next_answer = min((at for at in firsts if at > onset), default=float("inf"))
        ears = [at for at in talk.heard_at if onset <= at < next_answer]
        if ears:
            found.append((ears[-1] - onset) * 1000)
    return found
