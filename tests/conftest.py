"""Order among the tests: those in real time run one after another in one process, beside the others."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

TOGETHER = {"e2e": "real time", "scenarios": "real time", "live_faults": "live faults"}
"""Directory → the tests that one process runs, in their order."""


@pytest.hookimpl(optionalhook=True)  # there may be no pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """By directory, and not by the mark `xdist_group`: with pytest 9.2 that is silently ignored
    (pytest-dev/pytest-xdist#1386)."""
    from xdist.scheduler import LoadScopeScheduling

    class ByDirectory(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return TOGETHER.get(PurePosixPath(nodeid.partition("::")[0]).parent.name, nodeid)

    return ByDirectory(config, log)
