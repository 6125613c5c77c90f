"""A persona's fields as people read them, and what they mean by what they type."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cogs.persona_fields import NAMED, SERVERS, aliases_typed, greeting_typed, shown, suggestions, typed


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("voice", "kore", "Kore"),
        ("voice", "Kore · firm", "Kore"),
        ("voice", "alloy", "alloy"),
        ("voice", "-", "-"),
        ("language", "German", "de"),
        ("language", "PT_br", "pt-BR"),
        ("language", "German (de)", "de"),
        ("language", "Klingon", "Klingon"),
        ("language", SERVERS, None),
        ("temperature", "0,7", 0.7),
        ("temperature", SERVERS, None),
        ("thinking_level", "HIGH", "high"),
        ("interrupt", "Nobody", "nobody"),
        ("addressing", "push", "push"),
        ("model", "gemini-3.8-live", "gemini-3.8-live"),
    ],
)
def test_typed(field: str, text: str, value: Any) -> None:
    assert typed(field, text) == value


def test_what_is_no_number_is_found_to_be_none() -> None:
    assert math.isnan(typed("temperature", "hot"))


def test_every_value_is_shown_and_understood_again() -> None:
    for field, named in NAMED.items():
        for value in named:
            given = float(value) if field == "temperature" else value
            assert shown(field, given)
            assert typed(field, value) == given


def test_suggestions_that_begin_so_come_first() -> None:
    assert list(suggestions("language", "ma"))[:3] == ["mi", "mk", "ml"]
    assert list(suggestions("language", "")) == [SERVERS, *NAMED["language"]]
    assert SERVERS not in suggestions("voice", ""), "a persona always has a voice"
    assert suggestions("model", "nothing") == {}


def test_the_texts_of_the_form() -> None:
    assert (greeting_typed(" "), greeting_typed("OFF"), greeting_typed(" Hi. ")) == (None, "", "Hi.")
    assert aliases_typed(" Q, , Quinnie ,") == ("Q", "Quinnie")
    assert aliases_typed("") == ()
