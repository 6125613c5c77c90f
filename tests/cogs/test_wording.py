"""The sentences fit on a phone and into a message, and name what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.status import RoomStatus, SpeakerStatus
from cogs import wording

NOBODY = RoomStatus(
    channel_id=1,
    uptime_s=3_725,
    encrypted=True,
    voice_latency_ms=None,
    answer_latency_ms=None,
    live_connected=True,
    reconnects=0,
    suppressed=False,
    muted=False,
    deafened=False,
    speakers=[],
)
ANA = SpeakerStatus(
    user_id=1_573_545_589_415_608_323,
    last_heard_s=750.0,
    level_db=-120.0,
    loss_percent=100.0,
    undecryptable=1_234_567,
)


def test_status_of_an_empty_room() -> None:
    assert wording.status(NOBODY).splitlines() == [
        "In <#1> for 1 h 2 min, end-to-end encrypted.",
        "Discord – · Gemini connected",
        "I have heard nobody yet.",
    ]


def test_status_tells_what_is_wrong() -> None:
    troubled = replace(
        NOBODY,
        encrypted=False,
        voice_latency_ms=31.4,
        answer_latency_ms=812.0,
        live_connected=False,
        reconnects=2,
        suppressed=True,
        muted=True,
        deafened=True,
        speakers=[replace(ANA, last_heard_s=0.2, undecryptable=0), replace(ANA, last_heard_s=float("inf"))],
    )
    text = wording.status(troubled)
    assert "not end-to-end encrypted" in text
    assert "Discord 31 ms · Gemini **not connected** · answers after 812 ms · 2 reconnects" in text
    assert text.count("**Nobody hears me**") == 2
    assert "**I hear nobody**" in text
    assert "heard now" in text
    assert "not heard yet" in text
    assert "1234567 packets not decryptable" in text


@pytest.mark.parametrize("people", [1, 15, 16, 99])
def test_status_fits_into_a_message(people: int) -> None:
    text = wording.status(replace(NOBODY, speakers=[ANA] * people))
    assert len(text) <= 2000
    assert ("more" in text) == (people > wording.PEOPLE_SHOWN)
