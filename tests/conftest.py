"""Order among the tests: those in real time stand in queues."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

REALTIME = {"e2e", "scenarios", "live_faults"}
QUEUES = {
    "talk": ["rollover", "whole_conversation", "whose_turn", "words_survive"],
    "company": ["presence_commands", "moderating_a_conversation", "rooms", "slow_tools"],
    "moderators": ["persona_commands", "reminding", "spoken_tools"],
    "commands": ["commands", "mentions", "start", "strangers", "crash", "moderators_panels"],
    "faults": ["every_tool_by_hand", "comes_and_goes", "live_faults", "*_scenarios", "close_codes"],
}
"""By file, each queue some two minutes. The tests of one run one after another, in one process: they mostly
wait, and two cores bear five of them, but none that computes beside them."""


def queue_of(path: PurePosixPath) -> str | None:
    """A file that is named in none is a queue of its own; None: it computes, and its tests are free."""
    if path.parts[1] not in REALTIME:
        return None
    for queue, names in QUEUES.items():
        if any(path.match(f"test_{name}.py") for name in names):
            return queue
    return path.stem


@pytest.hookimpl(optionalhook=True)  # there may be no pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """By file, and not by the mark `xdist_group`: with pytest 9.2 that is silently ignored
    (pytest-dev/pytest-xdist#1386)."""
    from xdist.scheduler import LoadScopeScheduling

    class ByQueue(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return queue_of(PurePosixPath(nodeid.partition("::")[0])) or nodeid

    return ByQueue(config, log)
