"""Who is there, by which rules: what the server chooses holds at once."""

from __future__ import annotations

from dataclasses import replace

from home_on_record import PARLEY

from bot.company import LOOK_ROUND_S, Company
from bot.guilds import GuildSettings
from bot.presence import AloneTooLong, NudgeDue
from bot.store.rows import Persona
from bot.turns.floor import Interrupt, Mode

ANA, BEN = 1, 2


class Place:
    """A channel and the server's settings."""

    def __init__(self, **chosen: object) -> None:
        self.people = {ANA: "Ana"}
        self.chosen = replace(GuildSettings(), **chosen)  # type: ignore[arg-type]
        self.persona = PARLEY
        self.company = Company(
            lambda: self.people, lambda: self.chosen, lambda: self.persona, ("Parley", "Polly")
        )


def test_looks_round_once_a_second_and_when_somebody_was_seen() -> None:
    place = Place()
    assert place.company.is_due(0.0)
    place.company.look_round(10.0)
    assert not place.company.is_due(10.0 + LOOK_ROUND_S - 0.1)
    assert place.company.is_due(10.0 + LOOK_ROUND_S)
    place.company.look_round(12.0)
    place.company.look_again()
    assert place.company.is_due(12.0)


def test_a_change_is_told_once_and_a_new_name_is_one() -> None:
    place = Place()
    assert place.company.look_round(0.0)
    assert not place.company.look_round(1.0)
    place.people[ANA] = "Ana (away)"
    assert place.company.look_round(2.0)
    assert place.company.people == {ANA: "Ana (away)"}


def test_what_was_seen_does_not_change_under_our_hands() -> None:
    place = Place()
    place.company.look_round(0.0)
    place.people[BEN] = "Ben"
    assert place.company.people == {ANA: "Ana"}
    assert place.company.look_round(1.0)


def test_the_rules_of_the_server_hold_at_once() -> None:
    place = Place()
    place.chosen = replace(
        place.chosen, mode=Mode.HOST, hosts=frozenset({BEN}), interrupt=Interrupt.HOSTS, follow_up_s=3.0
    )
    assert place.company.floor.rules.mode is Mode.AUTO
    place.company.rules_changed()
    rules = place.company.floor.rules
    assert (rules.mode, rules.hosts, rules.interrupt) == (Mode.HOST, {BEN}, Interrupt.HOSTS)
    assert rules.follow_up_s == 3.0
    assert rules.names == ("Parley", "Polly")


def test_patience_may_change_while_it_is_alone_or_silent() -> None:
    place = Place(nudge_s=None, alone_s=None)
    place.company.look_round(0.0)
    assert place.company.presence.tick(100.0) == []
    place.chosen = replace(place.chosen, nudge_s=60.0, alone_s=30.0)
    place.company.rules_changed()
    assert [type(event) for event in place.company.presence.tick(100.0)] == [NudgeDue]
    place.people.clear()
    place.company.look_round(110.0)
    assert place.company.presence.tick(139.0) == []
    assert place.company.presence.tick(140.0) == [AloneTooLong(30.0)]


def test_a_persona_has_ways_of_its_own() -> None:
    here = Place(mode=Mode.OPEN, greeting="Say hello.")
    assert (here.company.floor.rules.mode, here.company.greeting) == (Mode.OPEN, "Say hello.")
    here.persona = Persona(
        name="Sage", instruction="Be wise.", aliases=("Guru",), addressing="named", greeting="Bow."
    )
    here.company.rules_changed()
    assert here.company.floor.rules.mode is Mode.NAMED
    assert here.company.floor.rules.names == ("Sage", "Guru", "Parley", "Polly")
    assert here.company.greeting == "Bow."
    here.persona = replace(here.persona, greeting="")
    assert here.company.greeting is None, "it says nothing"
