"""Which time zone a place has, and which moment somebody means. Pure but for the tz database, read once."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from bot.foreign import data
from bot.tools.guild.spoken import folded
from bot.tools.registry import Unclear

MAX_ZONES = 6
"""So many zones of one country are told; Russia has 26."""

_COUNTRIES = {
    "uk": "GB",
    "england": "GB",
    "scotland": "GB",
    "great britain": "GB",
    "usa": "US",
    "america": "US",
    "south korea": "KR",
    "czechia": "CZ",
    "holland": "NL",
    "uae": "AE",
}
"""What people say, where the tz database has a longer name."""


def zones_of(place: str, now: datetime) -> list[ZoneInfo]:
    """The zones of a place, without those that have the same time at `now`. A place is an IANA name, a city
    that names a zone, or a country. Raises Unclear."""
    names = _places().get(folded(place)) or _literal(place)
    if not names:
        raise Unclear(
            f'No time zone is known by the name "{data(place)}". Call again with the IANA zone of that '
            "place, such as Europe/Berlin."
        )
    by_offset: dict[timedelta | None, ZoneInfo] = {}
    for zone in map(ZoneInfo, names):
        by_offset.setdefault(now.astimezone(zone).utcoffset(), zone)
    return list(by_offset.values())[:MAX_ZONES]


def moment(text: str, place: str | None, now: datetime) -> datetime:
    """The moment of an ISO 8601 date and time; without an offset it is the time in `place`. Raises
    Unclear."""
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Unclear(
            f'"{data(text)}" is no date and time. Write it like 2026-05-31T20:00:00+02:00.'
        ) from None
    if when.tzinfo is not None:
        return when
    if place is None:
        raise Unclear("It is not known in which time zone that is. Ask in which city, and give it as place.")
    zones = zones_of(place, now)
    if len(zones) > 1:
        raise Unclear(f'"{data(place)}" has several time zones. Ask in which city.')
    return when.replace(tzinfo=zones[0])


def told(when: datetime, zone: ZoneInfo) -> dict[str, str]:
    """A moment as it is said in a place."""
    there = when.astimezone(zone)
    return {
        "zone": zone.key,
        "time": f"{there:%H:%M}",
        "date": f"{there:%Y-%m-%d}",
        "weekday": f"{there:%A}",
        "utc_offset": f"{there:%z}"[:3] + ":" + f"{there:%z}"[3:5],
    }


def _literal(place: str) -> list[str]:
    """An IANA name that is in no table, such as Etc/GMT+5."""
    name = place.strip()
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: a directory of the database, such as Europe
        return []
    return [name]


@cache
def _places() -> dict[str, list[str]]:
    """Folded name of a zone, a city or a country → names of zones."""
    found: dict[str, list[str]] = {"utc": ["UTC"], "gmt": ["UTC"]}
    of_country: dict[str, list[str]] = {}
    for code, _, name, *_ in _table("zone.tab"):
        of_country.setdefault(code, []).append(name)
        found[folded(name)] = [name]
        found.setdefault(folded(name.rpartition("/")[2]), [name])
    for code, country in _table("iso3166.tab"):
        if code in of_country:
            found[folded(country)] = of_country[code]
    for said, code in _COUNTRIES.items():
        found[said] = of_country[code]
    return found


def _table(name: str) -> list[list[str]]:
    text = files("tzdata.zoneinfo").joinpath(name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
