"""A persona as a file: read back as it was written, and a wrong one says where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import persona_file
from bot.languages import LANGUAGES
from bot.live.models import MODELS
from bot.live.voices import VOICES
from bot.persona_file import MAX_BYTES, Unreadable
from bot.persona_rules import THINKING_LEVELS, problems, tidy
from bot.store.rows import Persona
from bot.turns.floor import Interrupt, Mode

texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=200)
names = st.text(st.characters(whitelist_categories=("L", "N")), min_size=1, max_size=32)
personas = st.builds(
    Persona,
    name=names,
    instruction=texts,
    aliases=st.lists(names, max_size=8).map(tuple),
    voice=st.sampled_from(list(VOICES)),
    language=st.none() | st.sampled_from(list(LANGUAGES)),
    temperature=st.none() | st.floats(0, 2),
    thinking_level=st.none() | st.sampled_from(THINKING_LEVELS),
    greeting=st.none() | texts,
    interrupt=st.none() | st.sampled_from([each.value for each in Interrupt]),
    addressing=st.none() | st.sampled_from([each.value for each in Mode]),
    model=st.none() | st.sampled_from(list(MODELS)),
)


@given(personas.map(tidy).filter(lambda persona: not problems(persona)))
def test_read_back_as_written(persona: Persona) -> None:
    assert persona_file.read(persona_file.write(persona).encode()) == persona


def test_written_to_be_read_by_people() -> None:
    persona = Persona(
        name="Quinn", instruction='One.\nSay "two".', aliases=("Q",), voice="Kore", temperature=0.7
    )
    assert persona_file.write(persona) == (
        "# A persona of Parley. `/persona import` reads this file.\n"
        'name = "Quinn"\n'
        'instruction = """\nOne.\nSay \\"two\\"."""\n'
        'aliases = ["Q"]\n'
        'voice = "Kore"\n'
        "temperature = 0.7\n"
    )


@given(st.binary(max_size=300))
def test_whatever_comes_there_is_a_sentence(content: bytes) -> None:
    with pytest.raises(Unreadable) as wrong:
        persona_file.read(content)
    assert wrong.value.sentence.endswith((".", "…"))


GOOD = b'name = "Quinn"\ninstruction = """\nname = 3\nBe kind.\n"""\n'


def test_blank_space_around_texts_is_dropped() -> None:
    assert persona_file.read(GOOD).instruction == "name = 3\nBe kind."
    assert persona_file.read(b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n")) == persona_file.read(GOOD)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'name = "Quinn"\n', "The field instruction is missing"),
        (b"", "The field name is missing"),
        (GOOD + b"voice = Kore\n", "Line 6: not TOML"),
        (GOOD + b'voice = "alloy"\n', "Line 6: voice cannot be 'alloy'"),
        (GOOD + b"\n\nvoice = 7\n", 'Line 8: voice must be text in quotes: "…".'),
        (GOOD + b'aliases = "Q"\n', "Line 6: aliases must be a list of names"),
        (GOOD + b"aliases = [1]\n", "Line 6: aliases must be a list of names"),
        (GOOD + b'temperature = "warm"\n', "Line 6: temperature must be a number."),
        (GOOD + b"temperature = true\n", "Line 6: temperature must be a number."),
        (GOOD + b"temperature = nan\n", "Line 6: temperature must be a number from 0"),
        (GOOD + b'colour = "red"\n', "Line 6: there is no field colour. Known: name, instruction"),
        (GOOD + b"[voice]\nname = 1\n", "Line 6: voice must be text"),
        (GOOD.replace(b'"Quinn"', b'"!"'), "Line 1: name needs at least one letter"),
        (GOOD + b'name = "Twice"\n', "Line 6: not TOML"),
        (b'name = "open', "Line 1: not TOML"),
        (b'name = "Quinn"\ninstruction = "caf\xe9"\n', "Line 2: not UTF-8 text"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"#" * (MAX_BYTES + 1), "too large"),
    ],
)
def test_an_error_names_line_and_field(content: bytes, says: str) -> None:
    with pytest.raises(Unreadable) as wrong:
        persona_file.read(content)
    assert says in wrong.value.sentence
