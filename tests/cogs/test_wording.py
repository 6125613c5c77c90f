"""The sentences fit on a phone and into a message, and name what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.status import LiveStatus, RoomStatus, SpeakerStatus
from bot.turns.floor import Mode
from cogs import wording

QUIET = LiveStatus(
    connected=True,
    answer_latency_ms=None,
    cost_usd=0.0,
    guild_cost_usd=1.5,
    tokens=0,
    estimated=False,
    tally={},
    notes=True,
)
NOBODY = RoomStatus(
    channel_id=1,
    uptime_s=3_725,
    encrypted=True,
    voice_latency_ms=None,
    reconnects=0,
    suppressed=False,
    muted=False,
    deafened=False,
    people=1,
    mode=Mode.AUTO,
    hushed=False,
    live=QUIET,
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
        "1 person here; I answer as `/floor` says: `auto`.",
        "Cost so far: $0.0000 here (0 tokens), $1.50 in this server this month.",
        "I have heard nobody yet.",
    ]


def test_status_tells_what_is_wrong() -> None:
    troubled = replace(
        NOBODY,
        encrypted=False,
        voice_latency_ms=31.4,
        live=replace(QUIET, connected=False, answer_latency_ms=812.0, notes=False),
        reconnects=2,
        suppressed=True,
        muted=True,
        deafened=True,
        speakers=[replace(ANA, last_heard_s=0.2, undecryptable=0), replace(ANA, last_heard_s=float("inf"))],
    )
    text = wording.status(troubled)
    assert "not end-to-end encrypted" in text
    assert (
        "Discord 31 ms · Gemini **not connected** · answers after 812 ms · turn notes off · 2 reconnects"
        in text
    )
    assert text.count("**Nobody hears me**") == 2
    assert "**I hear nobody**" in text
    assert "heard now" in text
    assert "not heard yet" in text
    assert "1234567 packets not decryptable" in text


def test_status_tells_the_cost_and_what_was_seen_to() -> None:
    tally = {"no answer": 1, "empty answer": 3}
    live = replace(QUIET, cost_usd=0.01234, tokens=12_345, estimated=True, tally=tally)
    text = wording.status(replace(NOBODY, people=2, hushed=True, live=live))
    assert "**Hushed**" in text
    assert "`/unhush`" in text
    assert "Cost so far: about $0.0123 here (12.3k tokens)" in text
    assert "Seen to with Gemini: empty answer 3×, no answer 1×." in text


@pytest.mark.parametrize("people", [1, 10, 11, 99])
def test_status_fits_into_a_message(people: int) -> None:
    worst = replace(
        NOBODY,
        encrypted=False,
        suppressed=True,
        muted=True,
        deafened=True,
        reconnects=10**4,
        live=LiveStatus(
            connected=False,
            answer_latency_ms=10_000.0,
            cost_usd=10_000.0,
            guild_cost_usd=100_000.0,
            tokens=10**10,
            estimated=True,
            tally={f"silent after an interruption {n}": 10**4 for n in range(20)},
            notes=False,
        ),
    )
    text = wording.status(replace(worst, speakers=[ANA] * people))
    assert len(text) <= 2000
    assert ("more" in text) == (people > wording.PEOPLE_SHOWN)
