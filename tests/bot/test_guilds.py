"""What a server has chosen, and what it has left as it was."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from bot.guilds import Guilds, GuildSettings
from bot.settings import Settings
from bot.turns.floor import Interrupt, Mode


def settings(**chosen: object) -> Settings:
    return Settings(discord_token=SecretStr("t"), gemini_api_key=SecretStr("k"), **chosen)  # type: ignore[arg-type]


def test_what_nobody_has_chosen_is_as_in_the_environment() -> None:
    defaults = GuildSettings.of(
        settings(parley_addressing="named", parley_interrupt="hosts", parley_follow_up_s=5, parley_alone_s=60)
    )
    assert defaults.mode is Mode.NAMED
    assert defaults.interrupt is Interrupt.HOSTS
    assert (defaults.follow_up_s, defaults.alone_s, defaults.nudge_s) == (5.0, 60.0, None)
    assert defaults.greeting
    assert defaults.goodbye


@pytest.mark.parametrize("off", ["off", " OFF ", "Off"])
def test_off_is_off(off: str) -> None:
    defaults = GuildSettings.of(settings(parley_greeting=off, parley_goodbye=off, parley_alone_s=0))
    assert (defaults.greeting, defaults.goodbye, defaults.alone_s) == (None, None, None)


def test_every_server_has_its_own_choices() -> None:
    guilds = Guilds(GuildSettings())
    assert guilds.change(1, mode=Mode.PUSH).mode is Mode.PUSH
    guilds.change(1, nudge_s=30.0)
    assert (guilds.of(1).mode, guilds.of(1).nudge_s) == (Mode.PUSH, 30.0)
    assert guilds.of(2) == GuildSettings()


def test_a_choice_that_does_not_exist_changes_nothing() -> None:
    guilds = Guilds(GuildSettings())
    with pytest.raises(TypeError):
        guilds.change(1, volume=11)
    assert guilds.of(1) == GuildSettings()
