"""The shared clock, and what becomes of an utterance on its way out."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from bot.loopback.member import pacer, rtp
from bot.loopback.member.impairments import CLEAN, Fate, Impairments, fates
from bot.loopback.member.media import Sent
from bot.loopback.member.talk import Talk


async def test_beats_keep_absolute_deadlines_and_share_one_grid() -> None:
    loop = asyncio.get_running_loop()
    deadlines: dict[str, list[float]] = {"a": [], "b": []}
    done = {name: loop.create_future() for name in deadlines}

    def beating(name: str) -> pacer.Beat:
        def beat(deadline: float) -> float | None:
            deadlines[name].append(deadline)
            if len(deadlines[name]) == 4:
                done[name].set_result(None)
                return None
            return deadline + 0.02

        return beat

    for name in deadlines:
        pacer.shared().start(beating(name))
    await asyncio.gather(*done.values())
    for beats in deadlines.values():
        assert [round(b - a, 6) for a, b in pairwise(beats)] == [0.02] * 3
    assert pacer.shared() is pacer.shared()


def drawn(impairments: Impairments, count: int = 400) -> list[Fate]:
    return [fate for fate, _ in zip(fates(impairments), range(count), strict=False)]


def test_fates_are_drawn_from_the_seed() -> None:
    rough = Impairments(seed=1, loss=0.3, jitter_ms=40, reorder=0.1, duplicate=0.1, padding=(1, 255))
    assert drawn(rough) == drawn(rough)
    assert drawn(rough) != drawn(Impairments(seed=2, loss=0.3, jitter_ms=40, padding=(1, 255)))
    lost = sum(not fate.delays_s for fate in drawn(rough))
    assert 80 < lost < 160
    assert all(1 <= fate.shape.padding <= 255 for fate in drawn(rough))
    assert all(delay < 0.071 for fate in drawn(rough) for delay in fate.delays_s)


def test_nothing_happens_to_packets_unless_it_is_wished() -> None:
    assert {fate.delays_s for fate in drawn(CLEAN)} == {(0.0,)}
    assert drawn(CLEAN, 1)[0].shape.extension == rtp.audio_level(30)
    bare = drawn(Impairments(extension=False, csrcs=3, sequence_jumps={2: 20_000}), 4)
    assert bare[0].shape.extension is None
    assert len(bare[0].shape.csrcs) == 3
    assert [fate.jump for fate in bare] == [0, 0, 20_000, 0]


class Wire:
    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.emitted: list[bytes] = []

    def make(self, opus: bytes, fate: Fate, beat: float) -> Sent | None:
        self.frames.append(opus)
        return Sent(len(self.frames), [b"probe"] if fate.probe else [], opus)


async def talk(wire: Wire, impairments: Impairments, packets: int = 5) -> Talk:
    said = Talk([bytes([n % 256]) for n in range(packets)], impairments, wire.make, wire.emitted.append)
    pacer.shared().start(said.beat)
    return said


async def test_an_utterance_ends_with_five_silence_packets() -> None:
    wire = Wire()
    record = await (await talk(wire, CLEAN)).done
    assert wire.emitted == [bytes([n]) for n in range(5)] + [b"\xf8\xff\xfe"] * 5
    assert [packet.voiced for packet in record.packets] == [True] * 5 + [False] * 5
    assert record.sent == 10
    assert record.started_at <= record.ended_at < record.packets[-1].due_at


async def test_copies_losses_and_probes_are_on_the_wire_as_told() -> None:
    wire = Wire()
    await (await talk(wire, Impairments(duplicate=1.0, all_padding=1.0, jitter_ms=5))).done
    assert wire.emitted.count(b"probe") == 10
    assert wire.emitted.count(b"\x01") == 2
    wire = Wire()
    record = await (await talk(wire, Impairments(loss=1.0))).done
    assert wire.emitted == []
    assert len(wire.frames) == 10  # a lost packet was encrypted and numbered all the same
    assert record.sent == 0


async def test_a_talk_that_is_stopped_still_ends_in_silence() -> None:
    wire = Wire()
    said = await talk(wire, CLEAN, packets=500)
    asyncio.get_running_loop().call_later(0.05, said.stop)
    record = await said.done
    assert sum(packet.voiced for packet in record.packets) < 100
    assert wire.emitted[-5:] == [b"\xf8\xff\xfe"] * 5


async def test_nothing_to_say_is_refused() -> None:
    from bot.loopback.member.errors import MemberError

    with pytest.raises(MemberError):
        Talk([], CLEAN, Wire().make, print)
