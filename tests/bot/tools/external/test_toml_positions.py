from __future__ import annotations

import pytest

from bot.tools.external.positions import Positions

TEXT = '''# first line
allow_private = [
  "127.0.0.1",
]

[[http]]
name = "a"
description = """
url = "not a field"
[[http]]
"""
url = "x"
headers = { Authorization = "y" }

[http.parameters.properties.item]
type = "string"

[[http]]
name = "b"
"url" = "z"
query.q = "1"
'''


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (("allow_private",), 2),
        (("http", 0), 6),
        (("http", 0, "url"), 12),
        (("http", 0, "headers", "Authorization"), 13),
        (("http", 0, "parameters", "properties", "item", "type"), 16),
        (("http", 0, "parameters", "properties", "item", "enum"), 15),
        (("http", 0, "missing"), 6),
        (("http", 1, "url"), 20),
        (("http", 1, "query", "q"), 21),
        (("http", 1), 18),
        (("nothing",), 1),
    ],
)
def test_lines(where: tuple[str | int, ...], line: int) -> None:
    assert Positions(TEXT).line(where) == line
