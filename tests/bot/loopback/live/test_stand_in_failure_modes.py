"""The table of failures is complete, and every switch in it does something."""

from __future__ import annotations

import pytest

from bot.loopback.live import DEVIATIONS, FAILURE_MODES, LiveFaults, Switch

SWITCHES = [switch for mode in FAILURE_MODES.values() for switch in mode.switches] + list(DEVIATIONS)


def test_every_number_is_there() -> None:
    assert list(FAILURE_MODES) == list(range(1, 26))


def test_a_mode_without_a_switch_says_why() -> None:
    assert {number for number, mode in FAILURE_MODES.items() if not mode.switches} == {22}
    assert FAILURE_MODES[22].remark


def test_names_are_unique() -> None:
    assert len({switch.name for switch in SWITCHES}) == len(SWITCHES)


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_a_switch_changes_the_faults_that_there_are(switch: Switch) -> None:
    faults = LiveFaults()
    switch.on(faults)
    assert faults != LiveFaults()


def test_no_fault_is_left_out() -> None:
    """A fault that no switch sets could not be asked for by name; the exceptions are parameters."""
    changed: set[str] = set()
    for switch in SWITCHES:
        faults = LiveFaults()
        switch.on(faults)
        fresh = LiveFaults()
        changed |= {name for name in LiveFaults.__slots__ if getattr(faults, name) != getattr(fresh, name)}
    assert set(LiveFaults.__slots__) - changed == {"refuse_upgrade", "stall_s"}
