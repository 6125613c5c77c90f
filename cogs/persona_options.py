"""The options of `/persona`: what is suggested while they are typed, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.personas import Personas
from bot.store.rows import PersonaVersion
from bot.voice.entry import VoiceRoom
from cogs import persona_wording as wording
from cogs.persona_fields import NAMED, SERVERS, shown, suggestions, typed

SUGGESTIONS_MAX = 25  # Discord API docs, "Application Command Autocomplete"
CHANNEL, SERVER = "channel", "server"

FIELDS = ("voice", "language", "temperature", "thinking_level", "interrupt", "addressing", "model")
"""Those that are filled in as options; the others are written in a form."""

Callback = TypeVar("Callback", bound=Callable[..., Any])
_Asked = discord.Interaction[Any]


async def suggest_persona(interaction: _Asked, current: str) -> list[Choice[str]]:
    """Names of this server's personas that contain what is typed."""
    personas: Personas = interaction.client.personas
    wanted = current.strip().casefold()
    assert interaction.guild_id is not None
    names = [persona.name for persona in personas.all(interaction.guild_id)]
    found = [name for name in names if wanted in name.casefold()]
    return [Choice(name=name, value=name) for name in found[:SUGGESTIONS_MAX]]


async def suggest_version(interaction: _Asked, current: str) -> list[Choice[int]]:
    """Versions of the persona that is named, newest first."""
    personas: Personas = interaction.client.personas
    assert interaction.guild_id is not None
    name = str(getattr(interaction.namespace, "name", ""))
    return _choices_of(await personas.versions(interaction.guild_id, name), current)


async def suggest_earlier(interaction: _Asked, current: str) -> list[Choice[int]]:
    """The same without the newest, and without those in which it was deleted: what can be brought back."""
    personas: Personas = interaction.client.personas
    assert interaction.guild_id is not None
    name = str(getattr(interaction.namespace, "name", ""))
    earlier = (await personas.versions(interaction.guild_id, name))[1:]
    return _choices_of([each for each in earlier if each.persona is not None], current)


def _choices_of(versions: Sequence[PersonaVersion], current: str) -> list[Choice[int]]:
    found = [each for each in versions if str(each.version).startswith(current.strip())]
    return [Choice(name=wording.version_choice(each), value=each.version) for each in found[:SUGGESTIONS_MAX]]


def _suggest(field: str) -> Callable[[_Asked, str], Coroutine[Any, Any, list[Choice[str]]]]:
    async def suggest(interaction: _Asked, current: str) -> list[Choice[str]]:
        found = suggestions(field, current)
        return [Choice(name=name[:100], value=value) for value, name in list(found.items())[:SUGGESTIONS_MAX]]

    return suggest


suggest_voice = _suggest("voice")


def named(command: Callback) -> Callback:
    """The option `name` of a command. Made anew for each: discord.py keeps one dictionary per decorator."""
    return app_commands.autocomplete(name=suggest_persona)(command)


def fields(command: Callback) -> Callback:
    """The options of a command that fills in a persona's fields."""
    described = app_commands.describe(
        voice="How it sounds; /persona preview lets you hear it.",
        language="What it speaks, whatever it is spoken to in.",
        temperature="How much it varies: 0 sober, 2 wild.",
        thinking="How long it thinks, where the model has a say in that.",
        interrupt="Who may interrupt it.",
        addressing="Whom it answers.",
        model="Which Gemini it is.",
    )
    chosen = app_commands.choices(
        thinking=_choices("thinking_level"),
        interrupt=_choices("interrupt"),
        addressing=_choices("addressing"),
    )
    suggested = app_commands.autocomplete(
        voice=suggest_voice,
        language=_suggest("language"),
        temperature=_suggest("temperature"),
        model=_suggest("model"),
    )
    return described(chosen(suggested(command)))


def _choices(field: str) -> list[Choice[str]]:
    named = {SERVERS: shown(field, None), **NAMED[field]}
    return [Choice(name=name, value=value) for value, name in named.items()]


def changes(*options: str | None) -> dict[str, Any]:
    """The fields that were filled in, by the names that Persona has for them; `options` in the order of
    FIELDS, as far as there are any."""
    given = {field: text for field, text in zip(FIELDS, options, strict=False) if text is not None}
    return {field: typed(field, text) for field, text in given.items()}


def place(interaction: _Asked, channel: VoiceRoom | None, room_channel_id: int | None) -> VoiceRoom | None:
    """The voice channel that is meant: the one that is named, else the bot's, else one's own, else that in
    whose chat one is typing."""
    if channel is not None:
        return channel
    guild, user = interaction.guild, interaction.user
    assert guild is not None
    if room_channel_id is not None and isinstance(found := guild.get_channel(room_channel_id), VoiceRoom):
        return found
    if isinstance(user, discord.Member) and user.voice is not None:
        return user.voice.channel
    return interaction.channel if isinstance(interaction.channel, VoiceRoom) else None
