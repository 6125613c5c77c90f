"""What has changed between two versions, as people read it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.rows import Persona
from cogs.persona_diff import changed_fields, difference, words

QUINN = Persona(name="Quinn", instruction="You are Quinn. You are brief.", voice="Kore")


def test_nothing_has_changed() -> None:
    assert difference(QUINN, QUINN) == ""
    assert changed_fields(QUINN, QUINN) == []


def test_made_and_deleted() -> None:
    assert "Made" in difference(None, QUINN)
    assert difference(QUINN, None) == "Deleted."


@pytest.mark.parametrize(
    ("changes", "reads"),
    [
        ({"voice": "Puck"}, "**Voice**: Kore · firm → Puck · upbeat"),
        ({"temperature": 0.0}, "**Temperature**: the model's own → 0"),
        ({"language": "de"}, "**Language**: the server's, else the one it is spoken to in → German (de)"),
        ({"aliases": ("Q", "Quinnie")}, "**Aliases**: none → Q, Quinnie"),
        ({"greeting": ""}, "**Greeting**: as the server has it → off"),
        ({"interrupt": "nobody"}, "**Who may interrupt**: as the server has it → Nobody"),
        ({"aliases": ("*Q*",)}, "**Aliases**: none → \\*Q\\*"),
    ],
)
def test_a_field_is_shown_before_and_after(changes: dict[str, object], reads: str) -> None:
    assert difference(QUINN, replace(QUINN, **changes)) == reads  # type: ignore[arg-type]


def test_of_a_long_text_the_words_that_differ() -> None:
    after = replace(QUINN, instruction="You are Quinn. You are very brief.", voice="Puck")
    assert difference(QUINN, after) == (
        "**Instruction**: You are Quinn. You are **very** brief.\n**Voice**: Kore · firm → Puck · upbeat"
    )


def test_what_is_far_from_a_change_is_left_out() -> None:
    before = " ".join(f"word{number}" for number in range(100))
    after = before.replace("word50", "new")
    shown = words(before, after)
    assert shown == (
        "… word44 word45 word46 word47 word48 word49 ~~word50~~ **new** "
        "word51 word52 word53 word54 word55 word56 …"
    )


def test_paragraphs_do_not_break_the_marks() -> None:
    assert words("One.\n\nTwo.", "One.\n\nThree.\n\nTwo.") == "One. ⏎ **Three. ⏎** Two."


def test_nothing_in_it_has_effect() -> None:
    assert "@everyone" not in words("a", "a @everyone **b**")
    assert "\\*\\*b\\*\\*" in words("a", "a **b**")


@given(st.text(max_size=100), st.text(max_size=100))
def test_whatever_the_texts_it_is_one_line(before: str, after: str) -> None:
    assert "\n" not in words(before, after)


def test_nobody_makes_the_channels_stutter_by_what_they_write() -> None:
    """All channels of all servers wait for it: a comparison of every word with every other took 0.6 s."""
    before, after = ("a b " * 999)[:4000], ("b a b b " * 500)[:4000]
    began = time.process_time()
    words(before, after)
    assert time.process_time() - began < 0.15


def test_common_words_of_a_long_text_do_not_hide_what_has_changed() -> None:
    text = [f"the word{n} and the" for n in range(100)]
    changed = [*text[:50], "the other and the", *text[51:]]
    shown = words(" ".join(text), " ".join(changed))
    assert "~~word50~~ **other**" in shown
    assert shown.count("~~") == 2
