"""Every connection is asked for what holds at its moment."""

from __future__ import annotations

from pydantic import SecretStr

from bot.company import Company
from bot.guilds import GuildSettings
from bot.live_settings import live_settings
from bot.personas import default_persona
from bot.settings import Settings
from bot.tools.leave import LEAVE_CHANNEL
from bot.tools.registry import Registry
from bot.tools.who import WHO_IS_SPEAKING


def test_settings_tools_and_the_company_of_the_moment() -> None:
    settings = Settings(
        discord_token=SecretStr("t"),
        gemini_api_key=SecretStr("k"),
        gemini_voice="Kore",
        parley_instruction="You are a pirate.",
        parley_turn_detection="server",
        parley_hangover_ms=700,
    )
    people = {1: "Ana"}
    company = Company(lambda: people, GuildSettings, lambda: default_persona(settings), ("Parley",))
    tools = Registry([LEAVE_CHANNEL, WHO_IS_SPEAKING]).declarations()
    company.look_round(0.0)
    alone = live_settings(settings, company, tools, "")
    people[2] = "Ben"
    company.look_round(1.0)
    together = live_settings(settings, company, tools, 'You: "Ahoy."')
    assert (alone.voice, alone.turn_detection, alone.silence_ms) == ("Kore", "server", 700)
    assert alone.model == settings.gemini_model
    assert [tool["name"] for tool in alone.tools] == ["leave_channel", "who_is_speaking"]
    assert alone.instruction.startswith("You are a pirate.")
    assert "Whatever is said here is said to you." in alone.instruction
    assert "You are meant when you are called Parley" in together.instruction
    assert '"Ana", "Ben"' in together.instruction
    assert 'You: "Ahoy."' in together.instruction
    assert alone.resumption_handle is None  # the line's own affair
