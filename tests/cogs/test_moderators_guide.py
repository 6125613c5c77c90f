"""docs/moderators.md quotes the bot exactly, and leaves no command out."""

from __future__ import annotations

import pytest
from moderators_guide import GUIDE, every_command, quoted, rendered, said

ANEW = "docs/moderators.md is out of date: python tests/cogs/moderators_guide.py writes it anew"


def test_every_quotation_is_what_the_bot_says() -> None:
    guide = GUIDE.read_text()
    assert rendered(guide, said()) == guide, ANEW


def test_nothing_that_it_says_is_left_out() -> None:
    names = [name for name, _ in quoted(GUIDE.read_text())]
    assert sorted(names) == sorted(said())


@pytest.mark.parametrize("command", every_command())
def test_every_command_is_explained(command: str) -> None:
    assert f"`/{command}" in GUIDE.read_text()
