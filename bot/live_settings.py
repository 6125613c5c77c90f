"""What the next connection of a room is asked to be: from who the bot is, who is there, what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.company import Company
from bot.instruction import instruct
from bot.live.config import LiveSettings
from bot.persona_rules import voiced
from bot.settings import Settings

SEARCH = "google_search"
"""The one tool that the service itself runs: a declaration of this name switches it on."""


def model_of(settings: Settings, company: Company) -> str:
    """The persona's model, else the server's, else that of `.env`."""
    return company.persona.model or company.chosen.model or settings.gemini_model


def live_settings(
    settings: Settings, company: Company, tools: Sequence[Mapping[str, Any]], summary: str
) -> LiveSettings:
    """`tools` are declarations; `summary`: what was said before, for a session that does not know it; else
    empty."""
    functions = [tool for tool in tools if tool["name"] != SEARCH]
    return voiced(
        company.persona,
        LiveSettings(
            model=model_of(settings, company),
            instruction=instruct(
                company.persona,
                language=company.chosen.language,
                rules=company.floor.rules,
                roster=company.people.values(),
                tools=functions,
                summary=summary,
            ),
            tools=functions,
            search=len(functions) < len(tools),
            turn_detection=settings.parley_turn_detection,
            silence_ms=settings.parley_hangover_ms,
            compression_trigger_tokens=settings.gemini_compression_trigger,
            compression_target_tokens=settings.gemini_compression_target,
        ),
    )
