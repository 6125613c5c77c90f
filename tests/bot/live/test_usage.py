import pytest

from bot.live.events import Usage
from bot.live.usage import UsageMeter


def test_every_snapshot_counts() -> None:
    meter = UsageMeter("gemini-3.8-live")
    for _ in range(3):
        meter.add(Usage({"TEXT": 300, "AUDIO": 600}, {"AUDIO": 250}, thinking=10))
    assert meter.input == {"TEXT": 900, "AUDIO": 1800}
    assert meter.tokens == 3 * 1160
    expected = (900 * 0.75 + 1800 * 3.00 + 750 * 12.00 + 30 * 4.50) / 1e6
    assert meter.usd == pytest.approx(expected)
    assert not meter.estimated


def test_sessions_add_up_to_a_guild() -> None:
    guild, session = UsageMeter("gemini-3.8-live"), UsageMeter("gemini-3.8-live")
    for meter in (guild, session):
        meter.add(Usage({"AUDIO": 600, "VIDEO": 258}, {"AUDIO": 250}, thinking=10))
    session.add(Usage({}, {"AUDIO": 1}, estimated=True))
    before_usd = guild.usd
    guild += session
    assert guild.usd == pytest.approx(before_usd + session.usd)
    assert guild.input == {"AUDIO": 1200, "VIDEO": 516}
    assert guild.estimated


def test_an_estimate_stays_one() -> None:
    meter = UsageMeter("gemini-3.8-live")
    meter.add(Usage({"AUDIO": 1}, {}, estimated=True))
    meter.add(Usage({"AUDIO": 1}, {}))
    assert meter.estimated


def test_modalities_that_the_table_does_not_price_by_name() -> None:
    meter = UsageMeter("gemini-3.8-live")
    meter.add(Usage({"VIDEO": 1_000_000}, {"NEW": 1_000_000}))
    assert meter.usd == pytest.approx(1.00 + 12.00)
