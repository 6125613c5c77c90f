"""A short run of the fuzz target; the long one (ten million datagrams) is started by hand."""

from __future__ import annotations

import pytest
from fuzz_inbound import run


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_raises_and_every_part_is_reached(seed: int) -> None:
    outcome = run(8_000, seed)
    assert outcome.datagrams == 8_000
    for cause in ("heard", "wrong key", "plaintext", "bad padding", "not RTP", "duplicate"):
        assert outcome.causes[cause] > 0, cause
