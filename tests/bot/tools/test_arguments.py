import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tools.arguments import problems

SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "times": {"type": "integer", "minimum": 1, "maximum": 5},
        "volume": {"type": "number"},
        "loud": {"type": "boolean"},
        "mood": {"type": "string", "enum": ["calm", "wild"]},
        "people": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}}}},
    },
    "required": ["title"],
}


def test_right_arguments() -> None:
    whole: dict[str, Any] = {
        "title": "x",
        "times": 3.0,
        "volume": 1,
        "loud": False,
        "mood": "calm",
        "people": [{"id": 1}, {}],
    }
    assert problems(whole, SCHEMA) == []
    assert problems({"title": ""}, SCHEMA) == []


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({}, "title is missing"),
        ({"title": 1}, "title must be of type string"),
        ({"title": "x", "times": 0}, "times must be at least 1"),
        ({"title": "x", "times": 6}, "times must be at most 5"),
        ({"title": "x", "times": 1.5}, "times must be of type integer"),
        ({"title": "x", "times": True}, "times must be of type integer"),
        ({"title": "x", "times": "3"}, "times must be of type integer"),
        ({"title": "x", "times": float("inf")}, "times must be of type integer"),
        ({"title": "x", "times": 10**400}, "times must be at most 5"),
        ({"title": "x", "loud": 1}, "loud must be of type boolean"),
        ({"title": "x", "mood": "sad"}, "mood must be one of calm, wild"),
        ({"title": "x", "people": {}}, "people must be of type array"),
        ({"title": "x", "people": [{"id": "1"}]}, "people[0].id must be of type integer"),
        ({"title": "x", "people": [{"name": "Ana"}]}, "people[0].name is not known"),
        ([], "the arguments must be of type object"),
    ],
)
def test_wrong_arguments(args: Any, problem: str) -> None:
    assert problems(args, SCHEMA) == [problem]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_no_bound_keeps_out_is_no_number(number: float) -> None:
    bounded = {"type": "number", "minimum": 1, "maximum": 5}
    assert problems({"n": number}, {"type": "object", "properties": {"n": bounded}}) == [
        "n must be of type number"
    ]


def test_a_tool_without_parameters_takes_none() -> None:
    assert problems({}, {}) == []
    assert problems({"why": "not"}, {}) == ["why is not known"]


@given(
    st.dictionaries(
        st.sampled_from([*SCHEMA["properties"]]),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
            ),
            max_leaves=4,
        ),
        max_size=3,
    )
)
def test_no_arguments_raise(args: dict[str, Any]) -> None:
    problems(args, SCHEMA)
