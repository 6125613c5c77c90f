"""What the next connection of a room is asked to be, from who is there and what was said."""

from __future__ import annotations

from bot.company import Company
from bot.instruction import assemble
from bot.live.config import LiveSettings
from bot.settings import Settings
from bot.tools.registry import Registry
from bot.turns.floor import describe


def live_settings(settings: Settings, company: Company, registry: Registry, summary: str) -> LiveSettings:
    """`summary`: what was said before, for a session that does not know it; else empty."""
    return LiveSettings(
        model=settings.gemini_model,
        voice=settings.gemini_voice,
        instruction=assemble(
            settings.parley_instruction,
            names=company.floor.rules.names,
            roster=company.people.values(),
            floor=describe(company.floor.rules, len(company.people)),
            summary=summary,
        ),
        tools=registry.declarations(),
        turn_detection=settings.parley_turn_detection,
        silence_ms=settings.parley_hangover_ms,
        compression_trigger_tokens=settings.gemini_compression_trigger,
        compression_target_tokens=settings.gemini_compression_target,
    )
