"""Order among the tests: those in real time run one after another, the others beside them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

TOGETHER = {"e2e", "commands", "moderators", "crash", "scenarios", "live_faults"}
"""Directories whose tests one process runs, in their order."""


@pytest.hookimpl(optionalhook=True)  # there may be no pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """By directory, and not by the mark `xdist_group`: with pytest 9.2 that is silently ignored
    (pytest-dev/pytest-xdist#1386)."""
    from xdist.scheduler import LoadScopeScheduling

    class ByDirectory(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            directory = PurePosixPath(nodeid.partition("::")[0]).parent.name
            return directory if directory in TOGETHER else nodeid

    return ByDirectory(config, log)
