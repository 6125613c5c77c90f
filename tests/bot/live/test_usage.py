"""What a room uses, summed and priced."""

from __future__ import annotations

import pytest

from bot.live.events import Usage
from bot.live.usage import UsageMeter

MODEL = "gemini-3.8-live"


def test_every_snapshot_counts() -> None:
    meter = UsageMeter()
    for _ in range(3):
        meter.add(Usage({"TEXT": 300, "AUDIO": 600}, {"AUDIO": 250}, thinking=10), MODEL)
    assert meter.input == {"TEXT": 900, "AUDIO": 1800}
    assert meter.tokens == 3 * 1160
    expected = (900 * 0.75 + 1800 * 3.00 + 750 * 12.00 + 30 * 4.50) / 1e6
    assert meter.usd == pytest.approx(expected)
    assert not meter.estimated


def test_each_session_is_priced_as_its_model_is() -> None:
    meter, other = UsageMeter(), "gemini-2.5-flash-native-audio-preview-12-2025"
    for model_id in (MODEL, other):
        meter.add(Usage({"TEXT": 1_000_000}, {}), model_id)
    assert meter.usd == pytest.approx(0.75 + 0.50)
    assert meter.tokens == 2_000_000


def test_an_estimate_stays_one() -> None:
    meter = UsageMeter()
    meter.add(Usage({"AUDIO": 1}, {}, estimated=True), MODEL)
    meter.add(Usage({"AUDIO": 1}, {}), MODEL)
    assert meter.estimated


def test_modalities_that_the_table_does_not_price_by_name() -> None:
    meter = UsageMeter()
    meter.add(Usage({"VIDEO": 1_000_000}, {"NEW": 1_000_000}), MODEL)
    assert meter.usd == pytest.approx(1.00 + 12.00)
