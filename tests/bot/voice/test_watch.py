"""What the watchdogs notice, and that their remedies are bounded."""

import asyncio
from collections.abc import Callable

import pytest

from audio.e2ee import E2ee
from audio.inbound import Inbound
from audio.speaker import SpeakerStats
from bot.clock import monotonic
from bot.voice import watch
from bot.voice.closing import Step
from bot.voice.dave import DaveHandshake
from bot.voice.events import SpeakerTrouble
from bot.voice.health import LinkCounters
from bot.voice.people import People
from bot.voice.watch import FAILURE_STREAK, MAX_REMEDIES, NEW_KEY_PACKAGES, Watch

BOT, ANA = 1, 2
LONG_AGO_S = 60.0


class Ward:
    """A watch over a call with Ana, in which keys have not changed for a minute."""

    def __init__(self) -> None:
        self.e2ee = E2ee()
        self.e2ee.version = 1
        self.inbound = Inbound(BOT, self.e2ee)
        self.people = People(BOT, self.inbound, lambda event: None)
        self.handshake = DaveHandshake(BOT, self.e2ee, self.people.expected, LinkCounters())
        self.handshake.transitions.changed_at = monotonic() - LONG_AGO_S
        self.watch = Watch(self.inbound, self.people, self.handshake)
        self.recoveries = 0
        self.troubles: list[SpeakerTrouble] = []
        self.people.joined(ANA)

    @property
    def ana(self) -> SpeakerStats:
        return self.inbound.stats[ANA]

    async def recover(self) -> None:
        self.recoveries += 1

    async def until(self, condition: Callable[[], bool]) -> None:
        looking = asyncio.create_task(self.watch.look(self.recover, self.troubles.append))
        while not condition() and not looking.done():  # noqa: ASYNC110 - one look is one turn of the loop
            await asyncio.sleep(0)
        looking.cancel()

    async def rounds(self, count: int) -> None:
        turns = iter(range(count))
        await self.until(lambda: next(turns, None) is None)


@pytest.fixture
def ward(monkeypatch: pytest.MonkeyPatch) -> Ward:
    monkeypatch.setattr(watch, "LOOK_S", 0)
    ward = Ward()
    monkeypatch.setattr(DaveHandshake, "is_ready", True)
    return ward


async def test_a_streak_of_failures_is_answered_with_a_new_key_package(ward: Ward) -> None:
    ward.ana.failure_streak = FAILURE_STREAK - 1
    await ward.rounds(20)
    assert ward.recoveries == 0
    ward.ana.failure_streak += 1
    await ward.until(lambda: ward.recoveries > 0)
    await ward.rounds(20)
    assert ward.recoveries == 1  # no new failures, no new remedy


async def test_remedies_grow_and_end_in_saying_so(ward: Ward) -> None:
    rejoins = 0
    for number in range(1, MAX_REMEDIES + 3):
        ward.ana.failure_streak = number * FAILURE_STREAK
        if number <= NEW_KEY_PACKAGES:
            await ward.until(lambda wanted=number: ward.recoveries == wanted)
        elif number <= MAX_REMEDIES:
            ended = await ward.watch.look(ward.recover, ward.troubles.append)
            rejoins += ended.step is Step.REJOIN
        else:
            await ward.rounds(20)
    assert (ward.recoveries, rejoins) == (NEW_KEY_PACKAGES, MAX_REMEDIES - NEW_KEY_PACKAGES)
    assert ward.troubles == [SpeakerTrouble(ANA, "undecryptable")]


async def test_success_forgets_the_remedies(ward: Ward) -> None:
    for wanted in range(1, 10):
        ward.ana.failure_streak = FAILURE_STREAK
        await ward.until(lambda wanted=wanted: ward.recoveries == wanted)
        ward.ana.failure_streak = 0
        await ward.rounds(5)
    assert not ward.troubles


@pytest.mark.parametrize("calm", ["keys have just changed", "in transition", "not encrypted", "she left"])
async def test_failures_that_are_no_trouble(ward: Ward, calm: str) -> None:
    match calm:
        case "keys have just changed":
            ward.handshake.transitions.changed_at = monotonic()
        case "in transition":
            ward.handshake.transitions.announce(5, 1, monotonic())
        case "not encrypted":
            ward.e2ee.version = 0
        case "she left":
            ward.people.left(ANA)
    ward.ana.failure_streak = 1000
    await ward.rounds(20)
    assert ward.recoveries == 0


async def test_a_transition_that_is_never_executed_is_not_waited_for(ward: Ward) -> None:
    ward.handshake.transitions.announce(5, 1, monotonic() - LONG_AGO_S)
    ward.ana.failure_streak = FAILURE_STREAK
    await ward.until(lambda: ward.recoveries > 0)


async def test_a_group_that_does_not_come_about(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DaveHandshake, "is_ready", False)
    await ward.until(lambda: ward.recoveries > 0)
    ward.people.left(ANA)  # alone there is none
    before = ward.recoveries
    await ward.rounds(20)
    assert ward.recoveries == before
