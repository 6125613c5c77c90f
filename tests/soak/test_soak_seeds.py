"""A few days of the soak in the suite; `python -m tests.soak --seeds 1000 --jobs 2` is for by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.live import backoff, outbox
from bot.live.outbox import Outbox
from bot.turns.book import Book
from tests.soak.day import soak
from tests.soak.figures import MUST_BE_ZERO
from tests.soak.test_soak_service import MILD

HOURS_S = 3600.0


@pytest.mark.parametrize("seed", [4, 5, 7, 14])
def test_hours_of_talk_with_a_service_of_many_moods(seed: int) -> None:
    report = soak(seed, 6 * HOURS_S)
    assert report.complaints == []
    assert not any(report.figures[name] for name in MUST_BE_ZERO)
    assert report.figures["answered"] > 80
    assert report.figures["rollovers"] > 10


def test_memory_stays_flat() -> None:
    report = soak(3, 3 * HOURS_S, MILD, memory=True)
    assert report.complaints == []
    assert report.growth_kb < 200
    assert report.peak_kb < 4000


def test_the_soak_notices_a_line_that_does_not_send_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not answered when a connection died is forgotten."""
    connected = Outbox.connected

    def forgetful(self: Outbox, **settings: bool) -> None:
        self._kept.drop_if(lambda entry: True)
        connected(self, **settings)

    monkeypatch.setattr(Outbox, "connected", forgetful)
    nature = replace(MILD, closes_in_turn=0.3)
    figures = soak(1, 2 * HOURS_S, nature).figures
    assert figures["lost words"] and figures["lost"]


def test_the_soak_notices_a_room_that_does_not_wait_for_a_dead_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backoff, "MAX_RETRIES", 3)
    figures = soak(1, 2 * HOURS_S, replace(MILD, dead_day=3)).figures
    assert figures["rooms ended"] and figures["lost"]


def test_the_soak_notices_a_line_that_keeps_less_than_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second of what is said without a connection, instead of ten."""
    monkeypatch.setattr(outbox, "WAITING_BYTES", 16_000)
    assert soak(1, 2 * HOURS_S, replace(MILD, dead_day=6)).figures["lost words"]


def test_the_soak_notices_an_exchange_that_settles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was answered is sent again, and answered again."""
    monkeypatch.setattr(Book, "_settle", lambda self, prompts: [])
    nature = replace(MILD, closes_in_turn=0.3)
    figures = soak(1, 2 * HOURS_S, nature).figures
    assert figures["doubled"] or figures["words twice"]
