"""How many rooms one core carries: the bot on one, everything else on the other.

In every room a member speaks, the bot answers, the member speaks again, without a pause between them; rooms
begin at random moments. Rooms are added until the p99.9 gap between the packets of a reply exceeds 30 ms or
something is lost on the way. The largest number that held is run again in a fresh process, which at its end
tells what it counted (skipped ticks, dropped audio, lost packets) and must have counted nothing; if it did,
the next smaller number has its try.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bot.loopback.live.answer import Pace
from bot.loopback.member import opus, pacer
from tests.benchmarks.process import Usage, rss_mb, stolen_ms, udp_drops
from tests.benchmarks.tap import StampedSocket, sent
from tests.benchmarks.world import BenchFailed, Room, World, on_the_load_core, running_world

STEPS = (20, 40, 45, 50, 55, 60, 65, 70)
CLIP, ANSWER = "second", "answer_hello"  # 4.7 and 5.7 s
PACE = Pace(delay_ms=0.0, burst_ms=400.0)
"""No thinking time: a room is never idle."""
SETTLE_S = 6.0
"""Half a conversation: the new rooms have all begun."""
WINDOW_S = 8.0
CONFIRM_S = 12.0
GAP_MS = 30.0
TRIES_UNTIL_S = 190.0
"""No confirmation begins later than this: the whole run is to end within five minutes."""
LOST = (
    "skipped_ticks",
    "unsent",
    "lost",
    "late",
    "undecryptable",
    "live_audio_dropped_ms",
    "reply_overflow_ms",
)
"""Of what a room counts ("room closed" in the bot's log), that which must be zero."""


@dataclass(frozen=True, slots=True)
class Step:
    """One number of rooms, over one window."""

    rooms: int
    gap_p50_ms: float
    gap_p999_ms: float
    gap_max_ms: float
    gaps: int
    missing: int
    """Packets of the bot that never reached the SFU."""
    udp_drops: int
    """Datagrams for which a socket of the bot's or of the load's had no room."""
    stalled: int
    """Rooms in which the bot did not answer."""
    bot_cpu_percent: float
    bot_waited_percent: float
    """Runnable, but without its core: then somebody else was at work on this machine."""
    stolen_ms: int
    """By the hypervisor, from both cores."""
    load_cpu_percent: float
    load_lateness_ms: float
    bot_rss_mb: float

    @property
    def held(self) -> bool:
        return self.gap_p999_ms <= GAP_MS and not (self.missing or self.udp_drops or self.stalled)


class Load:
    """Rooms that talk without end."""

    def __init__(self, world: World) -> None:
        self._world = world
        sfu = world.loopback.voice.seating.sfu
        assert sfu._socket is not None
        self._tap = sfu._socket = StampedSocket(sfu._socket)
        self._packets = tuple(opus.packets_of(CLIP))
        self._tasks: list[asyncio.Task[None]] = []
        self._stalled = 0

    async def grow(self, rooms: int) -> None:
        new = [await self._world.open_room() for _ in range(rooms - len(self._world.rooms))]
        self._tasks += [asyncio.create_task(self._talk(room)) for room in new]

    async def measure(self, seconds: float) -> Step:
        world, bot = self._world, self._world.process.pid
        self._tap.by_ssrc.clear()
        self._stalled, pacer.shared().lateness_s = 0, 0.0
        drops, stolen = udp_drops(), stolen_ms()
        before, load_before = Usage.of(bot), Usage.of(os.getpid())
        await asyncio.sleep(seconds)
        after, load_after = Usage.of(bot), Usage.of(os.getpid())
        seats = world.loopback.voice.seating.seats.values()
        ssrcs = [seat.ssrc.to_bytes(4, "big") for seat in seats if seat.user_id == world.bot_id]
        seen = sent(self._tap.by_ssrc[ssrc] for ssrc in ssrcs)
        if not seen.gaps_ms:
            raise BenchFailed("the bot said nothing")
        p50, p999 = np.percentile(seen.gaps_ms, [50, 99.9])
        return Step(
            rooms=len(world.rooms),
            gap_p50_ms=round(float(p50), 2),
            gap_p999_ms=round(float(p999), 2),
            gap_max_ms=round(max(seen.gaps_ms), 1),
            gaps=len(seen.gaps_ms),
            missing=seen.missing,
            udp_drops=udp_drops() - drops,
            stalled=self._stalled,
            bot_cpu_percent=round(after.cpu_percent_since(before), 1),
            bot_waited_percent=round(after.waited_percent_since(before), 1),
            stolen_ms=stolen_ms() - stolen,
            load_cpu_percent=round(load_after.cpu_percent_since(load_before), 1),
            load_lateness_ms=round(pacer.shared().lateness_s * 1000, 1),
            bot_rss_mb=round(rss_mb(bot), 1),
        )

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _talk(self, room: Room) -> None:
        await asyncio.sleep(random.uniform(0, SETTLE_S))
        while True:
            await room.members[0].say(self._packets)
            room.events.clear()
            room.answered.clear()  # an answer that was broken into is complete, too
            try:
                async with asyncio.timeout(15):
                    await room.answered.wait()
            except TimeoutError:
                self._stalled += 1


@asynccontextmanager
async def _load() -> AsyncIterator[tuple[World, Load]]:
    async with running_world(guilds=STEPS[-1], answer=ANSWER, pace=PACE) as world:
        world.loopback.live.service.keep_s = 0.0
        load = Load(world)
        try:
            yield world, load
        finally:
            load.stop()


async def measure() -> dict[str, Any]:
    """The largest number of rooms that held, and what a room costs."""
    latest = time.monotonic() + TRIES_UNTIL_S
    async with on_the_load_core():
        steps = await _climb()
        confirmed, tries, counted = await _descend(steps, latest)
    rooms = [step.rooms for step in steps]
    cpu_slope = float(np.polyfit(rooms, [step.bot_cpu_percent for step in steps], 1)[0])
    rss_slope = float(np.polyfit(rooms, [step.bot_rss_mb for step in steps], 1)[0])
    return {
        "rooms_per_core": confirmed,
        "cpu_percent_per_room": round(cpu_slope, 2),
        "rss_mb_per_room": round(rss_slope, 2),
        "rooms_steps": [asdict(step) for step in steps],
        "rooms_confirmations": [asdict(step) for step in tries],
        "rooms_counted": dict(counted),
    }


async def _climb() -> list[Step]:
    """Steps up to the first that failed twice: once may be the machine's fault."""
    steps: list[Step] = []
    async with _load() as (_, load):
        for rooms in STEPS:
            await load.grow(rooms)
            await asyncio.sleep(SETTLE_S)
            step = await load.measure(WINDOW_S)
            if not step.held:
                steps.append(step)
                step = await load.measure(WINDOW_S)
            steps.append(step)
            if not step.held:
                break
    return steps


async def _descend(steps: list[Step], latest: float) -> tuple[int, list[Step], Counter[str]]:
    """The largest number that held and can be confirmed, 0 if none was; every try; what the rooms of the
    last one counted."""
    held = sorted({step.rooms for step in steps if step.held}, reverse=True)
    if not held:
        raise BenchFailed(f"not even {STEPS[0]} rooms: {steps[-1]}")
    tries: list[Step] = []
    counted: Counter[str] = Counter()
    for rooms in held:
        step, counted = await _confirm(rooms)
        tries.append(step)
        if step.held and not any(counted[name] for name in LOST):
            return rooms, tries, counted
        if time.monotonic() > latest:
            break
    return 0, tries, counted


async def _confirm(rooms: int) -> tuple[Step, Counter[str]]:
    """One window, and no second chance."""
    async with _load() as (world, load):
        await load.grow(rooms)
        await asyncio.sleep(SETTLE_S)
        step = await load.measure(CONFIRM_S)
        load.stop()
        closed = await world.stop()
    if len(closed) != rooms:
        raise BenchFailed(f"{len(closed)} of {rooms} rooms told what they counted")
    names = ("sent", "received", "concealed", "underruns", *LOST)
    return step, Counter({name: sum(record[name] for record in closed) for name in names})
