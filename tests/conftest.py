"""Order among the tests: those on the whole path in real time run one after another, beside the others."""

from __future__ import annotations

import pytest

REAL_TIME = {"e2e", "scenarios"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name in REAL_TIME:
            item.add_marker(pytest.mark.xdist_group("real time"))
