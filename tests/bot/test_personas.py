"""The personas of a server: which there are, which is in use where, and every edit a version."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.errors import StoreError
from bot.persona_rules import problems
from bot.personas import AT_MOST, DEFAULT_NAME, NotAPersona, Personas, TooMany, default_persona, presets
from bot.settings import Settings
from bot.store.rows import Persona
from bot.store.store import Store

GUILD, OTHER, LOUNGE, WORKSHOP, ANA = 10, 20, 1, 2, 5
AT = datetime(2026, 9, 1, tzinfo=UTC)
DEFAULT = Persona(name=DEFAULT_NAME, instruction="You are Parley.")
QUINN = Persona(name="Quinn", instruction="You are Quinn.", voice="Kore")
PRESETS = [
    "Friendly All-Rounder",
    "Game Master",
    "Interview Coach",
    "Language Tutor",
    "Meeting Secretary",
    "Quiz Host",
    "Receptionist",
    "Study Partner",
]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(f"sqlite:///{tmp_path}/parley.db") as opened:
        yield opened


@pytest.fixture
def personas(store: Store) -> Personas:
    return Personas(store, DEFAULT)


def names(personas: Personas, guild_id: int = GUILD) -> list[str]:
    return [persona.name for persona in personas.all(guild_id)]


# --- those that come with Parley ---


def test_eight_come_with_parley() -> None:
    assert [persona.name for persona in presets()] == PRESETS


@pytest.mark.parametrize("persona", presets(), ids=lambda persona: persona.name)
def test_each_of_them_is_sound(persona: Persona) -> None:
    assert problems(persona) == {}
    assert persona.aliases
    assert 600 < len(persona.instruction) < 2000, "enough to play a part, and every turn is billed for it"
    assert persona.model is None, "the model is the server's affair"


def test_no_two_sound_alike_or_speak_with_one_voice() -> None:
    called = [name for persona in presets() for name in (persona.name, *persona.aliases)]
    assert len(set(called)) == len(called)
    assert len({persona.voice for persona in presets()}) == len(presets())


def test_the_default_is_as_the_env_has_it() -> None:
    settings = Settings(
        discord_token=SecretStr("t"),
        gemini_api_key=SecretStr("k"),
        gemini_voice="Kore",
        parley_instruction="Be brief.",
        parley_aliases="Par, Lee",
    )
    assert default_persona(settings) == Persona(
        name="Parley", instruction="Be brief.", voice="Kore", aliases=("Par", "Lee")
    )


# --- a server's own ---


async def test_own_ones_stand_before_those_that_came(personas: Personas) -> None:
    await personas.save(GUILD, replace(QUINN, name="Zoe"), ANA, AT)
    await personas.save(GUILD, QUINN, ANA, AT)
    assert names(personas) == ["Parley", "Quinn", "Zoe", *PRESETS]
    assert names(personas, OTHER) == ["Parley", *PRESETS], "another server's are nobody's business"


async def test_names_are_found_whatever_their_case(personas: Personas) -> None:
    await personas.save(GUILD, QUINN, ANA, AT)
    assert personas.get(GUILD, " qUINN ") == QUINN
    assert personas.get(GUILD, "quiz host").name == "Quiz Host"
    with pytest.raises(KeyError) as unknown:
        personas.get(GUILD, "Nobody")
    assert unknown.value.args[0] == names(personas)


async def test_one_that_came_can_be_changed_and_comes_back(personas: Personas) -> None:
    original = personas.get(GUILD, "Quiz Host")
    ours = replace(original, voice="Charon")
    await personas.save(GUILD, ours, ANA, AT)
    assert personas.get(GUILD, "Quiz Host") == ours
    assert personas.get(OTHER, "Quiz Host") == original
    assert names(personas).count("Quiz Host") == 1
    assert personas.is_own(GUILD, "quiz host")
    assert personas.origin("quiz host") == original
    assert await personas.delete(GUILD, "Quiz Host", ANA, AT)
    assert personas.get(GUILD, "Quiz Host") == original
    assert not await personas.delete(GUILD, "Quiz Host", ANA, AT)


async def test_the_default_can_be_changed_too(personas: Personas) -> None:
    ours = replace(DEFAULT, instruction="You are ours.")
    await personas.save(GUILD, ours, ANA, AT)
    assert personas.for_channel(GUILD, LOUNGE) == ours
    assert names(personas)[0] == "Parley"
    assert personas.for_channel(OTHER, LOUNGE) == DEFAULT


async def test_what_is_no_persona_is_not_kept(personas: Personas, store: Store) -> None:
    with pytest.raises(NotAPersona) as wrong:
        await personas.save(GUILD, replace(QUINN, voice="alloy", temperature=9.0), ANA, AT)
    assert set(wrong.value.problems) == {"voice", "temperature"}
    assert "**Voice**" in wrong.value.sentence
    assert await store.personas.versions(GUILD, "Quinn") == []


async def test_there_is_an_end_to_it(personas: Personas) -> None:
    for number in range(AT_MOST):
        await personas.save(GUILD, replace(QUINN, name=f"Quinn {number}"), ANA, AT)
    with pytest.raises(TooMany):
        await personas.save(GUILD, QUINN, ANA, AT)
    await personas.save(GUILD, replace(QUINN, name="Quinn 7", voice="Puck"), ANA, AT)


async def test_what_cannot_be_kept_does_not_hold(personas: Personas, store: Store) -> None:
    await store.close()
    with pytest.raises(StoreError):
        await personas.save(GUILD, QUINN, ANA, AT)
    with pytest.raises(StoreError):
        await personas.use(GUILD, None, "Quiz Host")
    assert names(personas) == ["Parley", *PRESETS]
    assert personas.for_channel(GUILD, LOUNGE) == DEFAULT


async def test_a_server_that_the_bot_has_left_is_forgotten(personas: Personas) -> None:
    await personas.save(GUILD, QUINN, ANA, AT)
    await personas.use(GUILD, None, "Quinn")
    await personas.use(GUILD, WORKSHOP, "Quiz Host")
    await personas.use(OTHER, 3, "Quiz Host")
    personas.forget(GUILD)
    assert personas.find(GUILD, "Quinn") is None
    assert personas.for_channel(GUILD, LOUNGE) == DEFAULT
    assert personas.for_channel(GUILD, WORKSHOP) == DEFAULT
    assert personas.for_channel(OTHER, 3).name == "Quiz Host"


# --- versions ---


async def test_every_edit_is_a_version_and_none_is_lost(personas: Personas) -> None:
    second = replace(QUINN, voice="Puck")
    assert await personas.save(GUILD, QUINN, ANA, AT) == 1
    assert await personas.save(GUILD, second, ANA, AT) == 2
    assert await personas.rollback(GUILD, "quinn", 1, ANA, AT) == QUINN
    assert personas.get(GUILD, "Quinn") == QUINN
    await personas.delete(GUILD, "Quinn", ANA, AT)
    with pytest.raises(KeyError):
        personas.get(GUILD, "Quinn")
    assert await personas.rollback(GUILD, "Quinn", 2, ANA, AT) == second, "also after it was deleted"
    kept = await personas.versions(GUILD, "Quinn")
    assert [version.persona for version in kept] == [second, None, QUINN, second, QUINN]
    for number in (4, 99):
        with pytest.raises(LookupError):
            await personas.rollback(GUILD, "Quinn", number, ANA, AT)


# --- in use ---


async def test_the_channel_s_choice_goes_over_the_server_s(personas: Personas) -> None:
    assert personas.for_channel(GUILD, LOUNGE) == DEFAULT
    await personas.use(GUILD, None, "quiz host")
    await personas.use(GUILD, LOUNGE, "game master")
    assert personas.chosen(GUILD) == "Quiz Host"
    assert personas.for_channel(GUILD, LOUNGE).name == "Game Master"
    assert personas.for_channel(GUILD, WORKSHOP).name == "Quiz Host"
    assert personas.for_channel(OTHER, 3) == DEFAULT
    await personas.use(GUILD, LOUNGE, None)
    assert personas.for_channel(GUILD, LOUNGE).name == "Quiz Host"
    await personas.use(GUILD, None, None)
    assert personas.for_channel(GUILD, LOUNGE) == DEFAULT


async def test_a_choice_that_was_deleted_is_none(personas: Personas) -> None:
    await personas.save(GUILD, QUINN, ANA, AT)
    await personas.use(GUILD, None, "Quiz Host")
    await personas.use(GUILD, LOUNGE, "Quinn")
    await personas.delete(GUILD, "Quinn", ANA, AT)
    assert personas.for_channel(GUILD, LOUNGE).name == "Quiz Host"
    await personas.rollback(GUILD, "Quinn", 1, ANA, AT)
    assert personas.for_channel(GUILD, LOUNGE) == QUINN, "brought back, it is in use again"


async def test_nobody_who_is_not_there_can_be_chosen(personas: Personas) -> None:
    with pytest.raises(KeyError):
        await personas.use(GUILD, None, "Quinn")


async def test_a_restart_changes_nothing(personas: Personas, store: Store) -> None:
    await personas.save(GUILD, QUINN, ANA, AT)
    await personas.use(GUILD, LOUNGE, "Quinn")
    await personas.use(GUILD, None, "Quiz Host")
    await personas.save(OTHER, replace(QUINN, voice="Puck"), ANA, AT)
    again = await Personas.load(store, DEFAULT)
    assert again.get(OTHER, "Quinn").voice == "Puck"
    assert names(again) == names(personas)
    assert again.for_channel(GUILD, LOUNGE) == QUINN
    assert again.for_channel(GUILD, WORKSHOP).name == "Quiz Host"


async def test_what_else_a_channel_has_chosen_stays(store: Store) -> None:
    await store.guilds.save_channel(GUILD, LOUNGE, {"future": 1, "persona": 7})
    personas = await Personas.load(store, DEFAULT)
    assert personas.for_channel(GUILD, LOUNGE) == DEFAULT, "a choice that cannot be read is none"
    await personas.use(GUILD, LOUNGE, "Quiz Host")
    await personas.use(GUILD, LOUNGE, None)
    assert (await store.guilds.channels())[GUILD, LOUNGE] == {"future": 1}


async def test_one_from_an_older_version_is_usable(store: Store) -> None:
    await store.personas.save(GUILD, replace(QUINN, model="gemini-1-live"), ANA, AT)
    personas = await Personas.load(store, DEFAULT)
    assert personas.get(GUILD, "Quinn") == QUINN
