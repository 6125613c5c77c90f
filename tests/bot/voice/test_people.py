"""Who is in the call, over joins, leaves and new sessions."""

import pytest

from audio.e2ee import E2ee
from audio.inbound import Inbound
from bot.voice.events import PersonJoined, PersonLeft, VoiceEvent
from bot.voice.people import People

BOT, ANA, BEN = 1, 2, 3


@pytest.fixture
def told() -> list[VoiceEvent]:
    return []


@pytest.fixture
def people(told: list[VoiceEvent]) -> People:
    return People(BOT, Inbound(BOT, E2ee()), told.append)


def test_everybody_is_told_of_once(people: People, told: list[VoiceEvent]) -> None:
    for user_id in (BOT, ANA, ANA):
        people.joined(user_id)
    people.speaks(ANA, 1000)
    people.speaks(BEN, 1001)  # op 5 may come before op 11
    people.joined(BEN)
    assert told == [PersonJoined(ANA), PersonJoined(BEN)]
    assert set(people) == {ANA, BEN}
    people.left(ANA)
    people.left(ANA)
    assert told[2:] == [PersonLeft(ANA)]
    assert ANA not in people


def test_a_new_session_tells_only_what_has_changed(people: People, told: list[VoiceEvent]) -> None:
    people.joined(ANA)
    people.joined(BEN)
    told.clear()
    people.forget()
    assert len(people) == 0  # the new group must not admit people of the old list
    people.joined(BEN)
    people.joined(4)
    people.settled()
    assert told == [PersonJoined(4), PersonLeft(ANA)]
    people.joined(ANA)
    assert told[2:] == [PersonJoined(ANA)]


def test_the_bot_itself_is_nobody(people: People, told: list[VoiceEvent]) -> None:
    people.speaks(BOT, 1000)
    people.left(BOT)
    assert told == []


def test_without_a_list_anybody_may_be_expected(people: People) -> None:
    people.speaks(ANA, 1000)
    assert people.expected() is None  # those who have spoken are not all
    people.listed([BEN, BOT])
    assert people.expected() == [ANA, BEN, BOT]
    people.left(ANA)
    people.left(BEN)
    assert people.expected() == [BOT]
    people.forget()
    assert people.expected() is None
