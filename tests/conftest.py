"""Order among the tests: those in real time stand in four queues."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

QUEUES = {
    "e2e": "talk",
    "commands": "commands",
    "moderators": "moderators",
    "crash": "faults",
    "scenarios": "faults",
    "live_faults": "faults",
}
"""By directory. The tests of one queue run one after another, in one process: they mostly wait, and two cores
bear four of them, but none that computes beside them."""


@pytest.hookimpl(optionalhook=True)  # there may be no pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """By directory, and not by the mark `xdist_group`: with pytest 9.2 that is silently ignored
    (pytest-dev/pytest-xdist#1386)."""
    from xdist.scheduler import LoadScopeScheduling

    class ByDirectory(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return QUEUES.get(PurePosixPath(nodeid.partition("::")[0]).parent.name, nodeid)

    return ByDirectory(config, log)
