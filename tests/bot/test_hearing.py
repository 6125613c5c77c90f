"""From ticks to turns with their sound: in order, nothing twice, nothing missing, in both modes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from audio.activity import Voice
from audio.e2ee import DaveRefusal
from audio.formats import DISCORD_FRAME, LIVE_IN_FRAME, Samples
from audio.inbound import Heard, Tick
from audio.speaker import SpeakerStats
from bot.hearing import SETTLE_TICKS, Hearing
from bot.settings import Settings
from bot.turns.turn import MAX_TURN_MS, FalseAlarm, SpeechOnset, TurnEnded, TurnEvent, TurnStarted

ANA, BEN = 1, 2
TICK_S = 0.02
PREROLL_MS, HANGOVER_MS = 240, 300
BYTES_A_MS = 32


class Room:
    """Ticks of noise, so that every piece of the sound is like no other, for a hearing in local mode and,
    to compare, for one in server mode, which sends everything."""

    def __init__(self) -> None:
        self.local, self.server = _hearing("local"), _hearing("server")
        self.stats = {ANA: SpeakerStats(), BEN: SpeakerStats()}
        self.now = 50.0
        self.happened: list[TurnEvent | bytes] = []
        self.everything = b""
        self._noise = np.random.default_rng(1)

    def tick(self, *voiced: int, sounding: tuple[int, ...] = ()) -> None:
        self.now += TICK_S
        heard = [Heard(user_id, Voice.VOICED, -20.0, self.now) for user_id in voiced]
        heard += [Heard(user_id, Voice.NOISE, -30.0, self.now) for user_id in sounding]
        pcm = self._noise.uniform(-0.3, 0.3, DISCORD_FRAME).astype(np.float32) if heard else None
        copy: Samples | None = None if pcm is None else pcm.copy()
        self.happened += self.local.tick(Tick(pcm, heard), self.stats, self.now, bot_speaking=False)
        for each in self.server.tick(Tick(copy, heard), self.stats, self.now, bot_speaking=False):
            if isinstance(each, bytes):
                self.everything += each

    def ticks(self, ms: int, *voiced: int) -> None:
        for _ in range(ms // 20):
            self.tick(*voiced)

    @property
    def events(self) -> list[type]:
        return [type(each) for each in self.happened if not isinstance(each, bytes)]

    def turns(self) -> list[bytes]:
        """The sound of each turn. Fails if there is any outside of turns."""
        turns: list[bytes] = []
        in_turn = False
        for each in self.happened:
            if isinstance(each, bytes):
                assert in_turn, "sound outside of a turn"
                turns[-1] += each
            elif isinstance(each, TurnStarted):
                in_turn = True
                turns.append(b"")
            elif isinstance(each, TurnEnded):
                in_turn = False
        return turns


def _hearing(mode: str) -> Hearing:
    chosen: dict[str, Any] = {
        "parley_turn_detection": mode,
        "parley_hangover_ms": HANGOVER_MS,
        "parley_preroll_ms": PREROLL_MS,
    }
    return Hearing(Settings(discord_token=SecretStr("t"), gemini_api_key=SecretStr("k"), **chosen))


def test_a_turn_has_all_of_its_sound_and_what_was_just_before_it() -> None:
    room = Room()
    room.ticks(1000)
    room.ticks(800, ANA)
    room.ticks(600)
    assert room.events == [SpeechOnset, TurnStarted, TurnEnded]
    (sound,) = room.turns()
    assert sound in room.everything
    assert sound[-2 * LIVE_IN_FRAME :] in room.everything
    spoken_from = room.everything.index(sound) / BYTES_A_MS
    assert 1000 - PREROLL_MS - 40 <= spoken_from <= 1000 - PREROLL_MS
    assert len(sound) / BYTES_A_MS >= PREROLL_MS + 800


def test_a_quiet_beginning_belongs_to_the_turn() -> None:
    room = Room()
    room.ticks(400)
    for _ in range(10):
        room.tick(sounding=(ANA,))  # a hoarse 200 ms
    room.ticks(600, ANA)
    room.ticks(600)
    (sound,) = room.turns()
    spoken_from = room.everything.index(sound) / BYTES_A_MS
    assert spoken_from <= 400 - PREROLL_MS + 40


def test_the_next_turn_begins_where_the_last_has_ended_and_nothing_is_sent_twice() -> None:
    room = Room()
    for pause_ms in (340, 400, 1500):
        room.ticks(600, ANA)
        room.ticks(pause_ms)
    turns = room.turns()
    assert len(turns) == 3
    at = 0
    for sound in turns:
        assert sound in room.everything[at:]
        at = room.everything.index(sound, at) + len(sound)


def test_a_turn_without_end_is_several_without_a_gap() -> None:
    room = Room()
    room.ticks(MAX_TURN_MS + 5000, ANA)
    room.ticks(600)
    first, second = room.turns()
    assert first + second in room.everything


def test_a_cough_sends_nothing() -> None:
    room = Room()
    room.ticks(400)
    room.ticks(40, ANA)
    room.ticks(600)
    assert room.events == [SpeechOnset, FalseAlarm]
    assert room.turns() == []


def test_what_is_said_before_a_move_is_not_told_in_the_other_channel() -> None:
    room = Room()
    room.ticks(1000, ANA)
    room.happened += room.local.finish(room.now)
    room.server.finish(room.now)
    assert room.events[-1] is TurnEnded
    moved_at = len(room.everything)
    room.ticks(400)
    room.ticks(600, ANA)
    room.ticks(600)
    sound = room.turns()[1]
    assert room.everything.index(sound) >= moved_at
    assert room.local.finish(room.now) == []


def test_what_was_lost_within_the_turn_is_counted_and_what_was_lost_before_is_not() -> None:
    room = Room()
    room.stats[ANA].lost = 100
    room.ticks(400, ANA)
    room.stats[ANA].lost += 10
    room.stats[ANA].undecryptable[next(iter(DaveRefusal))] += 5
    room.stats[BEN].lost += 50
    room.ticks(400, ANA)
    room.ticks(600)
    (ended,) = [each for each in room.happened if isinstance(each, TurnEnded)]
    assert [(spoken.user_id, spoken.lost_s) for spoken in ended.turn.speakers] == [
        (ANA, pytest.approx(15 * TICK_S))
    ]


def test_somebody_of_whom_nothing_is_known_yet_is_heard_all_the_same() -> None:
    room = Room()
    room.stats.clear()
    room.ticks(400, ANA)
    room.ticks(600)
    assert TurnEnded in room.events


def test_in_server_mode_everything_is_sent_and_silence_is_silence() -> None:
    room = Room()
    room.ticks(400, ANA)
    room.ticks(1000)
    held_back_ms = 70 * TICK_S * 1000 - len(room.everything) / BYTES_A_MS
    assert 0 < held_back_ms < 37, "in the resampler"
    tail = room.everything[-2 * LIVE_IN_FRAME * (50 - SETTLE_TICKS - 1) :]
    assert tail == bytes(len(tail))
