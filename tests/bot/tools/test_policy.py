"""What moderators have said, first come first served."""

from __future__ import annotations

import pytest

from bot.store.rows import ToolGrant
from bot.tools.policy import PER_MINUTE, Policy, resolve
from tests.bot.tools.court import Court

TOOL = Court().move()


def said(**choices: object) -> ToolGrant:
    return ToolGrant(guild_id=1, tool=TOOL.name, **choices)  # type: ignore[arg-type]


def test_where_nothing_was_said_it_is_as_the_tool_has_it() -> None:
    assert resolve(TOOL, ()) == Policy(enabled=True, confirm="never", per_minute=PER_MINUTE)
    assert not resolve(Court().move(enabled=False), ()).enabled


def test_each_choice_is_taken_from_the_first_who_made_it() -> None:
    policy = resolve(
        TOOL,
        [
            said(enabled=False),
            said(enabled=True, confirm="always", roles=frozenset()),
            said(roles=frozenset({900}), per_minute=3),
        ],
    )
    assert policy == Policy(enabled=False, confirm="always", roles=frozenset(), per_minute=3)


def test_a_word_that_is_none_was_not_said() -> None:
    assert resolve(TOOL, [said(confirm="sometimes")]).confirm == "never"


@pytest.mark.parametrize(
    ("confirm", "changes", "wanted"),
    [
        ("never", True, False),
        ("changes", True, True),
        ("changes", False, False),
        ("always", False, True),
    ],
)
def test_what_wants_confirming(confirm: str, changes: bool, wanted: bool) -> None:
    policy = resolve(TOOL, [said(confirm=confirm)])
    assert policy.wants_confirming(Court().move(changes=changes)) is wanted
