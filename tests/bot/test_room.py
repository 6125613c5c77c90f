"""A room between a voice link and a Live line of the test's own: who speaks, who yields, what is told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from home_on_record import HomeOnRecord
from pydantic import SecretStr

from audio.activity import Voice
from audio.formats import SILENCE_PACKET
from audio.inbound import Heard, Tick
from bot import announcements
from bot.announcements import OUTAGE, OUTAGE_OVER
from bot.clock import utc_now
from bot.errors import LiveQuota, LiveUnavailable
from bot.live import events as live
from bot.live.config import LiveSettings
from bot.live.lifecycle import Start
from bot.live.line import Connected, Disconnected, LineEvent
from bot.live.models import DEFAULT_MODEL
from bot.manners import RoomEnded
from bot.room import Room
from bot.settings import Settings
from bot.store.rows import Persona, Stay
from bot.tools.leave import LEAVE_CHANNEL
from bot.voice import events as voice
from bot.voice.chat import NOTICE

ANA = 5
GRETA = Persona(name="Greta", instruction="You are Greta.")
PCM = np.full(960, 0.1, np.float32)


class Wire:
    """The voice link and the Live line at once, and everything in the order in which it happened."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.voiced_ticks = 0
        self.voice_events: asyncio.Queue[voice.VoiceEvent] = asyncio.Queue()
        self.generation = 1
        self.connected = True
        self.dropped_audio_bytes = 0
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.deliver: Callable[[LineEvent], None]
        self.running = asyncio.Event()
        self.inbound = SimpleNamespace(tick=self._tick, stats={})
        self.channel = SimpleNamespace(id=1, guild=SimpleNamespace(id=9))
        self.guild = SimpleNamespace(me=SimpleNamespace(voice=None, display_name="Parley"))
        self.people = {ANA: "Ana"}
        self.takes_notes = True
        self.quiet = False
        self.tally: Counter[str] = Counter()
        self.handle: str | None = None
        self.texts: list[str] = []
        self.notes: list[str] = []
        self.renewed: list[bool] = []
        self._number = 0
        self.health = SimpleNamespace(sent=0, unsent={}, rejoins=0)

    # the voice side

    def _tick(self, now: float) -> Tick:
        if not self.voiced_ticks:
            return Tick(None, [])
        self.voiced_ticks -= 1
        return Tick(PCM.copy(), [Heard(ANA, Voice.VOICED, -20.0, now)])

    def send_packet_opus(self, opus: bytes) -> bool:
        self.happened.append("silence" if opus == SILENCE_PACKET else "packet")
        return True

    def skip_frame(self) -> None:
        self.happened.append("nothing")

    async def announce_speaking(self, speaking: bool) -> None:
        self.happened.append("speaking" if speaking else "silent")

    async def next_event(self) -> voice.VoiceEvent:
        return await self.voice_events.get()

    # the Live side

    async def run(self, deliver: Callable[[LineEvent], None]) -> None:
        self.deliver = deliver
        self.running.set()
        await self.failure

    def send_audio(self, pcm16: bytes) -> None:
        pass

    def start_turn(self, note: str | None = None) -> int:
        self.happened.append("turn started")
        if note is not None:
            self.notes.append(note)
        self._number += 1
        return self._number

    def end_turn(self) -> None:
        self.happened.append("turn ended")

    def send_text(self, text: str) -> int:
        self.texts.append(text)
        self._number += 1
        return self._number

    def renew(self, *, resumable: bool) -> None:
        self.renewed.append(resumable)

    def settled(self, number: int) -> None:
        self.happened.append(f"settled {number}")

    def name_of(self, user_id: int) -> str:
        return self.people.get(user_id, "somebody")

    def respond(self, generation: int, call_id: str, name: str, result: dict[str, Any]) -> None:
        self.happened.append(f"{call_id} {result['status']}")


class Stage:
    """A room that runs."""

    def __init__(self, earlier: Stay | None = None) -> None:
        self.wire = Wire()
        self.posts: list[str] = []
        settings = Settings(
            discord_token=SecretStr("t"), gemini_api_key=SecretStr("k"), parley_hangover_ms=200
        )
        wire: Any = self.wire
        self.home = HomeOnRecord([LEAVE_CHANNEL])

        def line(configure: Callable[[Start], LiveSettings], handle: str | None, earlier: bool) -> Any:
            self.configure = configure
            self.wire.handle = handle
            return wire

        self.room = Room(
            wire,
            line,
            self.home,
            settings,
            post=self._post,
            earlier=earlier,
        )
        self.opened: asyncio.Future[Room] = asyncio.get_running_loop().create_future()
        self.life = asyncio.create_task(self.room.run(self.opened))

    async def _post(self, text: str) -> None:
        self.posts.append(text)

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(3):
            while not condition():  # noqa: ASYNC110  conditions of many kinds
                await asyncio.sleep(0.002)

    def model(self, *events: LineEvent) -> None:
        for event in events:
            self.wire.deliver(event)

    async def asks(self) -> None:
        """Ana asks something."""
        turns = self.count("turn ended")
        self.wire.voiced_ticks = 12
        await self.until(lambda: self.count("turn ended") > turns)

    def says(self, ms: int) -> None:
        """The model sends that much of an answer, all at once."""
        self.model(live.Audio((np.full(24 * ms, 3000, "<i2")).tobytes(), 24_000))

    def count(self, what: str) -> int:
        return self.wire.happened.count(what)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    await stage.wire.running.wait()
    stage.model(Connected(1, Start.FIRST))
    yield stage
    stage.life.cancel()
    await asyncio.wait({stage.life})


async def test_opens_with_the_first_connection(stage: Stage) -> None:
    assert await stage.opened is stage.room
    await stage.until(lambda: stage.posts == [NOTICE])


async def test_announces_itself_before_the_first_packet_and_after_the_last(stage: Stage) -> None:
    await stage.asks()
    stage.says(100)
    stage.model(live.GenerationComplete())
    await stage.until(lambda: stage.count("silent"))
    sounds = {"speaking", "packet", "silence", "silent"}
    heard = [what for what in stage.wire.happened if what in sounds]
    assert heard == ["speaking", *["packet"] * (len(heard) - 7), *["silence"] * 5, "silent"]


async def test_a_slow_answer_is_one_utterance(stage: Stage) -> None:
    await stage.asks()
    stage.says(60)
    await stage.until(lambda: stage.count("packet"))
    await stage.until(lambda: stage.wire.happened[-1] == "nothing")
    stage.says(200)
    stage.model(live.GenerationComplete())
    await stage.until(lambda: stage.count("silent"))
    assert stage.count("speaking") == 1


async def test_barge_in_stops_the_answer_and_what_still_comes_of_it(stage: Stage) -> None:
    await stage.asks()
    stage.says(20_000)
    await stage.until(lambda: stage.count("packet") > 2)
    stage.wire.voiced_ticks = 20
    await stage.until(lambda: stage.count("turn started") == 2)
    stage.says(20_000)
    await stage.until(lambda: stage.count("silence") == 5)
    packets = stage.count("packet")
    stage.says(1000)
    await stage.until(lambda: stage.count("turn ended") == 2)
    assert stage.count("packet") == packets
    stage.model(live.Interrupted())
    stage.says(100)
    await stage.until(lambda: stage.count("packet") > packets)


async def test_interrupted_by_the_server(stage: Stage) -> None:
    stage.model(live.Interrupted())  # with nothing to interrupt
    await stage.asks()
    stage.says(20_000)
    await stage.until(lambda: stage.count("packet") > 2)
    stage.model(live.Interrupted(), live.TurnComplete(None, False))
    await stage.until(lambda: stage.count("silent"))
    assert stage.count("silence") == 5
    stage.model(live.Interrupted())
    await stage.asks()
    stage.says(100)
    await stage.until(lambda: stage.wire.happened[-1] == "packet")
    assert stage.count("speaking") == 2


async def test_what_waited_to_be_played_is_dropped_when_interrupted(stage: Stage) -> None:
    await stage.asks()
    stage.says(15)  # not yet a frame
    stage.model(live.Interrupted())
    ticks = stage.count("nothing")
    await stage.until(lambda: stage.count("nothing") > ticks + 3)
    assert not stage.count("packet")


async def test_tool_calls(stage: Stage) -> None:
    await stage.asks()
    stage.model(live.ToolCall("1", "fly", {}), live.ToolCall("1", "fly", {}), live.ToolCallsCancelled(("9",)))
    await stage.until(lambda: stage.count("1 error"))
    stage.model(live.ToolCall("2", "fly", {}), live.ToolCallsCancelled(("2",)))
    stage.model(live.ToolCall("3", "fly", {}))
    await stage.until(lambda: stage.count("3 error"))
    assert not stage.count("2 error")
    assert stage.count("1 error") == 1


async def test_leaves_after_the_goodbye(stage: Stage) -> None:
    await stage.asks()
    stage.model(live.ToolCall("1", "leave_channel", {}))
    await stage.until(lambda: stage.count("1 ok"))
    stage.says(100)
    stage.model(live.TurnComplete(None, False))
    await asyncio.wait({stage.life}, timeout=3)
    with pytest.raises(RoomEnded) as end:
        stage.life.result()
    assert not end.value.sentence
    assert stage.count("silence") == 5


async def test_an_outage_is_told_once_and_so_is_its_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcements, "OUTAGE_S", 0.05)
    lost = Disconnected(LiveUnavailable(), 0.1)
    stage.model(lost, Connected(2, Start.RESUMED))
    stage.model(lost, lost)
    await stage.until(lambda: OUTAGE in stage.posts)
    stage.model(lost, Connected(3, Start.RESUMED))
    await stage.until(lambda: len(stage.posts) == 3)
    assert stage.posts == [NOTICE, OUTAGE, OUTAGE_OVER]


async def test_moved_tells_those_who_are_there(stage: Stage) -> None:
    stage.wire.voiced_ticks = 10
    await stage.until(lambda: stage.count("turn started"))
    stage.wire.voice_events.put_nowait(voice.Moved(2))
    await stage.until(lambda: stage.posts == [NOTICE, NOTICE])
    assert stage.count("turn ended") == 1


async def test_moved_it_is_who_was_chosen_for_the_channel_it_is_in_now(stage: Stage) -> None:
    stage.configure(Start.FIRST)
    stage.home.personas["Greta"] = GRETA
    stage.wire.channel.id = 2
    stage.wire.voice_events.put_nowait(voice.Moved(2))
    await stage.until(lambda: stage.posts == [NOTICE, NOTICE])
    assert stage.wire.renewed == [], "the same persona with the same tools need not begin anew"
    stage.home.in_channel[3] = "Greta"
    stage.wire.channel.id = 3
    stage.wire.voice_events.put_nowait(voice.Moved(3))
    await stage.until(lambda: stage.wire.renewed == [True])
    assert "Greta" in stage.room.company.floor.rules.names
    assert stage.configure(Start.RESUMED).instruction.startswith("You are Greta.")


@pytest.mark.parametrize("age_h", [1, 3])
async def test_killed_twice_before_the_service_has_said_a_word_it_still_knows_the_handle(age_h: int) -> None:
    at = utc_now() - timedelta(hours=age_h)
    before = Stay(
        guild_id=9, channel_id=1, joined_at=at, seen_at=at, model=DEFAULT_MODEL, handle="h", handle_at=at
    )
    stage = Stage(before)
    await stage.wire.running.wait()
    stage.model(Connected(1, Start.RESUMED))
    stay = stage.room.stay()
    assert (stay.handle, stay.handle_at) == (("h", at) if age_h == 1 else (None, None))
    stage.life.cancel()
    await asyncio.wait({stage.life})


async def test_a_speaker_nobody_understands_is_named(stage: Stage) -> None:
    stage.wire.voice_events.put_nowait(voice.SpeakerTrouble(ANA, "wrong key"))
    await stage.until(lambda: len(stage.posts) == 2)
    assert f"<@{ANA}>" in stage.posts[1]


async def test_ends_with_the_link_or_the_line(stage: Stage) -> None:
    stage.wire.voice_events.put_nowait(voice.Gone(4014, "Farewell."))
    with pytest.raises(RoomEnded) as end:
        await stage.life
    assert end.value.sentence == "Farewell."

    other = Stage()
    other.wire.failure.set_exception(LiveQuota())
    with pytest.raises(LiveQuota):
        await other.life
    assert not other.opened.done()
    assert not other.posts, "who never arrived gives no notice"


async def test_a_fault_of_our_own_is_not_taken_for_an_ending(stage: Stage) -> None:
    stage.wire.failure.set_exception(ZeroDivisionError())
    with pytest.raises(ExceptionGroup):
        await stage.life


async def test_a_sample_is_heard_where_nobody_speaks_and_is_no_answer(stage: Stage) -> None:
    sample = np.full(24_000, 3000, "<i2").tobytes()
    assert stage.room.play(sample, 24_000)
    assert not stage.room.play(sample, 24_000), "one at a time"
    await stage.asks()  # over it
    await stage.asks()
    assert not any("heard" in note for note in stage.wire.notes), "it was none of the model's"
    await stage.until(lambda: stage.room.play(sample, 24_000))
    stage.room.manners.hush(None)
    assert not stage.room.play(sample, 24_000)
